package control_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/supervise"
	"github.com/taffrail/taffrail/internal/supervisetest"
)

// running starts the background work of w's control, and stops it with the test.
func running(t testing.TB, w *world) {
	t.Helper()
	if err := w.c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := w.c.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

// checked waits until the validation of a server has ended, and returns the server. It
// looks again and again, since validations tell nobody when they end but the database.
func (w *world) checked(t testing.TB, id core.ID, done func(core.ServerFacts) bool) core.Server {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	limit := time.After(10 * time.Second)
	for {
		s := must(w.c.GetServer(t.Context(), w.owner, id))(t)
		if done(s.Facts) {
			return s
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("the validation does not end: %+v", s.Facts)
		}
	}
}

func hasEnded(f core.ServerFacts) bool { return !f.CheckedAt.IsZero() }

func TestControlIsAService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	supervisetest.Exercise(t, func() supervise.Service { return control.New(w.deps()) })
}

func TestValidationWritesWhatItFinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	running(t, w)
	if err := w.c.ValidateServer(t.Context(), w.owner, w.local.UUID, false); err != nil {
		t.Fatal(err)
	}
	f := w.checked(t, w.local.UUID, hasEnded).Facts
	want := "Checking server localhost (this machine).\nServer is ready: Docker 27.1, Compose 2.29.\n"
	if !f.Reachable || !f.Usable || f.Arch != "amd64" || f.Log != want || !f.CheckedAt.Equal(start) {
		t.Errorf("facts %+v", f)
	}
}

func TestValidationTellsAPersonWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault error
		says  string
	}{
		"refused":  {core.Errorf(core.CodeUnavailable, "Server s refused the connection on port 22."), "refused the connection on port 22"},
		"internal": {errors.New("pointer 0xdeadbeef"), "in the controller's own log"},
		"slow":     {fmt.Errorf("dial: %w", context.DeadlineExceeded), "took too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.hosts.facts, w.hosts.fault = core.ServerFacts{}, c.fault
			running(t, w)
			if err := w.c.ValidateServer(t.Context(), w.owner, w.local.UUID, true); err != nil {
				t.Fatal(err)
			}
			f := w.checked(t, w.local.UUID, hasEnded).Facts
			if f.Reachable || f.Usable || !strings.Contains(f.Log, c.says) || strings.Contains(f.Log, "0xdead") {
				t.Errorf("facts %+v", f)
			}
			if _, installs, _ := w.hosts.counts(); installs != 0 {
				t.Error("something was installed on a server that cannot be reached")
			}
		})
	}
}

func TestValidationInstallsWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hosts.after = w.hosts.facts
	w.hosts.facts = core.ServerFacts{Reachable: true, Log: "Docker is not installed."}
	running(t, w)
	if err := w.c.ValidateServer(t.Context(), w.owner, w.local.UUID, true); err != nil {
		t.Fatal(err)
	}
	f := w.checked(t, w.local.UUID, hasEnded).Facts
	if !f.Usable || !strings.Contains(f.Log, "Done.\nInstalled. Checking again.\nServer is ready") || len(f.Log) > 64<<10 {
		t.Errorf("facts %+v", f)
	}
}

func TestValidationsOfOneServerJoin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hosts.hold = make(chan struct{})
	w.hosts.after = w.hosts.facts
	w.hosts.facts = core.ServerFacts{Reachable: true}
	running(t, w)
	ask := func(install bool) {
		t.Helper()
		if err := w.c.ValidateServer(t.Context(), w.owner, w.local.UUID, install); err != nil {
			t.Fatal(err)
		}
	}
	ask(false)
	<-w.hosts.probing
	for range 20 {
		ask(false)
	}
	ask(true) // more than the present round does: it gets a second one
	ask(true)
	close(w.hosts.hold)
	w.checked(t, w.local.UUID, func(f core.ServerFacts) bool { return f.Usable })
	if probes, installs, _ := w.hosts.counts(); probes != 3 || installs != 1 {
		t.Errorf("%d probes and %d installations, want 3 and 1", probes, installs)
	}
}

func TestValidationsRunAFewAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hosts.hold = make(chan struct{})
	running(t, w)
	key := must(w.c.CreateKey(t.Context(), w.owner, control.KeyInput{PrivateKey: newKey(t)}))(t)
	var all []core.ID
	for i := range 12 {
		in := control.ServerInput{IP: fmt.Sprintf("10.0.1.%d", i+1), Key: key.UUID, Validate: true}
		all = append(all, must(w.c.CreateServer(t.Context(), w.owner, in))(t).UUID)
	}
	for range 4 {
		<-w.hosts.probing
	}
	close(w.hosts.hold)
	for _, id := range all {
		w.checked(t, id, hasEnded)
	}
	if probes, _, most := w.hosts.counts(); probes != 12 || most != 4 {
		t.Errorf("%d probes, %d at the same time", probes, most)
	}
}

func TestStoppingInterruptsValidations(t *testing.T) {
	w := newWorld(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	before := core.ServerFacts{Reachable: true, Usable: true, DockerVersion: "26.0", CheckedAt: start.Add(-time.Hour)}
	if err := w.db.SetServerFacts(t.Context(), w.local.TeamID, w.local.RowID, before); err != nil {
		t.Fatal(err)
	}
	w.hosts.hold = make(chan struct{})
	if err := w.c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.c.ValidateServer(t.Context(), w.owner, w.local.UUID, false); err != nil {
		t.Fatal(err)
	}
	<-w.hosts.probing
	if err := w.c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := must(w.c.GetServer(t.Context(), w.owner, w.local.UUID))(t)
	if !strings.Contains(s.Facts.Log, "interrupted because the controller stopped") {
		t.Errorf("log %q", s.Facts.Log)
	}
	if s.Facts.Log = ""; s.Facts != before {
		t.Errorf("facts %+v, want %+v", s.Facts, before)
	}
}
