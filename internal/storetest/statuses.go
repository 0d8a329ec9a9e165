package storetest

import (
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// exerciseStatuses: what is seen of a service is written while the service is at rest
// and as it was when it was looked at.
func exerciseStatuses(t *testing.T, db *sqlstore.DB) {
	w, other := newWorld(t, db), anotherWorld(t, db)
	rest := func(services ...core.Service) []core.Resting {
		t.Helper()
		got, err := db.ListResting(t.Context())
		ok(t, err)
		var want []core.Resting
		for _, v := range services {
			want = append(want, restingOf(v))
		}
		same(t, "resources at rest", got, want)
		return got
	}
	rest(w.service, other.service)
	server, err := db.GetServerByRow(t.Context(), w.team, w.server.RowID)
	ok(t, err)
	same(t, "server by row", server, w.server)
	_, err = db.GetServerByRow(t.Context(), other.team, w.server.RowID)
	wantCode(t, "another team's server", err, core.CodeNotFound)

	see := func(v core.Service, status string) {
		t.Helper()
		_, err := db.SeeResource(t.Context(), restingOf(v), core.Condition{Status: status, Parts: map[string]string{"web": status}})
		ok(t, err)
	}
	expect := func(status string) core.Service {
		t.Helper()
		got, err := db.GetService(t.Context(), w.team, w.service.UUID)
		ok(t, err)
		part := got.Parts[len(got.Parts)-1]
		if got.Status != status || part.Name != "web" || part.Status != status {
			t.Errorf("service is %s and its part %s %s, want %s", got.Status, part.Name, part.Status, status)
		}
		return got
	}
	see(w.service, "running:healthy")
	now := expect("running:healthy")
	see(w.service, "exited") // as it was before
	expect("running:healthy")
	stranger := now
	stranger.TeamID = other.team
	see(stranger, "exited")
	expect("running:healthy")

	w.enqueue(w.ask(w.service, core.VerbRestart))
	rest(other.service)
	see(now, "exited")
	expect("running:healthy")
	d := w.claim("a")
	rest(other.service)
	see(now, "exited")
	expect("running:healthy")
	w.finish(d)
	rest(now, other.service)
	see(now, "degraded:unhealthy")
	now = expect("degraded:unhealthy")

	ok(t, db.DeleteService(t.Context(), w.team, w.service.UUID))
	rest(other.service)
	see(now, "exited")
}

func restingOf(v core.Service) core.Resting {
	return core.Resting{Kind: core.KindService, RowID: v.RowID, UUID: v.UUID, TeamID: v.TeamID, ServerID: v.ServerID,
		Status: v.Status, UpdatedAt: v.UpdatedAt}
}

// exerciseDatabaseStatuses: the same for databases, which have no parts.
func exerciseDatabaseStatuses(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	of := w.newDatabase("pg")
	rest := func() []core.Resting {
		t.Helper()
		all, err := db.ListResting(t.Context())
		ok(t, err)
		return all
	}
	read := func() core.Database {
		t.Helper()
		got, err := db.GetDatabase(t.Context(), w.team, of.UUID)
		ok(t, err)
		return got
	}
	same(t, "resources at rest", rest(), []core.Resting{restingDatabase(of), restingOf(w.service)})
	changed, err := db.SeeResource(t.Context(), restingDatabase(of), core.Condition{Status: "running:healthy"})
	ok(t, err)
	now := read()
	if !changed || now.Status != "running:healthy" {
		t.Errorf("after it was seen running the database is %s (changed %v)", now.Status, changed)
	}
	changed, err = db.SeeResource(t.Context(), restingDatabase(of), core.Condition{Status: "exited"}) // as it was before
	ok(t, err)
	if changed {
		t.Error("what was seen of a former state was written")
	}
	d := w.enqueue(w.askFor(of, core.VerbStop))
	same(t, "resources at rest beside a queued stop", rest(), []core.Resting{restingOf(w.service)})
	changed, err = db.SeeResource(t.Context(), restingDatabase(now), core.Condition{Status: "exited"})
	ok(t, err)
	if changed || read().Status != "running:healthy" {
		t.Error("what was seen beside a queued stop was written")
	}
	w.claim("a")
	w.finish(w.get(d.UUID))
	same(t, "resources at rest after the stop", rest(), []core.Resting{restingDatabase(now), restingOf(w.service)})
}
