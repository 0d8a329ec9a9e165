package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

const selectResource = `SELECT '{kind}' AS kind, r.id, r.uuid, {restype} AS type, r.name, r.status, r.created_at, r.updated_at
	FROM {resources} r WHERE r.deleted_at IS NULL AND r.team_id = $1`

var (
	resourcesOfTeam   = union(selectResource) + "\nORDER BY 1, 2"
	resourcesOfServer = union(selectResource+` AND r.server_id = $2`) + "\nUNION ALL " +
		kinds[0].fill(selectResource+` AND r.id IN (SELECT f.application_id FROM application_destinations f WHERE f.server_id = $2)`) + "\nORDER BY 1, 2"
)

func scanResource(r row) (core.ResourceEntry, error) {
	var e core.ResourceEntry
	err := r.Scan(&e.Kind, &e.RowID, &e.UUID, &e.Type, &e.Name, &e.Status, stamp{&e.CreatedAt}, stamp{&e.UpdatedAt})
	return e, err
}

// ListResources returns the applications, databases and services of a team that are not
// deleted, by kind and row id.
func (db *DB) ListResources(ctx context.Context, team int64) ([]core.ResourceEntry, error) {
	return getList(ctx, db, "resources", scanResource, resourcesOfTeam, team)
}

// ListServerResources is ListResources for one server, with the applications for which
// it is a further one.
func (db *DB) ListServerResources(ctx context.Context, team int64, server core.ID) ([]core.ResourceEntry, error) {
	v, err := db.GetServer(ctx, team, server)
	if err != nil {
		return nil, err
	}
	return getList(ctx, db, "resources", scanResource, resourcesOfServer, team, v.RowID)
}
