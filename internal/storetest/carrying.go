package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// lines makes n lines from number from on.
func lines(from int64, n int) []core.Line {
	out := make([]core.Line, n)
	for i := range out {
		out[i] = core.Line{Seq: from + int64(i), Step: 1, Batch: 1, Stream: core.Stdout, At: time.UnixMicro(1_700_000_000_000_000 + from).UTC(),
			Output: fmt.Sprintf("line %d", from+int64(i))}
	}
	return out
}

// exerciseCarrying: what the carrier of a deployment writes, and its end.
func exerciseCarrying(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	w.enqueue(w.ask(w.service, core.VerbDeploy))
	d := w.claim("a")
	d.Config = core.Config{Hash: "h1", Snapshot: core.NewSecret("plan"), Digests: map[string]string{"nginx": "sha256:1"}}
	// Only the row and the fence are needed.
	ok(t, db.SetConfig(t.Context(), core.Deployment{Kind: d.Kind, RowID: d.RowID, Lease: d.Lease, Config: d.Config}))
	d.Run = core.RunIdentity{BootID: "boot", PID: 4711, Started: "99"}
	ok(t, db.SetRun(t.Context(), d))
	got := w.get(d.UUID)
	d.UpdatedAt = got.UpdatedAt
	same(t, "carried deployment", got, d)

	wantError(t, "settle without an end", db.Settle(t.Context(), d, core.Batch{}))
	exit := 137
	d.Status, d.Outcome = core.StatusFailed, core.Outcome{Step: "start", ExitCode: &exit, Reason: "It ended.", LastErr: []string{"one", "two\x00"}}
	d.Config.Digests = map[string]string{"nginx": "sha256:2"}
	wantError(t, "settle with lines that do not follow", db.Settle(t.Context(), d, core.Batch{Lines: lines(5, 1)}))
	if got := w.get(d.UUID); got.Status != core.StatusInProgress || !got.FinishedAt.IsZero() {
		t.Fatalf("a settlement that failed half-way left %s", got.Status)
	}
	last := core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Lines: lines(1, 2), Steps: []core.Step{{Number: 1, Name: "start", State: "failed", ExitCode: &exit}}, Cursor: core.Cursor{Offset: 9}}
	ok(t, db.Settle(t.Context(), d, last))
	got = w.get(d.UUID)
	recent(t, "end of the deployment", got.FinishedAt)
	d.Outcome.LastErr[1] = "two"
	d.FinishedAt, d.UpdatedAt, d.Lease = got.FinishedAt, got.UpdatedAt, core.Lease{Fence: 1}
	same(t, "settled deployment", got, d)
	told, err := db.LinesAfter(t.Context(), d.LogID, 0, 10)
	ok(t, err)
	same(t, "last lines", told, lines(1, 2))

	d.Lease.Fence = 1
	ok(t, db.Settle(t.Context(), d, last)) // the answer to the first one got lost
	told, err = db.LinesAfter(t.Context(), d.LogID, 0, 10)
	ok(t, err)
	same(t, "last lines, settled twice", told, lines(1, 2))
	wantCode(t, "settlement with more lines", db.Settle(t.Context(), d, core.Batch{Lines: lines(3, 1)}), core.CodeLost)
	other := d
	other.Status = core.StatusFinished
	wantCode(t, "another settlement", db.Settle(t.Context(), other, core.Batch{}), core.CodeLost)
	wantCode(t, "append after the end", db.AppendLog(t.Context(), core.Batch{LogID: d.LogID, Fence: 1, Lines: lines(3, 1)}), core.CodeLost)
	wantCode(t, "configuration after the end", db.SetConfig(t.Context(), d), core.CodeLost)
}

func wantError(t testing.TB, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s succeeded", what)
	}
}

func exerciseLogs(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	w.enqueue(w.ask(w.service, core.VerbDeploy))
	d := w.claim("a")
	at := time.Now().UTC().Truncate(time.Microsecond)
	exit := 0
	b := core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Cursor: core.Cursor{Offset: 100, State: `{"held":3}`},
		Steps: []core.Step{{Number: 1, Name: "pull", Title: "Pulling.", Command: "docker pull", StartedAt: at, State: "running"}},
		Lines: []core.Line{
			{Seq: 1, Step: 1, Batch: 2, Stream: core.Info, At: at, Command: "docker pull", Output: "Pulling."},
			{Seq: 2, Step: 1, Batch: 2, Stream: core.Stderr, Hidden: true, Continued: true, At: at, Output: "  a\x00b\xffc\t"},
		}}
	ok(t, db.AppendLog(t.Context(), b))
	ok(t, db.AppendLog(t.Context(), b)) // the answer to the first one got lost
	b.Lines[1].Output = "  ab\uFFFDc\t"
	told, err := db.LinesAfter(t.Context(), d.LogID, 0, 10)
	ok(t, err)
	same(t, "lines", told, b.Lines)

	b.Steps[0].EndedAt, b.Steps[0].ExitCode, b.Steps[0].State = at, &exit, "done"
	more := core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Lines: lines(3, 98), Steps: append(b.Steps, core.Step{Number: 2, Name: "up", State: "running"})}
	ok(t, db.AppendLog(t.Context(), more))
	steps, err := db.ListSteps(t.Context(), d.LogID)
	ok(t, err)
	same(t, "steps", steps, more.Steps)
	page, err := db.LinesAfter(t.Context(), d.LogID, 90, 5)
	ok(t, err)
	same(t, "a page", page, more.Lines[88:93])
	page, err = db.LinesAfter(t.Context(), d.LogID, 100, 5)
	ok(t, err)
	same(t, "behind the end", page, []core.Line{})

	gap := core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Cursor: core.Cursor{Offset: 7}}
	for what, lines := range map[string][]core.Line{
		"a gap": lines(102, 1), "a repeat": lines(100, 1), "a gap inside": {lines(101, 1)[0], lines(103, 1)[0]},
	} {
		gap.Lines = lines
		wantError(t, "append with "+what, db.AppendLog(t.Context(), gap))
	}
	cursor, last, err := db.GetCursor(t.Context(), d.LogID)
	ok(t, err)
	if cursor != more.Cursor || last != 100 {
		t.Errorf("the log stands at %+v, line %d", cursor, last)
	}
	long := lines(101, 1)
	long[0].Output = strings.Repeat("x", core.MaxLine)
	ok(t, db.AppendLog(t.Context(), core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Lines: long}))
	page, err = db.LinesAfter(t.Context(), d.LogID, 100, 1)
	ok(t, err)
	same(t, "the longest line", page, long)

	_, _, err = db.GetCursor(t.Context(), 999)
	wantCode(t, "unknown log", err, core.CodeNotFound)
	wantCode(t, "append to an unknown log", db.AppendLog(t.Context(), core.Batch{LogID: 999, Fence: 1}), core.CodeLost)
}
