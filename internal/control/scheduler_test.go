package control_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// agenda is a store with schedules and certificates that are due when the test says so.
type agenda struct {
	control.DatabaseStore
	control.ScheduleStore
	control.BackupStore
	control.DeploymentStore
	control.Queue
	control.StatusStore

	mu       sync.Mutex // guards what follows, up to the channels
	schedule core.BackupSchedule
	active   []core.Deployment
	fault    error          // of queueing
	looks    chan time.Time // of schedules
	renewals chan time.Time // looks of certificates
	queued   chan scheduled // dumps
	renewed  chan core.Deployment
	expiring []core.Resting
}

type scheduled struct {
	next time.Time
	d    core.Deployment
	b    core.Backup
}

func newAgenda() *agenda {
	return &agenda{
		looks: make(chan time.Time, 100_000), renewals: make(chan time.Time, 100), queued: make(chan scheduled, 100), renewed: make(chan core.Deployment, 100),
	}
}

func (a *agenda) set(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
}

func (a *agenda) ListResting(context.Context) ([]core.Resting, error) { return nil, nil }

func (a *agenda) ListDatabases(context.Context, int64) ([]core.Database, error) {
	return []core.Database{{RowID: 7, UUID: "d", TeamID: 5, ServerID: 9, Type: "redis", Name: "Cache", Ran: core.DatabaseRan{Image: "redis:7.2", Version: "7.2.1"}}}, nil
}

func (a *agenda) ListActive(context.Context, int64) ([]core.Deployment, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.active, nil
}

func (a *agenda) ListDueBackups(_ context.Context, now time.Time, limit int) ([]core.BackupSchedule, error) {
	a.looks <- time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if limit <= 0 || a.schedule.UUID == "" || a.schedule.NextRunAt.After(now) {
		return nil, nil
	}
	return []core.BackupSchedule{a.schedule}, nil
}

func (a *agenda) EnqueueScheduledBackup(_ context.Context, s core.BackupSchedule, next time.Time, d core.Deployment, b core.Backup) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fault != nil {
		return false, a.fault
	}
	a.schedule.NextRunAt = next
	a.queued <- scheduled{next, d, b}
	return true, nil
}

func (a *agenda) ListExpiring(_ context.Context, before time.Time) ([]core.Resting, error) {
	a.renewals <- before
	return a.expiring, nil
}

func (a *agenda) EnqueueDeployment(_ context.Context, d core.Deployment) (core.Deployment, bool, error) {
	a.renewed <- d
	return d, false, nil
}

// silentTeams writes no change down.
type silentTeams struct{ control.TeamStore }

func (silentTeams) AppendAudit(context.Context, core.AuditEntry) error { return nil }

func (a *agenda) GetOverlap(context.Context, int64, core.Kind, int64) (core.Overlap, error) {
	return core.OverlapWait, nil
}

func (a *agenda) SetOverlap(context.Context, int64, core.Kind, int64, core.Overlap) error { return nil }

// run lets a Control live with an agenda for as long as work takes, and returns how often
// the queue was told that there is something.
func (a *agenda) run(t *testing.T, work func()) int {
	t.Helper()
	woken := 0
	c := control.New(control.Deps{
		Seen: a, Deployments: a, Queue: a, Teams: silentTeams{}, Databases: control.DatabaseDeps{Store: a, Schedules: a, Backups: a},
		Wake: func() { woken++ }, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	work()
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	return woken
}

func TestDumpsComeByTheirSchedules(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAgenda()
		began := time.Now()
		a.schedule = core.BackupSchedule{
			RowID: 3, UUID: core.NewID(), TeamID: 5, DatabaseID: 7, Frequency: "hourly", Description: "every hour", Enabled: true,
			Databases: "0", SaveS3: true, S3ID: 4, NextRunAt: began.Add(-100 * time.Hour), // the controller was away for days
		}
		woken := a.run(t, func() {
			first := <-a.queued
			if at := time.Since(began); at > time.Second || !first.next.Equal(began.Truncate(time.Hour).Add(time.Hour)) {
				t.Errorf("the first after %v, the next at %v", at, first.next)
			}
			second := <-a.queued
			if late := time.Since(first.next); late < 0 || late > 15*time.Second {
				t.Errorf("the second %v late", late)
			}
			d, b := second.d, second.b
			if d.Verb != core.VerbBackup || d.Kind != core.KindDatabase || d.TeamID != 5 || d.Resource.RowID != 7 || d.Server.RowID != 9 ||
				d.Trigger != core.TriggerSchedule || d.Actor != (core.Actor{Kind: "schedule", ID: 3, Name: "every hour"}) ||
				d.Options != (core.Options{Backup: b.UUID}) || d.Status != core.StatusQueued {
				t.Errorf("deployment %+v", d)
			}
			if !b.UUID.Valid() || b.ScheduleID != 3 || b.DatabaseID != 7 || b.S3ID != 4 || b.Databases != "0" || b.Deployment != d.UUID ||
				b.Engine != "redis" || b.Image != "redis:7.2" || b.Version != "7.2.1" || b.Status != core.BackupRunning {
				t.Errorf("dump %+v", b)
			}
		})
		if woken != 2 || len(a.queued) > 0 {
			t.Errorf("woken %d times, %d more dumps", woken, len(a.queued))
		}
	})
}

func TestDumpsWaitForRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAgenda()
		a.schedule = core.BackupSchedule{RowID: 3, UUID: core.NewID(), TeamID: 5, DatabaseID: 7, Frequency: "daily", NextRunAt: time.Now()}
		a.fault = core.Errorf(core.CodeTooMany, "full")
		a.run(t, func() {
			for range 5 {
				<-a.looks
			}
			synctest.Wait()
			if len(a.queued) > 0 {
				t.Fatal("queued although there was no room")
			}
			a.set(func() { a.fault = nil })
			first := <-a.queued
			if first.d.Actor.Name != "daily" {
				t.Errorf("a schedule without a description is called %q", first.d.Actor.Name)
			}
		})
	})
}

// TestDumpsDoNotPileUp: the server takes longer for a dump than there is between two.
func TestDumpsDoNotPileUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAgenda()
		a.schedule = core.BackupSchedule{RowID: 3, UUID: core.NewID(), TeamID: 5, DatabaseID: 7, Frequency: "every_minute", NextRunAt: time.Now()}
		mine := core.Deployment{Verb: core.VerbBackup, Status: core.StatusQueued, Actor: core.Actor{Kind: "schedule", ID: 3}}
		other, running := mine, mine
		other.Actor.ID, running.Status = 4, core.StatusInProgress
		a.active = []core.Deployment{mine}
		a.run(t, func() {
			for range 20 {
				<-a.looks
			}
			synctest.Wait()
			if len(a.queued) > 0 {
				t.Fatal("queued although one of the same schedule waits")
			}
			a.set(func() { a.active = []core.Deployment{other, running} })
			<-a.queued
		})
	})
}

func TestCertificatesAreRenewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAgenda()
		began := time.Now()
		a.expiring = []core.Resting{
			{Kind: core.KindDatabase, RowID: 7, UUID: "d", TeamID: 5, ServerID: 9, Status: "running:healthy"},
			{Kind: core.KindDatabase, RowID: 8, UUID: "e", TeamID: 5, ServerID: 9, Status: "exited:unhealthy"},
			{Kind: core.KindDatabase, RowID: 9, UUID: "f", TeamID: 5, ServerID: 9},
		}
		woken := a.run(t, func() {
			for i := range 3 {
				before := <-a.renewals
				if want := began.Add(30*24*time.Hour + time.Duration(i)*12*time.Hour); before.Sub(want).Abs() > 15*time.Second {
					t.Errorf("look %d for certificates that end before %v, want %v", i, before, want)
				}
				d := <-a.renewed
				if d.Verb != core.VerbRenew || d.Resource.RowID != 7 || d.Server.RowID != 9 || d.TeamID != 5 || d.Trigger != core.TriggerSchedule ||
					d.Actor != (core.Actor{Kind: "system", Name: "certificates"}) {
					t.Errorf("deployment %+v", d)
				}
			}
		})
		if woken != 3 || len(a.renewed) > 0 {
			t.Errorf("woken %d times, %d more renewals", woken, len(a.renewed))
		}
	})
}

// TestADueDumpIsInTheStore goes the whole way, once.
func TestADueDumpIsInTheStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db, _ := w.running(t, "postgresql")
	ctx := t.Context()
	s := must(w.c.CreateSchedule(ctx, w.owner, db.UUID, control.ScheduleInput{Frequency: ptr("every_minute")}))(t).Schedule
	deps := w.deps()
	deps.Now = func() time.Time { return start.Add(time.Hour) }
	woken := make(chan struct{}, 10)
	deps.Wake = func() { woken <- struct{}{} }
	c := control.New(deps)
	if err := c.Start(ctx); err != nil {
		t.Fatal(err)
	}
	<-woken
	if err := c.Stop(context.WithoutCancel(ctx)); err != nil {
		t.Fatal(err)
	}
	list := must(w.c.ListBackups(ctx, w.owner, db.UUID, s.UUID))(t)
	if len(list) != 1 || list[0].Status != core.BackupRunning {
		t.Fatalf("dumps %+v", list)
	}
	d := must(w.c.GetDeployment(ctx, w.owner, list[0].Deployment))(t)
	if d.Verb != core.VerbBackup || d.Trigger != core.TriggerSchedule || d.Resource.UUID != db.UUID {
		t.Errorf("deployment %+v", d)
	}
	if next := must(w.c.GetSchedule(ctx, w.owner, db.UUID, s.UUID))(t).NextRunAt; !next.Equal(start.Add(time.Hour).Truncate(time.Minute).Add(time.Minute)) {
		t.Errorf("the next at %v", next)
	}
}
