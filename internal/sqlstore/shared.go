package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// sharedScopes says what a shared variable may belong to. ours finds the owner $1 of
// team $2; where finds the variables of the owner $1.
var sharedScopes = []struct {
	name, column, noun, ours, where string
}{
	{"team", "", "Team", `SELECT 1 FROM teams WHERE id = $1 AND id = $2`,
		`v.team_id = $1 AND v.project_id IS NULL AND v.environment_id IS NULL AND v.server_id IS NULL`},
	{"project", "project_id", "Project", `SELECT 1 FROM projects WHERE id = $1 AND team_id = $2`, `v.project_id = $1`},
	{"environment", "environment_id", "Environment",
		`SELECT 1 FROM environments e JOIN projects p ON p.id = e.project_id WHERE e.id = $1 AND p.team_id = $2`, `v.environment_id = $1`},
	{"server", "server_id", "Server", `SELECT 1 FROM servers WHERE id = $1 AND team_id = $2`, `v.server_id = $1`},
}

// sharedOwner is what a shared variable belongs to.
type sharedOwner struct {
	column, where string
	row           int64
}

// sharedOwnerOf checks that the owner is the team's.
func sharedOwnerOf(ctx context.Context, s *session, team int64, scope string, row int64) (sharedOwner, error) {
	for _, c := range sharedScopes {
		if c.name != scope {
			continue
		}
		ours, err := exists(ctx, s, c.ours, row, team)
		if err == nil && !ours {
			err = core.NotFound(c.noun)
		}
		return sharedOwner{c.column, c.where, row}, err
	}
	return sharedOwner{}, core.Errorf(core.CodeBadRequest, "Variables are shared in a team, project, environment or server, not in %q.", scope)
}

const (
	selectShared = `SELECT v.id, v.uuid, v.team_id, v.key, ` + sharedRest
	sharedRest   = `v.value, v.comment, v.is_literal, v.is_multiline, v.is_shown_once, v.version, v.created_at, v.updated_at FROM shared_variables v `

	// sharedOfApplication are those that an application of team $1 in environment $2 and
	// on server $3 may use, named as it names them.
	sharedOfApplication = `SELECT v.id, v.uuid, v.team_id, CASE WHEN v.project_id IS NOT NULL THEN 'project.' WHEN v.environment_id IS NOT NULL THEN 'environment.'
			WHEN v.server_id IS NOT NULL THEN 'server.' ELSE 'team.' END || v.key, ` + sharedRest + `WHERE v.team_id = $1
		AND (v.environment_id = $2 OR v.server_id = $3 OR v.project_id = (SELECT e.project_id FROM environments e WHERE e.id = $2)
			OR (v.project_id IS NULL AND v.environment_id IS NULL AND v.server_id IS NULL)) ORDER BY v.id`

	sharedNoun = "Shared variable"
)

func (db *DB) scanShared(r row) (core.EnvVar, error) {
	var (
		e      core.EnvVar
		team   int64
		sealed []byte
	)
	err := r.Scan(&e.RowID, &e.UUID, &team, &e.Key, &sealed, &e.Comment, &e.IsLiteral, &e.IsMultiline, &e.IsShownOnce, &e.Version,
		stamp{&e.CreatedAt}, stamp{&e.UpdatedAt})
	if err != nil {
		return e, err
	}
	e.Value, err = db.unseal(team, "shared_variables", e.UUID, "value", sealed)
	return e, err
}

// ListShared returns the variables that a team, project, environment or server shares,
// with their values.
func (db *DB) ListShared(ctx context.Context, team int64, scope string, row int64) ([]core.EnvVar, error) {
	s := db.view()
	of, err := sharedOwnerOf(ctx, s, team, scope, row)
	if err != nil {
		return nil, explain("list shared variables", err)
	}
	envs, err := list(ctx, s, db.scanShared, selectShared+`WHERE `+of.where+` ORDER BY v.id`, of.row)
	return envs, explain("list shared variables", err)
}

// PutShared creates or changes all variables given, or none, and returns them as they
// are then, in the order given.
func (db *DB) PutShared(ctx context.Context, team int64, scope string, row int64, envs []core.EnvVar) ([]core.EnvVar, error) {
	var all []core.EnvVar
	err := db.inTx(ctx, "write shared variables", func(s *session) error {
		all = []core.EnvVar{}
		of, err := sharedOwnerOf(ctx, s, team, scope, row)
		if err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		for _, e := range envs {
			stored, err := db.putShared(ctx, s, now, team, of, e)
			if err != nil {
				return err
			}
			all = append(all, stored)
		}
		return nil
	})
	return all, err
}

func (db *DB) putShared(ctx context.Context, s *session, now, team int64, of sharedOwner, e core.EnvVar) (core.EnvVar, error) {
	byKey := selectShared + `WHERE ` + of.where + ` AND v.key = $2`
	was, err := one(ctx, s, db.scanShared, byKey, of.row, e.Key)
	fresh := errors.Is(err, sql.ErrNoRows)
	if err != nil && !fresh {
		return e, err
	}
	id := was.UUID
	if fresh {
		id = orNew(e.UUID)
	}
	sealed, err := db.seal(team, "shared_variables", id, "value", e.Value)
	if err != nil {
		return e, err
	}
	if fresh {
		err = insertShared(ctx, s, now, team, of, id, sealed, e)
	} else {
		_, err = s.exec(ctx, `UPDATE shared_variables SET value = $1, comment = $2, is_literal = $3, is_multiline = $4, is_shown_once = $5, version = $6,
			updated_at = $7 WHERE id = $8`, sealed, e.Comment, e.IsLiteral, e.IsMultiline, e.IsShownOnce, e.Version, now, was.RowID)
	}
	if err != nil {
		return e, err
	}
	return one(ctx, s, db.scanShared, byKey, of.row, e.Key)
}

func insertShared(ctx context.Context, s *session, now, team int64, of sharedOwner, id core.ID, sealed any, e core.EnvVar) error {
	names := `uuid, team_id, key, value, comment, is_literal, is_multiline, is_shown_once, version, created_at, updated_at`
	args := []any{string(id), team, e.Key, sealed, e.Comment, e.IsLiteral, e.IsMultiline, e.IsShownOnce, e.Version, now, now}
	if of.column != "" {
		names, args = strings.Join([]string{names, of.column}, ", "), append(args, of.row)
	}
	_, err := s.exec(ctx, `INSERT INTO shared_variables (`+names+`) VALUES (`+marks(1, len(args))+`)`, args...)
	return err
}

// DeleteShared removes a shared variable.
func (db *DB) DeleteShared(ctx context.Context, team int64, scope string, row int64, id core.ID) error {
	return db.inTx(ctx, "delete shared variable", func(s *session) error {
		of, err := sharedOwnerOf(ctx, s, team, scope, row)
		if err != nil {
			return err
		}
		return must(ctx, s, sharedNoun, `DELETE FROM shared_variables AS v WHERE `+of.where+` AND v.uuid = $2`, of.row, string(id))
	})
}
