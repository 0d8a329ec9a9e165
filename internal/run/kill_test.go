package run_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// gone says whether the process whose number is in a file has ended.
func gone(path string) bool {
	text, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(text)) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func assertGone(tb testing.TB, paths ...string) {
	tb.Helper()
	for _, path := range paths {
		if !gone(path) {
			tb.Errorf("the process of %s is still there", filepath.Base(path))
		}
	}
}

func TestKillTakesTheWholeTree(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	always := sh("always", "echo cleaned")
	always.Always = true
	s := target.script(sh("tree", `
sleep 301 & echo $! >"$1/child"
setsid sleep 302 & echo $! >"$1/session"
(trap "" TERM; sh -c 'trap "" TERM; echo $$ >"$1/stubborn"; while :; do sleep 1; done' sh "$1") &
echo begun; wait`, target.remote), sh("never", "true"), always)
	target.launch(s)
	until(t, "the tree", there(target.file("stubborn")))
	began := time.Now()
	if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
	assertGone(t, target.file("child"), target.file("session"), target.file("stubborn"))
	rec := target.follow(s.ID)
	if end := rec.end(); end.State != run.StateCancelled || end.Step != "tree" {
		t.Errorf("%+v", end)
	}
	if ends := rec.ends(); len(ends) != 1 || ends[1].State != run.StateCancelled {
		t.Errorf("%+v", ends)
	}
	if got := rec.text(run.FrameStdout, 0); got != "begun\n" {
		t.Errorf("output %q", got)
	}
}

func TestKillOfTheStoppedIsByForce(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("a", `echo $$ >"$1"; exec sleep 303`, target.file("pid")))
	status := target.launch(s)
	until(t, "the command", there(target.file("pid")))
	// Stopped processes do not act on TERM.
	if err := unix.Kill(status.Identity.PID, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
		t.Fatal(err)
	}
	assertGone(t, target.file("pid"))
	assertState(t, target, s.ID, run.StateDead, run.ReasonKilled)
	if err := run.Follow(t.Context(), target.dir(s.ID), 0, io.Discard, nil); !errors.Is(err, run.ErrDead) {
		t.Errorf("follow: %v", err)
	}
}

func assertState(tb testing.TB, target *target, id core.ID, state run.State, reason string) {
	tb.Helper()
	s, err := run.Inspect(target.dir(id))
	if err != nil || s.State != state || s.Reason != reason {
		tb.Errorf("status %+v, %v; want %s %q", s, err, state, reason)
	}
}

func TestKillTouchesNoOtherRun(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	other := target.script(sh("other", `echo $$ >"$1"; exec sleep 304`, target.file("other")))
	mine := target.script(sh("mine", `echo $$ >"$1"; exec sleep 305`, target.file("mine")))
	target.launch(other)
	target.launch(mine)
	until(t, "both", func() bool { return there(target.file("other"))() && there(target.file("mine"))() })
	if err := run.Kill(t.Context(), target.dir(mine.ID)); err != nil {
		t.Fatal(err)
	}
	assertGone(t, target.file("mine"))
	if gone(target.file("other")) {
		t.Error("the other run was killed too")
	}
	assertState(t, target, other.ID, run.StateRunning, "")
}

func TestKillOfTheEndedAndOfTheMissing(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	if err := run.Kill(t.Context(), target.dir(core.NewID())); err != nil {
		t.Errorf("missing: %v", err)
	}
	s := target.script(sh("a", "true"))
	target.carryOut(s)
	if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
		t.Errorf("ended: %v", err)
	}
	assertState(t, target, s.ID, run.StateEnded, "")
	if end := target.follow(s.ID).end(); end.State != run.StateFinished {
		t.Errorf("the end became %+v", end)
	}
}

func TestKillOfTheClaimedKeepsItFromStarting(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("a", `echo started >"$1"`, target.file("started")))
	target.claim(s)
	if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
		t.Fatal(err)
	}
	if status := target.launch(s); status.State != run.StateDead || !status.Existed {
		t.Errorf("%+v", status)
	}
	if there(target.file("started"))() || there(filepath.Join(target.dir(s.ID), "script.json"))() {
		t.Error("something was started, or the script is left")
	}
}

// claim leaves a run as a launcher does that died just before it started it.
func (t *target) claim(s run.Script) {
	t.tb.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.tb.Fatal(err)
	}
	if err := os.MkdirAll(t.dir(s.ID), 0o700); err != nil {
		t.tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(t.dir(s.ID), "script.json"), data, 0o600); err != nil {
		t.tb.Fatal(err)
	}
}

