package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

const scheduleColumns = `id, uuid, team_id, database_id, s3_storage_id, description, frequency, enabled, dump_all,
	databases_to_backup, retention_amount_local, retention_days_local, retention_max_storage_local,
	retention_amount_s3, retention_days_s3, retention_max_storage_s3, disable_local_backup, save_s3, timeout,
	next_run_at, created_at, updated_at`

const scheduleNoun = "Backup schedule"

// ofLiveDatabase leaves out schedules whose database is deleted: nothing is left that
// they could do.
const ofLiveDatabase = `EXISTS (SELECT 1 FROM databases r WHERE r.id = scheduled_database_backups.database_id AND r.deleted_at IS NULL)`

func scanSchedule(r row) (core.BackupSchedule, error) {
	var v core.BackupSchedule
	local, remote := &v.Local, &v.Remote
	err := r.Scan(&v.RowID, &v.UUID, &v.TeamID, &v.DatabaseID, maybe[int64]{&v.S3ID}, &v.Description, &v.Frequency, &v.Enabled, &v.DumpAll,
		&v.Databases, &local.Amount, &local.Days, &local.MaxStorage, &remote.Amount, &remote.Days, &remote.MaxStorage,
		&v.DisableLocal, &v.SaveS3, &v.Timeout, stamp{&v.NextRunAt}, stamp{&v.CreatedAt}, stamp{&v.UpdatedAt})
	return v, err
}

// checkS3 refuses a bucket that the team does not have.
func checkS3(ctx context.Context, s *session, team, row int64) error {
	if row == 0 {
		return nil
	}
	ours, err := exists(ctx, s, `SELECT 1 FROM s3_storages WHERE id = $1 AND team_id = $2`, row, team)
	if err == nil && !ours {
		return core.NotFound(s3Noun)
	}
	return err
}

// checkSchedule refuses a schedule for what the team does not have.
func checkSchedule(ctx context.Context, s *session, v core.BackupSchedule) error {
	if _, err := ownerOf(ctx, s, v.TeamID, core.Owner{Kind: core.KindDatabase, RowID: v.DatabaseID}); err != nil {
		return err
	}
	return checkS3(ctx, s, v.TeamID, v.S3ID)
}

// CreateBackupSchedule stores a schedule of a database.
func (db *DB) CreateBackupSchedule(ctx context.Context, v core.BackupSchedule) (core.BackupSchedule, error) {
	v.UUID = orNew(v.UUID)
	var made core.BackupSchedule
	err := db.inTx(ctx, "create backup schedule", func(s *session) error {
		if err := checkSchedule(ctx, s, v); err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		made, err = one(ctx, s, scanSchedule,
			`INSERT INTO scheduled_database_backups (uuid, team_id, database_id, s3_storage_id, description, frequency, enabled, dump_all,
				databases_to_backup, retention_amount_local, retention_days_local, retention_max_storage_local,
				retention_amount_s3, retention_days_s3, retention_max_storage_s3, disable_local_backup, save_s3, timeout,
				next_run_at, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) RETURNING `+scheduleColumns,
			string(v.UUID), v.TeamID, v.DatabaseID, refOrNil(v.S3ID), v.Description, v.Frequency, v.Enabled, v.DumpAll,
			v.Databases, v.Local.Amount, v.Local.Days, v.Local.MaxStorage, v.Remote.Amount, v.Remote.Days, v.Remote.MaxStorage,
			v.DisableLocal, v.SaveS3, v.Timeout, micro(v.NextRunAt), now, now)
		return err
	})
	return made, err
}

