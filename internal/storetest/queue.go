package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

func exerciseEnqueue(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("small", 1, 3)
	ask := w.ask(w.service, core.VerbDeploy)
	ask.Options = core.Options{PullLatest: true, StopBeforeStart: true, Remove: core.Removal{Images: true}}
	ask.RollbackOf = core.NewID()
	d := w.enqueue(ask)
	recent(t, "creation of the deployment", d.CreatedAt)
	env := w.project.Environments[0]
	same(t, "queued deployment", d, core.Deployment{RowID: d.RowID, LogID: d.LogID, UUID: d.UUID, Kind: core.KindService, TeamID: w.team,
		Resource: core.Resource{RowID: w.service.RowID, UUID: w.service.UUID, Name: "on-small", Project: w.project.UUID, Environment: env.UUID},
		Server:   w.server.Ref(), Verb: core.VerbDeploy, Options: ask.Options, Actor: ask.Actor, Trigger: ask.Trigger, Note: ask.Note,
		Status: core.StatusQueued, RollbackOf: ask.RollbackOf, CreatedAt: d.CreatedAt, UpdatedAt: d.CreatedAt})
	same(t, "deployment as read", w.get(d.UUID), d)
	var url string
	ok(t, db.Raw().QueryRowContext(t.Context(), `SELECT deployment_url FROM service_deployment_queues`).Scan(&url))
	if want := "/project/" + string(w.project.UUID) + "/environment/" + string(env.UUID) + "/service/" + string(w.service.UUID) + "/deployment/" + string(d.UUID); url != want {
		t.Errorf("path of the page is %q, want %q", url, want)
	}

	joined, was, err := db.EnqueueDeployment(t.Context(), ask)
	ok(t, err)
	if !was || joined.UUID != d.UUID {
		t.Errorf("an equal deployment got %s (joined %v), want %s", joined.UUID, was, d.UUID)
	}
	other := ask
	other.Options.PullLatest = false
	w.enqueue(other) // not equal
	w.enqueue(ask)   // equal to the first, which the second would undo

	full := w.ask(w.newService("one too many"), core.VerbDeploy)
	_, _, err = db.EnqueueDeployment(t.Context(), full)
	wantCode(t, "fourth deployment in a queue of three", err, core.CodeTooMany)
	if err != nil && !strings.Contains(err.Error(), "small") {
		t.Errorf("the refusal does not name the server: %v", err)
	}
	if _, was, err = db.EnqueueDeployment(t.Context(), ask); err != nil || !was {
		t.Errorf("joining took a place in the full queue: %v", err)
	}
	if n := count(t, db, "logs"); n != 3 {
		t.Errorf("three deployments have %d logs", n)
	}
	w.claim("a") // makes room
	ask.Options.Force = true
	w.enqueue(ask)

	for what, bad := range map[string]func(*core.Deployment){
		"unknown service": func(d *core.Deployment) { d.Resource.RowID = 999 },
		"unknown server":  func(d *core.Deployment) { d.Server.RowID = 999 },
	} {
		d := full
		bad(&d)
		_, _, err := db.EnqueueDeployment(t.Context(), d)
		wantCode(t, what, err, core.CodeNotFound)
	}
	full.Kind = "nonsense"
	_, _, err = db.EnqueueDeployment(t.Context(), full)
	wantCode(t, "unknown kind", err, core.CodeBadRequest)
}

