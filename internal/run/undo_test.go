package run_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/run"
)

func onFailure(step run.Step) run.Step {
	step.OnFailure = true
	return step
}

const (
	putBack    = " What it had changed was taken back."
	notPutBack = " What it had changed could not be taken back: "
)

func TestUndo(t *testing.T) {
	t.Parallel()
	always := sh("always", "echo always")
	always.Always = true
	may := onFailure(sh("may", "echo may; exit 2"))
	may.MayFail = true
	file := files(run.File{Path: "x", Content: "x"})
	dump := sh("dump", "exit 1")
	dump.Output = &run.Output{Path: "/nowhere"}
	back, worse := onFailure(sh("back", "echo back")), onFailure(sh("worse", "echo worse; exit 6"))
	for name, c := range map[string]struct {
		steps  []run.Step
		reason string // how it ends
		said   string // on standard output
	}{
		"all well":          {[]run.Step{file, sh("a", "true"), back}, "", ""},
		"a failure":         {[]run.Step{file, sh("a", "exit 1"), sh("never", "echo never"), back}, `Step "a" failed: sh exited with code 1.` + putBack, "back\n"},
		"behind all others": {[]run.Step{sh("a", "exit 1"), back, always}, putBack, "always\nback\n"},
		"in their order":    {[]run.Step{sh("a", "exit 1"), may, back, back}, putBack, "may\nback\nback\n"},
		"the first that fails ends it": {[]run.Step{sh("a", "exit 1"), back, worse, back},
			`Step "a" failed: sh exited with code 1.` + notPutBack + `step "worse" failed: sh exited with code 6.`, "back\nworse\n"},
		"only those behind it":           {[]run.Step{back, sh("a", "exit 1")}, `Step "a" failed: sh exited with code 1.`, ""},
		"nothing was changed":            {[]run.Step{dump, back}, "the path is not below", ""},
		"only checks":                    {[]run.Step{files(run.File{Path: "../x", Check: true}), back}, "leaves the resource's folder.", ""},
		"files are a change":             {[]run.Step{file, files(run.File{Path: "../x", Check: true}), back}, putBack, "back\n"},
		"a step that fails and may":      {[]run.Step{{Name: "a", Argv: []string{"false"}, MayFail: true}, back}, "", ""},
		"a failure of an always step":    {[]run.Step{sh("a", "true"), func() run.Step { s := sh("b", "exit 3"); s.Always = true; return s }(), back}, putBack, "back\n"},
		"a program that is not there":    {[]run.Step{sh("a", "exit 1"), onFailure(run.Step{Name: "b", Argv: []string{"no-such-program"}})}, notPutBack + `step "b" failed: the program "no-such-program" is not on this server.`, ""},
		"a script that makes no sense":   {[]run.Step{sh("a", "exit 1"), onFailure(run.Step{Name: "b", Argv: []string{"true"}, Watch: &run.Watch{}})}, notPutBack + `step "b" failed: it is to do several things at once.`, ""},
		"a watch that never comes right": {[]run.Step{sh("a", "exit 1"), onFailure(run.Step{Name: "b", Argv: []string{"sleep", "340"}, Timeout: time.Second})}, notPutBack + `step "b" failed: it took longer than its limit of 1s.`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			rec := target.carryOut(target.script(c.steps...))
			end := rec.end()
			want := run.StateFailed
			if c.reason == "" {
				want = run.StateFinished
			}
			if end.State != want || !strings.HasSuffix(end.Reason, c.reason) && !strings.Contains(end.Reason, c.reason) || !strings.HasSuffix(end.Reason, end.Restored) {
				t.Errorf("%+v", end)
			}
			if strings.Contains(c.reason, "What it had") != (end.Restored != "") || strings.Contains(end.Reason, "What it had") != (end.Restored != "") {
				t.Errorf("restored %q of %q", end.Restored, end.Reason)
			}
			if got := rec.text(run.FrameStdout, 0); got != c.said {
				t.Errorf("said %q, want %q", got, c.said)
			}
		})
	}
}

// TestUndoIsBehindTheLimit: a run whose time is over still puts back what was there.
func TestUndoIsBehindTheLimit(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("slow", "sleep 341"), onFailure(sh("back", "sleep 1; echo back")))
	s.Limit = 300 * time.Millisecond
	rec := target.carryOut(s)
	if end := rec.end(); end.State != run.StateFailed || !strings.HasSuffix(end.Reason, "its limit of 300ms."+putBack) || rec.text(run.FrameStdout, 2) != "back\n" {
		t.Errorf("%+v", end)
	}
}

