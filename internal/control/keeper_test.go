package control_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// rested is a world with a service whose last deployment left it with a status, on a
// server that was reached.
func rested(t testing.TB, status string) (*world, ids) {
	t.Helper()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	w.settle(t, w.claim(t), core.StatusFinished, status)
	server := must(w.c.GetServer(t.Context(), w.owner, x.server))(t)
	if err := w.db.SetServerFacts(t.Context(), w.owner.TeamID, server.RowID, core.ServerFacts{Reachable: true, Usable: true}); err != nil {
		t.Fatal(err)
	}
	return w, x
}

func (w *world) status(t testing.TB, id core.ID) (service, part string) {
	t.Helper()
	s := must(w.c.GetService(t.Context(), w.owner, id))(t)
	return s.Status, s.Parts[0].Status
}

func container(state, health string) core.Container {
	return core.Container{Service: "web", Name: "web-1", State: state, Health: health}
}

// TestAStaleStatusRefusesNothing: what was stored last says one thing and the server another.
func TestAStaleStatusRefusesNothing(t *testing.T) {
	t.Parallel()
	w, x := rested(t, "exited:unhealthy")
	ctx := t.Context()
	w.containers.are(x.service, container("running", "unhealthy"))
	q := must(w.c.StopService(ctx, w.owner, x.service, control.Action{}))(t)
	if q.Deployment.Verb != core.VerbStop {
		t.Errorf("queued %+v", q)
	}
	if s, part := w.status(t, x.service); s != "running:unhealthy" || part != "running:unhealthy" {
		t.Errorf("the look did not correct the status: %s, %s", s, part)
	}
	w.settle(t, w.claim(t), core.StatusFinished, "running:healthy")
	w.containers.are(x.service, container("exited", "unhealthy"))
	must(w.c.StartService(ctx, w.owner, x.service, control.Action{}))(t)
	if s, part := w.status(t, x.service); s != "exited:unhealthy" || part != "exited:unhealthy" {
		t.Errorf("the look did not correct the status: %s, %s", s, part)
	}
	if asked := w.containers.asks(); len(asked) != 2 || asked[0] != x.service {
		t.Errorf("asked for %v", asked)
	}
}

// TestAStopConcernsAlsoWhatDoesNotCount: a part may be excluded from the status.
func TestAStopConcernsAlsoWhatDoesNotCount(t *testing.T) {
	t.Parallel()
	w, x := rested(t, "exited:unhealthy")
	w.containers.are(x.service, container("running", ""), core.Container{Service: "last", State: "exited", Health: "unhealthy"})
	must(w.c.StopService(t.Context(), w.owner, x.service, control.Action{}))(t)
}

func TestWhatCannotBeLookedAtIsAccepted(t *testing.T) {
	t.Parallel()
	w, x := rested(t, "running:healthy")
	w.containers.fault = errors.New("no route to host")
	must(w.c.StartService(t.Context(), w.owner, x.service, control.Action{}))(t)
	if s, _ := w.status(t, x.service); s != "running:healthy" {
		t.Errorf("a look that failed changed the status to %s", s)
	}
}

func TestStatusesAreKeptTrue(t *testing.T) {
	t.Parallel()
	w, x := rested(t, "running:healthy")
	ctx := t.Context()
	expect := func(want string) {
		t.Helper()
		w.c.RefreshStatuses(ctx)
		if got, _ := w.status(t, x.service); got != want {
			t.Errorf("status %s, want %s", got, want)
		}
	}
	second := must(w.c.CreateService(ctx, w.owner, x.serviceInput()))(t).Service.UUID
	w.containers.are(x.service, container("running", "healthy"))
	expect("running:healthy")
	expect("running:healthy")
	before, sums := w.dump(t), w.sums.count.Load()
	expect("running:healthy")
	if w.dump(t) != before || w.sums.count.Load() != sums {
		t.Error("a look that showed nothing new was written or summed up")
	}
	if asked := w.containers.asks(); !slices.Equal(asked, []core.ID{"", "", ""}) {
		t.Errorf("two services of one server took the questions %q", asked)
	}
	if s, _ := w.status(t, second); s != "exited" {
		t.Errorf("what was never deployed is %s", s)
	}
	w.containers.are(x.service, container("restarting", "unhealthy"))
	expect("restarting:unhealthy")
	w.containers.are(x.service)
	expect("exited:unhealthy")
	w.containers.are(x.service, container("running", "healthy"))
	expect("running:healthy")
}

