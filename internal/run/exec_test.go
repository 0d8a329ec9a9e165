package run_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/run"
)

func code(n int) *int { return &n }

func sameCode(a, b *int) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func TestStepsEndAsTheirCommands(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		step   run.Step
		state  string
		exit   *int
		signal string
		reason string // part of the run's
	}{
		{"good", sh("a", "exit 0"), run.StepDone, code(0), "", ""},
		{"bad", sh("a", "exit 42"), run.StateFailed, code(42), "", `Step "a" failed: sh exited with code 42.`},
		{"signal", sh("a", "kill -KILL $$"), run.StateFailed, nil, "SIGKILL", "ended by signal SIGKILL"},
		{"no program", run.Step{Name: "a", Argv: []string{"no-such-program"}}, run.StateFailed, nil, "", `"no-such-program" is not on this server`},
		{"no path", run.Step{Name: "a", Argv: []string{"/no/such/program"}}, run.StateFailed, nil, "", `"/no/such/program" is not on this server`},
		{"no program, not retried", run.Step{Name: "a", Retries: 5, Argv: []string{"no-such-program"}}, run.StateFailed, nil, "", "not on this server"},
		{"folder", run.Step{Name: "a", Argv: []string{"/"}}, run.StateFailed, nil, "", "cannot be started"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			rec := target.carryOut(target.script(c.step))
			got := rec.ends()[1]
			if got.State != c.state || !sameCode(got.ExitCode, c.exit) || got.Signal != c.signal {
				t.Errorf("step ended as %+v", got)
			}
			end := rec.end()
			want := run.StateFinished
			if c.state != run.StepDone {
				want = run.StateFailed
			}
			if end.State != want || !sameCode(end.ExitCode, got.ExitCode) && want == run.StateFailed || !strings.Contains(end.Reason, c.reason) {
				t.Errorf("run ended as %+v", end)
			}
		})
	}
}

func TestOutputIsKeptByteForByte(t *testing.T) {
	t.Parallel()
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	for name, want := range map[string][]byte{
		"all bytes":     all,
		"no newline":    []byte("abc"),
		"a line of 3 M": append(bytes.Repeat([]byte("0123456789"), 300_000), '\n'),
		"empty lines":   bytes.Repeat([]byte("\n"), 70_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			if err := os.WriteFile(target.file("data"), want, 0o600); err != nil {
				t.Fatal(err)
			}
			rec := target.carryOut(target.script(sh("a", `cat "$1"; cat "$1" >&2`, target.file("data"))))
			for _, kind := range []run.FrameKind{run.FrameStdout, run.FrameStderr} {
				if got := rec.text(kind, 1); got != string(want) {
					t.Errorf("stream %d: %d bytes differ from the %d written", kind, len(got), len(want))
				}
			}
		})
	}
}

func TestCommandGetsItsSurroundings(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	long := strings.Repeat("input ", 50_000) // more than a pipe holds
	s := target.script(
		run.Step{Name: "in", Argv: []string{"cat"}, Stdin: long},
		run.Step{Name: "unread", Argv: []string{"true"}, Stdin: long},
		run.Step{Name: "env", Argv: []string{"sh", "-c", `pwd; echo "$A|$TAFFRAIL_RUN|$HOME"; cat`}, Env: map[string]string{"A": "b c"}},
	)
	rec := target.carryOut(s)
	if got := rec.text(run.FrameStdout, 1); got != long {
		t.Errorf("standard input: %d of %d bytes", len(got), len(long))
	}
	want := fmt.Sprintf("%s\nb c|%s|%s\n", target.work(), s.ID, os.Getenv("HOME"))
	if got := rec.text(run.FrameStdout, 3); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if end := rec.end(); end.State != run.StateFinished {
		t.Errorf("%+v", end)
	}
}

func TestEnvironmentOfTheLauncherStaysOut(t *testing.T) {
	t.Setenv("TAFFRAIL_DATABASE_URL", "postgres://secret")
	target := newTarget(t)
	rec := target.carryOut(target.script(run.Step{Name: "env", Argv: []string{"env"}}))
	if got := rec.text(run.FrameStdout, 1); strings.Contains(got, "secret") || !strings.Contains(got, "PATH=") {
		t.Errorf("environment: %s", got)
	}
}

