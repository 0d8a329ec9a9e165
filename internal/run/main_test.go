package run_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// TestMain lets the test binary play the taffrail binary for the processes it starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		// Not os.Exit, with which the race detector waits for a second.
		syscall.Exit(run.Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for something that a real process does.
const patience = 30 * time.Second

// target is a remote folder of a test's own.
type target struct {
	tb     testing.TB
	remote string
}

func newTarget(tb testing.TB) *target {
	tb.Helper()
	return &target{tb, tb.TempDir()}
}

func (t *target) root() string            { return filepath.Join(t.remote, "runs") }
func (t *target) dir(id core.ID) string   { return filepath.Join(t.root(), string(id)) }
func (t *target) work() string            { return filepath.Join(t.remote, "services", "one") }
func (t *target) file(name string) string { return filepath.Join(t.remote, name) }

func (t *target) script(steps ...run.Step) run.Script {
	return run.Script{ID: core.NewID(), Dir: t.work(), Steps: steps}
}

// launch starts a script for real and sees to it that nothing of it outlives the test.
func (t *target) launch(s run.Script) run.Status {
	t.tb.Helper()
	t.tb.Cleanup(func() {
		if err := run.Kill(context.Background(), t.dir(s.ID)); err != nil {
			t.tb.Errorf("clean up: %v", err)
		}
	})
	self, err := os.Executable()
	if err != nil {
		t.tb.Fatal(err)
	}
	status, err := run.Launch(t.tb.Context(), t.root(), s, self)
	if err != nil {
		t.tb.Fatal(err)
	}
	return status
}

// carryOut launches a script and returns all its frames.
func (t *target) carryOut(s run.Script) record {
	t.tb.Helper()
	t.launch(s)
	return t.follow(s.ID)
}

// follow returns the frames of a run from its first to its end.
func (t *target) follow(id core.ID) record {
	t.tb.Helper()
	ctx, cancel := context.WithTimeout(t.tb.Context(), patience)
	defer cancel()
	return t.followWith(ctx, id)
}

// lateContext is for clean-up, when the test's own context is over.
func lateContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

func (t *target) followWith(ctx context.Context, id core.ID) record {
	t.tb.Helper()
	var spool bytes.Buffer
	if err := run.Follow(ctx, t.dir(id), 0, &spool, nil); err != nil {
		t.tb.Fatalf("follow: %v", err)
	}
	return decode(t.tb, &spool)
}

// record is a decoded spool.
type record struct {
	tb     testing.TB
	frames []run.Frame
}

func decode(tb testing.TB, r io.Reader) record {
	tb.Helper()
	rec := record{tb: tb}
	reader := run.NewReader(r, 0)
	for {
		f, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return rec
		}
		if err != nil {
			tb.Fatalf("frame %d: %v", len(rec.frames), err)
		}
		f.Data = bytes.Clone(f.Data)
		rec.frames = append(rec.frames, f)
	}
}

// text is what a step wrote in frames of one kind; step 0 means all.
func (r record) text(kind run.FrameKind, step int) string {
	var b strings.Builder
	for _, f := range r.frames {
		if f.Kind == kind && (step == 0 || f.Step == step) {
			b.Write(f.Data)
		}
	}
	return b.String()
}

func (r record) end() run.End {
	r.tb.Helper()
	last := r.frames[len(r.frames)-1]
	if last.Kind != run.FrameEnd {
		r.tb.Fatalf("the last frame is of kind %d", last.Kind)
	}
	end, err := last.End()
	if err != nil {
		r.tb.Fatal(err)
	}
	return *end
}

// ends are the step ends by number.
func (r record) ends() map[int]run.StepEnd {
	r.tb.Helper()
	ends := map[int]run.StepEnd{}
	for _, f := range r.frames {
		if f.Kind == run.FrameStepEnd {
			var end run.StepEnd
			if err := json.Unmarshal(f.Data, &end); err != nil {
				r.tb.Fatal(err)
			}
			ends[f.Step] = end
		}
	}
	return ends
}

// until waits for something that another process does.
func until(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			tb.Fatalf("waited for too long: %s", what)
		}
	}
}

func there(path string) func() bool {
	return func() bool {
		_, err := os.Stat(path)
		return err == nil
	}
}

func sh(name, script string, args ...string) run.Step {
	return run.Step{Name: name, Title: name + ".", Argv: append([]string{"sh", "-c", script, "sh"}, args...)}
}
