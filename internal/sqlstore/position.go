package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/taffrail/taffrail/internal/core"
)

// QueuePosition says why a queued deployment is not running yet, in one sentence for a
// person, and how many queued deployments of its server come before it. The reason is
// empty when nothing is in its way, and for a deployment that is not queued.
func (db *DB) QueuePosition(ctx context.Context, d core.Deployment) (reason string, ahead int, err error) {
	if d.Status != core.StatusQueued {
		return "", 0, nil
	}
	load, err := one(ctx, db.view(), scanLoad, serverLoad, d.LogID, d.Server.RowID, d.TeamID)
	if err != nil {
		return "", 0, explain("read the queue", missing("Server", err))
	}
	before, err := one(ctx, db.view(), db.scanDeployment, beforeInTurn, string(d.Resource.UUID), d.LogID, d.TeamID, d.Revision.PullRequest)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return "", 0, explain("read the queue", err)
	case err == nil && before.Status == core.StatusInProgress:
		reason = fmt.Sprintf("waiting for the running deployment %s of this %s", before.UUID, d.Kind)
	case err == nil:
		reason = fmt.Sprintf("waiting for deployment %s of this %s, which was queued before", before.UUID, d.Kind)
	case load.running >= load.limit:
		reason = fmt.Sprintf("server has %d of %d deployments in progress, %d ahead", load.running, load.limit, load.ahead)
	case d.Revision.BuildServer != 0:
		if reason, err = db.builderBusy(ctx, d); err != nil {
			return "", 0, err
		}
	}
	return reason, load.ahead, nil
}

// builderBusy says so when the build server of a deployment has no room.
func (db *DB) builderBusy(ctx context.Context, d core.Deployment) (reason string, err error) {
	_, err = one(ctx, db.view(), func(r row) (string, error) {
		var (
			name           string
			building, room int
		)
		err := r.Scan(&name, &building, &room)
		if building >= room {
			reason = fmt.Sprintf("build server %q has %d of %d builds in progress", name, building, room)
		}
		return reason, err
	}, builderLoad, d.Revision.BuildServer, d.TeamID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil // it is gone, and in nobody's way
	}
	return reason, explain("read the queue", err)
}

type load struct{ running, limit, ahead int }

func scanLoad(r row) (load, error) {
	var l load
	err := r.Scan(&l.running, &l.ahead, &l.limit)
	return l, err
}

var (
	serverLoad = `SELECT COUNT(*) FILTER (WHERE a.status = 'in_progress'), COUNT(*) FILTER (WHERE a.status = 'queued' AND a.log_id < $1), v.concurrent_builds
		FROM servers v LEFT JOIN (` + union(`SELECT d.server_id, d.log_id, d.status FROM {queue} d WHERE `+active+` AND d.server_id = $2`) + `) AS a ON a.server_id = v.id
		WHERE v.id = $2 AND v.team_id = $3 GROUP BY v.id, v.concurrent_builds`

	builderLoad = `SELECT v.name, COUNT(d.id), v.concurrent_builds FROM servers v
		LEFT JOIN application_deployment_queues d ON d.build_server_id = v.id AND d.status = 'in_progress'
		WHERE v.id = $1 AND v.team_id = $2 GROUP BY v.id, v.name, v.concurrent_builds`

	// beforeInTurn is the active deployment of the same lane that has to end first.
	beforeInTurn = union(selectDeployment+`WHERE `+active+` AND d.resource_uuid = $1 AND d.team_id = $3 AND {lane} = $4 AND (d.status = 'in_progress' OR d.log_id < $2)`) +
		"\nORDER BY status, log_id DESC LIMIT 1"
)
