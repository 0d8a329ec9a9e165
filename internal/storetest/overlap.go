package storetest

import (
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// exerciseOverlap: what a new deployment does to those of its resource before it.
func exerciseOverlap(t *testing.T, db *sqlstore.DB) {
	for policy, want := range map[core.Overlap]struct{ queued, running bool }{
		core.OverlapWait: {}, core.OverlapReplace: {queued: true}, core.OverlapCancel: {queued: true, running: true},
	} {
		w := newWorld(t, db).onServer("overlap "+string(policy), 5, 25)
		of := core.KindService
		if policy != core.OverlapWait { // which is what there is from the start
			ok(t, db.SetOverlap(t.Context(), w.team, of, w.service.RowID, policy))
		}
		got, err := db.GetOverlap(t.Context(), w.team, of, w.service.RowID)
		ok(t, err)
		same(t, "policy", got, policy)

		running := w.enqueue(w.ask(w.service, core.VerbDeploy))
		w.claim("a")
		stop, start := w.enqueue(w.ask(w.service, core.VerbStop)), w.enqueue(w.ask(w.service, core.VerbStart))
		other := w.enqueue(w.ask(w.newService("other "+string(policy)), core.VerbDeploy))
		restart := w.enqueue(w.ask(w.service, core.VerbRestart)) // does not do what a deployment does
		if s := w.get(start.UUID).Status; s != core.StatusQueued {
			t.Errorf("%s: a restart made a start %s", policy, s)
		}
		next := w.enqueue(w.ask(w.service, core.VerbDeploy))
		for _, d := range []core.Deployment{start, restart} {
			w.expectSuperseded(policy, d, next, want.queued, core.StatusCancelled)
		}
		w.expectSuperseded(policy, running, next, want.running, core.StatusInProgress)
		for _, d := range []core.Deployment{stop, other, next} {
			w.expectSuperseded(policy, d, next, false, "")
		}
		again, joined, err := db.EnqueueDeployment(t.Context(), w.ask(w.service, core.VerbDeploy))
		if err != nil || !joined || again.UUID != next.UUID {
			t.Errorf("%s: an equal one became %s (joined %v): %v", policy, again.UUID, joined, err)
		}
		renewed, err := db.RenewLeases(t.Context(), "a", time.Minute)
		ok(t, err)
		if len(renewed) != 1 || renewed[0].Cancel != want.running {
			t.Errorf("%s: the carrier hears %+v", policy, renewed)
		}
		// A cancel that comes too late took nobody's place.
		w.finish(w.get(running.UUID))
		if d := w.get(running.UUID); d.Status != core.StatusFinished || d.Outcome.SupersededBy != "" {
			t.Errorf("%s: finished in spite of it, %+v", policy, d.Outcome)
		}
		w.drain()
	}
	w := newWorld(t, db)
	_, err := db.GetOverlap(t.Context(), w.team+1, core.KindService, w.service.RowID)
	wantCode(t, "policy of another team's service", err, core.CodeNotFound)
	wantCode(t, "change of it", db.SetOverlap(t.Context(), w.team+1, core.KindService, w.service.RowID, core.OverlapCancel), core.CodeNotFound)
}

// drain lets everything run that is queued.
func (w *world) drain() {
	for {
		d, found, err := w.db.ClaimDeployment(w.t.Context(), "a", time.Minute)
		ok(w.t, err)
		if !found {
			return
		}
		w.finish(d)
	}
}

func (w *world) expectSuperseded(policy core.Overlap, d, by core.Deployment, gone bool, status core.Status) {
	w.t.Helper()
	got := w.get(d.UUID)
	if !gone {
		if got.Outcome.SupersededBy != "" || !got.CancelAt.IsZero() {
			w.t.Errorf("%s: %s was superseded", policy, d.Verb)
		}
		return
	}
	if got.Outcome.SupersededBy != by.UUID || got.CancelAt.IsZero() || got.Status != status {
		w.t.Errorf("%s: %s is %s, superseded by %q", policy, d.Verb, got.Status, got.Outcome.SupersededBy)
	}
}