// exerciseOrder: first come first served per server, one at a time per resource, and a
// full server is in nobody's way but its own.
func exerciseOrder(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("busy", 2, 25)
	a, b, c := w.newService("a"), w.newService("b"), w.newService("c")
	a1 := w.enqueue(w.ask(a, core.VerbDeploy))
	a2 := w.enqueue(w.ask(a, core.VerbStop))
	b1 := w.enqueue(w.ask(b, core.VerbDeploy))
	a3 := w.enqueue(w.ask(a, core.VerbStart))
	c1 := w.enqueue(w.ask(c, core.VerbDeploy))

	w.expectWait(a1, "", 0)
	first := w.claim("x")
	same(t, "first claimed", first.UUID, a1.UUID)
	if first.Status != core.StatusInProgress || first.Lease.Owner != "x" || first.Lease.Fence != 1 || first.StartedAt.IsZero() || !first.Lease.Until.After(first.StartedAt) {
		t.Errorf("claimed deployment is %+v", first)
	}
	w.expectWait(a2, "waiting for the running deployment "+string(a1.UUID)+" of this service", 0)
	w.expectWait(b1, "", 1)
	second := w.claim("x")
	same(t, "second claimed, past the stop that waits for its own service", second.UUID, b1.UUID)
	w.noClaim()
	w.expectWait(a3, "waiting for the running deployment "+string(a1.UUID)+" of this service", 1)
	w.expectWait(c1, "server has 2 of 2 deployments in progress, 2 ahead", 2)
	w.expectWait(first, "", 0)

	free := w.onServer("free", 1, 25)
	d := free.enqueue(free.ask(free.service, core.VerbDeploy))
	same(t, "claimed on the server that has room", free.claim("y").UUID, d.UUID)

	active, err := db.ListActive(t.Context(), w.team)
	ok(t, err)
	same(t, "active, oldest first", uuids(active), uuids([]core.Deployment{a1, a2, b1, a3, c1, d}))
	there, err := db.ListActiveOfServer(t.Context(), w.team, w.server.RowID)
	ok(t, err)
	same(t, "active on the server", uuids(there), uuids([]core.Deployment{a1, a2, b1, a3, c1}))

	w.finish(second)
	same(t, "third claimed", w.claim("x").UUID, c1.UUID)
	w.finish(first)
	next := w.claim("x")
	same(t, "fourth claimed", next.UUID, a2.UUID)
	w.expectWait(a3, "waiting for the running deployment "+string(a2.UUID)+" of this service", 0)
	w.finish(next)
	same(t, "last claimed", w.claim("x").UUID, a3.UUID)
}

func (w *world) expectWait(d core.Deployment, reason string, ahead int) {
	w.t.Helper()
	got, n, err := w.db.QueuePosition(w.t.Context(), d)
	ok(w.t, err)
	if got != reason || n != ahead {
		w.t.Errorf("%s of %s waits because %q with %d ahead, want %q with %d", d.Verb, d.Resource.Name, got, n, reason, ahead)
	}
}

func uuids(all []core.Deployment) []core.ID {
	out := make([]core.ID, len(all))
	for i, d := range all {
		out[i] = d.UUID
	}
	return out
}

// exerciseLeases: a lease that is over is taken over with a higher fence, and whoever
// had it before is refused from then on.
func exerciseLeases(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	w.enqueue(w.ask(w.service, core.VerbDeploy))
	old, found, err := db.ClaimDeployment(t.Context(), "old", -time.Second) // over as soon as given
	if err != nil || !found {
		t.Fatalf("claim: %v, %v", found, err)
	}
	old.Config = core.Config{Hash: "h", Snapshot: core.NewSecret("plan")}
	ok(t, db.SetConfig(t.Context(), old))
	ok(t, db.AppendLog(t.Context(), core.Batch{LogID: old.LogID, Fence: old.Lease.Fence, Lines: lines(1, 2), Cursor: core.Cursor{Offset: 7, State: "s"}}))

	adopted := w.claim("new")
	if adopted.UUID != old.UUID || adopted.Lease.Fence != 2 || adopted.Lease.Owner != "new" || adopted.Config.Snapshot.Reveal() != "plan" {
		t.Errorf("adopted deployment is %+v", adopted)
	}
	if !adopted.StartedAt.Equal(old.StartedAt) {
		t.Errorf("adoption moved the start from %v to %v", old.StartedAt, adopted.StartedAt)
	}
	w.noClaim()
	for what, write := range map[string]func() error{
		"SetConfig": func() error { return db.SetConfig(t.Context(), old) },
		"SetRun":    func() error { return db.SetRun(t.Context(), old) },
		"AppendLog": func() error {
			return db.AppendLog(t.Context(), core.Batch{LogID: old.LogID, Fence: 1, Lines: lines(3, 1)})
		},
		"AppendLog without lines": func() error {
			return db.AppendLog(t.Context(), core.Batch{LogID: old.LogID, Fence: 1, Cursor: core.Cursor{Offset: 9}})
		},
		"AppendLog without fence": func() error { return db.AppendLog(t.Context(), core.Batch{LogID: old.LogID, Lines: lines(3, 1)}) },
		"Settle": func() error {
			d := old
			d.Status = core.StatusFailed
			return db.Settle(t.Context(), d, core.Batch{Lines: lines(3, 1)})
		},
	} {
		wantCode(t, what+" by the old owner", write(), core.CodeLost)
	}
	cursor, last, err := db.GetCursor(t.Context(), old.LogID)
	ok(t, err)
	if cursor != (core.Cursor{Offset: 7, State: "s"}) || last != 2 {
		t.Errorf("after refused writes the log stands at %+v, line %d", cursor, last)
	}

	renewed, err := db.RenewLeases(t.Context(), "old", time.Minute)
	ok(t, err)
	same(t, "renewals of the old owner", renewed, []core.Renewal{})
	renewed, err = db.RenewLeases(t.Context(), "new", time.Hour)
	ok(t, err)
	same(t, "renewals of the new owner", renewed, []core.Renewal{{Kind: core.KindService, RowID: old.RowID, Fence: 2}})
	if until := w.get(old.UUID).Lease.Until; until.Before(time.Now().Add(50 * time.Minute)) {
		t.Errorf("the renewed lease lasts until %v", until)
	}

	ok(t, db.ReleaseLeases(t.Context(), "somebody else"))
	w.noClaim()
	ok(t, db.ReleaseLeases(t.Context(), "new"))
	if d := w.claim("third"); d.Lease.Fence != 3 {
		t.Errorf("the fence after a release is %d, want 3", d.Lease.Fence)
	}
	ok(t, db.ReleaseLease(t.Context(), core.Renewal{Kind: core.KindService, RowID: old.RowID, Fence: 2})) // it is another's now
	w.noClaim()
	ok(t, db.ReleaseLease(t.Context(), core.Renewal{Kind: core.KindService, RowID: old.RowID, Fence: 3}))
	if d := w.claim("third again"); d.Lease.Fence != 4 {
		t.Errorf("the fence after the release of one lease is %d, want 4", d.Lease.Fence)
	}
	ok(t, db.ReleaseLeases(t.Context(), ""))
	w.finish(w.claim("fourth"))
	w.noClaim()
}