func TestFailureEndsTheRunButForAlways(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	may, always := sh("may", "exit 3"), sh("always", "echo cleaned; exit 5")
	may.MayFail, always.Always = true, true
	rec := target.carryOut(target.script(may, sh("bad", "exit 7"), sh("never", "echo never"), always, sh("never2", "echo never")))
	ends := rec.ends()
	if len(ends) != 3 || ends[1].State != run.StateFailed || !ends[1].MayFail || *ends[4].ExitCode != 5 {
		t.Errorf("steps ended as %+v", ends)
	}
	if got := rec.text(run.FrameStdout, 0); got != "cleaned\n" {
		t.Errorf("output %q", got)
	}
	if end := rec.end(); end.State != run.StateFailed || end.Step != "bad" || *end.ExitCode != 7 {
		t.Errorf("%+v", end)
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	step := sh("flaky", `echo x >>"$1"; [ "$(wc -l <"$1")" -ge 3 ]`, target.file("tries"))
	step.Retries = 4
	rec := target.carryOut(target.script(step))
	if end := rec.end(); end.State != run.StateFinished {
		t.Errorf("%+v", end)
	}
	warnings := rec.text(run.FrameWarning, 1)
	if !strings.Contains(warnings, "attempt 2 of 5: in 1s, since sh exited with code 1") || !strings.Contains(warnings, "attempt 3 of 5: in 2s") {
		t.Errorf("warnings: %s", warnings)
	}
	if n := len(rec.ends()); n != 1 {
		t.Errorf("%d step ends", n)
	}
}

func TestTimeoutEndsStepAndItsProcesses(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	step := sh("slow", `sleep 300 & echo $! >"$1"; echo said; wait`, target.file("pid"))
	step.Timeout = 300 * time.Millisecond
	s := target.script(step, sh("never", "true"))
	rec := target.carryOut(s)
	if got := rec.ends()[1]; got.State != run.StateFailed || got.Error != "it took longer than its limit of 300ms" {
		t.Errorf("%+v", got)
	}
	if rec.text(run.FrameStdout, 1) != "said\n" {
		t.Error("what was said before the limit is lost")
	}
	assertGone(t, target.file("pid"))
}

func TestLimitOfTheRun(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	always := sh("always", "echo cleaned")
	always.Always = true
	s := target.script(sh("quick", "true"), sh("slow", "sleep 300"), sh("never", "true"), always)
	s.Limit = 500 * time.Millisecond
	rec := target.carryOut(s)
	end := rec.end()
	if end.State != run.StateFailed || end.Step != "slow" || !strings.Contains(end.Reason, "the run took longer than its limit of 500ms") {
		t.Errorf("%+v", end)
	}
	if rec.text(run.FrameStdout, 4) != "cleaned\n" {
		t.Error("the step that always runs did not")
	}
}

func TestBackgroundProcessHoldsNothingUp(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	began := time.Now()
	rec := target.carryOut(target.script(sh("leaves", "sleep 100 & echo done"), sh("next", "echo next")))
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
	if got := rec.text(run.FrameStdout, 0); got != "done\nnext\n" {
		t.Errorf("output %q", got)
	}
	if end := rec.end(); end.State != run.StateFinished {
		t.Errorf("%+v", end)
	}
}

// A process left behind that writes on and on must neither be waited for nor push the
// command's own last words out.
func TestBackgroundWriterDoesNotHideTheCommandsOutput(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	rec := target.carryOut(target.script(sh("noisy", `(while :; do echo noise; done) & sleep 0.2; echo LAST`)))
	if !strings.Contains(rec.text(run.FrameStdout, 1), "LAST\n") {
		t.Error("the command's last line is lost")
	}
	if end := rec.end(); end.State != run.StateFinished {
		t.Errorf("%+v", end)
	}
}

func TestScriptFileGoesAndFoldersAreClosed(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("a", "true"))
	target.carryOut(s)
	entries, err := os.ReadDir(target.dir(s.ID))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if entry.Name() == "script.json" || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is there with mode %o", entry.Name(), info.Mode())
		}
	}
	if info, err := os.Stat(target.dir(s.ID)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v %v", info.Mode(), err)
	}
}
