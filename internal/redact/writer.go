package redact

import (
	"bytes"
	"errors"
	"io"
)

// lookback is how much of what is released stays readable for the shapes.
const lookback = 256

// block is how much of a long write is taken at a time: it bounds the memory of
// a stream, whatever is written at once.
const block = 16 << 10

// errSwap is what Swap returns for no set.
var errSwap = errors.New("redact: swap to a nil set")

// cursor is where the machines are.
type cursor struct {
	state, prev, prev2 uint32 // of the matcher: now and before the last bytes
	shape              uint32 // of the keyword machine
}

// Writer masks one stream. It is not safe for concurrent use.
type Writer struct {
	dst  io.Writer
	set  *Set
	err  error
	buf  []byte // of the stream from base on
	out  []byte
	base int

	released int // bytes of the stream that are decided and written
	written  int // bytes given to dst
	pos      int // next byte to match
	inside   int // end of the span whose mask is written, if beyond released
	markIn   int
	markOut  int

	cur    cursor
	word   span // whole-word match that waits for the byte after it
	line   int  // start of the line that pos is in
	spans  spans
	lanes  [levels + 1]lane
	shapes shapes
}

// NewWriter starts a stream: what is written to it arrives masked at dst.
func (s *Set) NewWriter(dst io.Writer) *Writer {
	w := &Writer{dst: dst, set: s}
	for i := range w.lanes {
		w.lanes[i].init(w, i)
	}
	w.shapes.w = w
	return w
}

// Write masks p and passes on all that no later byte can change. The rest, at
// most the longest value and 4 KiB, stays until more is written or Flush is
// called. An error of the destination is returned by this and all later calls.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	for n := 0; n < len(p) && w.err == nil; n += block {
		w.buf = append(w.buf, p[n:min(n+block, len(p))]...)
		w.scan()
		w.shapes.settle(false)
		w.release(w.hold())
	}
	return len(p), w.err
}

// Flush ends the stream: what was held back is decided and written. What is
// written after it is a new stream, whose positions go on counting.
func (w *Writer) Flush() error {
	if w.err != nil {
		return w.err
	}
	if w.word.end > 0 {
		w.closeWord('\n')
	}
	w.lanes[0].end()
	w.lanes[wrapLane].end()
	w.shapes.settle(true)
	w.release(w.end())
	w.restart()
	return w.err
}

// Swap makes s judge all that is written later and what is not yet passed on.
// What has been passed on is not changed. Mark moves to the first byte that s
// judges, so a restart there needs s and no older set; inside a private key or
// a very long value it stays where it was until that ends.
func (w *Writer) Swap(s *Set) error {
	if s == nil {
		return errSwap
	}
	if w.err != nil {
		return w.err
	}
	w.release(min(max(w.released, w.inside), w.end()))
	rest := bytes.Clone(w.buf[w.released-w.base:])
	w.set = s
	in, out, open := w.markIn, w.markOut, w.shapes.open
	w.restart()
	if open != nil {
		w.markIn, w.markOut, w.shapes.open = in, out, open
	}
	_, err := w.Write(rest)
	return err
}

// restart forgets all about the bytes released, as if the stream began here.
func (w *Writer) restart() {
	w.buf = w.buf[:0]
	w.base, w.pos, w.line = w.released, w.released, w.released
	w.cur = cursor{}
	w.word, w.spans = span{}, nil
	w.inside = 0
	for i := range w.lanes {
		w.lanes[i].awake, w.lanes[i].pos = false, 0
	}
	w.shapes.reset()
	w.markIn, w.markOut = w.released, w.written
}

// Mark is a restart point: a new Writer of the same Set that is given the
// input from byte in on writes exactly what this one has written or will write
// from byte out of its output on. Both count from the start of the stream, and
// neither ever goes back. In is the start of a line that no match crosses.
func (w *Writer) Mark() (in, out int64) { return int64(w.markIn), int64(w.markOut) }

func (w *Writer) end() int { return w.base + len(w.buf) }

// at returns one byte of the stream. Before its start there is a line end.
func (w *Writer) at(pos int) byte {
	if pos < w.base {
		return '\n'
	}
	return w.buf[pos-w.base]
}

// hold is the first byte that something may yet mask.
func (w *Writer) hold() int {
	at := w.end() - w.set.auto.alive(w.cur.state)
	if w.word.end > 0 {
		at = min(at, w.word.start)
	}
	if live := w.set.auto.alive(w.cur.prev); live > 0 && w.mayUndo() {
		at = min(at, w.end()-1-live)
	}
	for i := range w.lanes {
		if w.lanes[i].awake {
			at = w.lanes[i].hold(at)
		}
	}
	return w.shapes.hold(at)
}

// release writes the stream up to byte to, with a mask for each span that
// starts before it.
func (w *Writer) release(to int) {
	to = w.settled(to)
	if to <= w.released {
		return
	}
	w.out = w.out[:0]
	done := 0
	for _, s := range w.spans {
		if s.start >= to {
			break
		}
		if s.start >= max(w.inside, w.released) {
			w.plain(s.start)
			w.out = append(w.out, Mask...)
		}
		w.inside = max(w.inside, s.end)
		if s.end <= to {
			done++
		}
	}
	w.plain(to)
	w.spans = w.spans[:copy(w.spans, w.spans[done:])]
	w.released = to
	w.send()
	w.compact()
}

// mayUndo tells whether the next byte may show that the last one did not count:
// a backspace, or the second byte of a control character.
func (w *Writer) mayUndo() bool {
	b := w.at(w.end() - 1)
	return isPrintable(b) || b == 0xc2
}

// settled goes on to the end of the span that byte at lies in: what may yet
// match from there on is one with it. Only our own mask, if it may still come,
// can take a span back.
func (w *Writer) settled(at int) int {
	to := at
	for _, s := range w.spans {
		if s.start > at || w.set.protects {
			break
		}
		to = max(to, s.end)
	}
	return to
}

// plain copies what is not masked before byte to, and moves the mark to the
// last start of a line in it.
func (w *Writer) plain(to int) {
	from := max(w.released, w.inside)
	if from >= to {
		return
	}
	text := w.buf[from-w.base : to-w.base]
	if i := bytes.LastIndexByte(text, '\n'); i >= 0 {
		w.markIn, w.markOut = from+i+1, w.written+len(w.out)+i+1
	}
	w.out = append(w.out, text...)
	w.released = to
}

func (w *Writer) send() {
	if len(w.out) == 0 {
		return
	}
	n, err := w.dst.Write(w.out)
	w.written += n
	if err == nil && n < len(w.out) {
		err = io.ErrShortWrite
	}
	w.err = err
}

// compact drops what is released, but for what the shapes may look back at.
func (w *Writer) compact() {
	cut := w.shapes.keeps(w.released) - lookback - w.base
	if cut <= 0 || cut < len(w.buf)-cut && cut < 1<<16 {
		return
	}
	w.buf = w.buf[:copy(w.buf, w.buf[cut:])]
	w.base += cut
}
