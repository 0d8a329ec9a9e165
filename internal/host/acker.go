package host

import (
	"fmt"
	"io"
	"sync"
)

// acker sends acknowledgements on their way without anybody waiting for it. Of several
// that wait, only the last one counts.
type acker struct {
	w    io.WriteCloser
	done chan struct{}

	mu      sync.Mutex
	closed  bool
	offsets chan int64
}

// newAcker writes acknowledgements to w, which it closes in the end.
func newAcker(w io.WriteCloser) *acker {
	a := &acker{offsets: make(chan int64, 1), done: make(chan struct{}), w: w}
	go a.loop()
	return a
}

func (a *acker) loop() {
	defer close(a.done)
	// Here and not in close: a channel of SSH must not be closed during a write.
	defer func() { _ = a.w.Close() }()
	for offset := range a.offsets {
		if _, err := fmt.Fprintf(a.w, "ack %d\n", offset); err != nil {
			for range a.offsets { // until closed
			}
			return
		}
	}
}

func (a *acker) ack(offset int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	select {
	case <-a.offsets:
	default:
	}
	a.offsets <- offset
}

// close waits for a write that is under way. Close the other end, or the session, before,
// so that it does not hang.
func (a *acker) close() {
	a.mu.Lock()
	if !a.closed {
		a.closed = true
		close(a.offsets)
	}
	a.mu.Unlock()
	<-a.done
}
