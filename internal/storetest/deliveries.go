package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// deliver hands over what a webhook asks for.
func (w *world) deliver(id string, all ...core.Deployment) ([]core.Deployment, bool) {
	w.t.Helper()
	queued, known, err := w.db.EnqueueDelivery(background(w.t), "github", id, all)
	ok(w.t, err)
	return queued, known
}

// exerciseDeliveries: a delivery queues what it asks for once, whoever brings it how often.
func exerciseDeliveries(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("hooks", 2, 25)
	a, b := w.newApplication("a"), w.newApplication("b")
	expect := func(what, id string, known bool, want []core.Deployment, asked ...core.Deployment) {
		t.Helper()
		got, was := w.deliver(id, asked...)
		if was != known {
			t.Errorf("%s: known %v, want %v", what, was, known)
		}
		same(t, what, got, want)
	}
	first, known := w.deliver("d1", w.push(a, "c1"), w.push(b, "c1"))
	if known || len(first) != 2 || first[0].Resource.RowID != a.RowID || first[1].Resource.RowID != b.RowID || first[0].Trigger != core.TriggerWebhook {
		t.Errorf("the first delivery queued %+v (known %v)", first, known)
	}
	none := []core.Deployment{}
	expect("the second coming of a delivery", "d1", true, first, w.push(a, "c2"), w.push(b, "c2"))
	expect("a delivery that asks for nothing", "ignored", false, none)
	expect("its second coming", "ignored", true, none, w.push(a, "c9"))
	expect("the same commit by another delivery", "d2", false, first[:1], w.push(a, "c1"))
	other, known, err := db.EnqueueDelivery(t.Context(), "gitlab", "d1", nil)
	ok(t, err)
	if known || len(other) != 0 {
		t.Errorf("the same id of another provider gave %+v (known %v)", other, known)
	}
	for range 2 {
		expect("a delivery of which nobody says which it is", "", false, first[:1], w.push(a, "c1"))
	}
	if n := count(t, db, "application_deployment_queues"); n != 2 {
		t.Errorf("%d deployments are stored, want 2", n)
	}
	for _, long := range []string{strings.Repeat("x", 10_000), strings.Repeat("x", 10_001), "odd \x00\xff"} {
		expect("a strange id", long, false, none)
		expect("a strange id again", long, true, none)
	}
	ok(t, db.PurgeApplication(t.Context(), w.team, a.UUID))
	expect("what is left of a delivery after a purge", "d1", true, first[1:], w.push(b, "c1"))
}

// exerciseDeliveriesRace: the same delivery a hundred times at once is one deployment.
func exerciseDeliveriesRace(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("hooks", 1, 25)
	of := w.newApplication("app")
	var (
		mu    sync.Mutex
		ids   = map[core.ID]int{} // guarded by mu
		fresh int                 // guarded by mu
		all   sync.WaitGroup
	)
	for i := range 100 {
		all.Go(func() {
			queued, known, err := db.EnqueueDelivery(background(t), "github", "same", []core.Deployment{w.push(of, fmt.Sprintf("c%d", i))})
			mu.Lock()
			defer mu.Unlock()
			if err != nil || len(queued) != 1 {
				t.Errorf("delivery: %v, %v", queued, err)
				return
			}
			ids[queued[0].UUID]++
			if !known {
				fresh++
			}
		})
	}
	all.Wait()
	if n := count(t, db, "application_deployment_queues"); len(ids) != 1 || fresh != 1 || n != 1 {
		t.Errorf("a hundred deliveries were told of %d deployments, %d of them first; %d are stored", len(ids), fresh, n)
	}
}

// exerciseDeliveriesFull: what does not fit queues nothing and is welcome later. Old
// deliveries are forgotten, a few at a time.
func exerciseDeliveriesFull(t *testing.T, db *sqlstore.DB) {
	small, large := newWorld(t, db).onServer("small", 1, 1), newWorld(t, db).onServer("large", 1, 9)
	a, b, c := small.newApplication("a"), small.newApplication("b"), large.newApplication("c")
	_, _, err := db.EnqueueDelivery(t.Context(), "github", "big", []core.Deployment{large.push(c, "c"), small.push(a, "c"), small.push(b, "c")})
	wantCode(t, "more than the queue holds", err, core.CodeTooMany)
	for _, table := range []string{"application_deployment_queues", "webhook_deliveries", "logs"} {
		if n := count(t, db, table); n != 0 {
			t.Errorf("a refused delivery left %d rows in %s", n, table)
		}
	}
	queued, known := small.deliver("big", large.push(c, "c"), small.push(a, "c"))
	if known || len(queued) != 2 || queued[0].Server != large.server.Ref() || queued[1].Server != small.server.Ref() {
		t.Errorf("a delivery that fits now gave %+v (known %v)", queued, known)
	}
	// A newer commit takes the only place of the older one.
	newer, known := small.deliver("next", small.push(a, "c2"))
	if known || len(newer) != 1 || newer[0].Revision.Commit != "c2" {
		t.Errorf("a newer commit in a full queue gave %+v", newer)
	}

	for i := range 50 {
		insert(t, db, `INSERT INTO webhook_deliveries (provider, delivery_id, created_at) VALUES ('github', $1, 1) RETURNING id`, fmt.Sprintf("old %d", i))
	}
	small.deliver("sweeps")
	if n := count(t, db, "webhook_deliveries"); n != 33 {
		t.Errorf("%d deliveries are kept after a sweep, want 3 and 30 old ones", n)
	}
	small.deliver("sweeps again")
	small.deliver("and again")
	if n := count(t, db, "webhook_deliveries"); n != 5 {
		t.Errorf("%d deliveries are kept in the end, want the 5 new ones", n)
	}
}