func TestLaunchAfterTheLauncherDied(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("a", `echo x >>"$1"`, target.file("starts")))
	target.claim(s)
	assertState(t, target, s.ID, run.StateMissing, "")
	if status := target.launch(s); status.Existed {
		t.Errorf("%+v", status)
	}
	target.follow(s.ID)
	if data, _ := os.ReadFile(target.file("starts")); string(data) != "x\n" {
		t.Errorf("started: %q", data)
	}
}

// TestLaunchesRace starts one script from many processes, some of which are killed in
// the middle of it.
func TestLaunchesRace(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("once", `echo x >>"$1"`, target.file("starts")))
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			cmd := exec.CommandContext(t.Context(), self, "run", "launch", "--root", target.root(), "--id", string(s.ID))
			cmd.Stdin = strings.NewReader(string(data))
			if err := cmd.Start(); err != nil {
				t.Error(err)
				return
			}
			if i%2 == 0 {
				kill := time.AfterFunc(time.Duration(i)*3*time.Millisecond, func() { _ = cmd.Process.Kill() })
				defer kill.Stop()
			}
			_ = cmd.Wait()
		})
	}
	all.Wait()
	target.launch(s)
	if end := target.follow(s.ID).end(); end.State != run.StateFinished {
		t.Errorf("%+v", end)
	}
	if data, _ := os.ReadFile(target.file("starts")); string(data) != "x\n" {
		t.Errorf("started: %q", data)
	}
}

func TestSecondLaunchChangesNothing(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("a", `echo x >>"$1"; exec sleep 306`, target.file("starts")))
	first := target.launch(s)
	second := target.launch(s)
	if first.Existed || !second.Existed || second.State != run.StateRunning || second.Identity != first.Identity {
		t.Errorf("first %+v, second %+v", first, second)
	}
	if err := run.Remove(t.Context(), target.dir(s.ID)); err == nil {
		t.Error("a running run was removed")
	}
	if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
		t.Fatal(err)
	}
	if third := target.launch(s); third.State != run.StateEnded {
		t.Errorf("third %+v", third)
	}
	if data, _ := os.ReadFile(target.file("starts")); strings.Count(string(data), "x") > 1 {
		t.Errorf("started: %q", data)
	}
	if err := run.Remove(t.Context(), target.dir(s.ID)); err != nil {
		t.Error(err)
	}
	assertState(t, target, s.ID, run.StateMissing, "")
}

func TestKilledRunIsDead(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("a", `echo said; echo $$ >"$1"; exec sleep 307`, target.file("pid")))
	status := target.launch(s)
	until(t, "the command", there(target.file("pid")))
	if err := unix.Kill(status.Identity.PID, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "its end", func() bool {
		s, err := run.Inspect(target.dir(s.ID))
		return err == nil && s.State == run.StateDead
	})
	assertState(t, target, s.ID, run.StateDead, run.ReasonKilled)
	// What it started goes with it, although nobody leads it any more.
	if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
		t.Fatal(err)
	}
	assertGone(t, target.file("pid"))
}

func TestAnotherBootIsARestart(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("a", "sleep 308"))
	status := target.launch(s)
	path := filepath.Join(target.dir(s.ID), "identity.json")
	status.Identity.BootID = "another"
	data, err := json.Marshal(status.Identity)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	assertState(t, target, s.ID, run.StateDead, run.ReasonRestarted)
}

// A run may die between its end record and the mark that says it ended.
func TestEndWithoutMarkIsAnEnd(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("a", "true"))
	target.carryOut(s)
	until(t, "its exit", func() bool {
		status, err := run.Inspect(target.dir(s.ID))
		return err == nil && gonePID(status.Identity.PID)
	})
	if err := os.Remove(filepath.Join(target.dir(s.ID), "ended")); err != nil {
		t.Fatal(err)
	}
	assertState(t, target, s.ID, run.StateEnded, "")
	if end := target.follow(s.ID).end(); end.State != run.StateFinished {
		t.Errorf("%+v", end)
	}
}

func gonePID(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%s/stat", strconv.Itoa(pid)))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// killPID ends what a test left running on purpose.
func killPID(tb testing.TB, text string) {
	tb.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		tb.Fatal(err)
	}
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		tb.Error(err)
	}
}
