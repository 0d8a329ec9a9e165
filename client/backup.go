package client

import (
	"context"
	"net/url"
	"strconv"

	"github.com/taffrail/taffrail/api"
)

// ListBackups lists when a database is dumped.
func (c *Client) ListBackups(ctx context.Context, database string) ([]api.BackupSchedule, error) {
	return get[[]api.BackupSchedule](ctx, c, Databases.path(database, "backups"), nil)
}

// GetBackup gets one schedule.
func (c *Client) GetBackup(ctx context.Context, database, backup string) (api.BackupSchedule, error) {
	return get[api.BackupSchedule](ctx, c, Databases.path(database, "backups", backup), nil)
}

// CreateBackup makes a schedule.
func (c *Client) CreateBackup(ctx context.Context, database string, r api.BackupCreate) (api.BackupSaved, error) {
	return post[api.BackupSaved](ctx, c, Databases.path(database, "backups"), r)
}

// UpdateBackup changes a schedule; nil fields stay as they are.
func (c *Client) UpdateBackup(ctx context.Context, database, backup string, r api.BackupUpdate) (api.BackupSaved, error) {
	return patch[api.BackupSaved](ctx, c, Databases.path(database, "backups", backup), r)
}

// DeleteBackup removes a schedule. Its dumps stay unless o says that they go with it.
func (c *Client) DeleteBackup(ctx context.Context, database, backup string, o api.DeleteBackupOptions) (api.Message, error) {
	return remove[api.Message](ctx, c, Databases.path(database, "backups", backup), deletion(o))
}

// RunBackup dumps a database once. The deployment that the reply names has the log.
func (c *Client) RunBackup(ctx context.Context, database string, r api.BackupRunRequest) (api.BackupStarted, error) {
	return post[api.BackupStarted](ctx, c, Databases.path(database, "backups", "run"), r)
}

// ListExecutions lists the dumps of a schedule, newest first; with an empty backup all of
// the database, those on demand too.
func (c *Client) ListExecutions(ctx context.Context, database, backup string) (api.Executions, error) {
	return get[api.Executions](ctx, c, executions(database, backup), nil)
}

// GetExecution gets one dump. backup may be empty here, too.
func (c *Client) GetExecution(ctx context.Context, database, backup, execution string) (api.Execution, error) {
	return get[api.Execution](ctx, c, executions(database, backup)+"/"+esc(execution), nil)
}

// DeleteExecution removes a dump; its copy in S3 only if o says so.
func (c *Client) DeleteExecution(ctx context.Context, database, backup, execution string, o api.DeleteBackupOptions) (api.Message, error) {
	return remove[api.Message](ctx, c, executions(database, backup)+"/"+esc(execution), deletion(o))
}

// RestoreExecution reads a dump back into a new database.
func (c *Client) RestoreExecution(ctx context.Context, database, backup, execution string, r api.RestoreRequest) (api.Restored, error) {
	return post[api.Restored](ctx, c, executions(database, backup)+"/"+esc(execution)+"/restore", r)
}

func executions(database, backup string) string {
	if backup == "" {
		return Databases.path(database, "executions")
	}
	return Databases.path(database, "backups", backup, "executions")
}

// ListS3Storages lists the buckets of the team.
func (c *Client) ListS3Storages(ctx context.Context) ([]api.S3Storage, error) {
	return get[[]api.S3Storage](ctx, c, "/s3-storages", nil)
}

// GetS3Storage gets a bucket.
func (c *Client) GetS3Storage(ctx context.Context, uuid string) (api.S3Storage, error) {
	return get[api.S3Storage](ctx, c, "/s3-storages/"+esc(uuid), nil)
}

// CreateS3Storage adds a bucket.
func (c *Client) CreateS3Storage(ctx context.Context, r api.S3StorageCreate) (api.UUID, error) {
	return post[api.UUID](ctx, c, "/s3-storages", r)
}

// UpdateS3Storage changes a bucket; nil fields stay as they are.
func (c *Client) UpdateS3Storage(ctx context.Context, uuid string, r api.S3StorageUpdate) (api.UUID, error) {
	return patch[api.UUID](ctx, c, "/s3-storages/"+esc(uuid), r)
}

// DeleteS3Storage removes a bucket, but nothing in it; CodeBadRequest while backups use it.
func (c *Client) DeleteS3Storage(ctx context.Context, uuid string) (api.Message, error) {
	return remove[api.Message](ctx, c, "/s3-storages/"+esc(uuid), nil)
}

// ValidateS3Storage tries whether a bucket can be written to and read from.
func (c *Client) ValidateS3Storage(ctx context.Context, uuid string) (api.S3Validation, error) {
	return post[api.S3Validation](ctx, c, "/s3-storages/"+esc(uuid)+"/validate", nil)
}

func deletion(o api.DeleteBackupOptions) url.Values {
	return url.Values{"delete_s3": {strconv.FormatBool(o.DeleteS3)}}
}
