package auth

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/taffrail/taffrail/internal/supervise"
)

// TouchStore records when tokens were used.
type TouchStore interface {
	// TouchTokens records the last uses of many tokens in one transaction.
	TouchTokens(ctx context.Context, used map[int64]time.Time) error
}

// maxPending bounds what is remembered while the database cannot be written. The uses
// of further tokens are forgotten then: they are a convenience, not a record.
const maxPending = 10_000

// Toucher is a service that records when tokens were last used, in batches, so that a
// request costs no write. What was not yet written is written when it stops.
type Toucher struct {
	store TouchStore
	every time.Duration
	log   *slog.Logger

	loop supervise.Service

	mu   sync.Mutex // guards used
	used map[int64]time.Time
}

// NewToucher makes a Toucher that writes every so often.
func NewToucher(store TouchStore, every time.Duration, log *slog.Logger) *Toucher {
	t := &Toucher{store: store, every: every, log: log, used: map[int64]time.Time{}}
	t.loop = supervise.Loop(t.work)
	return t
}

// Touch notes that the token of this row was used. It never blocks for long.
func (t *Toucher) Touch(row int64, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.used[row]; known || len(t.used) < maxPending {
		t.used[row] = at
	}
}

// Start begins to write. The loop lives until Stop, not until ctx ends.
func (t *Toucher) Start(ctx context.Context) error { return t.loop.Start(ctx) }

// Stop ends the loop and writes what is left.
func (t *Toucher) Stop(ctx context.Context) error {
	if err := t.loop.Stop(ctx); err != nil {
		return err
	}
	return t.Flush(ctx)
}

// Flush writes what is pending now.
func (t *Toucher) Flush(ctx context.Context) error {
	t.mu.Lock()
	used := t.used
	t.used = map[int64]time.Time{}
	t.mu.Unlock()
	if len(used) == 0 {
		return nil
	}
	err := t.store.TouchTokens(ctx, used)
	if err != nil {
		t.keep(used)
	}
	return err
}

// keep takes back what could not be written, unless it was touched again meanwhile.
func (t *Toucher) keep(used map[int64]time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for row, at := range used {
		if _, newer := t.used[row]; !newer && len(t.used) < maxPending {
			t.used[row] = at
		}
	}
}

func (t *Toucher) work(ctx context.Context) {
	tick := time.NewTicker(t.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := t.Flush(ctx); err != nil && ctx.Err() == nil {
			t.log.Warn("token uses not recorded", "error", err)
		}
	}
}
