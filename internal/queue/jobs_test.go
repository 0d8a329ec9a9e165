package queue_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/queue"
	"github.com/taffrail/taffrail/internal/sqlstore"
	"github.com/taffrail/taffrail/internal/storetest"
	"github.com/taffrail/taffrail/internal/supervise"
	"github.com/taffrail/taffrail/internal/supervisetest"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// doing starts a controller that does jobs, and stops it at the end of the test.
func doing(t *testing.T, db *sqlstore.DB, name string, works ...queue.Work) *queue.Jobs {
	t.Helper()
	q := queue.NewJobs(db, name, quiet(), works...)
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return q
}

func add(t *testing.T, db *sqlstore.DB, kind, name string) {
	t.Helper()
	if err := db.AddJob(t.Context(), core.Job{Kind: kind, Name: name, Payload: "{}"}); err != nil {
		t.Fatal(err)
	}
}

func left(t *testing.T, db *sqlstore.DB, kind string) []core.Job {
	t.Helper()
	list, err := db.ListJobs(t.Context(), kind)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestJobsIsAService(t *testing.T) {
	t.Parallel()
	db := storetest.OpenSQLite(t)
	supervisetest.Exercise(t, func() supervise.Service {
		return queue.NewJobs(db, "a", quiet(), queue.Work{Kind: "often", Every: time.Hour, Do: func(context.Context, core.Job, func(string) error) error { return nil }})
	})
}

// TestJobsAreDoneOnce: of two controllers one does each job, also one that fails, panics
// or has to wait at first, and goes on from what it kept.
func TestJobsAreDoneOnce(t *testing.T) {
	t.Parallel()
	db := storetest.OpenSQLite(t)
	var done, broken atomic.Int64
	states := make(chan string, 100)
	works := []queue.Work{
		{Kind: "good", Do: func(context.Context, core.Job, func(string) error) error { done.Add(1); return nil }},
		{Kind: "bad", Do: func(_ context.Context, j core.Job, keep func(string) error) error {
			states <- j.State
			if j.State != "" {
				return nil
			}
			if err := keep("half"); err != nil {
				return err
			}
			if broken.Add(1); j.Name == "panics" {
				panic("it broke")
			}
			return errors.New("it broke")
		}},
	}
	for _, name := range []string{"1", "2", "3", "4", "5", "6"} {
		add(t, db, "good", name)
	}
	add(t, db, "bad", "fails")
	add(t, db, "bad", "panics")
	doing(t, db, "a", works...)
	doing(t, db, "b", works...)
	waitFor(t, func() bool { return len(left(t, db, "good"))+len(left(t, db, "bad")) == 0 })
	if done.Load() != 6 || broken.Load() != 2 {
		t.Errorf("%d done, %d broken", done.Load(), broken.Load())
	}
	close(states)
	seen := map[string]int{}
	for s := range states {
		seen[s]++
	}
	if seen[""] != 2 || seen["half"] != 2 {
		t.Errorf("begun from %v", seen)
	}
}

// TestJobsThatWaitAreNoFailures: they are put off with nothing but their state.
func TestJobsThatWaitAreNoFailures(t *testing.T) {
	t.Parallel()
	db := storetest.OpenSQLite(t)
	add(t, db, "waits", "x")
	add(t, db, "unknown", "y")
	doing(t, db, "a", queue.Work{Kind: "waits", Do: func(_ context.Context, _ core.Job, keep func(string) error) error {
		return errors.Join(keep("so far"), queue.ErrNotYet)
	}})
	waitFor(t, func() bool {
		waits, unknown := left(t, db, "waits"), left(t, db, "unknown")
		return waits[0].State == "so far" && waits[0].Attempts == 0 && time.Until(waits[0].RunAt) > time.Second && time.Until(unknown[0].RunAt) > time.Minute
	})
}

// TestStopLetsJobsGo: a job in the hands of a controller that stops is done by the next one
// at once, and the one that stops waits for what it does.
func TestStopLetsJobsGo(t *testing.T) {
	t.Parallel()
	db := storetest.OpenSQLite(t)
	begun, ended := make(chan struct{}), make(chan struct{})
	q := queue.NewJobs(db, "a", quiet(), queue.Work{Kind: "long", Do: func(ctx context.Context, _ core.Job, _ func(string) error) error {
		close(begun)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	}})
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(t, db, "long", "x")
	q.Wake()
	<-begun
	if err := q.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	default:
		t.Error("stopped while a job was done")
	}
	doing(t, db, "b", queue.Work{Kind: "long", Do: func(context.Context, core.Job, func(string) error) error { return nil }})
	waitFor(t, func() bool { return len(left(t, db, "long")) == 0 })
}

// TestTakenOverJobEnds: who lost its lease hears of it when it keeps its state.
func TestTakenOverJobEnds(t *testing.T) {
	t.Parallel()
	db := storetest.OpenSQLite(t)
	lost := make(chan error, 1)
	add(t, db, "long", "x")
	doing(t, db, "a", queue.Work{Kind: "long", Do: func(ctx context.Context, _ core.Job, keep func(string) error) error {
		if err := db.ReleaseJobs(ctx, ""); err != nil {
			return err
		}
		_, _, err := db.ClaimJob(ctx, "thief", time.Hour)
		if err == nil {
			err = keep("mine")
			lost <- err
		}
		return err
	}})
	if err := <-lost; core.CodeOf(err) != core.CodeLost {
		t.Errorf("kept with %v", err)
	}
	if list := left(t, db, "long"); len(list) != 1 || list[0].Fence != 2 || list[0].State != "" {
		t.Errorf("the thief's job is %+v", list)
	}
}
