package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

// storageColumns tell the kind of the owner by which of its columns is set.
const storageColumns = `v.id, v.uuid, v.team_id,
	CASE WHEN v.application_id IS NOT NULL THEN 'application' WHEN v.service_id IS NOT NULL THEN 'service' ELSE 'database' END,
	COALESCE(v.application_id, v.service_id, v.database_id), v.is_file, v.name, v.mount_path, v.host_path, v.content,
	v.is_directory, v.fs_path, v.chmod, v.is_read_only, v.created_at, v.updated_at`

const storageNoun = "Storage"

func (db *DB) scanStorage(r row) (core.Storage, error) {
	var (
		v      core.Storage
		team   int64
		sealed []byte
	)
	err := r.Scan(&v.RowID, &v.UUID, &team, &v.Owner.Kind, &v.Owner.RowID, &v.IsFile, &v.Name, &v.MountPath, &v.HostPath, &sealed,
		&v.IsDirectory, &v.FsPath, &v.Chmod, &v.IsReadOnly, stamp{&v.CreatedAt}, stamp{&v.UpdatedAt})
	if err != nil {
		return v, err
	}
	v.Content, err = db.unseal(team, "storages", v.UUID, "content", sealed)
	return v, err
}

func mountTaken(err error, at string) error {
	if isTaken(err) {
		return &core.Error{Op: "store storage", Code: core.CodeConflict, Err: err,
			Msg: "There is a storage at " + at + " already. Choose another mount path, or change that one."}
	}
	return err
}

// ListStorages returns the storages of a resource with their contents.
func (db *DB) ListStorages(ctx context.Context, team int64, o core.Owner) ([]core.Storage, error) {
	s := db.view()
	if _, err := ownerOf(ctx, s, team, o); err != nil {
		return nil, explain("list storages", err)
	}
	all, err := db.listStorages(ctx, s, team, o)
	return all, explain("list storages", err)
}

func (db *DB) listStorages(ctx context.Context, s *session, team int64, o core.Owner) ([]core.Storage, error) {
	k, err := kindOf(o.Kind)
	if err != nil {
		return nil, err
	}
	return list(ctx, s, db.scanStorage,
		k.fill(`SELECT `+storageColumns+` FROM storages v WHERE v.{owner} = $1 AND v.team_id = $2 ORDER BY v.id`), o.RowID, team)
}

// CreateStorage adds a storage. CodeConflict when the owner has something at its mount
// path already.
func (db *DB) CreateStorage(ctx context.Context, team int64, v core.Storage) (core.Storage, error) {
	v.UUID = orNew(v.UUID)
	return db.changeStorage(ctx, "create storage", team, v, func(s *session, k kind, now int64, content any) error {
		_, err := s.exec(ctx,
			k.fill(`INSERT INTO storages (uuid, team_id, {owner}, is_file, name, mount_path, host_path, content, is_directory, fs_path, chmod,
				is_read_only, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`),
			string(v.UUID), team, v.Owner.RowID, v.IsFile, v.Name, v.MountPath, v.HostPath, content, v.IsDirectory, v.FsPath, v.Chmod,
			v.IsReadOnly, now, now)
		return err
	})
}

// UpdateStorage writes everything of the storage with v's owner and uuid. CodeConflict
// as for CreateStorage.
func (db *DB) UpdateStorage(ctx context.Context, team int64, v core.Storage) (core.Storage, error) {
	return db.changeStorage(ctx, "update storage", team, v, func(s *session, k kind, now int64, content any) error {
		return must(ctx, s, storageNoun,
			k.fill(`UPDATE storages SET is_file = $1, name = $2, mount_path = $3, host_path = $4, content = $5, is_directory = $6, fs_path = $7,
				chmod = $8, is_read_only = $9, updated_at = $10 WHERE uuid = $11 AND {owner} = $12 AND team_id = $13`),
			v.IsFile, v.Name, v.MountPath, v.HostPath, content, v.IsDirectory, v.FsPath,
			v.Chmod, v.IsReadOnly, now, string(v.UUID), v.Owner.RowID, team)
	})
}

// changeStorage runs change for a storage of a resource of the team and reads it back.
func (db *DB) changeStorage(ctx context.Context, what string, team int64, v core.Storage,
	change func(s *session, k kind, now int64, content any) error) (core.Storage, error) {
	var changed core.Storage
	err := db.inTx(ctx, what, func(s *session) error {
		k, err := ownerOf(ctx, s, team, v.Owner)
		if err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		content, err := db.seal(team, "storages", v.UUID, "content", v.Content)
		if err != nil {
			return err
		}
		if err := change(s, k, now, content); err != nil {
			return mountTaken(err, v.MountPath)
		}
		changed, err = one(ctx, s, db.scanStorage, `SELECT `+storageColumns+` FROM storages v WHERE v.uuid = $1`, string(v.UUID))
		return err
	})
	return changed, err
}

// DeleteStorage removes a storage of a resource. What it held on the server stays there.
func (db *DB) DeleteStorage(ctx context.Context, team int64, o core.Owner, id core.ID) error {
	return db.inTx(ctx, "delete storage", func(s *session) error {
		k, err := ownerOf(ctx, s, team, o)
		if err != nil {
			return err
		}
		return must(ctx, s, storageNoun, k.fill(`DELETE FROM storages WHERE uuid = $1 AND {owner} = $2 AND team_id = $3`), string(id), o.RowID, team)
	})
}