// ListBackupSchedules returns the schedules of one database, or with 0 those of all
// databases of a team that are not deleted.
func (db *DB) ListBackupSchedules(ctx context.Context, team, database int64) ([]core.BackupSchedule, error) {
	where, args := ofLiveDatabase, []any{team}
	if database != 0 {
		_, err := ownerOf(ctx, db.view(), team, core.Owner{Kind: core.KindDatabase, RowID: database})
		if err != nil {
			return nil, explain("list backup schedules", err)
		}
		where, args = `database_id = $2`, append(args, database)
	}
	return getList(ctx, db, "backup schedules", scanSchedule,
		`SELECT `+scheduleColumns+` FROM scheduled_database_backups WHERE team_id = $1 AND `+where+` ORDER BY id`, args...)
}

// UpdateBackupSchedule writes everything of the schedule with v's uuid but its database.
func (db *DB) UpdateBackupSchedule(ctx context.Context, v core.BackupSchedule) error {
	return db.inTx(ctx, "update backup schedule", func(s *session) error {
		if err := checkS3(ctx, s, v.TeamID, v.S3ID); err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		return must(ctx, s, scheduleNoun,
			`UPDATE scheduled_database_backups SET s3_storage_id = $1, description = $2, frequency = $3, enabled = $4, dump_all = $5,
				databases_to_backup = $6, retention_amount_local = $7, retention_days_local = $8, retention_max_storage_local = $9,
				retention_amount_s3 = $10, retention_days_s3 = $11, retention_max_storage_s3 = $12, disable_local_backup = $13, save_s3 = $14,
				timeout = $15, next_run_at = $16, updated_at = $17 WHERE uuid = $18 AND team_id = $19 AND `+ofLiveDatabase,
			refOrNil(v.S3ID), v.Description, v.Frequency, v.Enabled, v.DumpAll,
			v.Databases, v.Local.Amount, v.Local.Days, v.Local.MaxStorage,
			v.Remote.Amount, v.Remote.Days, v.Remote.MaxStorage, v.DisableLocal, v.SaveS3,
			v.Timeout, micro(v.NextRunAt), now, string(v.UUID), v.TeamID)
	})
}

// DeleteBackupSchedule removes a schedule and leaves the backups that it made.
func (db *DB) DeleteBackupSchedule(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "delete backup schedule", func(s *session) error {
		return must(ctx, s, scheduleNoun, `DELETE FROM scheduled_database_backups WHERE uuid = $1 AND team_id = $2 AND `+ofLiveDatabase, string(id), team)
	})
}

const due = `SELECT ` + scheduleColumns + ` FROM scheduled_database_backups
	WHERE enabled AND next_run_at <= $1 AND ` + ofLiveDatabase + ` ORDER BY next_run_at, id LIMIT $2 + 0`

// ListDueBackups returns the enabled schedules of all teams whose time has come by now,
// the oldest first.
func (db *DB) ListDueBackups(ctx context.Context, now time.Time, limit int) ([]core.BackupSchedule, error) {
	return getList(ctx, db, "backups that are due", scanSchedule, due, now.UnixMicro(), max(limit, 0))
}

// EnqueueScheduledBackup moves the schedule v on to next and queues the deployment d,
// which takes b, or does neither. False when somebody else has moved it on, changed it
// so that it is no longer due then, or taken it away. CodeTooMany when the server's
// queue is full.
func (db *DB) EnqueueScheduledBackup(ctx context.Context, v core.BackupSchedule, next time.Time, d core.Deployment, b core.Backup) (bool, error) {
	moved := false
	err := db.inTx(ctx, "queue a scheduled backup", func(s *session) error {
		moved = false
		stored, err := one(ctx, s, scanSchedule, `UPDATE scheduled_database_backups SET next_run_at = $1
			WHERE uuid = $2 AND team_id = $3 AND enabled AND next_run_at = $4 AND `+ofLiveDatabase+` RETURNING `+scheduleColumns,
			micro(next), string(v.UUID), v.TeamID, micro(v.NextRunAt))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		moved = true
		d.TeamID, d.Resource.RowID, b.ScheduleID = stored.TeamID, stored.DatabaseID, stored.RowID
		_, err = db.enqueueBackup(ctx, s, d, b)
		return err
	})
	return moved && err == nil, err
}
