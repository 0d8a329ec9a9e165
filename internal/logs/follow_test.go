package logs_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/logs"
)

// memory is a log store in memory; what is read back is what was appended.
type memory struct {
	mu    sync.Mutex
	lines []core.Line
	ended bool
}

func (m *memory) LinesAfter(_ context.Context, _, after int64, limit int) ([]core.Line, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if after >= int64(len(m.lines)) {
		return nil, nil
	}
	page := m.lines[after:]
	return page[:min(len(page), limit)], nil
}

func (m *memory) append(n int, end bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for range n {
		m.lines = append(m.lines, core.Line{Seq: int64(len(m.lines) + 1)})
	}
	m.ended = end
}

func (m *memory) isEnded(context.Context) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ended, nil
}

// TestFollowDeliversEachLineOnce has several readers of different speed and starting
// points follow a log while it is written.
func TestFollowDeliversEachLineOnce(t *testing.T) {
	t.Parallel()
	store, hub := &memory{}, logs.NewHub()
	const total = 5000
	var readers sync.WaitGroup
	for after := range int64(5) {
		readers.Go(func() {
			next := after * 100
			err := logs.Follow(t.Context(), store, hub, logs.Feed{
				LogID: 1, After: next, Ended: store.isEnded,
				Lines: func(lines []core.Line) error {
					for _, l := range lines {
						if next++; l.Seq != next {
							t.Errorf("reader %d got line %d, want %d", after, l.Seq, next)
						}
					}
					return nil
				},
			})
			if err != nil || next != total {
				t.Errorf("reader %d ended at %d with %v", after, next, err)
			}
		})
	}
	for i := range 100 {
		store.append(total/100, i == 99)
		hub.Wake(1)
	}
	readers.Wait()
}

func TestFollowEndsWithItsContextAndItsReader(t *testing.T) {
	t.Parallel()
	store, hub := &memory{}, logs.NewHub()
	store.append(3, false)
	gone := errors.New("reader gone")
	err := logs.Follow(t.Context(), store, hub, logs.Feed{LogID: 1, Ended: store.isEnded, Lines: func([]core.Line) error { return gone }})
	if !errors.Is(err, gone) {
		t.Errorf("got %v, want the reader's own error", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("server stops")
	err = logs.Follow(ctx, store, hub, logs.Feed{
		LogID: 1, Ended: store.isEnded,
		Lines: func([]core.Line) error { return nil },
		Idle:  func() error { cancel(why); return nil },
	})
	if !errors.Is(err, why) {
		t.Errorf("got %v, want the cause of the context", err)
	}
}

func TestHubEventsStayInTheirTeamAndNeverBlock(t *testing.T) {
	t.Parallel()
	hub := logs.NewHub()
	mine, cancel := hub.Events(1)
	defer cancel()
	all, done := hub.All()
	defer done()
	hub.Publish(logs.Event{TeamID: 2, Status: core.StatusFailed})
	hub.Publish(logs.Event{TeamID: 1, Status: core.StatusFinished})
	if e := <-mine; e.TeamID != 1 {
		t.Fatalf("got an event of team %d", e.TeamID)
	}
	for _, team := range []int64{2, 1} {
		if e := <-all; e.TeamID != team {
			t.Errorf("for all, got an event of team %d, want %d", e.TeamID, team)
		}
	}
	for range 1000 { // far more than it has room for
		hub.Publish(logs.Event{TeamID: 1})
	}
	n := 0
	for range mine {
		n++
	}
	if n == 0 || n >= 1000 {
		t.Errorf("slow listener got %d events before its channel was closed", n)
	}
}
