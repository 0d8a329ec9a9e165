package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/taffrail/taffrail/internal/core"
)

// active picks the rows that the queue is made of. It stands word for word in the
// partial indexes of the three tables, or they would not be used.
const active = `d.status IN ('queued', 'in_progress')`

// deploymentColumns is read by scanDeployment. The snapshot comes apart, since lists do
// without it.
const deploymentColumns = `'{kind}' AS kind, d.id, d.log_id, d.deployment_uuid, d.team_id,
	{row} AS resource_row, d.resource_uuid, d.{title} AS resource_name, {type} AS resource_type, d.project_uuid, d.environment_uuid,
	d.server_id, d.server_uuid, d.server_name, d.verb, d.options, d.actor_kind, d.actor_id, d.actor_name, d.trigger, d.note, d.status,
	d.failing_step, d.exit_code, d.reason, d.last_stderr, d.superseded_by, d.lease_owner, d.lease_until, d.fence,
	d.run_boot_id, d.current_process_id, d.run_started, d.created_at, d.updated_at, d.started_at, d.finished_at, d.cancel_requested_at,
	d.config_hash, d.image_digests, d.pinned, d.rollback_of, {revision}`

const (
	selectDeployment = `SELECT ` + deploymentColumns + `, NULL AS config_snapshot FROM {queue} d `
	selectWhole      = `SELECT ` + deploymentColumns + `, d.config_snapshot FROM {queue} d `
)

// scanDeployment is the one mapper of the rows of all three tables.
func (db *DB) scanDeployment(r row) (core.Deployment, error) {
	var (
		d      core.Deployment
		pid    sql.NullString
		sealed []byte
	)
	to := []any{&d.Kind, &d.RowID, &d.LogID, &d.UUID, &d.TeamID,
		&d.Resource.RowID, &d.Resource.UUID, &d.Resource.Name, &d.Resource.Type, &d.Resource.Project, &d.Resource.Environment,
		&d.Server.RowID, &d.Server.UUID, &d.Server.Name, &d.Verb, fromJSON[core.Options]{&d.Options},
		&d.Actor.Kind, &d.Actor.ID, &d.Actor.Name, &d.Trigger, &d.Note, &d.Status,
		&d.Outcome.Step, intOrNil{&d.Outcome.ExitCode}, &d.Outcome.Reason, fromJSON[[]string]{&d.Outcome.LastErr}, &d.Outcome.SupersededBy,
		&d.Lease.Owner, stamp{&d.Lease.Until}, &d.Lease.Fence, &d.Run.BootID, &pid, &d.Run.Started,
		stamp{&d.CreatedAt}, stamp{&d.UpdatedAt}, stamp{&d.StartedAt}, stamp{&d.FinishedAt}, stamp{&d.CancelAt},
		&d.Config.Hash, fromJSON[map[string]string]{&d.Config.Digests}, &d.Pinned, &d.RollbackOf}
	for _, c := range revision {
		to = append(to, c.to(&d.Revision))
	}
	if err := r.Scan(append(to, &sealed)...); err != nil {
		return d, err
	}
	d.Run.PID, _ = strconv.Atoi(pid.String) // absent before the launch
	k, err := kindOf(d.Kind)
	if err != nil {
		return d, err
	}
	d.Config.Snapshot, err = db.unseal(d.TeamID, k.queue, d.UUID, "config_snapshot", sealed)
	return d, err
}

var deploymentByUUID = union(selectWhole + `WHERE d.deployment_uuid = $1 AND d.team_id = $2`)

// GetDeployment reads a deployment of any kind, with its snapshot.
func (db *DB) GetDeployment(ctx context.Context, team int64, id core.ID) (core.Deployment, error) {
	return getOne(ctx, db, "Deployment", db.scanDeployment, deploymentByUUID, string(id), team)
}

// deploymentByRow reads a deployment inside a transaction, with its snapshot.
func (db *DB) deploymentByRow(ctx context.Context, s *session, k kind, row int64) (core.Deployment, error) {
	return one(ctx, s, db.scanDeployment, k.fill(selectWhole)+`WHERE d.id = $1`, row)
}

var activeDeployments = union(selectDeployment+`WHERE `+active+` AND d.team_id = $1`) + "\nORDER BY 3"

// ListActive returns the queued and in-progress deployments of a team, oldest first,
// without snapshots.
func (db *DB) ListActive(ctx context.Context, team int64) ([]core.Deployment, error) {
	return getList(ctx, db, "deployments", db.scanDeployment, activeDeployments, team)
}

var activeOfServer = union(selectDeployment+`WHERE `+active+` AND d.server_id = $1 AND d.team_id = $2`) + "\nORDER BY 3"

// ListActiveOfServer is ListActive for one server.
func (db *DB) ListActiveOfServer(ctx context.Context, team, server int64) ([]core.Deployment, error) {
	return getList(ctx, db, "deployments", db.scanDeployment, activeOfServer, server, team)
}

// ListByResource returns a page of the deployments of one resource, newest first and
// without snapshots, and how many there are in all. It also answers for soft-deleted
// resources. The count is kept with the resource: history is never counted.
func (db *DB) ListByResource(ctx context.Context, team int64, name core.Kind, resource int64, skip, take int) ([]core.Deployment, int, error) {
	k, err := kindOf(name)
	if err != nil {
		return nil, 0, err
	}
	count, err := one(ctx, db.view(), scanValue[int], `SELECT deployment_count FROM `+k.resources+` WHERE id = $1 AND team_id = $2`, resource, team)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, core.NotFound(name.Title())
	}
	if err != nil {
		return nil, 0, explain("count deployments", err)
	}
	page, err := getList(ctx, db, "deployments", db.scanDeployment, k.fill(byResource), resource, max(take, 0), max(skip, 0))
	return page, count, err
}

const byResource = selectDeployment + `WHERE d.{ref} = (SELECT r.{refTo} FROM {resources} r WHERE r.id = $1)
	ORDER BY d.created_at DESC, d.log_id DESC LIMIT $2 + 0 OFFSET $3`
