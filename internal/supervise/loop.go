package supervise

import (
	"context"
	"sync"
)

// Loop makes a Service of a function that works until its context ends. The function
// runs at most once at a time; the service may be started again after it was stopped.
func Loop(work func(ctx context.Context)) Service { return &loop{work: work} }

type loop struct {
	work func(context.Context)

	mu     sync.Mutex // guards what follows
	cancel context.CancelFunc
	done   chan struct{} // closed when work has returned; nil while stopped
}

func (l *loop) Start(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done != nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	l.done = done
	go func() {
		defer close(done)
		l.work(ctx)
	}()
	return nil
}

func (l *loop) Stop(ctx context.Context) error {
	l.mu.Lock()
	done, cancel := l.done, l.cancel
	l.mu.Unlock()
	if done == nil {
		return nil
	}
	cancel()
	select {
	case <-done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == done {
		l.done = nil
	}
	return nil
}
