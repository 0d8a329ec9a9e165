package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/taffrail/taffrail/internal/core"
)

// resting are the resources that have no deployment queued or in progress. What is under
// way for a preview of an application is not about the application's own containers.
var resting = union(`SELECT '{kind}' AS kind, r.id, r.uuid, r.team_id, r.server_id AS server, r.status, r.updated_at FROM {resources} r
	WHERE r.deleted_at IS NULL AND r.server_id IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM {queue} d WHERE d.{ref} = r.{refTo} AND {lane} = 0 AND `+active+`)`) + "\nORDER BY server, 1, 2"

func scanResting(r row) (core.Resting, error) {
	var v core.Resting
	err := r.Scan(&v.Kind, &v.RowID, &v.UUID, &v.TeamID, &v.ServerID, &v.Status, stamp{&v.UpdatedAt})
	return v, err
}

// ListResting returns the resources of all teams that have no deployment queued or in
// progress, by server.
func (db *DB) ListResting(ctx context.Context) ([]core.Resting, error) {
	return getList(ctx, db, "resources at rest", scanResting, resting)
}

// GetServerByRow reads a server by its row id.
func (db *DB) GetServerByRow(ctx context.Context, team, row int64) (core.Server, error) {
	return getOne(ctx, db, "Server", scanServer, `SELECT `+serverColumns+` FROM servers WHERE id = $1 AND team_id = $2`, row, team)
}

// changedTo says that a status is another one than $1. What nobody has looked at yet is
// stored as plainly exited.
const changedTo = `(status <> $1 AND NOT (status = 'exited' AND $1 = 'exited:unhealthy'))`

// SeeResource writes the condition of a resource, and of its parts by name, and says
// whether its status is another one now. Nothing is written when it changed after it was
// read (r.UpdatedAt), or has a deployment queued or in progress: what was seen may be
// past then.
func (db *DB) SeeResource(ctx context.Context, r core.Resting, c core.Condition) (bool, error) {
	changed := false
	err := db.inTx(ctx, "write what was seen of a resource", func(s *session) error {
		k, err := kindOf(r.Kind)
		if err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		at, err := one(ctx, s, scanValue[int64], k.fill(
			`UPDATE {resources} AS r SET updated_at = CASE WHEN `+changedTo+` THEN $2 ELSE updated_at END,
				status = CASE WHEN `+changedTo+` THEN $1 ELSE status END
			WHERE r.id = $3 AND r.team_id = $4 AND r.updated_at = $5 AND r.deleted_at IS NULL
				AND NOT EXISTS (SELECT 1 FROM {queue} d WHERE d.{ref} = r.{refTo} AND {lane} = 0 AND `+active+`) RETURNING updated_at`),
			c.Status, now, r.RowID, r.TeamID, r.UpdatedAt.UnixMicro())
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		changed = at == now
		if r.Kind != core.KindService {
			return nil
		}
		return setPartStatus(ctx, s, now, r.RowID, c.Parts)
	})
	return changed, err
}
