package control

import (
	"context"
	"slices"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/supervise"
)

const (
	scheduleEvery = 15 * time.Second
	renewEvery    = 12 * time.Hour
	dueAtOnce     = 100 // dumps that are queued in one round at most
)

// scheduler is the service that queues what nobody asks for at the time: dumps that are
// due, and new certificates in place of those that are about to end. Several controllers
// may do so at once: the store lets each dump be queued by one of them.
type scheduler struct {
	supervise.Service
	deps Deps
}

func newScheduler(d Deps) *scheduler {
	s := &scheduler{deps: d}
	s.Service = supervise.Loop(s.serve)
	return s
}

func (s *scheduler) serve(ctx context.Context) {
	tick := time.NewTicker(scheduleEvery)
	defer tick.Stop()
	var renewed time.Time
	for {
		if now := s.deps.Now(); now.Sub(renewed) >= renewEvery {
			renewed = now
			s.renew(ctx)
		}
		s.dump(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// dump queues the dumps that are due. One that was due several times while nobody was
// there to queue it is queued once.
func (s *scheduler) dump(ctx context.Context) {
	now := s.deps.Now()
	list, err := s.deps.Databases.Schedules.ListDueBackups(ctx, now, dueAtOnce)
	if err != nil {
		s.failed(ctx, "dumps that are due not listed", "error", err)
		return
	}
	teams := map[int64]teamState{}
	for _, due := range list {
		if _, ok := teams[due.TeamID]; !ok {
			if teams[due.TeamID], err = s.look(ctx, due.TeamID); err != nil {
				s.failed(ctx, "databases not listed", "team", due.TeamID, "error", err)
				return
			}
		}
		s.dumpOne(ctx, due, teams[due.TeamID], now)
	}
}

// teamState is what a team has now.
type teamState struct {
	databases []core.Database
	active    []core.Deployment
}

func (s *scheduler) look(ctx context.Context, team int64) (teamState, error) {
	databases, err := s.deps.Databases.Store.ListDatabases(ctx, team)
	if err != nil {
		return teamState{}, err
	}
	active, err := s.deps.Deployments.ListActive(ctx, team)
	return teamState{databases: databases, active: active}, err
}

// waits says whether a dump of a schedule is queued already. Another one would be of the
// same moment.
func (t teamState) waits(schedule int64) bool {
	return slices.ContainsFunc(t.active, func(d core.Deployment) bool {
		return d.Verb == core.VerbBackup && d.Status == core.StatusQueued && d.Actor.Kind == actorSchedule && d.Actor.ID == schedule
	})
}

func (s *scheduler) dumpOne(ctx context.Context, due core.BackupSchedule, has teamState, now time.Time) {
	i := slices.IndexFunc(has.databases, func(db core.Database) bool { return db.RowID == due.DatabaseID })
	if i < 0 || has.waits(due.RowID) {
		return
	}
	next, err := nextRun(due.Frequency, now)
	if err != nil {
		s.failed(ctx, "frequency of a backup schedule not understood", "uuid", string(due.UUID), "error", err)
		return
	}
	db := has.databases[i]
	by := auth.Principal{TeamID: db.TeamID, Trigger: core.TriggerSchedule, Actor: core.Actor{Kind: actorSchedule, ID: due.RowID, Name: scheduleName(due)}}
	d, b := dumpOf(asked(by, ofDatabase(db), core.VerbBackup, Action{}), db, ofSchedule(due))
	queued, err := s.deps.Databases.Schedules.EnqueueScheduledBackup(ctx, due, next, d, b)
	switch {
	case core.CodeOf(err) == core.CodeTooMany:
		s.deps.Log.Info("dump waits for room in the queue", "uuid", string(due.UUID))
	case err != nil:
		s.failed(ctx, "dump that is due not queued", "uuid", string(due.UUID), "error", err)
	case queued:
		s.deps.Log.Info("dump queued by its schedule", "uuid", string(d.UUID), "schedule", string(due.UUID), "next", next)
		s.deps.Wake()
	}
}

// renew queues new certificates. A database that does not run gets its own when it starts.
func (s *scheduler) renew(ctx context.Context) {
	list, err := s.deps.Databases.Backups.ListExpiring(ctx, s.deps.Now().Add(engine.Renewal))
	if err != nil {
		s.failed(ctx, "certificates that end not listed", "error", err)
		return
	}
	for _, r := range list {
		if state(r.Status) == stateExited || r.Status == "" {
			continue
		}
		at := Resource{RowID: r.RowID, UUID: r.UUID, Kind: r.Kind, ServerID: r.ServerID}
		by := auth.Principal{TeamID: r.TeamID, Trigger: core.TriggerSchedule, Actor: core.Actor{Kind: actorSystem, Name: "certificates"}}
		d, joined, err := s.deps.Queue.EnqueueDeployment(ctx, asked(by, at, core.VerbRenew, Action{}))
		switch {
		case err != nil:
			s.failed(ctx, "new certificate not queued", "uuid", string(r.UUID), "error", err)
		case !joined:
			s.deps.Log.Info("new certificate queued", "uuid", string(d.UUID))
			s.deps.Wake()
		}
	}
}

// The kinds of actors that are no persons.
const (
	actorSchedule = "schedule"
	actorSystem   = "system"
)

// scheduleName is what the history calls a schedule.
func scheduleName(s core.BackupSchedule) string {
	if s.Description != "" {
		return s.Description
	}
	return s.Frequency
}

// failed tells the operator, unless it is only that we stop.
func (s *scheduler) failed(ctx context.Context, what string, about ...any) {
	if ctx.Err() == nil {
		s.deps.Log.WarnContext(ctx, what, about...)
	}
}