// TestUndoOfACancel: what had begun is put back before the cancel is over, also by steps
// that take longer than a run otherwise gets.
func TestUndoOfACancel(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steps  []run.Step
		reason string
		said   string
		atMost time.Duration
	}{
		"begun": {[]run.Step{sh("start", `echo begun; touch "$0.begun"; sleep 342`), sh("never", "echo never"), onFailure(sh("back", "sleep 4; echo back"))},
			`Cancelled at step "start".` + putBack, "begun\nback\n", 12 * time.Second},
		"begun, deaf": {[]run.Step{sh("start", `trap "" TERM; echo begun; touch "$0.begun"; while :; do sleep 1; done`), onFailure(sh("back", "echo back"))},
			`Cancelled at step "start".` + putBack, "begun\nback\n", 8 * time.Second},
		"nothing changed yet": {[]run.Step{func() run.Step { s := sh("dump", `touch "$0.begun"; sleep 343`); s.Output = &run.Output{}; return s }(), onFailure(sh("back", "echo back"))},
			`Cancelled at step "dump".`, "", 4 * time.Second},
		"while it is at it": {[]run.Step{sh("start", "exit 9"), onFailure(sh("back", `touch "$0.begun"; sleep 2; echo back`)), onFailure(sh("back2", "echo back2"))},
			`Step "start" failed: sh exited with code 9.` + putBack, "back\nback2\n", 8 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			for i, step := range c.steps {
				c.steps[i].Argv[3] = target.file("mark") // $0
				if step.Output != nil {
					step.Output.Path = target.dumpFile()
				}
			}
			s := target.script(c.steps...)
			target.launch(s)
			until(t, "the step", there(target.file("mark.begun")))
			began := time.Now()
			if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > c.atMost {
				t.Errorf("took %s", took)
			}
			rec := target.follow(s.ID)
			state := run.StateCancelled
			if strings.Contains(c.reason, "failed") {
				state = run.StateFailed
			}
			if end := rec.end(); end.State != state || end.Reason != c.reason {
				t.Errorf("%+v", end)
			}
			if got := rec.text(run.FrameStdout, 0); got != c.said {
				t.Errorf("said %q", got)
			}
			target.assertGoneAll(s)
		})
	}
}

// assertGoneAll wants no process of a run.
func (t *target) assertGoneAll(s run.Script) {
	t.tb.Helper()
	if err := run.Remove(t.tb.Context(), t.dir(s.ID)); err != nil {
		t.tb.Error(err)
	}
	t.assertNothingLeft(s.ID)
}

// TestUndoOfACancelHasAnEnd: what takes for ever is ended, and the run says so.
func TestUndoOfACancelHasAnEnd(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("start", `touch "$1"; sleep 344`, target.file("begun")),
		onFailure(sh("back", "echo back; sleep 345")), onFailure(sh("never", "echo never")))
	target.launch(s)
	until(t, "the step", there(target.file("begun")))
	if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
		t.Fatal(err)
	}
	rec := target.follow(s.ID)
	want := `Cancelled at step "start".` + notPutBack + `step "back" failed: a cancel leaves it no more than 30s.`
	if end := rec.end(); end.State != run.StateCancelled || end.Reason != want {
		t.Errorf("%+v", end)
	}
	if got := rec.text(run.FrameStdout, 0); got != "back\n" {
		t.Errorf("said %q", got)
	}
	target.assertGoneAll(s)
}

// TestUndoLooksAgain: what a watch saw before is not what is there behind it.
func TestUndoLooksAgain(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	target.withDocker(map[string]string{"state": `"State":{"Status":"exited","ExitCode":3}`, "exec": "exit 0"})
	after := filepath.Join(target.fakeDir(), "after")
	if err := os.WriteFile(after, []byte(stateRunning), 0o600); err != nil {
		t.Fatal(err)
	}
	s := target.script(sh("start", "true"), readyWatch(patience), onFailure(sh("back", `cp "$1" "$2"`, after, filepath.Join(target.fakeDir(), "state"))))
	target.launchFake(s)
	rec := target.follow(s.ID)
	if end := rec.end(); end.State != run.StateFailed || end.Step != "watch" || end.Restored == "" {
		t.Errorf("%+v", end)
	}
	facts := rec.facts()
	if len(facts) != 2 || facts[0].Containers[0].State != "exited" || facts[1].Containers[0].State != "running" || !facts[1].Looked {
		t.Errorf("%+v", facts)
	}
}
