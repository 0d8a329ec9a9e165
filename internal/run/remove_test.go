package run_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// ended says whether the spool has its end record, which is before the run is gone.
func (t *target) ended(id core.ID) func() bool {
	return func() bool {
		data, err := os.ReadFile(filepath.Join(t.dir(id), "spool"))
		frames, _ := read(bytes.NewReader(data), 0)
		return err == nil && len(frames) > 0 && frames[len(frames)-1].Kind == run.FrameEnd
	}
}

// assertNothingLeft wants neither folder nor process of a run.
func (t *target) assertNothingLeft(id core.ID) {
	t.tb.Helper()
	if there(t.dir(id))() {
		t.tb.Errorf("the folder of run %s is left", id)
	}
	names, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.tb.Fatal(err)
	}
	for _, name := range names {
		env, _ := os.ReadFile(name)
		argv, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
		if bytes.Contains(env, []byte("TAFFRAIL_RUN="+id)) {
			t.tb.Errorf("%s of run %s is left: %q", name, id, argv)
		}
	}
}

// spoolEnds waits without a pause, since it is about what comes in the next moment.
func (t *target) spoolEnds(id core.ID) {
	t.tb.Helper()
	ended := t.ended(id)
	for late := time.Now().Add(patience); !ended(); {
		if time.Now().After(late) {
			t.tb.Fatal("no end record")
		}
	}
}

func TestRemoveRightBehindTheEndRecord(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	for range 25 {
		s := target.script(sh("a", "true"))
		target.launch(s)
		target.spoolEnds(s.ID)
		if err := run.Remove(t.Context(), target.dir(s.ID)); err != nil {
			t.Fatal(err)
		}
		target.assertNothingLeft(s.ID)
	}
}

func TestRemoveRightBehindACancel(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	for range 10 {
		s := target.script(sh("a", "sleep 310"))
		target.launch(s)
		killed := make(chan error, 1)
		go func() { killed <- run.Kill(t.Context(), target.dir(s.ID)) }()
		target.spoolEnds(s.ID)
		if err := run.Remove(t.Context(), target.dir(s.ID)); err != nil {
			t.Error(err)
		}
		if err := <-killed; err != nil {
			t.Error(err)
		}
		target.assertNothingLeft(s.ID)
	}
}

// TestKillsMeetLaunches kills runs at every moment of their launch: before the launcher
// has made the folder, before the run has said who it is, and behind.
func TestKillsMeetLaunches(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		s := target.script(sh("a", `echo x >>"$1"; sleep 311`, target.file("starts")))
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), self, "run", "launch", "--root", target.root(), "--id", string(s.ID))
		cmd.Stdin = strings.NewReader(string(data))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Duration(i) * 3 * time.Millisecond)
		if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
			t.Error(err)
		}
		if err := run.Remove(t.Context(), target.dir(s.ID)); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // it may have been killed
		target.assertNothingLeft(s.ID)
	}
}

func TestRemoveRefusesTheRunningAtOnce(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("a", "sleep 312"))
	target.launch(s)
	began := time.Now()
	if err := run.Remove(t.Context(), target.dir(s.ID)); err == nil || time.Since(began) > time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

func TestLaunchOnAFullDiskSaysSo(t *testing.T) {
	t.Parallel()
	target := smallDisk(t, "64k")
	if err := os.MkdirAll(target.root(), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(target.file("filler"))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	_ = f.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := target.script(sh("a", "true"))
	if _, err := run.Launch(t.Context(), target.root(), s, self); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("%v", err)
	}
	if err := run.Remove(t.Context(), target.dir(s.ID)); err != nil || there(target.dir(s.ID))() {
		t.Errorf("the folder is left: %v", err)
	}
}

func TestCommandsHaveAFolderForTemporaryFiles(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(
		sh("a", `echo "$TMPDIR"; stat -c %a "$TMPDIR"; mkdir -p "$TMPDIR/d" && echo secret >"$TMPDIR/d/f" && chmod 0500 "$TMPDIR/d"; exit 0`),
		sh("b", `ls -A "$TMPDIR"`))
	rec := target.carryOut(s)
	want := filepath.Join(target.dir(s.ID), "tmp")
	if got := rec.text(run.FrameStdout, 0); got != want+"\n700\n" {
		t.Errorf("%q", got)
	}
	if end := rec.end(); end.State != run.StateFinished {
		t.Errorf("%+v", end)
	}
	if there(want)() {
		t.Error("it is left")
	}
}

// TestRemovedRunsAreNotLaunchedAgain: a controller that was asleep just before its launch
// may wake when another one has finished the run, or cancelled it before it began.
func TestRemovedRunsAreNotLaunchedAgain(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	done, cancelled := target.script(sh("a", "true")), target.script(sh("a", "true"))
	target.launch(done)
	target.spoolEnds(done.ID)
	if err := run.Remove(t.Context(), target.dir(done.ID)); err != nil {
		t.Fatal(err)
	}
	if err := run.Kill(t.Context(), target.dir(cancelled.ID)); err != nil {
		t.Fatal(err)
	}
	for _, s := range []run.Script{done, cancelled} {
		status := target.launch(s)
		if status.State != run.StateMissing || !status.Existed || status.Reason != run.ReasonRemoved {
			t.Errorf("the launch after the end says %+v", status)
		}
		target.assertNothingLeft(s.ID)
	}

	// After a month nobody can be that late, and the names go.
	grave := filepath.Join(target.root(), ".gone")
	long := time.Now().Add(-31 * 24 * time.Hour)
	for _, name := range []string{string(done.ID), ".swept"} {
		if err := os.Chtimes(filepath.Join(grave, name), long, long); err != nil {
			t.Fatal(err)
		}
	}
	if err := run.Kill(t.Context(), target.dir(core.NewID())); err != nil {
		t.Fatal(err)
	}
	if there(filepath.Join(grave, string(done.ID)))() || !there(filepath.Join(grave, string(cancelled.ID)))() {
		t.Error("the old name is left, or the new one is not")
	}
}
