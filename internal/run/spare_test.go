package run_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/run"
)

// TestSpared leaves out what is there already, and nothing else.
func TestSpared(t *testing.T) {
	t.Parallel()
	group := func(s run.Step, name string) run.Step {
		s.Group = name
		return s
	}
	for _, c := range []struct {
		name, look string
		state, out string
		ran, said  string
	}{
		{"it is there", "exit 0", run.StateFinished, run.StepDone, "otherlast", "Not needed: fetch, build."},
		{"it is not", "exit 1", run.StateFinished, run.StepDone, "fetchotherbuildlast", ""},
		{"nobody knows", "kill -KILL $$", run.StateFailed, run.StateFailed, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			look := sh("look", c.look)
			look.Spares = "image"
			undo := sh("undo", "printf undo >>log")
			undo.OnFailure = true
			rec := target.carryOut(target.script(look,
				group(sh("fetch", "printf fetch >>log"), "image"), group(sh("other", "printf other >>log"), "else"),
				group(sh("build", "printf build >>log"), "image"), sh("last", "printf last >>log; cat log"), undo))
			if end := rec.end(); end.State != c.state || end.Restored != "" {
				t.Errorf("%+v", end)
			}
			if got := rec.ends()[1]; got.State != c.out {
				t.Errorf("the look ended as %+v", got)
			}
			if got := rec.text(run.FrameStdout, 0); got != c.ran {
				t.Errorf("carried out %q, want %q", got, c.ran)
			}
			if got := rec.text(run.FrameInfo, 1); got != c.said {
				t.Errorf("said %q, want %q", got, c.said)
			}
		})
	}
}

// TestPreparationNeedsNoUndo: what only got ready left nothing to put back.
func TestPreparationNeedsNoUndo(t *testing.T) {
	t.Parallel()
	for prepares, want := range map[bool]string{true: "", false: "What it had changed was taken back."} {
		target := newTarget(t)
		build, undo := sh("build", "exit 3"), sh("undo", "true")
		build.Prepares, undo.OnFailure = prepares, true
		if end := target.carryOut(target.script(build, undo)).end(); end.Restored != want || end.Step != "build" {
			t.Errorf("prepares %v: %+v", prepares, end)
		}
	}
}

// TestAnswer: what a command printed is in the log and, up to a limit, a fact.
func TestAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ script, want string }{
		"short":    {`printf ' Ann\nfix: a thing\033[0m\n'`, "Ann\nfix: a thing[0m"},
		"long":     {"head -c 100000 /dev/zero | tr '\\0' x", strings.Repeat("x", 4096)},
		"nothing":  {"true", ""},
		"failed":   {"echo no; exit 1", ""},
		"not text": {`printf 'a\377b'`, "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			step := sh("message", c.script)
			step.Answer, step.MayFail = "commit", true
			rec := target.carryOut(target.script(step))
			got, told := "", 0
			for _, f := range rec.frames {
				var fact run.Fact
				if f.Kind != run.FrameFact {
					continue
				}
				if err := json.Unmarshal(f.Data, &fact); err != nil {
					t.Fatal(err)
				}
				got, told = fact.Answers["commit"], told+1
			}
			if got != c.want || name == "failed" != (told == 0) {
				t.Errorf("%d facts, the answer is %.60q, want %.60q", told, got, c.want)
			}
			if name != "nothing" && rec.text(run.FrameStdout, 1) == "" {
				t.Error("it is not in the log")
			}
		})
	}
}

// TestTells: a failure that ends nothing is in the reason of a run that went well.
func TestTells(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	first, second := sh("post", "exit 7"), sh("prune", "exit 8")
	first.MayFail, first.Tells, second.MayFail = true, true, true
	rec := target.carryOut(target.script(first, second, sh("last", "true")))
	if end := rec.end(); end.State != run.StateFinished || end.Reason != `Step "post" failed: sh exited with code 7.` || end.Step != "" {
		t.Errorf("%+v", end)
	}
}

// TestMistakesOfSteps: what cannot be meant is refused before anything is done.
func TestMistakesOfSteps(t *testing.T) {
	t.Parallel()
	for want, step := range map[string]run.Step{
		"it spares others, but has no command":   {Name: "a", Spares: "x", Files: []run.File{{Path: "a"}}},
		"it has input or output, but no command": {Name: "a", Answer: "x", Files: []run.File{{Path: "a"}}},
		"it has two outputs":                     {Name: "a", Answer: "x", Argv: []string{"true"}, Output: &run.Output{Name: "x", Path: "/x"}},
	} {
		target := newTarget(t)
		if end := target.carryOut(target.script(step)).end(); end.State != run.StateFailed || !strings.Contains(end.Reason, want) {
			t.Errorf("%+v, want %q", end, want)
		}
	}
}
