package queue

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/supervise"
)

// Causes with which the context of a carried deployment ends, so that an orderly stop or
// a lost lease is never taken for a person's cancel.
var (
	ErrStopping = errors.New("the controller is stopping")
	ErrLost     = errors.New("another controller has taken over")
)

// pollEvery is how often the queue is looked at without a wake-up.
const pollEvery = time.Second

// Carrier carries one claimed deployment to its end. It returns early only when ctx
// ends; cancel is closed when a person asks to cancel.
type Carrier interface {
	Carry(ctx context.Context, d core.Deployment, cancel <-chan struct{})
}

// Options configures a Dispatcher.
type Options struct {
	Owner string        // name of this controller, unique among all
	Lease time.Duration // how long a controller may be silent before another takes over
	Log   *slog.Logger
}

// Dispatcher claims deployments and has them carried, each in its own goroutine, and
// keeps their leases alive. One per controller. Stop waits until no deployment is carried
// any more; the runs on the targets go on.
type Dispatcher struct {
	supervise.Service
	store   Store
	carrier Carrier
	options Options
	wake    chan struct{}
	beat    chan struct{} // asks for a heartbeat before its time
	carried sync.WaitGroup

	mu      sync.Mutex
	running map[key]*carried // guarded by mu
	strays  map[key]stray    // guarded by mu
}

// stray is a lease of ours that nobody carries.
type stray struct {
	fence int64
	since time.Time // a heartbeat first met it
}

type key struct {
	kind core.Kind
	row  int64
}

// carried is a deployment in this process's hands.
type carried struct {
	lose   context.CancelCauseFunc
	cancel func() // closes the cancel channel, once
	fence  int64
	since  time.Time
}

// NewDispatcher returns a dispatcher that does nothing until Start.
func NewDispatcher(store Store, carrier Carrier, o Options) *Dispatcher {
	q := &Dispatcher{
		store: store, carrier: carrier, options: o,
		wake:    make(chan struct{}, 1),
		beat:    make(chan struct{}, 1),
		running: map[key]*carried{},
		strays:  map[key]stray{},
	}
	q.Service = supervise.Loop(q.work)
	return q
}

// work claims and renews until ctx ends; then it waits until no deployment is carried any
// more and gives up the leases. The runs on the targets go on, for the next controller.
func (q *Dispatcher) work(ctx context.Context) {
	carry, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer context.AfterFunc(ctx, func() { stop(ErrStopping) })()
	var loops sync.WaitGroup
	loops.Go(func() { q.claimLoop(carry) })
	loops.Go(func() { q.renewLoop(carry) })
	loops.Wait()
	q.carried.Wait()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.options.Lease)
	defer cancel()
	if err := q.store.ReleaseLeases(ctx, q.options.Owner); err != nil {
		q.options.Log.Error("leases not given up, they run out by themselves", "error", err)
	}
}

// Wake says that the queue has changed: there may be something to claim, or what is
// carried may have been cancelled. It never blocks.
func (q *Dispatcher) Wake() {
	for _, of := range []chan struct{}{q.wake, q.beat} {
		select {
		case of <- struct{}{}:
		default:
		}
	}
}

// Cancel passes a person's cancel on at once, when the deployment is in this process's
// hands; otherwise its controller hears of it when it is woken, or at its next heartbeat.
func (q *Dispatcher) Cancel(kind core.Kind, row int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if c := q.running[key{kind, row}]; c != nil {
		c.cancel()
	}
}

func (q *Dispatcher) claimLoop(ctx context.Context) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		q.claimAll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-q.wake:
		case <-ticker.C:
		}
	}
}

// claimAll claims until there is nothing to claim.
func (q *Dispatcher) claimAll(ctx context.Context) {
	for ctx.Err() == nil {
		d, ok, err := q.store.ClaimDeployment(ctx, q.options.Owner, q.options.Lease)
		if err != nil {
			if ctx.Err() == nil {
				q.options.Log.Error("claim failed", "error", err)
			}
			return
		}
		if !ok {
			return
		}
		q.carry(ctx, d)
	}
}

func (q *Dispatcher) carry(ctx context.Context, d core.Deployment) {
	ctx, lose := context.WithCancelCause(ctx)
	cancel := make(chan struct{})
	c := &carried{lose: lose, cancel: sync.OnceFunc(func() { close(cancel) }), fence: d.Lease.Fence, since: time.Now()}
	if !d.CancelAt.IsZero() {
		c.cancel()
	}
	k := key{d.Kind, d.RowID}
	q.mu.Lock()
	if old := q.running[k]; old != nil {
		old.lose(ErrLost) // our own earlier claim, whose lease ran out
	}
	q.running[k] = c
	q.mu.Unlock()
	q.carried.Go(func() {
		defer q.Wake() // there is room for the next
		defer lose(nil)
		defer q.forget(k, c)
		q.carrier.Carry(ctx, d, cancel)
	})
}

func (q *Dispatcher) forget(k key, c *carried) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running[k] == c {
		delete(q.running, k)
	}
}

// renewLoop keeps the leases alive: three beats a lease, so that two may fail.
func (q *Dispatcher) renewLoop(ctx context.Context) {
	ticker := time.NewTicker(q.options.Lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			q.renew(ctx)
		case <-q.beat:
			if q.busy() {
				q.renew(ctx)
			}
		}
	}
}

// busy says whether anything is carried that somebody might have cancelled.
func (q *Dispatcher) busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.running) > 0
}

func (q *Dispatcher) renew(ctx context.Context) {
	asked := time.Now()
	renewals, err := q.store.RenewLeases(ctx, q.options.Owner, q.options.Lease)
	if err != nil {
		if ctx.Err() == nil {
			q.options.Log.Error("renew leases failed", "error", err)
		}
		return // the fence refuses our writes if the lease does run out
	}
	kept := make(map[key]Renewal, len(renewals))
	for _, r := range renewals {
		kept[key{r.Kind, r.RowID}] = r
	}
	q.check(kept, asked)
	q.release(ctx, q.lost(kept, asked))
}

// check tells what is carried of its cancel, and of its loss.
func (q *Dispatcher) check(kept map[key]Renewal, asked time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for k, c := range q.running {
		r, ok := kept[k]
		switch {
		case ok && r.Fence == c.fence:
			if r.Cancel {
				c.cancel()
			}
		case c.since.Before(asked):
			c.lose(ErrLost)
		}
	}
}

// lost lists the leases that are ours and that nobody has carried for a beat's time: the
// claim was committed, and its answer got lost with the connection to the database. We
// would renew them for ever.
func (q *Dispatcher) lost(kept map[key]Renewal, asked time.Time) []Renewal {
	q.mu.Lock()
	defer q.mu.Unlock()
	var list []Renewal
	strays := map[key]stray{}
	for k, r := range kept {
		if c := q.running[k]; c != nil && c.fence == r.Fence {
			continue
		}
		s, known := q.strays[k]
		if !known || s.fence != r.Fence {
			s = stray{r.Fence, asked}
		}
		if asked.Sub(s.since) >= q.options.Lease/4 {
			list = append(list, r)
		}
		strays[k] = s
	}
	q.strays = strays
	return list
}

// release gives leases up, for whoever claims next, which may be us.
func (q *Dispatcher) release(ctx context.Context, strays []Renewal) {
	for _, r := range strays {
		q.options.Log.Warn("a lease that nobody carries is given up", "kind", r.Kind, "row", r.RowID)
		if err := q.store.ReleaseLease(ctx, r); err != nil {
			q.options.Log.Error("lease not given up", "error", err)
		}
	}
	if len(strays) > 0 {
		q.Wake()
	}
}
