package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/taffrail/taffrail/internal/core"
)

// envColumns tell the kind of a variable's owner by which of its columns is set.
const envColumns = `v.id, v.uuid, v.team_id,
	CASE WHEN v.application_id IS NOT NULL THEN 'application' WHEN v.service_id IS NOT NULL THEN 'service' ELSE 'database' END,
	COALESCE(v.application_id, v.service_id, v.database_id), v.key, v.value, v.comment,
	v.is_literal, v.is_multiline, v.is_shown_once, v.is_preview, v.is_runtime, v.is_buildtime, v.is_required, v.is_generated,
	v.version, v.created_at, v.updated_at`

func (db *DB) scanEnv(r row) (core.EnvVar, error) {
	var (
		e      core.EnvVar
		team   int64
		sealed []byte
	)
	err := r.Scan(&e.RowID, &e.UUID, &team, &e.Owner.Kind, &e.Owner.RowID, &e.Key, &sealed, &e.Comment,
		&e.IsLiteral, &e.IsMultiline, &e.IsShownOnce, &e.IsPreview, &e.IsRuntime, &e.IsBuildtime, &e.IsRequired, &e.IsGenerated,
		&e.Version, stamp{&e.CreatedAt}, stamp{&e.UpdatedAt})
	if err != nil {
		return e, err
	}
	e.Value, err = db.unseal(team, "environment_variables", e.UUID, "value", sealed)
	return e, err
}

// ownerOf checks that the owner is the team's and not deleted.
func ownerOf(ctx context.Context, s *session, team int64, o core.Owner) (kind, error) {
	k, err := kindOf(o.Kind)
	if err != nil {
		return k, err
	}
	ours, err := exists(ctx, s, `SELECT 1 FROM `+k.resources+` WHERE id = $1 AND team_id = $2 AND deleted_at IS NULL`, o.RowID, team)
	if err == nil && !ours {
		return k, core.NotFound(o.Kind.Title())
	}
	return k, err
}

// ListEnvs returns the variables of a resource with their values.
func (db *DB) ListEnvs(ctx context.Context, team int64, o core.Owner) ([]core.EnvVar, error) {
	s := db.view()
	if _, err := ownerOf(ctx, s, team, o); err != nil {
		return nil, explain("list variables", err)
	}
	envs, err := db.listEnvs(ctx, s, team, o)
	return envs, explain("list variables", err)
}

func (db *DB) listEnvs(ctx context.Context, s *session, team int64, o core.Owner) ([]core.EnvVar, error) {
	k, err := kindOf(o.Kind)
	if err != nil {
		return nil, err
	}
	return list(ctx, s, db.scanEnv,
		k.fill(`SELECT `+envColumns+` FROM environment_variables v WHERE v.{owner} = $1 AND v.team_id = $2 ORDER BY v.id`), o.RowID, team)
}

// CreateEnv adds a variable. CodeConflict when the owner has the key already (per
// preview flag).
func (db *DB) CreateEnv(ctx context.Context, team int64, e core.EnvVar) (core.EnvVar, error) {
	return db.changeEnv(ctx, "create variable", team, e, func(s *session, k kind, now int64) error {
		err := db.insertEnv(ctx, s, k, now, team, e)
		if isTaken(err) {
			return &core.Error{Op: "create variable", Code: core.CodeConflict, Err: err,
				Msg: "Environment variable already exists. Use PATCH request to update it."}
		}
		return err
	})
}

// UpdateEnv writes the variable with e's owner, key and preview flag, whatever its ids.
func (db *DB) UpdateEnv(ctx context.Context, team int64, e core.EnvVar) (core.EnvVar, error) {
	return db.changeEnv(ctx, "update variable", team, e, func(s *session, k kind, now int64) error {
		found, err := db.updateEnv(ctx, s, k, now, team, e)
		if err == nil && !found {
			return core.NotFound("Environment variable")
		}
		return err
	})
}

// changeEnv runs change for a variable of a resource of the team and reads it back.
func (db *DB) changeEnv(ctx context.Context, what string, team int64, e core.EnvVar, change func(s *session, k kind, now int64) error) (core.EnvVar, error) {
	var changed core.EnvVar
	err := db.inTx(ctx, what, func(s *session) error {
		k, err := ownerOf(ctx, s, team, e.Owner)
		if err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		if err := change(s, k, now); err != nil {
			return err
		}
		changed, err = db.readEnv(ctx, s, k, e)
		return err
	})
	return changed, err
}

func (db *DB) readEnv(ctx context.Context, s *session, k kind, e core.EnvVar) (core.EnvVar, error) {
	return one(ctx, s, db.scanEnv, k.fill(`SELECT `+envColumns+` FROM environment_variables v WHERE v.{owner} = $1 AND v.key = $2 AND v.is_preview = $3`),
		e.Owner.RowID, e.Key, e.IsPreview)
}

