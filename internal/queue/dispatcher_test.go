package queue_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/queue"
	"github.com/taffrail/taffrail/internal/sqlstore"
	"github.com/taffrail/taffrail/internal/storetest"
	"github.com/taffrail/taffrail/internal/supervise"
	"github.com/taffrail/taffrail/internal/supervisetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// carrier settles what it carries when the test lets it, and notes what it saw.
type carrier struct {
	place *storetest.Place
	hold  chan struct{} // closed or fed to let carried deployments end; nil: at once

	mu      sync.Mutex
	running int       // guarded by mu, as what follows
	most    int       // running at the same time
	order   []core.ID // as they were carried
	causes  []error   // of contexts that ended
	cancels int
	started chan core.Deployment
}

func newCarrier(place *storetest.Place, hold chan struct{}) *carrier {
	return &carrier{place: place, hold: hold, started: make(chan core.Deployment, 100)}
}

// Carry implements queue.Carrier.
func (c *carrier) Carry(ctx context.Context, d core.Deployment, cancel <-chan struct{}) {
	c.note(func() {
		c.running++
		c.most = max(c.most, c.running)
		c.order = append(c.order, d.UUID)
	})
	c.started <- d
	d.Status = core.StatusFinished
	if c.hold != nil {
		select {
		case <-c.hold:
		case <-cancel:
			c.note(func() { c.cancels++ })
			d.Status = core.StatusCancelled
		case <-ctx.Done():
			c.note(func() { c.running--; c.causes = append(c.causes, context.Cause(ctx)) })
			return
		}
	}
	c.note(func() { c.running-- }) // before it is settled: then the next may be claimed
	_ = c.place.DB.Settle(ctx, d, core.Batch{})
}

func (c *carrier) note(what func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	what()
}

func start(t *testing.T, p *storetest.Place, c *carrier, name string, lease time.Duration) *queue.Dispatcher {
	t.Helper()
	q := queue.NewDispatcher(p.DB, c, queue.Options{Owner: name, Lease: lease, Log: slog.New(slog.DiscardHandler)})
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return q
}

func stop(t *testing.T, q *queue.Dispatcher) {
	t.Helper()
	if err := q.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

func TestDispatcherIsAService(t *testing.T) {
	t.Parallel()
	p := storetest.NewPlace(t, storetest.OpenSQLite(t))
	supervisetest.Exercise(t, func() supervise.Service {
		return queue.NewDispatcher(p.DB, newCarrier(p, nil), queue.Options{Owner: "a", Lease: time.Minute, Log: slog.New(slog.DiscardHandler)})
	})
}

// TestManyAtOnceKeepTheLimit has two controllers carry many deployments of one server,
// whose limit is two, in the order in which they were asked for.
func TestManyAtOnceKeepTheLimit(t *testing.T) {
	t.Parallel()
	p := storetest.NewPlace(t, storetest.OpenSQLite(t))
	var want []core.ID
	for i := range 20 {
		want = append(want, p.Enqueue(p.Service(fmt.Sprintf("s%d", i))).UUID)
	}
	c := newCarrier(p, make(chan struct{}))
	a, b := start(t, p, c, "a", time.Minute), start(t, p, c, "b", time.Minute)
	<-c.started
	<-c.started // as many as may run, run
	for range want {
		c.hold <- struct{}{}
	}
	for _, id := range want {
		waitFor(t, func() bool { return p.Get(id).Status == core.StatusFinished })
	}
	stop(t, a)
	stop(t, b)
	if c.most != 2 {
		t.Errorf("%d at the same time, want the limit of 2", c.most)
	}
	// Two are carried side by side, so neighbours may swap; nothing may be overtaken further.
	for i, id := range c.order {
		if at := slices.Index(want, id); at < i-1 || at > i+1 {
			t.Errorf("deployment %d was carried as number %d", at, i)
		}
	}
}

func TestCancelReachesTheCarrier(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"at once", "by the heartbeat", "when woken", "before the claim"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			p := storetest.NewPlace(t, storetest.OpenSQLite(t))
			c := newCarrier(p, make(chan struct{}))
			d := p.Enqueue(p.Service("s"))
			by := core.Actor{Kind: "user", Name: "ann"}
			cancel := func() {
				if _, err := p.DB.CancelDeployment(t.Context(), p.Team, d.UUID, by); err != nil {
					t.Fatal(err)
				}
			}
			if way == "before the claim" { // carried by one that died, cancelled, then taken over
				if _, ok, err := p.DB.ClaimDeployment(t.Context(), "dead", time.Nanosecond); !ok || err != nil {
					t.Fatal(ok, err)
				}
				cancel()
			}
			lease := 3 * time.Second
			if way == "when woken" {
				lease = time.Hour // by another controller, whose heartbeat would be far off
			}
			q := start(t, p, c, "a", lease)
			<-c.started
			switch way {
			case "when woken":
				cancel()
				q.Wake()
			case "at once":
				q.Cancel(core.KindService, d.RowID)
			case "by the heartbeat":
				cancel()
			}
			waitFor(t, func() bool { return p.Get(d.UUID).Status == core.StatusCancelled })
			stop(t, q)
			if c.cancels != 1 {
				t.Errorf("cancelled %d times", c.cancels)
			}
		})
	}
}

