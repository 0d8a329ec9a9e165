package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

const backupNoun = "Backup"

// selectBackup reads backups as they are now. What is stored as running is so only while
// its deployment is under way: one that was cancelled, or failed before it came that
// far, has nobody to say how the backup went.
const selectBackup = `SELECT b.id, b.uuid, b.team_id, b.database_id, b.scheduled_database_backup_id, b.s3_storage_id, b.deployment_uuid,
	b.database_names, b.filename, b.size, b.sha256, CASE WHEN ` + abandoned + ` THEN 'failed' ELSE b.status END,
	CASE WHEN ` + abandoned + ` THEN COALESCE(NULLIF(d.reason, ''), 'The deployment ended without this backup.') ELSE b.message END,
	b.is_local, b.is_remote, b.engine, b.image, b.version, CASE WHEN ` + abandoned + ` THEN COALESCE(d.finished_at, b.updated_at) ELSE b.finished_at END,
	b.created_at FROM scheduled_database_backup_executions b LEFT JOIN database_deployment_queues d ON d.deployment_uuid = b.deployment_uuid `

const (
	abandoned     = `b.status = 'running' AND COALESCE(d.status, '') NOT IN ('queued', 'in_progress')`
	newestBackups = `ORDER BY b.created_at DESC, b.id DESC`
)

func scanBackup(r row) (core.Backup, error) {
	var b core.Backup
	err := r.Scan(&b.RowID, &b.UUID, &b.TeamID, &b.DatabaseID, maybe[int64]{&b.ScheduleID}, maybe[int64]{&b.S3ID}, &b.Deployment,
		&b.Databases, &b.Filename, &b.Size, &b.SHA256, &b.Status, &b.Message,
		&b.Local, &b.Remote, &b.Engine, &b.Image, &b.Version, stamp{&b.FinishedAt}, stamp{&b.CreatedAt})
	return b, err
}

// EnqueueBackup stores b, which d is to take, and queues d, or does neither. d's options
// are made to name b, and b to name d. CodeTooMany when the server's queue is full.
func (db *DB) EnqueueBackup(ctx context.Context, d core.Deployment, b core.Backup) (core.Deployment, error) {
	var queued core.Deployment
	err := db.inTx(ctx, "queue backup", func(s *session) error {
		var err error
		queued, err = db.enqueueBackup(ctx, s, d, b)
		return err
	})
	return queued, err
}

func (db *DB) enqueueBackup(ctx context.Context, s *session, d core.Deployment, b core.Backup) (core.Deployment, error) {
	b.UUID = orNew(b.UUID)
	d.Kind, d.Options.Backup = core.KindDatabase, b.UUID
	queued, joined, err := db.enqueue(ctx, s, d)
	if err != nil || joined {
		return queued, err
	}
	b.TeamID, b.DatabaseID, b.Deployment, b.Status = queued.TeamID, queued.Resource.RowID, queued.UUID, core.BackupRunning
	if err := checkBackup(ctx, s, b); err != nil {
		return queued, err
	}
	now, err := db.engine.now(ctx, s)
	if err != nil {
		return queued, err
	}
	return queued, insertBackup(ctx, s, now, b)
}

// checkBackup refuses a backup for a bucket that the team does not have, or by a
// schedule that its database does not have.
func checkBackup(ctx context.Context, s *session, b core.Backup) error {
	if err := checkS3(ctx, s, b.TeamID, b.S3ID); err != nil || b.ScheduleID == 0 {
		return err
	}
	its, err := exists(ctx, s, `SELECT 1 FROM scheduled_database_backups WHERE id = $1 AND database_id = $2`, b.ScheduleID, b.DatabaseID)
	if err == nil && !its {
		return core.NotFound(scheduleNoun)
	}
	return err
}

func insertBackup(ctx context.Context, s *session, now int64, b core.Backup) error {
	_, err := s.exec(ctx,
		`INSERT INTO scheduled_database_backup_executions (uuid, team_id, database_id, scheduled_database_backup_id, s3_storage_id, deployment_uuid,
			database_names, status, engine, image, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		string(b.UUID), b.TeamID, b.DatabaseID, refOrNil(b.ScheduleID), refOrNil(b.S3ID), string(b.Deployment),
		b.Databases, string(b.Status), b.Engine, b.Image, clean(b.Version), now, now)
	return err
}

// SaveBackup writes what came of a backup: all fields but its ids, by uuid.
func (db *DB) SaveBackup(ctx context.Context, b core.Backup) error {
	return db.inTx(ctx, "store backup", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		return must(ctx, s, backupNoun,
			`UPDATE scheduled_database_backup_executions SET database_names = $1, filename = $2, size = $3, sha256 = $4, status = $5, message = $6,
				is_local = $7, is_remote = $8, engine = $9, image = $10, version = $11, finished_at = $12, updated_at = $13
			WHERE uuid = $14 AND team_id = $15`,
			clean(b.Databases), clean(b.Filename), b.Size, b.SHA256, string(b.Status), clean(b.Message),
			b.Local, b.Remote, b.Engine, b.Image, clean(b.Version), micro(b.FinishedAt), now, string(b.UUID), b.TeamID)
	})
}

// GetBackup reads a backup, of a deleted database too.
func (db *DB) GetBackup(ctx context.Context, team int64, id core.ID) (core.Backup, error) {
	return getOne(ctx, db, backupNoun, scanBackup, selectBackup+`WHERE b.uuid = $1 AND b.team_id = $2`, string(id), team)
}

const (
	backupsOfDatabase = selectBackup + `WHERE b.database_id = $1 AND b.team_id = $2 ` + newestBackups
	backupsOfSchedule = selectBackup + `WHERE b.scheduled_database_backup_id = $1 AND b.team_id = $2 AND b.database_id = $3 ` + newestBackups
)

// ListBackups returns the backups of one database, deleted or not, newest first; only
// those of one schedule unless that is 0.
func (db *DB) ListBackups(ctx context.Context, team, database, schedule int64) ([]core.Backup, error) {
	ours, err := exists(ctx, db.view(), `SELECT 1 FROM databases WHERE id = $1 AND team_id = $2`, database, team)
	if err == nil && !ours {
		err = core.NotFound("Database")
	}
	if err != nil {
		return nil, explain("list backups", err)
	}
	if schedule != 0 {
		return getList(ctx, db, "backups", scanBackup, backupsOfSchedule, schedule, team, database)
	}
	return getList(ctx, db, "backups", scanBackup, backupsOfDatabase, database, team)
}

// DeleteBackup removes the record of a backup; its file and its object are others' care.
func (db *DB) DeleteBackup(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "delete backup", func(s *session) error {
		return must(ctx, s, backupNoun, `DELETE FROM scheduled_database_backup_executions WHERE uuid = $1 AND team_id = $2`, string(id), team)
	})
}