// exerciseSuperseding: of many pushes to a branch one runs and the newest waits; those
// between stay in the history.
func exerciseSuperseding(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("hooks", 2, 9)
	of := w.newApplication("app")
	preview := w.push(of, "p1")
	preview.Revision.PullRequest = 1
	manual := w.push(of, "m1")
	manual.Trigger = core.TriggerAPI
	stop := w.push(of, "c1")
	stop.Verb = core.VerbStop
	running := w.enqueue(w.push(of, "c0"))
	w.claim("a")
	lane, byHand, stopping := w.enqueue(preview), w.enqueue(manual), w.enqueue(stop)
	old, newer := w.enqueue(w.push(of, "c1")), w.enqueue(w.push(of, "c2"))
	gone := w.get(old.UUID)
	if gone.Status != core.StatusCancelled || gone.Outcome.Reason != "Deployment superseded by c2." || gone.FinishedAt.IsZero() || !gone.StartedAt.IsZero() {
		t.Errorf("superseded deployment is %+v", gone)
	}
	told, err := db.LinesAfter(t.Context(), old.LogID, 0, 10)
	ok(t, err)
	if len(told) != 1 || told[0].Output != gone.Outcome.Reason || told[0].Seq != 1 {
		t.Errorf("log of the superseded deployment is %+v", told)
	}
	for what, d := range map[string]core.Deployment{"another lane": lane, "asked by hand": byHand, "a stop": stopping, "the newest": newer} {
		if got := w.get(d.UUID).Status; got != core.StatusQueued {
			t.Errorf("%s is %s, want queued", what, got)
		}
	}
	if got := w.get(running.UUID); got.Status != core.StatusInProgress || !got.CancelAt.IsZero() {
		t.Errorf("the running one is %+v", got)
	}
	by := manual
	by.Revision.Commit = "m2"
	w.enqueue(by)
	if got := w.get(newer.UUID).Status; got != core.StatusQueued {
		t.Errorf("what a person asks for made the newest push %s", got)
	}
	unknown := w.push(of, "")
	w.enqueue(unknown)
	if got := w.get(newer.UUID).Outcome.Reason; got != "Deployment superseded by a newer one." {
		t.Errorf("superseded by what has no commit yet: %q", got)
	}
}

// exerciseSupersedingRace: fifty pushes at once, while two controllers carry out what
// there is: never more than one runs and one waits, and none is lost.
func exerciseSupersedingRace(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("hooks", 4, 2)
	of := w.newApplication("app")
	var pushes, carriers sync.WaitGroup
	pushed := make(chan struct{})
	for range 2 {
		carriers.Go(func() { w.carryAll(pushed) })
	}
	for i := range racers {
		pushes.Go(func() {
			queued, _, err := db.EnqueueDelivery(background(t), "github", fmt.Sprintf("d%d", i), []core.Deployment{w.push(of, fmt.Sprintf("c%d", i))})
			if err != nil || len(queued) != 1 {
				t.Errorf("push %d: %v, %v", i, queued, err)
			}
			active, err := db.ListActive(background(t), w.team)
			states := map[core.Status]int{}
			for _, d := range active {
				states[d.Status]++
			}
			if err != nil || states[core.StatusQueued] > 1 || states[core.StatusInProgress] > 1 {
				t.Errorf("%v are active: %v", states, err)
			}
		})
	}
	pushes.Wait()
	close(pushed)
	carriers.Wait()
	w.expectNewest(of)
}

// expectNewest checks that of all pushes the newest was deployed, and that what became of
// the others is known.
func (w *world) expectNewest(of core.Application) {
	t := w.t
	t.Helper()
	page, n, err := w.db.ListByResource(t.Context(), w.team, core.KindApplication, of.RowID, 0, 2*racers)
	ok(t, err)
	if n != racers || len(page) != racers {
		t.Fatalf("%d pushes are in the history, counted as %d, want %d", len(page), n, racers)
	}
	newest := slices.MaxFunc(page, func(a, b core.Deployment) int { return cmp.Compare(a.LogID, b.LogID) })
	if newest.Status != core.StatusFinished {
		t.Errorf("the newest push ended as %s", newest.Status)
	}
	for _, d := range page {
		superseded := d.Status == core.StatusCancelled && strings.HasPrefix(d.Outcome.Reason, "Deployment superseded by c")
		if d.Status != core.StatusFinished && !superseded {
			t.Errorf("%s ended as %s: %q", d.Revision.Commit, d.Status, d.Outcome.Reason)
		}
	}
}

// carryAll carries out deployments until nothing more comes.
func (w *world) carryAll(last <-chan struct{}) {
	for !w.t.Failed() {
		done := false
		select {
		case <-last:
			done = true
		default:
		}
		d, found, err := w.db.ClaimDeployment(background(w.t), "carrier", 1<<40)
		if err != nil {
			w.t.Errorf("claim: %v", err)
			return
		}
		if !found {
			if done {
				return
			}
			continue
		}
		d.Status = core.StatusFinished
		if err := w.db.Settle(background(w.t), d, core.Batch{}); err != nil {
			w.t.Errorf("settle: %v", err)
		}
	}
}
