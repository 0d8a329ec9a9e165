package control

import (
	"context"
	"slices"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// Bounds of a schedule.
const (
	defaultDumpTimeout = 3600 // seconds
	minDumpTimeout     = 60
	maxDumpTimeout     = 36_000
	maxKept            = 100_000
	maxKeptStorage     = 1_000_000 // GB
)

// ScheduleInput creates or changes when a database is dumped. What is nil takes its
// default, or stays as it is.
type ScheduleInput struct {
	Frequency    *string // five cron fields, or "daily" and the like; in UTC
	Description  *string
	Enabled      *bool // default: true
	DumpAll      *bool
	Databases    *string // comma-separated names; empty: the one of the database's settings
	Local        RetentionPatch
	Remote       RetentionPatch
	DisableLocal *bool
	SaveS3       *bool
	S3           *core.ID // empty: none
	Timeout      *int     // seconds
	BackupNow    bool     // take a dump at once
}

// RetentionPatch changes which dumps stay; what is nil stays.
type RetentionPatch struct {
	Amount     *int
	Days       *int
	MaxStorage *float64 // GB
}

// Schedule is when a database is dumped, with the ids that people know.
type Schedule struct {
	core.BackupSchedule
	Database core.ID
	S3       core.ID // empty: none
}

// ScheduleSaved is a schedule that was created or changed.
type ScheduleSaved struct {
	Schedule   Schedule
	Warnings   []string
	Deployment core.Deployment // of BackupNow, when it could be queued
}

// ListSchedules returns the schedules of a database.
func (c *Control) ListSchedules(ctx context.Context, p auth.Principal, database core.ID) ([]Schedule, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	db, err := c.database(ctx, p, database)
	if err != nil {
		return nil, err
	}
	all, err := c.schedules(ctx, p, []core.Database{db})
	return slices.Concat([]Schedule{}, all[db.RowID]), err
}

// GetSchedule returns one schedule of a database.
func (c *Control) GetSchedule(ctx context.Context, p auth.Principal, database, id core.ID) (Schedule, error) {
	list, err := c.ListSchedules(ctx, p, database)
	if err != nil {
		return Schedule{}, err
	}
	i := slices.IndexFunc(list, func(s Schedule) bool { return s.UUID == id })
	if i < 0 {
		return Schedule{}, core.NotFound(titleSchedule)
	}
	return list[i], nil
}

// CreateSchedule makes a database be dumped again and again.
func (c *Control) CreateSchedule(ctx context.Context, p auth.Principal, database core.ID, in ScheduleInput) (ScheduleSaved, error) {
	if err := p.Require(auth.Write); err != nil {
		return ScheduleSaved{}, err
	}
	db, err := c.database(ctx, p, database)
	if err != nil {
		return ScheduleSaved{}, err
	}
	s := core.BackupSchedule{
		UUID: core.NewID(), TeamID: p.TeamID, DatabaseID: db.RowID, Enabled: true, Timeout: defaultDumpTimeout,
	}
	if s, err = c.patchSchedule(ctx, p, db, s, in); err != nil {
		return ScheduleSaved{}, err
	}
	s, err = c.deps.Databases.Schedules.CreateBackupSchedule(ctx, s)
	if err != nil {
		return ScheduleSaved{}, named(err, "Database")
	}
	c.did(ctx, p, "backup schedule created", s.UUID)
	return c.savedSchedule(ctx, p, db, s.UUID, in.BackupNow)
}

// UpdateSchedule changes when a database is dumped.
func (c *Control) UpdateSchedule(ctx context.Context, p auth.Principal, database, id core.ID, in ScheduleInput) (ScheduleSaved, error) {
	if err := p.Require(auth.Write); err != nil {
		return ScheduleSaved{}, err
	}
	db, old, err := c.schedule(ctx, p, database, id)
	if err != nil {
		return ScheduleSaved{}, err
	}
	s, err := c.patchSchedule(ctx, p, db, old, in)
	if err != nil {
		return ScheduleSaved{}, err
	}
	if err := c.deps.Databases.Schedules.UpdateBackupSchedule(ctx, s); err != nil {
		return ScheduleSaved{}, named(err, titleSchedule)
	}
	c.did(ctx, p, "backup schedule updated", id)
	return c.savedSchedule(ctx, p, db, id, in.BackupNow)
}

// DeleteSchedule ends a schedule. The dumps that it made stay, unless dumps says that
// they go with it, from the server and from S3; then CodeUnavailable, and the schedule
// stays, when one of them cannot be reached.
func (c *Control) DeleteSchedule(ctx context.Context, p auth.Principal, database, id core.ID, dumps bool) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	db, s, err := c.schedule(ctx, p, database, id)
	if err != nil {
		return err
	}
	if dumps {
		list, err := c.deps.Databases.Backups.ListBackups(ctx, p.TeamID, db.RowID, s.RowID)
		if err != nil {
			return err
		}
		for _, b := range list {
			if err := c.deleteBackup(ctx, p, db, b, true); err != nil {
				return err
			}
		}
	}
	if err := c.deps.Databases.Schedules.DeleteBackupSchedule(ctx, p.TeamID, id); err != nil {
		return named(err, titleSchedule)
	}
	c.did(ctx, p, "backup schedule deleted", id)
	return nil
}

