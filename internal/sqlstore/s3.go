package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

const s3Columns = `id, uuid, team_id, name, description, endpoint, region, bucket, path, access_key, secret_key, is_usable, created_at, updated_at`

const s3Noun = "S3 storage"

func (db *DB) scanS3(r row) (core.S3Storage, error) {
	var (
		v              core.S3Storage
		access, secret []byte
	)
	err := r.Scan(&v.RowID, &v.UUID, &v.TeamID, &v.Name, &v.Description, &v.Endpoint, &v.Region, &v.Bucket, &v.Path, &access, &secret,
		&v.IsUsable, stamp{&v.CreatedAt}, stamp{&v.UpdatedAt})
	if err != nil {
		return v, err
	}
	if v.AccessKey, err = db.unseal(v.TeamID, "s3_storages", v.UUID, "access_key", access); err != nil {
		return v, err
	}
	v.SecretKey, err = db.unseal(v.TeamID, "s3_storages", v.UUID, "secret_key", secret)
	return v, err
}

// sealKeys are the two keys of a bucket as they are stored.
func (db *DB) sealKeys(v core.S3Storage) (access, secret any, err error) {
	if access, err = db.seal(v.TeamID, "s3_storages", v.UUID, "access_key", v.AccessKey); err != nil {
		return nil, nil, err
	}
	secret, err = db.seal(v.TeamID, "s3_storages", v.UUID, "secret_key", v.SecretKey)
	return access, secret, err
}

// CreateS3Storage stores a bucket.
func (db *DB) CreateS3Storage(ctx context.Context, v core.S3Storage) (core.S3Storage, error) {
	v.UUID = orNew(v.UUID)
	var made core.S3Storage
	err := db.inTx(ctx, "create S3 storage", func(s *session) error {
		access, secret, err := db.sealKeys(v)
		if err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		made, err = one(ctx, s, db.scanS3,
			`INSERT INTO s3_storages (uuid, team_id, name, description, endpoint, region, bucket, path, access_key, secret_key, is_usable, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING `+s3Columns,
			string(v.UUID), v.TeamID, v.Name, v.Description, v.Endpoint, v.Region, v.Bucket, v.Path, access, secret, v.IsUsable, now, now)
		return err
	})
	return made, err
}

// GetS3Storage reads a bucket with its keys.
func (db *DB) GetS3Storage(ctx context.Context, team int64, id core.ID) (core.S3Storage, error) {
	return getOne(ctx, db, s3Noun, db.scanS3, `SELECT `+s3Columns+` FROM s3_storages WHERE uuid = $1 AND team_id = $2`, string(id), team)
}

// ListS3Storages returns the buckets of a team with their keys.
func (db *DB) ListS3Storages(ctx context.Context, team int64) ([]core.S3Storage, error) {
	return getList(ctx, db, "S3 storages", db.scanS3, `SELECT `+s3Columns+` FROM s3_storages WHERE team_id = $1 ORDER BY id`, team)
}

// UpdateS3Storage writes everything of a bucket but its uuid, by which it is found.
func (db *DB) UpdateS3Storage(ctx context.Context, v core.S3Storage) error {
	return db.inTx(ctx, "update S3 storage", func(s *session) error {
		access, secret, err := db.sealKeys(v)
		if err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		return must(ctx, s, s3Noun,
			`UPDATE s3_storages SET name = $1, description = $2, endpoint = $3, region = $4, bucket = $5, path = $6, access_key = $7, secret_key = $8,
				is_usable = $9, updated_at = $10 WHERE uuid = $11 AND team_id = $12`,
			v.Name, v.Description, v.Endpoint, v.Region, v.Bucket, v.Path, access, secret, v.IsUsable, now, string(v.UUID), v.TeamID)
	})
}

// DeleteS3Storage removes a bucket from what Taffrail knows; nothing happens to what is
// in it. CodeBadRequest while a schedule uses it or a backup lies or is to lie in it.
func (db *DB) DeleteS3Storage(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "delete S3 storage", func(s *session) error {
		row, err := one(ctx, s, scanValue[int64], `SELECT id FROM s3_storages WHERE uuid = $1 AND team_id = $2`, string(id), team)
		if err != nil {
			return missing(s3Noun, err)
		}
		for _, letGo := range []string{
			// Schedules of deleted databases never run again.
			`UPDATE scheduled_database_backups SET s3_storage_id = NULL WHERE s3_storage_id = $1
				AND database_id IN (SELECT id FROM databases WHERE deleted_at IS NOT NULL)`,
			// Backups that have no object there and will not get one.
			`UPDATE scheduled_database_backup_executions SET s3_storage_id = NULL WHERE s3_storage_id = $1 AND NOT is_remote
				AND NOT EXISTS (SELECT 1 FROM database_deployment_queues d WHERE d.deployment_uuid = scheduled_database_backup_executions.deployment_uuid AND ` + active + `)`,
		} {
			if _, err := s.exec(ctx, letGo, row); err != nil {
				return err
			}
		}
		err = must(ctx, s, s3Noun, `DELETE FROM s3_storages WHERE id = $1`, row)
		if isReferenced(err) {
			return &core.Error{Op: "delete S3 storage", Code: core.CodeBadRequest, Err: err,
				Msg: "S3 storage is used by backups or by their schedules, so it cannot be deleted. Delete those, or give the schedules another one."}
		}
		return err
	})
}
