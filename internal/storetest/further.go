package storetest

import (
	"sync"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// exerciseFurther: an application is on one destination of each of its servers.
func exerciseFurther(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	one, two := w.onServer("one", 2, 25), w.onServer("two", 2, 25)
	of := w.newApplication("app")
	list := func(want ...core.Destination) {
		t.Helper()
		got, err := db.ListFurther(t.Context(), w.team, of.RowID)
		ok(t, err)
		same(t, "further destinations", got, append([]core.Destination{}, want...))
	}
	list()
	ok(t, db.AddFurther(t.Context(), w.team, of.RowID, two.to.RowID))
	ok(t, db.AddFurther(t.Context(), w.team, of.RowID, one.to.RowID))
	list(one.to, two.to)
	wantCode(t, "the same again", db.AddFurther(t.Context(), w.team, of.RowID, one.to.RowID), core.CodeConflict)
	wantCode(t, "its own", db.AddFurther(t.Context(), w.team, of.RowID, w.to.RowID), core.CodeConflict)
	beside := insert(t, db, `INSERT INTO destinations (uuid, server_id, name, network, created_at, updated_at) VALUES ($1, $2, 'b', 'b', 1, 1) RETURNING id`,
		string(core.NewID()), one.server.RowID)
	wantCode(t, "another network of the same server", db.AddFurther(t.Context(), w.team, of.RowID, beside), core.CodeConflict)
	wantCode(t, "an unknown one", db.AddFurther(t.Context(), w.team, of.RowID, 999), core.CodeNotFound)
	there, err := db.ListServerResources(t.Context(), w.team, one.server.UUID)
	ok(t, err)
	if len(there) != 2 || there[0].UUID != of.UUID {
		t.Errorf("on a further server are %+v", there)
	}

	ok(t, db.RemoveFurther(t.Context(), w.team, of.RowID, two.to.RowID))
	wantCode(t, "removal of what is not there", db.RemoveFurther(t.Context(), w.team, of.RowID, two.to.RowID), core.CodeNotFound)
	list(one.to)
	ok(t, db.PurgeService(t.Context(), w.team, one.service.UUID))
	wantCode(t, "deletion of a further server", db.DeleteServer(t.Context(), w.team, one.server.UUID), core.CodeBadRequest)
	list(one.to)
	ok(t, db.DeleteApplication(t.Context(), w.team, of.UUID))
	_, err = db.ListFurther(t.Context(), w.team, of.RowID)
	wantCode(t, "further destinations of a deleted application", err, core.CodeNotFound)
	ok(t, db.DeleteServer(t.Context(), w.team, one.server.UUID))
}

// exerciseEnqueueFurther: what was deployed is repeated once on each further server.
func exerciseEnqueueFurther(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	one, full := w.onServer("one", 2, 25), w.onServer("full", 1, 1)
	full.enqueue(full.ask(full.service, core.VerbDeploy))
	of := w.newApplication("app")
	for _, there := range []*world{full, one} {
		ok(t, db.AddFurther(t.Context(), w.team, of.RowID, there.to.RowID))
	}
	ask := w.push(of, "c1")
	ask.Options, ask.RollbackOf = core.Options{Force: true, PullLatest: true}, core.NewID()
	ask.Revision = core.Revision{Commit: "c1", Message: "m", Branch: "b", Tag: "t", Provider: "gitlab"}
	d := w.enqueue(ask)

	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := db.EnqueueFurther(background(t), d); err != nil {
				t.Errorf("further servers: %v", err)
			}
		})
	}
	all.Wait()
	for _, there := range []*world{one, full} {
		on, err := db.ListActiveOfServer(t.Context(), w.team, there.server.RowID)
		ok(t, err)
		got := on[len(on)-1]
		want := d
		want.RowID, want.LogID, want.UUID, want.CreatedAt, want.UpdatedAt = got.RowID, got.LogID, got.UUID, got.CreatedAt, got.UpdatedAt
		want.Server, want.Revision.OnlyHere = there.server.Ref(), true
		same(t, "repeated on "+there.server.Name, got, want)
		ok(t, db.EnqueueFurther(t.Context(), got)) // goes no further
	}
	if n := count(t, db, "application_deployment_queues"); n != 3 {
		t.Errorf("%d deployments are stored, want one for each of 3 servers", n)
	}
	w.further(of, one)
}

// further checks what goes on and what does not.
func (w *world) further(of core.Application, one *world) {
	t, db := w.t, w.db
	t.Helper()
	there := func() []string {
		t.Helper()
		on, err := db.ListActiveOfServer(t.Context(), w.team, one.server.RowID)
		ok(t, err)
		return commits(on)
	}
	for range 4 { // with what else is queued there
		d := w.claim("a")
		d.Config.Snapshot = core.NewSecret("plan")
		ok(t, db.SetConfig(t.Context(), d))
		w.finish(d)
	}
	w.noClaim()
	targets, err := db.ListRollbackTargets(t.Context(), w.team, of.RowID, 9)
	ok(t, err)
	if len(targets) != 1 || targets[0].Server != w.server.Ref() {
		t.Errorf("one deployment on three servers is %d to go back to: %+v", len(targets), targets)
	}

	preview := w.push(of, "p")
	preview.Revision.PullRequest = 1
	only := w.push(of, "o")
	only.Revision.OnlyHere = true
	for _, ask := range []core.Deployment{preview, only} {
		ok(t, db.EnqueueFurther(t.Context(), w.enqueue(ask)))
	}
	same(t, "after a preview and what is for one server only", there(), []string{})
	var second core.Deployment
	for _, commit := range []string{"c1", "c2"} {
		second = w.enqueue(w.push(of, commit))
		ok(t, db.EnqueueFurther(t.Context(), second))
		same(t, "after a push", there(), []string{commit})
	}
	d := w.push(of, "c2")
	ok(t, db.SetApplicationStatus(t.Context(), d, "running:healthy", "h", &core.ApplicationRan{Image: "i"}))
	d.Server = one.server.Ref()
	ok(t, db.SetApplicationStatus(t.Context(), d, "exited", "other", &core.ApplicationRan{}))
	got, err := db.GetApplication(t.Context(), w.team, of.UUID)
	ok(t, err)
	if got.Status != "running:healthy" || got.ConfigHash != "h" || got.Ran.Image != "i" {
		t.Errorf("what was seen on a further server made the application %+v", got)
	}

	ok(t, db.DeleteApplication(t.Context(), w.team, of.UUID))
	deleted := second
	deleted.UUID = core.NewID()
	ok(t, db.EnqueueFurther(t.Context(), deleted))
	same(t, "after a deployment of what is deleted", there(), []string{"c2"})
	stop := w.push(of, "s")
	stop.Verb = core.VerbStop
	ok(t, db.EnqueueFurther(t.Context(), w.enqueue(stop)))
	same(t, "after the stop of what is deleted", there(), []string{"c2", "s"})
	deleted.Resource.RowID = 999
	wantCode(t, "further servers of an unknown application", db.EnqueueFurther(t.Context(), deleted), core.CodeNotFound)
}