const titleSchedule = "Backup config"

// schedule finds a schedule of a database.
func (c *Control) schedule(ctx context.Context, p auth.Principal, database, id core.ID) (core.Database, core.BackupSchedule, error) {
	db, err := c.database(ctx, p, database)
	if err != nil {
		return db, core.BackupSchedule{}, err
	}
	list, err := c.deps.Databases.Schedules.ListBackupSchedules(ctx, p.TeamID, db.RowID)
	if err != nil {
		return db, core.BackupSchedule{}, named(err, "Database")
	}
	i := slices.IndexFunc(list, func(s core.BackupSchedule) bool { return s.UUID == id })
	if i < 0 {
		return db, core.BackupSchedule{}, core.NotFound(titleSchedule)
	}
	return db, list[i], nil
}

// schedules are those of these databases of the team, by row: read at once, however many
// there are.
func (c *Control) schedules(ctx context.Context, p auth.Principal, databases []core.Database) (map[int64][]Schedule, error) {
	out := make(map[int64][]Schedule, len(databases))
	if len(databases) == 0 {
		return out, nil
	}
	var only int64
	if len(databases) == 1 {
		only = databases[0].RowID
	}
	list, err := c.deps.Databases.Schedules.ListBackupSchedules(ctx, p.TeamID, only)
	if err != nil {
		return nil, named(err, "Database")
	}
	buckets, err := c.bucketIDs(ctx, p)
	if err != nil {
		return nil, err
	}
	ids := make(map[int64]core.ID, len(databases))
	for _, db := range databases {
		ids[db.RowID] = db.UUID
	}
	for _, s := range list {
		if id, wanted := ids[s.DatabaseID]; wanted {
			out[s.DatabaseID] = append(out[s.DatabaseID], Schedule{BackupSchedule: s, Database: id, S3: buckets[s.S3ID]})
		}
	}
	return out, nil
}

// savedSchedule makes the answer to a change.
func (c *Control) savedSchedule(ctx context.Context, p auth.Principal, db core.Database, id core.ID, now bool) (ScheduleSaved, error) {
	_, s, err := c.schedule(ctx, p, db.UUID, id)
	if err != nil {
		return ScheduleSaved{}, err
	}
	ids, err := c.bucketIDs(ctx, p)
	if err != nil {
		return ScheduleSaved{}, err
	}
	out := ScheduleSaved{Schedule: Schedule{BackupSchedule: s, Database: db.UUID, S3: ids[s.S3ID]}}
	if !now {
		return out, nil
	}
	q, err := c.dump(ctx, p, ofDatabase(db), ofSchedule(s), "")
	if err != nil {
		c.log.Warn("dump not queued", "uuid", string(db.UUID), "error", err)
		out.Warnings = append(out.Warnings, "The schedule was saved, but no backup was queued: try again later.")
		return out, nil
	}
	out.Deployment = q
	return out, nil
}

