package storetest

import (
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// exerciseRewriting: texts of stored lines change wherever they are, and nothing else does.
func exerciseRewriting(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	all := buildLines(1, 6000)
	d := w.logged(all)
	more, err := db.PackLog(t.Context(), d.LogID)
	if ok(t, err); !more {
		t.Fatal("all is packed")
	}
	var changed []core.Line
	for _, i := range []int{0, 1, 1500, 2400, 5000, 5999} { // packed ones and others
		all[i].Output, all[i].Command = "masked\x00", "too"
		changed = append(changed, all[i])
		all[i].Output = "masked"
	}
	ok(t, db.RewriteLines(t.Context(), d.LogID, changed))
	w.reads("rewritten half packed", d, all)
	w.packAll(d)
	w.reads("rewritten and packed", d, all)
	ok(t, db.RewriteLines(t.Context(), d.LogID, []core.Line{{Seq: 1 << 40, Output: "of no line"}}))

	steps, err := db.ListSteps(t.Context(), d.LogID)
	ok(t, err)
	steps[0].Title, steps[0].Command = "a", "b"
	d.Outcome.Reason, d.Outcome.LastErr = "c", []string{"d"}
	ok(t, db.RewriteRecord(t.Context(), d, steps, ""))
	w.reads("without a record", d, all)
	ok(t, db.RewriteRecord(t.Context(), d, steps, "it was gone over"))
	got := w.get(d.UUID)
	same(t, "outcome", got.Outcome, d.Outcome)
	again, err := db.ListSteps(t.Context(), d.LogID)
	ok(t, err)
	same(t, "steps", again, steps)
	last, err := db.LinesAfter(t.Context(), d.LogID, 6000, 10)
	ok(t, err)
	if len(last) != 1 || last[0].Seq != 6001 || last[0].Output != "it was gone over" || last[0].Stream != core.Warning {
		t.Errorf("the record is %+v", last)
	}
	w.unpacked("with the record", d.LogID)

	w.enqueue(w.ask(w.service, core.VerbDeploy))
	running := w.claim("a")
	ok(t, db.AppendLog(t.Context(), core.Batch{LogID: running.LogID, Fence: running.Lease.Fence, Lines: lines(1, 2)}))
	wantCode(t, "rewrite what runs", db.RewriteLines(t.Context(), running.LogID, lines(1, 1)), core.CodeNotFound)
	wantCode(t, "rewrite the record of what runs", db.RewriteRecord(t.Context(), running, nil, "x"), core.CodeNotFound)
	for after, want := range map[int64][]core.ID{0: {d.UUID, running.UUID}, d.LogID: {running.UUID}, running.LogID: nil} {
		list, err := db.ListLogsAfter(t.Context(), w.team, core.KindService, w.service.RowID, after, 10)
		ok(t, err)
		var ids []core.ID
		for _, one := range list {
			ids = append(ids, one.UUID)
		}
		same(t, "logs behind", ids, want)
	}
	other := anotherWorld(t, db)
	list, err := db.ListLogsAfter(t.Context(), other.team, core.KindService, w.service.RowID, 0, 10)
	if ok(t, err); len(list) != 0 {
		t.Errorf("another team sees %d logs", len(list))
	}
	stolen := d
	stolen.TeamID = other.team
	wantCode(t, "rewrite another team's record", db.RewriteRecord(t.Context(), stolen, nil, "x"), core.CodeNotFound)
}

// exerciseRewritingRace: what is packed while it is rewritten has the new text in the end.
func exerciseRewritingRace(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	all := buildLines(1, 5000)
	d := w.logged(all)
	done := make(chan error, 2)
	go func() {
		for {
			if more, err := db.PackLog(t.Context(), d.LogID); err != nil || !more {
				done <- err
				return
			}
		}
	}()
	go func() {
		for i := 0; i < len(all); i += 250 {
			l := all[i]
			l.Output = "masked"
			if err := db.RewriteLines(t.Context(), d.LogID, []core.Line{l}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	ok(t, <-done)
	ok(t, <-done)
	for i := 0; i < len(all); i += 250 {
		all[i].Output = "masked"
	}
	w.packAll(d)
	w.reads("packed and rewritten at once", d, all)
}
