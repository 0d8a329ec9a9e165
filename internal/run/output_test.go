package run_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// dump is a step whose output goes to a file of a backup.
func (t *target) dump(script string, args ...string) run.Step {
	step := sh("dump", script, args...)
	step.Output = &run.Output{Name: "the dump", Path: t.dumpFile()}
	return step
}

func (t *target) dumpFile() string { return t.file("backups/databases/one/x.dmp") }

// facts are those of the whole run, in order.
func (r record) facts() []run.Fact {
	r.tb.Helper()
	var all []run.Fact
	for _, f := range r.frames {
		if f.Kind != run.FrameFact {
			continue
		}
		var fact run.Fact
		if err := json.Unmarshal(f.Data, &fact); err != nil {
			r.tb.Fatal(err)
		}
		all = append(all, fact)
	}
	return all
}

// artifacts are those of all facts, in order.
func (r record) artifacts() []core.Artifact {
	r.tb.Helper()
	var all []core.Artifact
	for _, fact := range r.facts() {
		if fact.Artifact != nil {
			all = append(all, *fact.Artifact)
		}
	}
	return all
}

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// assertNoDump wants nothing to be in the folder of the dump, hidden or not.
func (t *target) assertNoDump() {
	t.tb.Helper()
	left, err := os.ReadDir(filepath.Dir(t.dumpFile()))
	if err != nil && !os.IsNotExist(err) || len(left) > 0 {
		t.tb.Errorf("left: %v %v", left, err)
	}
}

func TestOutputGoesToAFile(t *testing.T) {
	t.Parallel()
	all := bytes.Repeat([]byte("all of it\x00\xff\n"), 300_000)
	for name, c := range map[string]struct {
		script string
		gzip   bool
		want   []byte
	}{
		"as it comes":                 {`cat "$1"`, false, all},
		"compressed":                  {`cat "$1"`, true, all},
		"nothing":                     {`true`, false, nil},
		"compressed nothing":          {`true`, true, nil},
		"with a process left behind":  {`sleep 330 & cat "$1"`, false, all},
		"in many small pieces, noisy": {`for i in 1 2 3 4 5; do echo said >&2; echo "$i"; done`, false, []byte("1\n2\n3\n4\n5\n")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			if err := os.WriteFile(target.file("data"), all, 0o600); err != nil {
				t.Fatal(err)
			}
			step := target.dump(c.script, target.file("data"))
			step.Output.Gzip = c.gzip
			rec := target.carryOut(target.script(step))
			if end := rec.end(); end.State != run.StateFinished {
				t.Fatalf("%+v", end)
			}
			if got := rec.text(run.FrameStdout, 0); got != "" {
				t.Errorf("%d bytes of it are in the log", len(got))
			}
			data, err := os.ReadFile(target.dumpFile())
			if err != nil {
				t.Fatal(err)
			}
			want := core.Artifact{Name: "the dump", Path: target.dumpFile(), Size: int64(len(data)), SHA256: sha(data)}
			if got := rec.artifacts(); len(got) != 1 || got[0] != want {
				t.Errorf("artifacts %+v, want %+v", got, want)
			}
			if c.gzip {
				data = gunzip(t, data)
			}
			if !bytes.Equal(data, c.want) {
				t.Errorf("%d bytes, want %d", len(data), len(c.want))
			}
			target.assertClosed("backups", "backups/databases", "backups/databases/one", "backups/databases/one/x.dmp")
		})
	}
}

func gunzip(tb testing.TB, data []byte) []byte {
	tb.Helper()
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		tb.Fatal(err)
	}
	data, err = io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// assertClosed wants paths to be only their owner's, and nothing beside the last one.
func (t *target) assertClosed(paths ...string) {
	t.tb.Helper()
	for _, path := range paths {
		info, err := os.Stat(t.file(path))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.tb.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
	if beside, _ := os.ReadDir(filepath.Dir(t.file(paths[len(paths)-1]))); len(beside) != 1 {
		t.tb.Errorf("beside it: %v", beside)
	}
}

func TestOutputOfAFailureIsNotKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ script, reason string }{
		"exit":   {"echo half; echo 'no such table' >&2; exit 4", "sh exited with code 4"},
		"signal": {"echo half; kill -KILL $$", "ended by signal SIGKILL"},
		"limit":  {"echo half; sleep 331", "it took longer than its limit of 1s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			step := target.dump(c.script)
			step.Timeout = time.Second
			rec := target.carryOut(target.script(step))
			if end := rec.end(); end.State != run.StateFailed || !strings.Contains(end.Reason, c.reason) {
				t.Errorf("%+v", end)
			}
			if len(rec.artifacts()) != 0 {
				t.Error("an artifact of a failure")
			}
			target.assertNoDump()
		})
	}
}

// TestOutputReplacesOnlyWithAWhole: what was there before stays until the new one is whole.
func TestOutputReplacesOnlyWithAWhole(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	for _, c := range []struct{ script, want string }{
		{"echo first", "first\n"}, {"echo second; exit 1", "first\n"}, {"echo third", "third\n"},
	} {
		target.carryOut(target.script(target.dump(c.script)))
		if data, _ := os.ReadFile(target.dumpFile()); string(data) != c.want {
			t.Errorf("after %q: %q", c.script, data)
		}
	}
}

func TestOutputIsTriedAgain(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	step := target.dump(`echo try; echo x >>"$1"; [ "$(wc -l <"$1")" = 2 ]`, target.file("tries"))
	step.Retries = 1
	rec := target.carryOut(target.script(step))
	if data, _ := os.ReadFile(target.dumpFile()); rec.end().State != run.StateFinished || string(data) != "try\n" || len(rec.artifacts()) != 1 {
		t.Errorf("%+v: %q", rec.end(), data)
	}
}

