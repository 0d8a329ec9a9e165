package host_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/hosttest"
	"github.com/taffrail/taffrail/internal/run"
)

func shell(script string) run.Step {
	return run.Step{Name: "sh", Title: "Shell.", Argv: []string{"sh", "-c", script}}
}

func launch(tb testing.TB, h host.Host, s core.Server, step run.Step) core.ID {
	tb.Helper()
	script := run.Script{ID: core.NewID(), Dir: s.Settings.RemoteDir + "/services/x", Steps: []run.Step{step}}
	if _, err := h.Launch(tb.Context(), script); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := h.Kill(ctx, script.ID); err != nil {
			tb.Errorf("clean up: %v", err)
		}
	})
	return script.ID
}

// followAll follows a run over as many connections as it takes and returns what it
// wrote and how often the connection was lost.
func followAll(tb testing.TB, h host.Host, id core.ID, each func(run.Frame)) (string, int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 2*patience)
	defer cancel()
	var text strings.Builder
	var from int64
	for lost := 0; ; lost++ {
		f, err := h.Follow(ctx, id, from)
		if err == nil {
			var frames []run.Frame
			frames, err = hosttest.Frames(f, from, each)
			_ = f.Close()
			text.WriteString(hosttest.Text(frames))
			if len(frames) > 0 {
				from = frames[len(frames)-1].To
			}
		}
		if err == nil {
			return text.String(), lost
		}
		if ctx.Err() != nil || !host.Temporary(err) {
			tb.Fatalf("after %d losses: %v", lost, err)
		}
		select { // as anybody who reconnects should
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// TestConnectionsThatBreak resets the connection again and again while a run writes.
func TestConnectionsThatBreak(t *testing.T) {
	t.Parallel()
	p, s := newProxy(t, labServer(t, "1", "root"))
	h := newDesk(t).open(t, s)
	const lines = 20_000
	id := launch(t, h, s, shell(fmt.Sprintf(`i=0; while [ $i -lt %d ]; do echo "line $i"; i=$((i + 1)); [ $((i %% 200)) -ne 0 ] || sleep 0.02; done`, lines)))
	random := rand.New(rand.NewPCG(3, 4))
	until := random.IntN(2000)
	got, lost := followAll(t, h, id, func(f run.Frame) {
		if until -= 1 + len(f.Data)/9; until < 0 { // lines, roughly
			until = random.IntN(2000)
			p.cut()
		}
	})
	var want strings.Builder
	for i := range lines {
		fmt.Fprintf(&want, "line %d\n", i)
	}
	if got != want.String() {
		t.Errorf("%d bytes of %d after %d losses", len(got), want.Len(), lost)
	}
	if lost < 5 {
		t.Errorf("%d losses", lost)
	}
	t.Logf("%d losses", lost)
}

// TestKilledSession kills the server's side of the connection, of which nobody has the
// chance to say anything.
func TestKilledSession(t *testing.T) {
	t.Parallel()
	s := labServer(t, lenient, "root")
	h := newDesk(t).open(t, s)
	id := launch(t, h, s, shell("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo $i; sleep 0.1; done"))
	once := sync.OnceFunc(func() {
		_, err := h.Run(t.Context(), host.Command{Argv: []string{"sh", "-c", "kill -KILL $PPID"}})
		_ = fault(t, err, host.FaultLost)
	})
	got, lost := followAll(t, h, id, func(f run.Frame) {
		if f.Kind == run.FrameStdout {
			once()
		}
	})
	if want := "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n"; got != want || lost == 0 {
		t.Errorf("%q after %d losses", got, lost)
	}
}

// TestSilentNetwork wants a connection on which nothing comes any more to be given up,
// and the next call to make a new one.
func TestSilentNetwork(t *testing.T) {
	t.Parallel()
	p, s := newProxy(t, labServer(t, lenient, "root"))
	h := newDesk(t).open(t, s)
	id := launch(t, h, s, shell("echo begun; sleep 12; echo done"))
	var frozen, back time.Time
	once := sync.OnceFunc(func() {
		frozen = time.Now()
		p.freeze()
	})
	began := time.Now()
	got, lost := followAll(t, h, id, func(f run.Frame) {
		if f.Kind == run.FrameStdout {
			once()
			go func() { // the network heals after the client gave up, not before
				for p.dialled() < 2 && time.Since(began) < patience {
					<-time.After(50 * time.Millisecond)
				}
				back = time.Now()
				p.thaw()
			}()
		}
	})
	if got != "begun\ndone\n" || lost == 0 {
		t.Errorf("%q after %d losses", got, lost)
	}
	// Seven seconds by the clock; a busy machine needs more, but not as long as it takes
	// when nobody is followed.
	if silent := back.Sub(frozen); silent > 20*time.Second {
		t.Errorf("a silent connection was given up after %s", silent)
	}
}

// TestSlowNetwork: an answer that is long behind what was sent before it does not mean
// that the connection is broken, as long as something comes.
func TestSlowNetwork(t *testing.T) {
	t.Parallel()
	p, s := newProxy(t, labServer(t, "1", "root"))
	h := newDesk(t).open(t, s)
	id := launch(t, h, s, shell(`i=0; while [ $i -lt 3000 ]; do echo "this is line number $i, and there is a lot more to come"; i=$((i + 1)); done`))
	p.slow(16 << 10) // the whole takes some ten seconds
	if got, lost := followAll(t, h, id, func(run.Frame) {}); strings.Count(got, "\n") != 3000 || lost != 0 {
		t.Errorf("%d lines after %d losses", strings.Count(got, "\n"), lost)
	}
}

// A command that may have been carried out is not repeated.
func TestCommandIsNotRepeated(t *testing.T) {
	t.Parallel()
	p, s := newProxy(t, labServer(t, lenient, "root"))
	h := newDesk(t).open(t, s)
	if res, err := h.Run(t.Context(), host.Command{Argv: []string{"mkdir", "-p", s.Settings.RemoteDir}}); err != nil || res.ExitCode != 0 {
		t.Fatalf("%+v %v", res, err)
	}
	counter := s.Settings.RemoteDir + "/count"
	cut := time.AfterFunc(time.Second, p.cut)
	defer cut.Stop()
	_, err := h.Run(t.Context(), host.Command{Argv: []string{"sh", "-c", `echo x >>"$1"; sleep 60`, "sh", counter}})
	_ = fault(t, err, host.FaultLost)
	res, err := h.Run(t.Context(), host.Command{Argv: []string{"cat", counter}})
	if err != nil || string(res.Stdout) != "x\n" {
		t.Errorf("%q %v", res.Stdout, err)
	}
	if n := p.dialled(); n != 2 {
		t.Errorf("%d connections", n)
	}
}

func TestDeadRunIsToldFromALostConnection(t *testing.T) {
	t.Parallel()
	s := labServer(t, "1", "root")
	h := newDesk(t).open(t, s)
	id := launch(t, h, s, shell("sleep 100"))
	status, err := h.Status(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Run(t.Context(), host.Command{Argv: []string{"kill", "-KILL", fmt.Sprint(status.Identity.PID)}}); err != nil {
		t.Fatal(err)
	}
	f, err := h.Follow(t.Context(), id, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := hosttest.Frames(f, 0, nil); !errors.Is(err, host.ErrRunDead) {
		t.Error(err)
	}
	if status, err = h.Status(t.Context(), id); err != nil || status.State != run.StateDead || status.Reason != run.ReasonKilled {
		t.Errorf("%+v %v", status, err)
	}
}

// Our program may be deleted by somebody who cleans up.
func TestLostProgramIsPutBack(t *testing.T) {
	t.Parallel()
	s := labServer(t, "1", "root")
	h := newDesk(t).open(t, s)
	id := launch(t, h, s, shell("true"))
	if _, err := h.Run(t.Context(), host.Command{Argv: []string{"rm", "-rf", "--", s.Settings.RemoteDir + "/bin"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Status(t.Context(), id); err != nil {
		t.Error(err)
	}
	if _, err := h.Run(t.Context(), host.Command{Argv: []string{"rm", "-rf", "--", s.Settings.RemoteDir + "/bin"}}); err != nil {
		t.Fatal(err)
	}
	if got, _ := followAll(t, h, id, nil); got != "" {
		t.Errorf("%q", got)
	}
}
