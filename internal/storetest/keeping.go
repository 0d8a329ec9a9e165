package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// buildLines makes n lines of all sorts from number from on, about 100 bytes each.
func buildLines(from int64, n int) []core.Line {
	out := lines(from, n)
	for i := range out {
		l, seq := &out[i], from+int64(i)
		l.Step, l.Batch = int(seq/50), int(seq/50)
		l.At = time.UnixMicro(1_700_000_000_000_000 + seq*1_717).UTC()
		l.Output = fmt.Sprintf("#%d %d.%03d npm http fetch GET 200 https://registry.example.org/package-%d %dms (cache miss) é🐚", seq%40, seq%900, seq%1000, seq%77, seq*7919%900)
		switch {
		case seq%50 == 0:
			l.Stream, l.Command = core.Info, fmt.Sprintf("docker build --tag x:%d", seq)
		case seq%7 == 0:
			l.Stream = core.Stderr
		}
		l.Hidden, l.Continued = seq%11 == 0, seq%13 == 0
	}
	return out
}

// logged is an ended deployment with these lines.
func (w *world) logged(all []core.Line) core.Deployment {
	w.t.Helper()
	w.enqueue(w.ask(w.service, core.VerbDeploy))
	d := w.claim("a")
	ok(w.t, w.db.AppendLog(w.t.Context(), core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Lines: all,
		Steps: []core.Step{{Number: 1, Name: "up", Title: "Starting.", Command: "docker compose up", State: "done"}}}))
	w.finish(d)
	return w.get(d.UUID)
}

// packAll packs a log, and says how many steps it took.
func (w *world) packAll(d core.Deployment) int {
	w.t.Helper()
	for n := 1; ; n++ {
		more, err := w.db.PackLog(w.t.Context(), d.LogID)
		ok(w.t, err)
		if !more {
			return n
		}
	}
}

// reads checks what a log says, by pages of several sizes and from every place.
func (w *world) reads(what string, d core.Deployment, want []core.Line) {
	w.t.Helper()
	for _, page := range []int{len(want) + 1, 500, 7} {
		var got []core.Line
		for after := int64(0); ; {
			some, err := w.db.LinesAfter(w.t.Context(), d.LogID, after, page)
			ok(w.t, err)
			got = append(got, some...)
			if len(some) < page { // a page that is not full is the last one, which readers count on
				break
			}
			after = some[len(some)-1].Seq
		}
		same(w.t, fmt.Sprintf("%s, %d at a time", what, page), got, want)
		if w.t.Failed() {
			return
		}
	}
	for _, after := range []int64{0, 1, 1499, 1500, 2999, int64(len(want)) - 1, int64(len(want)), int64(len(want)) + 5} {
		got, err := w.db.LinesAfter(w.t.Context(), d.LogID, after, 3)
		ok(w.t, err)
		rest := want[min(after, int64(len(want))):]
		same(w.t, fmt.Sprintf("%s, behind line %d", what, after), got, append([]core.Line{}, rest[:min(3, len(rest))]...))
	}
}

// exercisePacking: readers see no difference between lines that are packed and others, at
// any moment of the packing.
func exercisePacking(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	all := buildLines(1, 6000)
	all[4000].Output = strings.Repeat("x", core.MaxLine)
	w.enqueue(w.ask(w.service, core.VerbDeploy))
	running := w.claim("a")
	ok(t, db.AppendLog(t.Context(), core.Batch{LogID: running.LogID, Fence: running.Lease.Fence, Lines: all[:10]}))
	_, err := db.PackLog(t.Context(), running.LogID)
	wantCode(t, "pack the log of what runs", err, core.CodeNotFound)
	w.unpacked("while it runs")
	ok(t, db.AppendLog(t.Context(), core.Batch{LogID: running.LogID, Fence: running.Lease.Fence, Lines: all[10:]}))
	w.finish(running)
	w.reads("before packing", running, all)

	w.unpacked("after the end", running.LogID)
	more, err := db.PackLog(t.Context(), running.LogID)
	ok(t, err)
	if !more || count(t, db, "log_chunks") != 1 || count(t, db, "log_lines") == 6000 {
		t.Errorf("first step: more %v, %d chunks, %d lines", more, count(t, db, "log_chunks"), count(t, db, "log_lines"))
	}
	w.reads("half packed", running, all)
	w.packAll(running)
	w.reads("packed", running, all)
	w.unpacked("when all is packed")
	if chunks, lines := count(t, db, "log_chunks"), count(t, db, "log_lines"); chunks < 2 || chunks > 5 || lines != 0 {
		t.Errorf("%d chunks and %d lines are left", chunks, lines)
	}
	more, err = db.PackLog(t.Context(), running.LogID)
	if ok(t, err); more {
		t.Error("there is more to pack when all is packed")
	}
}

// unpacked checks which logs are to be packed.
func (w *world) unpacked(when string, want ...int64) {
	w.t.Helper()
	got, err := w.db.ListUnpacked(w.t.Context(), 10)
	ok(w.t, err)
	same(w.t, "logs to pack "+when, got, append([]int64{}, want...))
}

// exercisePackingRace: two controllers that pack the same log lose and repeat nothing.
func exercisePackingRace(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	all := buildLines(1, 5000)
	d := w.logged(all)
	done := make(chan error, 3)
	for range cap(done) {
		go func() {
			for {
				if more, err := db.PackLog(t.Context(), d.LogID); err != nil || !more {
					done <- err
					return
				}
			}
		}()
	}
	for range cap(done) {
		ok(t, <-done)
	}
	w.packAll(d)
	w.reads("packed by several", d, all)
}