func TestOutputOfACancel(t *testing.T) {
	t.Parallel()
	for name, sig := range map[string]syscall.Signal{"asked": 0, "by force": unix.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			s := target.script(target.dump(`echo $$ >"$1"; exec cat /dev/zero`, target.file("pid")))
			s.Steps[0].Output.Gzip = true // or it fills the disk
			status := target.launch(s)
			until(t, "the dump", func() bool {
				left, _ := os.ReadDir(filepath.Dir(target.dumpFile()))
				return there(target.file("pid"))() && len(left) > 0
			})
			if sig != 0 {
				if err := unix.Kill(status.Identity.PID, sig); err != nil {
					t.Fatal(err)
				}
			}
			if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
				t.Fatal(err)
			}
			assertGone(t, target.file("pid"))
			target.assertNoDump()
		})
	}
}

// TestRemoveTakesHalfAFile: whoever finds a dead run cleans up behind it.
func TestRemoveTakesHalfAFile(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(target.dump(`echo half; echo $$ >"$1"; exec sleep 332`, target.file("pid")))
	status := target.launch(s)
	until(t, "the dump", there(target.file("pid")))
	if err := unix.Kill(status.Identity.PID, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "its end", func() bool {
		status, err := run.Inspect(target.dir(s.ID))
		return err == nil && status.State == run.StateDead
	})
	if err := run.Remove(t.Context(), target.dir(s.ID)); err != nil {
		t.Fatal(err)
	}
	target.assertNoDump()
	pid, _ := os.ReadFile(target.file("pid"))
	killPID(t, string(pid))
}

func TestOutputOnAFullDisk(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		gzip   bool
	}{
		"endless":             {"exec cat /dev/zero", false},
		"endless, compressed": {"exec cat /dev/urandom", true},
		"noisy":               {"while :; do head -c 5000 /dev/zero; head -c 1000 /dev/zero >&2; done", false},
		"deaf to being ended": {"trap '' TERM; while :; do cat /dev/zero; done", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := smallDisk(t, "2m")
			step := target.dump(c.script)
			step.Output.Gzip, step.Retries = c.gzip, 5
			always := sh("always", "echo the log goes on")
			always.Always = true
			rec := target.carryOut(target.script(step, always))
			end := rec.end()
			if end.State != run.StateFailed || !strings.Contains(end.Reason, "its output cannot be stored in "+target.dumpFile()+": no space left on device (") {
				t.Errorf("%+v", end)
			}
			if rec.text(run.FrameStdout, 2) != "the log goes on\n" || len(rec.artifacts()) != 0 {
				t.Errorf("said %q", rec.text(run.FrameStdout, 2))
			}
			target.assertNoDump()
		})
	}
}

func TestOutputKeepsToItsPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, reason string }{
		"relative":        {"x", "the path is not absolute"},
		"outside":         {"/tmp/taffrail-test-none", "the path is not below "},
		"up":              {"REMOTE/backups/../../x", "the path is not below "},
		"top":             {"REMOTE/x", "the path is not a resource's"},
		"runs":            {"REMOTE/runs/x/spool", "the path is not a resource's"},
		"bin":             {"REMOTE/bin/taffrail", "the path is not a resource's"},
		"link out":        {"REMOTE/services/one/out/x", "is a link"},
		"link within":     {"REMOTE/services/one/within/x", "is a link"},
		"link at its end": {"REMOTE/services/one/file", "is a link"},
		"folder":          {"REMOTE/services/one/folder", "there is something else of that name"},
		"pipe":            {"REMOTE/services/one/pipe", "there is something else of that name"},
		"below a file":    {"REMOTE/services/one/plain/x", "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			outside := target.tangle()
			step := sh("dump", `echo x; echo started >"$1"`, target.file("started"))
			step.Output = &run.Output{Path: strings.Replace(c.path, "REMOTE", target.remote, 1)}
			rec := target.carryOut(target.script(step))
			if end := rec.end(); end.State != run.StateFailed || !strings.Contains(end.Reason, "its output cannot be stored in ") || !strings.Contains(end.Reason, c.reason) {
				t.Errorf("%+v", end)
			}
			if left, _ := os.ReadDir(outside); len(left) != 1 || there(target.file("started"))() {
				t.Errorf("started all the same, outside: %v", left)
			}
		})
	}
}

// tangle makes a folder of a resource as a container could that means harm, and returns
// a folder outside with a file "secret" that links lead to.
func (t *target) tangle() string {
	t.tb.Helper()
	outside := t.tb.TempDir()
	var errs []error
	for _, dir := range []string{t.file("services/one/folder"), t.file("services/two"), t.file("backups")} {
		errs = append(errs, os.MkdirAll(dir, 0o700))
	}
	errs = append(errs,
		os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600),
		os.WriteFile(t.file("services/two/secret"), []byte("secret"), 0o600),
		os.WriteFile(t.file("services/one/plain"), []byte("plain"), 0o600),
		os.Symlink(outside, t.file("services/one/out")),
		os.Symlink("../two", t.file("services/one/within")),
		os.Symlink(filepath.Join(outside, "secret"), t.file("services/one/file")),
		unix.Mkfifo(t.file("services/one/pipe"), 0o600))
	for _, err := range errs {
		if err != nil {
			t.tb.Fatal(err)
		}
	}
	return outside
}