// UpsertEnvs creates or updates all variables given, or none, and returns them as they
// are then, in the order given.
func (db *DB) UpsertEnvs(ctx context.Context, team int64, o core.Owner, envs []core.EnvVar) ([]core.EnvVar, error) {
	var all []core.EnvVar
	err := db.inTx(ctx, "write variables", func(s *session) error {
		all = []core.EnvVar{}
		k, err := ownerOf(ctx, s, team, o)
		if err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		for _, e := range envs {
			e.Owner = o
			stored, err := db.upsertEnv(ctx, s, k, now, team, e)
			if err != nil {
				return err
			}
			all = append(all, stored)
		}
		return nil
	})
	return all, err
}

func (db *DB) upsertEnv(ctx context.Context, s *session, k kind, now, team int64, e core.EnvVar) (core.EnvVar, error) {
	found, err := db.updateEnv(ctx, s, k, now, team, e)
	if err == nil && !found {
		err = db.insertEnv(ctx, s, k, now, team, e)
	}
	if err != nil {
		return e, err
	}
	return db.readEnv(ctx, s, k, e)
}

// DeleteEnv removes a variable of a resource.
func (db *DB) DeleteEnv(ctx context.Context, team int64, o core.Owner, id core.ID) error {
	return db.inTx(ctx, "delete variable", func(s *session) error {
		k, err := ownerOf(ctx, s, team, o)
		if err != nil {
			return err
		}
		return must(ctx, s, "Environment variable",
			k.fill(`DELETE FROM environment_variables WHERE uuid = $1 AND {owner} = $2 AND team_id = $3`), string(id), o.RowID, team)
	})
}

// AddEnvs adds those variables whose keys the owner does not have yet, per preview flag,
// and returns all that it has then.
func (db *DB) AddEnvs(ctx context.Context, team int64, o core.Owner, envs []core.EnvVar) ([]core.EnvVar, error) {
	var all []core.EnvVar
	add := func() error {
		return db.inTx(ctx, "add variables", func(s *session) error {
			if _, err := ownerOf(ctx, s, team, o); err != nil {
				return err
			}
			now, err := db.engine.now(ctx, s)
			if err != nil {
				return err
			}
			if err := db.addEnvs(ctx, s, now, team, o, envs); err != nil {
				return err
			}
			all, err = db.listEnvs(ctx, s, team, o)
			return err
		})
	}
	err := add()
	if isTaken(err) { // by another deployment at the same moment: now it is there
		err = add()
	}
	return all, err
}

// addEnvs inserts those variables whose keys the owner does not have yet.
func (db *DB) addEnvs(ctx context.Context, s *session, now, team int64, o core.Owner, envs []core.EnvVar) error {
	k, err := kindOf(o.Kind)
	if err != nil {
		return err
	}
	for _, e := range envs {
		e.Owner = o
		_, err := db.readEnv(ctx, s, k, e)
		if errors.Is(err, sql.ErrNoRows) {
			err = db.insertEnv(ctx, s, k, now, team, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) insertEnv(ctx context.Context, s *session, k kind, now, team int64, e core.EnvVar) error {
	e.UUID = orNew(e.UUID)
	sealed, err := db.seal(team, "environment_variables", e.UUID, "value", e.Value)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx,
		k.fill(`INSERT INTO environment_variables (uuid, team_id, {owner}, key, value, comment, is_literal, is_multiline, is_shown_once, is_preview,
			is_runtime, is_buildtime, is_required, is_generated, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`),
		string(e.UUID), team, e.Owner.RowID, e.Key, sealed, e.Comment, e.IsLiteral, e.IsMultiline, e.IsShownOnce, e.IsPreview,
		e.IsRuntime, e.IsBuildtime, e.IsRequired, e.IsGenerated, e.Version, now, now)
	return err
}

// updateEnv writes the row with e's owner, key and preview flag, and says whether there
// is one. It reads the uuid first, to which the value is sealed.
func (db *DB) updateEnv(ctx context.Context, s *session, k kind, now, team int64, e core.EnvVar) (bool, error) {
	id, err := one(ctx, s, scanValue[core.ID], k.fill(`SELECT uuid FROM environment_variables WHERE {owner} = $1 AND key = $2 AND is_preview = $3`),
		e.Owner.RowID, e.Key, e.IsPreview)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	sealed, err := db.seal(team, "environment_variables", id, "value", e.Value)
	if err != nil {
		return false, err
	}
	n, err := s.exec(ctx,
		`UPDATE environment_variables SET value = $1, comment = $2, is_literal = $3, is_multiline = $4, is_shown_once = $5, is_runtime = $6,
			is_buildtime = $7, is_required = $8, is_generated = $9, version = $10, updated_at = $11 WHERE uuid = $12`,
		sealed, e.Comment, e.IsLiteral, e.IsMultiline, e.IsShownOnce, e.IsRuntime,
		e.IsBuildtime, e.IsRequired, e.IsGenerated, e.Version, now, string(id))
	return n == 1, err
}
