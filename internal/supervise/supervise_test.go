package supervise_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taffrail/taffrail/internal/supervise"
	"github.com/taffrail/taffrail/internal/supervisetest"
)

// journal notes what happened in which order.
type journal struct {
	mu      sync.Mutex
	entries []string
}

func (j *journal) add(entry string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, entry)
}

type fake struct {
	name     string
	journal  *journal
	startErr error
	hang     bool
}

func (f fake) Start(context.Context) error {
	f.journal.add("start " + f.name)
	return f.startErr
}

func (f fake) Stop(ctx context.Context) error {
	f.journal.add("stop " + f.name)
	if f.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestGroupOrder(t *testing.T) {
	t.Parallel()
	j := &journal{}
	g := supervise.NewGroup(quiet(),
		supervise.Member{Name: "a", Service: fake{name: "a", journal: j}},
		supervise.Member{Name: "b", Service: fake{name: "b", journal: j}})
	if err := errors.Join(g.Start(t.Context()), g.Stop(t.Context()), g.Stop(t.Context())); err != nil {
		t.Fatal(err)
	}
	if want := []string{"start a", "start b", "stop b", "stop a"}; !slices.Equal(j.entries, want) {
		t.Errorf("got %v, want %v", j.entries, want)
	}
}

func TestGroupStartFails(t *testing.T) {
	t.Parallel()
	j := &journal{}
	broken := errors.New("no port")
	g := supervise.NewGroup(quiet(),
		supervise.Member{Name: "a", Service: fake{name: "a", journal: j}},
		supervise.Member{Name: "b", Service: fake{name: "b", journal: j, startErr: broken}},
		supervise.Member{Name: "c", Service: fake{name: "c", journal: j}})
	err := g.Start(t.Context())
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "start b") {
		t.Errorf("got %v", err)
	}
	if want := []string{"start a", "start b", "stop a"}; !slices.Equal(j.entries, want) {
		t.Errorf("got %v, want %v", j.entries, want)
	}
}

func TestGroupStopGoesOnPastAHangingService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		g := supervise.NewGroup(quiet(),
			supervise.Member{Name: "a", Service: fake{name: "a", journal: j}},
			supervise.Member{Name: "b", Service: fake{name: "b", journal: j, hang: true}, Limit: time.Minute})
		if err := g.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := g.Stop(t.Context())
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "stop b") {
			t.Errorf("got %v", err)
		}
		if last := j.entries[len(j.entries)-1]; last != "stop a" {
			t.Errorf("last was %q", last)
		}
	})
}

func TestLoopStress(t *testing.T) {
	t.Parallel()
	supervisetest.Exercise(t, func() supervise.Service {
		return supervise.Loop(func(ctx context.Context) { <-ctx.Done() })
	})
}

func TestGroupStress(t *testing.T) {
	t.Parallel()
	supervisetest.Exercise(t, func() supervise.Service {
		wait := func(ctx context.Context) { <-ctx.Done() }
		return supervise.NewGroup(quiet(),
			supervise.Member{Name: "a", Service: supervise.Loop(wait)},
			supervise.Member{Name: "b", Service: supervise.Loop(wait)})
	})
}

func TestLoopStopGivesUpInTime(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := supervise.Loop(func(context.Context) { <-release })
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("second signal"))
	if err := s.Stop(ctx); err == nil || err.Error() != "second signal" {
		t.Errorf("got %v", err)
	}
	close(release)
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
