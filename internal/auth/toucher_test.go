package auth_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/supervise"
	"github.com/taffrail/taffrail/internal/supervisetest"
)

// book keeps what a Toucher wrote.
type book struct {
	mu     sync.Mutex
	writes []map[int64]time.Time
	err    error
}

func (b *book) TouchTokens(_ context.Context, used map[int64]time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.writes = append(b.writes, maps.Clone(used))
	}
	return b.err
}

// written are the batches so far.
func (b *book) written() []map[int64]time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.writes
}

func newToucher(b *book) *auth.Toucher {
	return auth.NewToucher(b, time.Minute, slog.New(slog.DiscardHandler))
}

func TestToucherIsAService(t *testing.T) {
	t.Parallel()
	supervisetest.Exercise(t, func() supervise.Service { return newToucher(&book{}) })
}

func TestToucherWritesInBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		u := newToucher(b)
		if err := u.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			u.Touch(int64(i%2), now.Add(time.Duration(i)*time.Second))
		}
		synctest.Wait()
		if w := b.written(); len(w) != 0 {
			t.Fatalf("written at once: %v", w)
		}
		<-time.After(time.Minute) // by the clock of the bubble
		synctest.Wait()
		if w := b.written(); len(w) != 1 || len(w[0]) != 2 || !w[0][1].Equal(now.Add(999*time.Second)) {
			t.Fatalf("writes %v", w)
		}
		u.Touch(5, now)
		if err := u.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if w := b.written(); len(w) != 2 || !w[1][5].Equal(now) {
			t.Fatalf("stopping lost a use: %v", w)
		}
	})
}

func TestToucherKeepsWhatCouldNotBeWritten(t *testing.T) {
	t.Parallel()
	b := &book{err: errors.New("busy")}
	u := newToucher(b)
	u.Touch(1, now)
	u.Touch(2, now)
	if err := u.Flush(t.Context()); err == nil {
		t.Fatal("the fault was swallowed")
	}
	u.Touch(1, now.Add(time.Hour))
	b.err = nil
	if err := u.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[int64]time.Time{1: now.Add(time.Hour), 2: now}
	if len(b.writes) != 1 || !maps.Equal(b.writes[0], want) {
		t.Fatalf("writes %v, want %v", b.writes, want)
	}
}