// TestStopHandsOver stops a controller while it carries: the cause is the stop and not a
// person's cancel, and the next controller takes over without waiting for the lease.
func TestStopHandsOver(t *testing.T) {
	t.Parallel()
	p := storetest.NewPlace(t, storetest.OpenSQLite(t))
	c := newCarrier(p, make(chan struct{}))
	d := p.Enqueue(p.Service("s"))
	a := start(t, p, c, "a", time.Hour)
	first := <-c.started
	stop(t, a)
	if len(c.causes) != 1 || !errors.Is(c.causes[0], queue.ErrStopping) {
		t.Errorf("context ended with %v", c.causes)
	}
	close(c.hold)
	b := start(t, p, c, "b", time.Hour)
	second := <-c.started
	waitFor(t, func() bool { return p.Get(d.UUID).Status.Terminal() })
	stop(t, b)
	if second.UUID != d.UUID || second.Lease.Fence <= first.Lease.Fence {
		t.Errorf("second claim has fence %d after %d", second.Lease.Fence, first.Lease.Fence)
	}
}

// TestLostLeaseEndsTheCarrying takes the lease away behind a controller's back, as
// another one does when the first was paused for too long.
func TestLostLeaseEndsTheCarrying(t *testing.T) {
	t.Parallel()
	p := storetest.NewPlace(t, storetest.OpenSQLite(t))
	c := newCarrier(p, make(chan struct{}))
	p.Enqueue(p.Service("s"))
	q := start(t, p, c, "a", 3*time.Second)
	<-c.started
	waitFor(t, func() bool { // the owner may be quicker and renew it
		if err := p.DB.ReleaseLeases(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		_, ok, err := p.DB.ClaimDeployment(t.Context(), "thief", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	})
	waitFor(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.causes) > 0 && errors.Is(c.causes[len(c.causes)-1], queue.ErrLost)
	})
	close(c.hold)
	stop(t, q)
}

// forgetful loses the answer to its first claim that is one.
type forgetful struct {
	queue.Store
	lost atomic.Bool
}

func (f *forgetful) ClaimDeployment(ctx context.Context, owner string, lease time.Duration) (core.Deployment, bool, error) {
	d, ok, err := f.Store.ClaimDeployment(ctx, owner, lease)
	if ok && f.lost.CompareAndSwap(false, true) {
		return core.Deployment{}, false, errors.New("the connection to the database broke")
	}
	return d, ok, err
}

// TestClaimWhoseAnswerIsLost: the row is this controller's and nobody carries it. It must
// not stay so for as long as the controller lives.
func TestClaimWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	p := storetest.NewPlace(t, storetest.OpenSQLite(t))
	c := newCarrier(p, nil)
	d := p.Enqueue(p.Service("s"))
	q := queue.NewDispatcher(&forgetful{Store: p.DB}, c, queue.Options{Owner: "a", Lease: 2 * time.Second, Log: slog.New(slog.DiscardHandler)})
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return p.Get(d.UUID).Status == core.StatusFinished })
	stop(t, q)
	if len(c.order) != 1 {
		t.Errorf("carried %d times", len(c.order))
	}
}

// waitFor asks until it is so, for as long as a slow machine may take.
func waitFor(t *testing.T, so func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(30 * time.Second)
	for !so() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatal("it never came to that")
		}
	}
}

// TestFiftyAtTheSameInstant has fifty people ask at once for what one server takes two of,
// with as many controllers as the database allows: the limit holds at every moment, and
// each deployment runs once.
func TestFiftyAtTheSameInstant(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]struct {
		db          func(testing.TB) *sqlstore.DB
		controllers int
	}{"sqlite": {storetest.OpenSQLite, 1}, "postgres": {storetest.OpenPostgres, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const many = 50
			p := storetest.NewPlace(t, open.db(t))
			if _, err := p.DB.Raw().ExecContext(t.Context(), `UPDATE servers SET concurrent_builds = 2, deployment_queue_limit = 50`); err != nil {
				t.Fatal(err)
			}
			c := newCarrier(p, nil)
			for i := range open.controllers {
				q := start(t, p, c, fmt.Sprint("controller ", i), time.Minute)
				t.Cleanup(func() { stop(t, q) })
			}
			services := make([]core.Service, many)
			for i := range services {
				services[i] = p.Service(fmt.Sprintf("s%d", i))
			}
			ids := make(chan core.ID, many)
			var asked sync.WaitGroup
			for _, s := range services {
				asked.Go(func() { ids <- p.Enqueue(s).UUID })
			}
			asked.Wait()
			close(ids)
			for id := range ids {
				waitFor(t, func() bool { return p.Get(id).Status == core.StatusFinished })
			}
			c.note(func() {
				ran := slices.Clone(c.order)
				slices.Sort(ran)
				if c.most > 2 || len(ran) != many || len(slices.Compact(ran)) != many {
					t.Errorf("%d at the same time on a server that takes 2; %d of %d were carried", c.most, len(ran), many)
				}
			})
		})
	}
}