// patchSchedule lays an input over a schedule and checks what comes out.
func (c *Control) patchSchedule(ctx context.Context, p auth.Principal, db core.Database, s core.BackupSchedule, in ScheduleInput) (core.BackupSchedule, error) {
	spec, err := specOf(db.Type)
	if err != nil {
		return s, err
	}
	old := s
	s = in.onto(s)
	if in.S3 != nil {
		if s.S3ID, err = c.bucketRow(ctx, p, *in.S3); err != nil {
			return s, err
		}
	}
	f := faults{}
	f.schedule(s)
	if err := f.dump(spec, db, s.Databases, s.DumpAll); err != nil {
		return s, err
	}
	if err := f.err(); err != nil {
		return s, err
	}
	if s.Frequency != old.Frequency || s.Enabled && !old.Enabled || s.NextRunAt.IsZero() {
		s.NextRunAt, err = nextRun(s.Frequency, c.deps.Now())
	}
	return s, err
}

// bucketRow finds the row of a bucket of the team; 0 for none.
func (c *Control) bucketRow(ctx context.Context, p auth.Principal, id core.ID) (int64, error) {
	if id == "" {
		return 0, nil
	}
	s, err := c.s3(ctx, p, id)
	return s.RowID, err
}

// bucketIDs are the ids of the team's buckets by row.
func (c *Control) bucketIDs(ctx context.Context, p auth.Principal) (map[int64]core.ID, error) {
	list, err := c.deps.Databases.S3.ListS3Storages(ctx, p.TeamID)
	out := make(map[int64]core.ID, len(list))
	for _, s := range list {
		out[s.RowID] = s.UUID
	}
	return out, err
}

func (in ScheduleInput) onto(s core.BackupSchedule) core.BackupSchedule {
	trim(&s.Frequency, in.Frequency)
	trim(&s.Description, in.Description)
	set(&s.Enabled, in.Enabled)
	set(&s.DumpAll, in.DumpAll)
	trim(&s.Databases, in.Databases)
	in.Local.onto(&s.Local)
	in.Remote.onto(&s.Remote)
	set(&s.DisableLocal, in.DisableLocal)
	set(&s.SaveS3, in.SaveS3)
	set(&s.Timeout, in.Timeout)
	return s
}

func (in RetentionPatch) onto(r *core.Retention) {
	set(&r.Amount, in.Amount)
	set(&r.Days, in.Days)
	set(&r.MaxStorage, in.MaxStorage)
}

func (f faults) schedule(s core.BackupSchedule) {
	f.frequency("frequency", s.Frequency)
	f.description(s.Description)
	f.between("timeout", s.Timeout, minDumpTimeout, maxDumpTimeout)
	f.retention("locally", s.Local)
	f.retention("s3", s.Remote)
	switch {
	case s.SaveS3 && s.S3ID == 0:
		f.add("s3_storage_uuid", "The s3 storage uuid field is required when save_s3 is true.")
	case s.DisableLocal && !s.SaveS3:
		f.add("disable_local_backup", "Without save_s3 there would be no dump at all.")
	}
}

func (f faults) retention(where string, r core.Retention) {
	f.between("database_backup_retention_amount_"+where, r.Amount, 0, maxKept)
	f.between("database_backup_retention_days_"+where, r.Days, 0, maxKept)
	if !(r.MaxStorage >= 0 && r.MaxStorage <= maxKeptStorage) { // not a number is neither
		f.add("database_backup_retention_max_storage_"+where, "The %s field must be between 0 and %d.",
			words("database_backup_retention_max_storage_"+where), maxKeptStorage)
	}
}
