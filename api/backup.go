package api

// BackupSchedule says when a database is dumped, what of it, and what is kept.
type BackupSchedule struct {
	ID                int64   `json:"id"`
	UUID              string  `json:"uuid"`
	Description       *string `json:"description"`
	DatabaseID        int64   `json:"database_id"`
	DatabaseUUID      string  `json:"database_uuid"`
	DatabasesToBackup *string `json:"databases_to_backup" doc:"Comma-separated names; null: the one of the database's settings."`
	DisableLocal      bool    `json:"disable_local_backup" doc:"Keep dumps in S3 only."`
	DumpAll           bool    `json:"dump_all" doc:"All databases of the server."`
	Enabled           bool    `json:"enabled"`
	Frequency         string  `json:"frequency" doc:"Five cron fields, or daily and the like; in UTC."`
	NextRunAt         Time    `json:"next_run_at"`
	SaveS3            bool    `json:"save_s3"`
	S3StorageID       *int64  `json:"s3_storage_id"`
	S3StorageUUID     *string `json:"s3_storage_uuid"`
	TeamID            int64   `json:"team_id"`
	Timeout           int     `json:"timeout" doc:"Seconds."`
	Retention
	CreatedAt Time `json:"created_at"`
	UpdatedAt Time `json:"updated_at"`
}

// Retention says which dumps stay; 0 means without limit.
type Retention struct {
	AmountLocally     int     `json:"database_backup_retention_amount_locally" doc:"The newest ones."`
	DaysLocally       int     `json:"database_backup_retention_days_locally" doc:"Those not older."`
	MaxStorageLocally float64 `json:"database_backup_retention_max_storage_locally" doc:"GB in all."`
	AmountS3          int     `json:"database_backup_retention_amount_s3"`
	DaysS3            int     `json:"database_backup_retention_days_s3"`
	MaxStorageS3      float64 `json:"database_backup_retention_max_storage_s3"`
}

// BackupCreate makes a schedule.
type BackupCreate struct {
	Frequency string `json:"frequency" rule:"required" doc:"Five cron fields, or daily and the like; in UTC."`
	BackupSettings
	RetentionSettings
}

// BackupUpdate changes a schedule; nil fields stay as they are.
type BackupUpdate struct {
	Frequency *string `json:"frequency,omitempty" doc:"Five cron fields, or daily and the like; in UTC."`
	BackupSettings
	RetentionSettings
}

// BackupSettings are what can be set of a schedule.
type BackupSettings struct {
	Description       *string `json:"description,omitempty"`
	Enabled           *bool   `json:"enabled,omitempty" doc:"Default true."`
	DatabasesToBackup *string `json:"databases_to_backup,omitempty" doc:"Comma-separated names; empty: the one of the database's settings."`
	DumpAll           *bool   `json:"dump_all,omitempty" doc:"All databases of the server."`
	SaveS3            *bool   `json:"save_s3,omitempty"`
	S3StorageUUID     *string `json:"s3_storage_uuid,omitempty" doc:"Needed with save_s3."`
	DisableLocal      *bool   `json:"disable_local_backup,omitempty" doc:"Keep dumps in S3 only."`
	Timeout           *int    `json:"timeout,omitempty" rule:"min=60,max=36000" doc:"Seconds. Default 3600."`
	BackupNow         bool    `json:"backup_now,omitempty" doc:"Dump once at once, too."`
}

// RetentionSettings change which dumps stay.
type RetentionSettings struct {
	AmountLocally     *int     `json:"database_backup_retention_amount_locally,omitempty" rule:"min=0" doc:"The newest ones; 0: no limit."`
	DaysLocally       *int     `json:"database_backup_retention_days_locally,omitempty" rule:"min=0"`
	MaxStorageLocally *float64 `json:"database_backup_retention_max_storage_locally,omitempty" rule:"min=0" doc:"GB in all."`
	AmountS3          *int     `json:"database_backup_retention_amount_s3,omitempty" rule:"min=0"`
	DaysS3            *int     `json:"database_backup_retention_days_s3,omitempty" rule:"min=0"`
	MaxStorageS3      *float64 `json:"database_backup_retention_max_storage_s3,omitempty" rule:"min=0" doc:"GB in all."`
}

// BackupSaved is the reply to making or changing a schedule.
type BackupSaved struct {
	UUID           string   `json:"uuid"`
	Message        string   `json:"message"`
	Warnings       []string `json:"warnings,omitempty"`
	ExecutionUUID  string   `json:"execution_uuid,omitempty" doc:"With backup_now."`
	DeploymentUUID string   `json:"deployment_uuid,omitempty" doc:"With backup_now: it has the log."`
}

// Execution is one dump: what came of a backup.
type Execution struct {
	UUID           string  `json:"uuid"`
	BackupUUID     *string `json:"backup_uuid" doc:"The schedule that took it; null: taken on demand, before a change, or by one that is gone."`
	Databases      *string `json:"database_name" doc:"What was dumped."`
	DatabaseType   string  `json:"database_type" doc:"The engine, as it was then."`
	DeploymentUUID *string `json:"deployment_uuid" doc:"It has the log."`
	Filename       *string `json:"filename" doc:"Absolute path on the server."`
	Image          string  `json:"image"`
	IsLocal        bool    `json:"is_local" doc:"The file is on the server."`
	IsS3           bool    `json:"s3_uploaded" doc:"A copy is in S3."`
	Message        *string `json:"message" doc:"Why it failed."`
	S3StorageUUID  *string `json:"s3_storage_uuid"`
	SHA256         *string `json:"sha256"`
	Size           int64   `json:"size" doc:"Bytes."`
	Status         string  `json:"status" rule:"enum=running|success|failed"`
	Version        *string `json:"version"`
	CreatedAt      Time    `json:"created_at"`
	FinishedAt     Time    `json:"finished_at"`
}

// Executions are the dumps of a schedule, newest first.
type Executions struct {
	Executions []Execution `json:"executions"`
}

// BackupRunRequest is the optional body of POST /databases/{uuid}/backups/run.
type BackupRunRequest struct {
	DatabasesToBackup string `json:"databases_to_backup,omitempty" doc:"Comma-separated names; empty: the one of the database's settings."`
	S3StorageUUID     string `json:"s3_storage_uuid,omitempty" doc:"Upload it there, too."`
	Note              string `json:"note,omitempty" rule:"max=1000" doc:"Why."`
}

// BackupStarted is the reply to asking for one dump.
type BackupStarted struct {
	Message        string `json:"message"`
	ExecutionUUID  string `json:"execution_uuid"`
	DeploymentUUID string `json:"deployment_uuid" doc:"It has the log."`
}

// RestoreRequest is the optional body of …/executions/{execution}/restore. The new database
// is like the one that was dumped, in the same place, but without ports to the outside.
type RestoreRequest struct {
	Name        string `json:"name,omitempty" rule:"max=255"`
	Description string `json:"description,omitempty"`
	Note        string `json:"note,omitempty" rule:"max=1000" doc:"Why."`
}

// Restored is the reply to reading a dump back into a new database.
type Restored struct {
	Message        string   `json:"message"`
	Warnings       []string `json:"warnings,omitempty"`
	UUID           string   `json:"uuid" doc:"Of the new database."`
	DeploymentUUID string   `json:"deployment_uuid"`
}

// DeleteBackupOptions say what goes with a schedule or a dump. They travel in the query.
type DeleteBackupOptions struct {
	DeleteS3 bool `json:"delete_s3,omitempty" doc:"Of a dump: its copy in S3 too. Of a schedule: all its dumps, here and there. Default false."`
}
