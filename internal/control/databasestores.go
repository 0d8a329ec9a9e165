package control

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// DatabaseStore keeps databases; gets and lists leave deleted ones out.
type DatabaseStore interface {
	// CreateDatabase stores d with its first variables and storages. CodeConflict when
	// another database of the server has its public port.
	CreateDatabase(ctx context.Context, d core.Database, envs []core.EnvVar) (core.Database, error)
	GetDatabase(ctx context.Context, team int64, id core.ID) (core.Database, error)
	ListDatabases(ctx context.Context, team int64) ([]core.Database, error)
	// UpdateDatabase writes name, description, image, fields and settings. CodeConflict as above.
	UpdateDatabase(ctx context.Context, d core.Database) error
	// DeleteDatabase is soft: its deployments stay readable.
	DeleteDatabase(ctx context.Context, team int64, id core.ID) error
	// PurgeDatabase removes a database, deleted or not, with all its history.
	PurgeDatabase(ctx context.Context, team int64, id core.ID) error
}

// StorageStore keeps what people mount beyond what a kind brings along.
type StorageStore interface {
	ListStorages(ctx context.Context, team int64, o core.Owner) ([]core.Storage, error)
	// CreateStorage answers CodeConflict when the owner has something at the mount path.
	CreateStorage(ctx context.Context, team int64, s core.Storage) (core.Storage, error)
	UpdateStorage(ctx context.Context, team int64, s core.Storage) (core.Storage, error)
	DeleteStorage(ctx context.Context, team int64, o core.Owner, id core.ID) error
}

// ScheduleStore keeps when databases are dumped.
type ScheduleStore interface {
	CreateBackupSchedule(ctx context.Context, s core.BackupSchedule) (core.BackupSchedule, error)
	// ListBackupSchedules lists those of one database, or of all of the team with 0.
	ListBackupSchedules(ctx context.Context, team, database int64) ([]core.BackupSchedule, error)
	UpdateBackupSchedule(ctx context.Context, s core.BackupSchedule) error
	// DeleteBackupSchedule leaves the backups that it made.
	DeleteBackupSchedule(ctx context.Context, team int64, id core.ID) error
	// ListDueBackups returns the enabled ones of all teams whose time has come, oldest first.
	ListDueBackups(ctx context.Context, now time.Time, limit int) ([]core.BackupSchedule, error)
	// EnqueueScheduledBackup moves s on to next and queues the deployment of b, in one
	// transaction; false when somebody else has moved it on (s.NextRunAt is compared).
	EnqueueScheduledBackup(ctx context.Context, s core.BackupSchedule, next time.Time, d core.Deployment, b core.Backup) (bool, error)
}

// BackupStore keeps backups.
type BackupStore interface {
	// EnqueueBackup stores b and queues d, whose options name it, in one transaction.
	EnqueueBackup(ctx context.Context, d core.Deployment, b core.Backup) (core.Deployment, error)
	GetBackup(ctx context.Context, team int64, id core.ID) (core.Backup, error)
	// ListBackups returns those of one database, newest first; of one schedule unless 0.
	ListBackups(ctx context.Context, team, database, schedule int64) ([]core.Backup, error)
	DeleteBackup(ctx context.Context, team int64, id core.ID) error
	// ListExpiring returns the databases at rest of all teams whose certificate ends before then.
	ListExpiring(ctx context.Context, before time.Time) ([]core.Resting, error)
}

// S3Store keeps buckets for backups.
type S3Store interface {
	CreateS3Storage(ctx context.Context, s core.S3Storage) (core.S3Storage, error)
	GetS3Storage(ctx context.Context, team int64, id core.ID) (core.S3Storage, error)
	ListS3Storages(ctx context.Context, team int64) ([]core.S3Storage, error)
	UpdateS3Storage(ctx context.Context, s core.S3Storage) error
	// DeleteS3Storage answers CodeBadRequest while a schedule or a backup uses it.
	DeleteS3Storage(ctx context.Context, team int64, id core.ID) error
}