func exerciseCancel(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	by := core.Actor{Kind: "user", ID: 1, Name: "Ada"}
	running := w.enqueue(w.ask(w.service, core.VerbDeploy))
	waiting := w.enqueue(w.ask(w.service, core.VerbStop))
	w.claim("a")

	gone, err := db.CancelDeployment(t.Context(), w.team, waiting.UUID, by)
	ok(t, err)
	if gone.Status != core.StatusCancelled || gone.FinishedAt.IsZero() || gone.CancelAt.IsZero() || !gone.StartedAt.IsZero() {
		t.Errorf("cancelled deployment is %+v", gone)
	}
	told, err := db.LinesAfter(t.Context(), waiting.LogID, 0, 10)
	ok(t, err)
	if len(told) != 1 || told[0].Output != "Deployment cancelled by Ada." || told[0].Stream != core.Stderr || told[0].Seq != 1 {
		t.Errorf("log of the cancelled deployment is %+v", told)
	}
	again, err := db.CancelDeployment(t.Context(), w.team, waiting.UUID, by)
	ok(t, err)
	same(t, "second cancellation", again, gone)

	asked, err := db.CancelDeployment(t.Context(), w.team, running.UUID, by)
	ok(t, err)
	if asked.Status != core.StatusInProgress || asked.CancelAt.IsZero() {
		t.Errorf("running deployment after the cancellation is %+v", asked)
	}
	repeated, err := db.CancelDeployment(t.Context(), w.team, running.UUID, by)
	ok(t, err)
	same(t, "intent after a second cancellation", repeated.CancelAt, asked.CancelAt)
	renewed, err := db.RenewLeases(t.Context(), "a", time.Minute)
	ok(t, err)
	if len(renewed) != 1 || !renewed[0].Cancel {
		t.Errorf("the carrier hears %+v, want the intent to cancel", renewed)
	}
	w.finish(asked)
	done, err := db.CancelDeployment(t.Context(), w.team, running.UUID, by)
	ok(t, err)
	if done.Status != core.StatusFinished {
		t.Errorf("cancelling a finished deployment made it %s", done.Status)
	}
	_, err = db.CancelDeployment(t.Context(), w.team, core.NewID(), by)
	wantCode(t, "unknown deployment", err, core.CodeNotFound)
	w.noClaim()
}
