// Package supervisetest is the suite that every background service must pass: it is
// started and stopped in every order that real life comes up with.
package supervisetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/supervise"
)

// rounds is how often each order is tried: races show up in a few hundred.
const rounds = 100

// limit is how long one Stop may take in the suite.
const limit = 10 * time.Second

// Exercise runs the suite. create is called for every case and returns a service that
// was not started yet.
func Exercise(t *testing.T, create func() supervise.Service) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(testing.TB, supervise.Service)
	}{
		{"start and stop", startStop},
		{"stop before start", func(t testing.TB, s supervise.Service) { stop(t, s) }},
		{"stop twice", func(t testing.TB, s supervise.Service) { startStop(t, s); stop(t, s) }},
		{"stop from many", stopFromMany},
		{"start with an ended context", startEnded},
		{"start and stop at the same time", startAndStop},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range rounds {
				c.run(t, create())
			}
		})
	}
}

func startStop(t testing.TB, s supervise.Service) {
	t.Helper()
	if err := s.Start(t.Context()); err != nil {
		t.Fatalf("start: %v", err)
	}
	stop(t, s)
}

func stop(t testing.TB, s supervise.Service) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func stopFromMany(t testing.TB, s supervise.Service) {
	t.Helper()
	if err := s.Start(t.Context()); err != nil {
		t.Fatalf("start: %v", err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { stop(t, s) })
	}
	all.Wait()
}

// startEnded leaves it to the service whether it starts; it must be stoppable either way.
func startEnded(t testing.TB, s supervise.Service) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = s.Start(ctx)
	stop(t, s)
}

func startAndStop(t testing.TB, s supervise.Service) {
	t.Helper()
	var all sync.WaitGroup
	all.Go(func() {
		if err := s.Start(t.Context()); err != nil {
			t.Errorf("start: %v", err)
		}
	})
	all.Go(func() { stop(t, s) })
	all.Wait()
	stop(t, s)
}
