package storetest

import (
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// exerciseRetaining: what there is of a resource, and how a deployment goes with all it had.
func exerciseRetaining(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	limits, err := db.GetRetention(t.Context())
	ok(t, err)
	same(t, "limits at first", limits, core.DefaultHistoryLimits())
	for _, limits := range []core.HistoryLimits{{Days: 1, FailedDays: 2, CancelledDays: 3, Count: 4, Bytes: 5}, {}} {
		ok(t, db.SetRetention(t.Context(), limits))
		got, err := db.GetRetention(t.Context())
		ok(t, err)
		same(t, "limits", got, limits)
	}

	first, second := w.logged(buildLines(1, 6000)), w.logged(lines(1, 3))
	w.packAll(first)
	running := w.enqueue(w.ask(w.service, core.VerbStop))
	list, err := db.ListHistories(t.Context(), w.team)
	ok(t, err)
	h := core.History{TeamID: w.team, Kind: core.KindService, Resource: core.Resource{RowID: w.service.RowID, UUID: w.service.UUID, Name: w.service.Name}}
	same(t, "histories", list, []core.History{h})
	past, err := db.ListPast(t.Context(), h)
	ok(t, err)
	if len(past) != 3 || past[0].UUID != running.UUID || past[2].Size < 1000 || past[1].Size != 0 {
		t.Fatalf("the past is %+v", past)
	}
	same(t, "what there is of one", past[1], core.Past{RowID: second.RowID, LogID: second.LogID, UUID: second.UUID, Status: second.Status, Verb: second.Verb,
		Server: second.Server.RowID, EndedAt: second.FinishedAt})

	wantCode(t, "drop what waits", db.DropDeployment(t.Context(), h, past[0]), core.CodeNotFound)
	_, err = db.PinDeployment(t.Context(), w.team, first.UUID, true)
	ok(t, err)
	wantCode(t, "drop what is pinned", db.DropDeployment(t.Context(), h, past[2]), core.CodeNotFound)
	foreign := h
	foreign.TeamID = anotherWorld(t, db).team
	wantCode(t, "drop another team's", db.DropDeployment(t.Context(), foreign, past[1]), core.CodeNotFound)
	theirs, err := db.ListPast(t.Context(), foreign)
	if ok(t, err); len(theirs) != 0 {
		t.Errorf("another team sees %+v", theirs)
	}
	w.reads("what is pinned", first, buildLines(1, 6000))
	_, err = db.PinDeployment(t.Context(), w.team, first.UUID, false)
	ok(t, err)
	ok(t, db.DropDeployment(t.Context(), h, past[2]))
	ok(t, db.DropDeployment(t.Context(), h, past[1]))
	wantCode(t, "drop twice", db.DropDeployment(t.Context(), h, past[1]), core.CodeNotFound)
	for _, table := range []string{"log_chunks", "log_lines", "steps"} {
		if n := count(t, db, table); n != 0 {
			t.Errorf("%d %s are left", n, table)
		}
	}
	if n := count(t, db, "logs"); n != 1 {
		t.Errorf("%d logs are left", n)
	}
	page, n, err := db.ListByResource(t.Context(), w.team, core.KindService, w.service.RowID, 0, 10)
	ok(t, err)
	if n != 1 || len(page) != 1 || page[0].UUID != running.UUID {
		t.Errorf("%d deployments are counted, %+v listed", n, page)
	}
}
