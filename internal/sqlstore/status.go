package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

const restingServices = `SELECT v.id, v.uuid, v.team_id, v.server_id, v.status, v.updated_at FROM services v
	WHERE v.deleted_at IS NULL AND v.server_id IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM service_deployment_queues d WHERE d.service_id = v.id AND ` + active + `)
	ORDER BY v.server_id, v.id`

func scanResting(r row) (core.Service, error) {
	var v core.Service
	err := r.Scan(&v.RowID, &v.UUID, &v.TeamID, &v.ServerID, &v.Status, stamp{&v.UpdatedAt})
	return v, err
}

// ListRestingServices returns the services of all teams that have no deployment queued
// or in progress, by server. Of each there are only its ids, status and last change.
func (db *DB) ListRestingServices(ctx context.Context) ([]core.Service, error) {
	return getList(ctx, db, "services at rest", scanResting, restingServices)
}

// GetServerByRow reads a server by its row id.
func (db *DB) GetServerByRow(ctx context.Context, team, row int64) (core.Server, error) {
	return getOne(ctx, db, "Server", scanServer, `SELECT `+serverColumns+` FROM servers WHERE id = $1 AND team_id = $2`, row, team)
}

// SeeService writes the status of v and, by name, of its parts. Nothing is written when
// v changed after it was read (v.UpdatedAt), or has a deployment queued or in progress:
// what was seen may be past then.
func (db *DB) SeeService(ctx context.Context, v core.Service) error {
	return db.inTx(ctx, "write what was seen of a service", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		n, err := s.exec(ctx,
			`UPDATE services SET status = $1, updated_at = $2 WHERE id = $3 AND team_id = $4 AND updated_at = $5 AND deleted_at IS NULL
				AND NOT EXISTS (SELECT 1 FROM service_deployment_queues d WHERE d.service_id = $3 AND `+active+`)`,
			v.Status, now, v.RowID, v.TeamID, v.UpdatedAt.UnixMicro())
		if err != nil || n == 0 {
			return err
		}
		parts := map[string]string{}
		for _, p := range v.Parts {
			parts[p.Name] = p.Status
		}
		return setPartStatus(ctx, s, now, v.RowID, parts)
	})
}
