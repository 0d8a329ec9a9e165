package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/supervise"
)

const (
	// jobLease is how long a controller may be silent before another does its job.
	jobLease = 30 * time.Second
	// workers is how many jobs are done side by side: deployments come first.
	workers = 2
	// firstRetry and lastRetry bound the waits behind attempts that failed.
	firstRetry = 2 * time.Second
	lastRetry  = time.Hour
	// maxAttempts is after how many failures in a row a job that is wanted once is dropped.
	maxAttempts = 25
)

// ErrNotYet is what a Work returns that has to wait for something: the job is put off for
// a while, which is no failure.
var ErrNotYet = errors.New("not yet")

// notYet is how long a job that has to wait is put off.
const notYet = 15 * time.Second

// JobStore keeps jobs. Each method is one transaction, and all but AddJob and EnsureJob
// are refused with CodeLost when another controller does the job.
type JobStore interface {
	EnsureJob(ctx context.Context, j core.Job) error
	ClaimJob(ctx context.Context, owner string, lease time.Duration) (core.Job, bool, error)
	KeepJob(ctx context.Context, j core.Job, lease time.Duration) error
	FinishJob(ctx context.Context, j core.Job, again time.Duration) error
	PutOffJob(ctx context.Context, j core.Job, wait time.Duration) error
	ReleaseJobs(ctx context.Context, owner string) error
}

// Work is how the jobs of one kind are done.
type Work struct {
	Kind string
	// Every is for work that nobody asks for: one job of the kind comes again and again,
	// so long after it was done. 0: jobs are done once.
	Every time.Duration
	// Do does a job, from j.State on. keep makes a new state durable; it fails when
	// another controller has taken over. Do may be called again for a job that it has
	// done, after a crash. What it returns besides ErrNotYet is tried again later.
	Do func(ctx context.Context, j core.Job, keep func(state string) error) error
}

// Jobs does the jobs of the table that all controllers share. One per controller.
type Jobs struct {
	supervise.Service
	store JobStore
	works map[string]Work
	owner string
	log   *slog.Logger
	wake  chan struct{}
}

// NewJobs returns a service that does nothing until Start. Jobs of kinds without a Work
// stay where they are.
func NewJobs(store JobStore, owner string, log *slog.Logger, works ...Work) *Jobs {
	q := &Jobs{store: store, owner: owner, log: log, works: map[string]Work{}, wake: make(chan struct{}, 1)}
	for _, w := range works {
		q.works[w.Kind] = w
	}
	q.Service = supervise.Loop(q.serve)
	return q
}

// Wake says that there may be a job to do. It never blocks.
func (q *Jobs) Wake() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// serve claims jobs, as many as there are workers, until ctx ends; then it waits for them.
func (q *Jobs) serve(ctx context.Context) {
	free := make(chan struct{}, workers)
	for range workers {
		free <- struct{}{}
	}
	q.ensure(ctx)
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			continue
		case <-free:
		}
		if j, ok := q.claim(ctx); ok {
			go func() {
				defer func() { free <- struct{}{}; q.Wake() }()
				q.do(ctx, j)
			}()
			continue
		}
		free <- struct{}{}
		select {
		case <-ctx.Done():
		case <-q.wake:
		case <-ticker.C:
		}
	}
	for range workers {
		<-free
	}
	if err := q.store.ReleaseJobs(context.WithoutCancel(ctx), q.owner); err != nil {
		q.log.Error("jobs not given up, their leases run out by themselves", "error", err)
	}
}

// ensure makes the jobs that nobody asks for.
func (q *Jobs) ensure(ctx context.Context) {
	for _, w := range q.works {
		if w.Every == 0 {
			continue
		}
		if err := q.store.EnsureJob(ctx, core.Job{Kind: w.Kind, Name: "instance", Payload: "{}"}); err != nil && ctx.Err() == nil {
			q.log.Error("job not made", "kind", w.Kind, "error", err)
		}
	}
}

func (q *Jobs) claim(ctx context.Context) (core.Job, bool) {
	j, ok, err := q.store.ClaimJob(ctx, q.owner, jobLease)
	if err != nil && ctx.Err() == nil {
		q.log.Error("claim of a job failed", "error", err)
	}
	return j, ok && err == nil
}

// do does one job and ends it.
func (q *Jobs) do(ctx context.Context, j core.Job) {
	w, known := q.works[j.Kind]
	if !known {
		q.end(ctx, j, q.store.PutOffJob(ctx, j, lastRetry))
		return
	}
	err := q.work(ctx, w, &j)
	switch {
	case ctx.Err() != nil:
		return // all are released
	case core.CodeOf(err) == core.CodeLost:
	case errors.Is(err, ErrNotYet):
		j.Attempts, j.Error = 0, ""
		q.end(ctx, j, q.store.PutOffJob(ctx, j, notYet))
	case err == nil:
		q.end(ctx, j, q.store.FinishJob(ctx, j, w.Every))
	case w.Every == 0 && j.Attempts >= maxAttempts:
		q.log.Error("job given up", "kind", j.Kind, "name", j.Name, "attempts", j.Attempts, "error", err)
		q.end(ctx, j, q.store.FinishJob(ctx, j, 0))
	default:
		q.log.Warn("job failed, trying again", "kind", j.Kind, "name", j.Name, "attempts", j.Attempts, "error", err)
		j.Error = err.Error()
		q.end(ctx, j, q.store.PutOffJob(ctx, j, retryAfter(j.Attempts)))
	}
}

func (q *Jobs) end(ctx context.Context, j core.Job, err error) {
	if err != nil && ctx.Err() == nil && core.CodeOf(err) != core.CodeLost {
		q.log.Error("end of a job not written", "kind", j.Kind, "name", j.Name, "error", err)
	}
}

// work does a job while its lease is kept alive. j.State is the last one that was kept.
func (q *Jobs) work(ctx context.Context, w Work, j *core.Job) (err error) {
	ctx, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	states, kept := make(chan string), make(chan error)
	done := make(chan struct{})
	go func() {
		defer close(done)
		q.beat(ctx, j, states, kept, lose)
	}()
	defer func() {
		if p := recover(); p != nil {
			q.log.Error("panic in a job", "kind", j.Kind, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
		lose(nil)
		<-done // it writes to j
		if cause := context.Cause(ctx); err != nil && core.CodeOf(cause) == core.CodeLost {
			err = cause
		}
	}()
	return w.Do(ctx, *j, func(state string) error {
		select {
		case states <- state:
			return <-kept
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// beat keeps the lease of a job and its states until ctx ends.
func (q *Jobs) beat(ctx context.Context, j *core.Job, states <-chan string, kept chan<- error, lose context.CancelCauseFunc) {
	ticker := time.NewTicker(jobLease / 3)
	defer ticker.Stop()
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case state := <-states:
			asked, j.State = true, state
		case <-ticker.C:
		}
		err := q.store.KeepJob(ctx, *j, jobLease)
		if core.CodeOf(err) == core.CodeLost {
			lose(err)
		}
		if asked {
			kept <- err
		}
	}
}

// retryAfter is how long to wait after so many attempts.
func retryAfter(attempts int) time.Duration {
	wait := firstRetry
	for range attempts - 1 {
		if wait *= 2; wait >= lastRetry {
			return lastRetry
		}
	}
	return wait
}
