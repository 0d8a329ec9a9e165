package storetest

import (
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// exerciseRecords: what people say about deployments, and logs that they take away.
func exerciseRecords(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("records", 9, 25)
	for k, ask := range w.oneOfEach() {
		d := w.enqueue(ask)
		pinned, err := db.PinDeployment(t.Context(), w.team, d.UUID, true)
		ok(t, err)
		noted, err := db.NoteDeployment(t.Context(), w.team, d.UUID, "after all\x00")
		ok(t, err)
		if !pinned.Pinned || !noted.Pinned || noted.Note != "after all" || noted.Status != core.StatusQueued {
			t.Errorf("%s: pinned %+v, noted %+v", k, pinned, noted)
		}
		free, err := db.PinDeployment(t.Context(), w.team, d.UUID, false)
		ok(t, err)
		if free.Pinned || free.Note != "after all" {
			t.Errorf("%s: no longer pinned, it is %+v", k, free)
		}
	}
}

// exerciseDroppedLogs: a log that is taken away leaves a line that says so, and all
// numbers go on behind it.
func exerciseDroppedLogs(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	w.enqueue(w.ask(w.service, core.VerbDeploy))
	d := w.claim("a")
	const many = 12_001 // more than goes at once
	for from := int64(1); from <= many; from += 3000 {
		part := lines(from, int(min(3000, many-from+1)))
		for i := range part {
			part[i].Output += strings.Repeat(" and so on", 4)
		}
		ok(t, db.AppendLog(t.Context(), core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Lines: part}))
	}
	by := core.Actor{Kind: "user", Name: "Ann"}
	wantCode(t, "of one that runs", db.DropLog(t.Context(), w.team, d.UUID, by), core.CodeBadRequest)
	d.Status, d.Outcome.LastErr = core.StatusFailed, []string{"what nobody should see"}
	ok(t, db.Settle(t.Context(), d, core.Batch{}))
	before := w.get(d.UUID)
	more, err := db.PackLog(t.Context(), d.LogID) // some of it is packed, the rest is not
	if ok(t, err); !more {
		t.Error("all of it is packed")
	}
	for range 2 {
		ok(t, db.DropLog(t.Context(), w.team, d.UUID, by))
	}
	for range 2 { // packed or not, it is what is left
		got, err := db.LinesAfter(t.Context(), d.LogID, 0, 10)
		ok(t, err)
		if len(got) != 1 || got[0].Seq != many+2 || !strings.Contains(got[0].Output, "deleted by Ann") || got[0].Stream != core.Warning {
			t.Errorf("what is left: %+v", got)
		}
		w.packAll(d)
	}
	after := w.get(d.UUID)
	if len(after.Outcome.LastErr) != 0 {
		t.Errorf("the outcome still has %q", after.Outcome.LastErr)
	}
	after.Outcome.LastErr, after.UpdatedAt = before.Outcome.LastErr, before.UpdatedAt
	same(t, "the rest of the record", after, before)
}