func TestARefreshLeavesDeploymentsAlone(t *testing.T) {
	t.Parallel()
	w, x := rested(t, "running:healthy")
	ctx := t.Context()
	w.containers.are(x.service, container("exited", "unhealthy"))
	must(w.c.RestartService(ctx, w.owner, x.service, control.Action{}))(t)
	for _, state := range []string{"queued", "in progress"} {
		w.c.RefreshStatuses(ctx)
		if s, _ := w.status(t, x.service); s != "running:healthy" || len(w.containers.asks()) > 0 {
			t.Errorf("%s: status %s, asked %d", state, s, len(w.containers.asks()))
		}
		if state == "queued" {
			d := w.claim(t)
			defer w.settle(t, d, core.StatusFinished, "running:healthy")
		}
	}
}

// TestARefreshIsNoNewerThanItsLook: a whole deployment fits between look and write.
func TestARefreshIsNoNewerThanItsLook(t *testing.T) {
	t.Parallel()
	w, x := rested(t, "running:healthy")
	w.containers.are(x.service, container("exited", "unhealthy"))
	w.containers.onList = func() {
		must(w.c.RestartService(t.Context(), w.owner, x.service, control.Action{}))(t)
		w.settle(t, w.claim(t), core.StatusFinished, "running:healthy")
	}
	w.c.RefreshStatuses(t.Context())
	if s, _ := w.status(t, x.service); s != "running:healthy" {
		t.Errorf("an old look was written over the end of a deployment: %s", s)
	}
}

func TestServersThatDoNotAnswerAreAskedLess(t *testing.T) {
	t.Parallel()
	w, x := rested(t, "running:healthy")
	w.containers.fault = errors.New("no route to host")
	for range 12 {
		w.c.RefreshStatuses(t.Context())
	}
	if n := len(w.containers.asks()); n != 3 { // in the rounds 1, 3 and 7; then in 15
		t.Errorf("asked %d times in 12 rounds", n)
	}
	if s, _ := w.status(t, x.service); s != "running:healthy" {
		t.Errorf("a server that does not answer makes its services %s", s)
	}
	row := must(w.c.GetServer(t.Context(), w.owner, x.server))(t).RowID
	if err := w.db.SetServerFacts(t.Context(), w.owner.TeamID, row, core.ServerFacts{}); err != nil {
		t.Fatal(err)
	}
	before := len(w.containers.asks())
	for range 20 {
		w.c.RefreshStatuses(t.Context())
	}
	if n := len(w.containers.asks()); n != before {
		t.Error("a server that is known to be unreachable was asked")
	}
}

// idle is a store in which nothing is at rest.
type idle struct {
	control.StatusStore
	asked chan time.Time
}

func (i idle) ListResting(context.Context) ([]core.Resting, error) {
	i.asked <- time.Now()
	return nil, nil
}

func TestTheKeeperLooksAgainAndAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := idle{asked: make(chan time.Time, 10)}
		c := control.New(control.Deps{Seen: store, Databases: control.DatabaseDeps{Schedules: newAgenda(), Backups: newAgenda()}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
		last := time.Now()
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			at := <-store.asked
			if gap := at.Sub(last); gap < 25*time.Second || gap > 35*time.Second {
				t.Errorf("%v between two looks", gap)
			}
			last = at
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(store.asked) > 0 {
			t.Error("it went on after Stop")
		}
	})
}
