package run_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/run"
)

// launchUnderSystemd launches a script where there seems to be systemd, with a
// systemd-run of the test's own: in a mount namespace, so that nobody else sees it.
func (t *target) launchUnderSystemd(s run.Script, systemdRun string) run.Status {
	t.tb.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.tb.Fatal("not root")
		}
		t.tb.Skip("needs to be run as root, to make a mount namespace")
	}
	bin := t.tb.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "systemd-run"), []byte(systemdRun), 0o700); err != nil {
		t.tb.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.tb.Fatal(err)
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.tb.Fatal(err)
	}
	t.tb.Cleanup(func() {
		ctx, cancel := lateContext()
		defer cancel()
		if err := run.Kill(ctx, t.dir(s.ID)); err != nil {
			t.tb.Errorf("clean up: %v", err)
		}
	})
	const script = `mount -t tmpfs none /run && mkdir -p /run/systemd/system && exec "$@"`
	cmd := exec.CommandContext(t.tb.Context(), "unshare", "-m", "sh", "-c", script, "sh",
		self, "run", "launch", "--root", t.root(), "--id", string(s.ID))
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "NOTE="+t.file("note"))
	cmd.Stdin = strings.NewReader(string(data))
	out, err := cmd.Output()
	if err != nil {
		t.tb.Fatalf("%v: %s", err, out)
	}
	var status run.Status
	if err := json.Unmarshal(out, &status); err != nil {
		t.tb.Fatal(err)
	}
	return status
}

func TestRunGetsAScope(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("a", "echo in scope"))
	note := target.file("note")
	status := target.launchUnderSystemd(s, "#!/bin/sh\necho \"$@\" >"+note+"\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec \"$@\"\n")
	if status.State == run.StateMissing || status.Identity.PID == 0 {
		t.Errorf("%+v", status)
	}
	if end := target.follow(s.ID).end(); end.State != run.StateFinished {
		t.Errorf("%+v", end)
	}
	args, err := os.ReadFile(note)
	if err != nil || !strings.HasPrefix(string(args), "--scope --collect --quiet --unit taffrail-run-"+string(s.ID)+" -- ") {
		t.Errorf("%q %v", args, err)
	}
}

// A systemd that does not do what it is asked must not keep a deployment from starting.
func TestRunStartsWithoutItsScope(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("a", `echo x >>"$1"`, target.file("starts")))
	target.launchUnderSystemd(s, "#!/bin/sh\necho no bus >&2\nexit 1\n")
	if end := target.follow(s.ID).end(); end.State != run.StateFinished {
		t.Errorf("%+v", end)
	}
	if data, _ := os.ReadFile(target.file("starts")); string(data) != "x\n" {
		t.Errorf("started: %q", data)
	}
}
