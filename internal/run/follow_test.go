package run_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// numbers writes so many numbered lines in bursts.
const numbers = `i=0; while [ $i -lt "$1" ]; do echo "line $i of the whole"; i=$((i + 1)); [ $((i % 500)) -ne 0 ] || sleep 0.01; done`

func numbered(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "line %d of the whole\n", i)
	}
	return b.Bytes()
}

// TestFollowSurvivesKills follows a run by processes that are killed at random times,
// each going on at the byte where the one before ended, frames cut or not.
func TestFollowSurvivesKills(t *testing.T) {
	t.Parallel()
	const lines = 30_000
	target := newTarget(t)
	s := target.script(sh("numbers", numbers, fmt.Sprint(lines)))
	target.launch(s)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	var spool bytes.Buffer
	kills := 0
	for {
		limit := time.Duration(5+random.IntN(150)) * time.Millisecond
		if kills >= 25 {
			limit = patience
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		cmd := exec.CommandContext(ctx, self, "run", "follow", "--root", target.root(), "--id", string(s.ID), "--from", fmt.Sprint(spool.Len()))
		cmd.Stdout = &spool
		hold, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		err = cmd.Run()
		_ = hold.Close()
		cancel()
		if err == nil {
			break
		}
		kills++
		if kills > 26 {
			t.Fatal(err)
		}
	}
	rec := decode(t, &spool)
	if got := rec.text(run.FrameStdout, 1); got != string(numbered(lines)) {
		t.Errorf("%d bytes after %d kills are not what was written", len(got), kills)
	}
	if end := rec.end(); end.State != run.StateFinished {
		t.Errorf("%+v", end)
	}
	t.Logf("%d kills", kills)
}

func TestFollowSeesFramesAsTheyCome(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("wait", `echo first; while [ ! -e "$1" ]; do sleep 0.01; done; echo second`, target.file("go")))
	target.launch(s)
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run.Follow(t.Context(), target.dir(s.ID), 0, w, nil)
		_ = w.CloseWithError(err)
		done <- err
	}()
	reader := run.NewReader(r, 0)
	var text string
	for text != "first\n" {
		f, err := reader.Next()
		if err != nil {
			t.Fatal(err)
		}
		if f.Kind == run.FrameStdout {
			text += string(f.Data)
		}
	}
	if err := os.WriteFile(target.file("go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for {
		f, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.Kind == run.FrameStdout {
			text += string(f.Data)
		}
	}
	if text != "first\nsecond\n" {
		t.Errorf("got %q", text)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestFollowOfTheMissing(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	if err := run.Follow(t.Context(), target.dir(core.NewID()), 0, io.Discard, nil); !errors.Is(err, run.ErrMissing) {
		t.Error(err)
	}
}

func TestFollowFromBehindTheEndIsDead(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("a", "true"))
	target.carryOut(s)
	if err := run.Follow(t.Context(), target.dir(s.ID), 1<<20, io.Discard, nil); !errors.Is(err, run.ErrDead) {
		t.Error(err)
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("a", "sleep 309"))
	target.launch(s)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := run.Follow(ctx, target.dir(s.ID), 0, io.Discard, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// The process that follows over a connection must not outlive the one who asked.
func TestFollowCommandEndsWithItsInput(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(sh("a", "sleep 310"))
	target.launch(s)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "run", "follow", "--root", target.root(), "--id", string(s.ID))
	if err := cmd.Run(); err == nil || ctx.Err() != nil {
		t.Errorf("%v, %v", err, ctx.Err())
	}
}

func TestAcknowledgedPartsAreFreed(t *testing.T) {
	t.Parallel()
	const size = 16 << 20
	target := newTarget(t)
	s := target.script(sh("a", `head -c "$1" /dev/zero`, fmt.Sprint(size)))
	acks, ackEnd := io.Pipe()
	target.launch(s)
	var seen atomic.Int64
	hash := sha256.New()
	counter := writerFunc(func(b []byte) (int, error) {
		n := seen.Add(int64(len(b)))
		_, _ = fmt.Fprintf(ackEnd, "nonsense\nack x\nack %d\n", n)
		return hash.Write(b)
	})
	err := run.Follow(t.Context(), target.dir(s.ID), 0, counter, acks)
	_ = ackEnd.Close()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(target.dir(s.ID), "spool"))
	if err != nil {
		t.Fatal(err)
	}
	onDisk := info.Sys().(*syscall.Stat_t).Blocks * 512
	if info.Size() < size || info.Size() != seen.Load() || onDisk > size/2 {
		t.Errorf("size %d, seen %d, on disk %d", info.Size(), seen.Load(), onDisk)
	}
	status, err := run.Inspect(target.dir(s.ID))
	if err != nil || status.State != run.StateEnded || status.Spool != info.Size() {
		t.Errorf("%+v %v", status, err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestMainRefusesNonsense(t *testing.T) {
	t.Parallel()
	id := string(core.NewID())
	for _, args := range [][]string{
		nil, {"status"}, {"nonsense", "--root", "/r", "--id", id}, {"status", "--root", "r", "--id", id},
		{"kill", "--root", "/r", "--id", "../../etc"}, {"status", "--root", "/r", "--id", id, "more"}, {"status", "--what"},
	} {
		var stdout, stderr bytes.Buffer
		if got := run.Main(t.Context(), args, &bytes.Buffer{}, &stdout, &stderr); got != run.ExitUsage || stdout.Len() > 0 || stderr.Len() == 0 {
			t.Errorf("%q: %d %q %q", args, got, &stdout, &stderr)
		}
	}
}

func TestCommandGetsEnvironmentByInput(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "run", "command")
	cmd.Stdin = bytes.NewReader([]byte(`{"argv":["sh","-c","echo $A; cat; exit 9"],"env":{"A":"value","HOME":"/x"}}` + "\nrest\n"))
	out, err := cmd.Output()
	var exit *exec.ExitError
	if string(out) != "value\nrest\n" || !errors.As(err, &exit) || exit.ExitCode() != 9 {
		t.Errorf("%q %v", out, err)
	}
}
