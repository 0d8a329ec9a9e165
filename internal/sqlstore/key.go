package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

const keyColumns = `id, uuid, team_id, name, description, private_key, public_key, fingerprint, is_git_related, created_at, updated_at`

func (db *DB) scanKey(r row) (core.PrivateKey, error) {
	var (
		k      core.PrivateKey
		sealed []byte
	)
	err := r.Scan(&k.RowID, &k.UUID, &k.TeamID, &k.Name, &k.Description, &sealed, &k.PublicKey, &k.Fingerprint,
		&k.IsGitRelated, stamp{&k.CreatedAt}, stamp{&k.UpdatedAt})
	if err != nil {
		return k, err
	}
	k.PrivateKey, err = db.unseal(k.TeamID, "private_keys", k.UUID, "private_key", sealed)
	return k, err
}

func keyTaken(err error) error {
	if isTaken(err) {
		return &core.Error{Op: "store private key", Code: core.CodeConflict, Msg: "Private key already exists.", Err: err}
	}
	return err
}

// CreateKey stores a key. CodeConflict when the team has one with this fingerprint.
func (db *DB) CreateKey(ctx context.Context, k core.PrivateKey) (core.PrivateKey, error) {
	k.UUID = orNew(k.UUID)
	var made core.PrivateKey
	err := db.inTx(ctx, "create private key", func(s *session) error {
		sealed, err := db.seal(k.TeamID, "private_keys", k.UUID, "private_key", k.PrivateKey)
		if err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		made, err = one(ctx, s, db.scanKey,
			`INSERT INTO private_keys (uuid, team_id, name, description, private_key, public_key, fingerprint, is_git_related, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING `+keyColumns,
			string(k.UUID), k.TeamID, k.Name, k.Description, sealed, k.PublicKey, k.Fingerprint, k.IsGitRelated, now, now)
		return keyTaken(err)
	})
	return made, err
}

// GetKey reads a key with its secret part.
func (db *DB) GetKey(ctx context.Context, team int64, id core.ID) (core.PrivateKey, error) {
	return getOne(ctx, db, "Private Key", db.scanKey, `SELECT `+keyColumns+` FROM private_keys WHERE uuid = $1 AND team_id = $2`, string(id), team)
}

// GetKeyByRow is GetKey for a row id, as servers refer to keys.
func (db *DB) GetKeyByRow(ctx context.Context, team, row int64) (core.PrivateKey, error) {
	return getOne(ctx, db, "Private Key", db.scanKey, `SELECT `+keyColumns+` FROM private_keys WHERE id = $1 AND team_id = $2`, row, team)
}

// ListKeys returns the keys of a team with their secret parts.
func (db *DB) ListKeys(ctx context.Context, team int64) ([]core.PrivateKey, error) {
	return getList(ctx, db, "private keys", db.scanKey, `SELECT `+keyColumns+` FROM private_keys WHERE team_id = $1 ORDER BY id`, team)
}

// UpdateKey writes everything of a key but its uuid, by which it is found.
func (db *DB) UpdateKey(ctx context.Context, k core.PrivateKey) error {
	return db.inTx(ctx, "update private key", func(s *session) error {
		sealed, err := db.seal(k.TeamID, "private_keys", k.UUID, "private_key", k.PrivateKey)
		if err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		return keyTaken(must(ctx, s, "Private Key",
			`UPDATE private_keys SET name = $1, description = $2, private_key = $3, public_key = $4, fingerprint = $5, is_git_related = $6, updated_at = $7
			WHERE uuid = $8 AND team_id = $9`,
			k.Name, k.Description, sealed, k.PublicKey, k.Fingerprint, k.IsGitRelated, now, string(k.UUID), k.TeamID))
	})
}

// checkKey refuses a key that the team does not have.
func checkKey(ctx context.Context, s *session, team, row int64) error {
	if row == 0 {
		return nil
	}
	ours, err := exists(ctx, s, `SELECT 1 FROM private_keys WHERE id = $1 AND team_id = $2`, row, team)
	if err == nil && !ours {
		return core.NotFound("Private Key")
	}
	return err
}

// DeleteKey removes a key. CodeInvalid while a server, a GitHub App or an application
// uses it that is not deleted.
func (db *DB) DeleteKey(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "delete private key", func(s *session) error {
		row, err := one(ctx, s, scanValue[int64], `SELECT id FROM private_keys WHERE uuid = $1 AND team_id = $2`, string(id), team)
		if err != nil {
			return missing("Private Key", err)
		}
		if _, err := s.exec(ctx, `UPDATE applications SET private_key_id = NULL WHERE private_key_id = $1 AND deleted_at IS NOT NULL`, row); err != nil {
			return err
		}
		err = must(ctx, s, "Private Key", `DELETE FROM private_keys WHERE id = $1`, row)
		if isReferenced(err) {
			return &core.Error{Op: "delete private key", Code: core.CodeInvalid, Err: err,
				Msg: "Private Key is in use and cannot be deleted. Give the servers, applications and GitHub Apps that use it another key first."}
		}
		return err
	})
}
