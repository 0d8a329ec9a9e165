package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// EnqueueDeployment adds a queued deployment of d.Resource.RowID on d.Server.RowID, and
// fills in ids, names and times. When the last deployment queued for the resource, or for
// the same pull request of it, asks for the same, that one is returned with true, unless
// d.Options.Force: an equal one further up does not count, since what was queued behind
// it would undo it. What a webhook asks for takes the place of what webhooks asked for
// before and that still waits, and the resource's policy may say more. CodeTooMany when the server's queue is full.
func (db *DB) EnqueueDeployment(ctx context.Context, d core.Deployment) (core.Deployment, bool, error) {
	var (
		queued core.Deployment
		joined bool
	)
	err := db.inTx(ctx, "queue deployment", func(s *session) error {
		var err error
		queued, joined, err = db.enqueue(ctx, s, d)
		return err
	})
	return queued, joined, err
}

func (db *DB) enqueue(ctx context.Context, s *session, d core.Deployment) (core.Deployment, bool, error) {
	k, err := kindOf(d.Kind)
	if err != nil {
		return d, false, err
	}
	d.UUID = orNew(d.UUID)
	limit, err := lockServer(ctx, s, &d)
	if err != nil {
		return d, false, err
	}
	if err := readResource(ctx, s, k, &d); err != nil {
		return d, false, err
	}
	if err := db.pickBuilder(ctx, s, &d); err != nil {
		return d, false, err
	}
	if !d.Options.Force {
		same, err := db.lastQueued(ctx, s, k, d)
		if err != nil || same.RowID != 0 {
			return same, err == nil, err
		}
	}
	if err := db.supersede(ctx, s, k, d); err != nil {
		return d, false, err
	}
	if err := checkRoom(ctx, s, d, limit); err != nil {
		return d, false, err
	}
	queued, err := db.add(ctx, s, k, d)
	return queued, false, err
}

// pickBuilder decides which server builds for d. That there is none is told by its plan.
func (db *DB) pickBuilder(ctx context.Context, s *session, d *core.Deployment) error {
	d.Revision.BuildServer = 0
	if d.Kind != core.KindApplication || d.Verb != core.VerbDeploy && d.Verb != core.VerbStart {
		return nil
	}
	a, err := db.readApplication(ctx, s, `WHERE r.id = $1 AND r.team_id = $2`, d.Resource.RowID, d.TeamID)
	if err != nil || !a.Build.BuildServer || a.Build.Pack == core.PackImage {
		return err
	}
	servers, err := list(ctx, s, scanServer, serversOfTeam, d.TeamID)
	if picked, ok := core.PickBuilder(servers, a); ok {
		d.Revision.BuildServer = picked.RowID
	}
	return err
}

// add stores d as queued, tells other controllers and reads it back.
func (db *DB) add(ctx context.Context, s *session, k kind, d core.Deployment) (core.Deployment, error) {
	row, err := db.insertDeployment(ctx, s, k, d)
	if err != nil {
		return d, err
	}
	if err := db.poke(ctx, s, "queue"); err != nil {
		return d, err
	}
	return db.deploymentByRow(ctx, s, k, row)
}

// poke tells other controllers, where there are any, when the transaction commits.
func (db *DB) poke(ctx context.Context, s *session, payload string) error {
	if db.engine.notify == nil {
		return nil
	}
	return db.engine.notify(ctx, s, payload)
}

// lockServer takes the lock under which the limits of a server are decided, and returns
// how many deployments may be queued on it.
func lockServer(ctx context.Context, s *session, d *core.Deployment) (int, error) {
	limit, err := one(ctx, s, func(r row) (int, error) {
		var limit int
		err := r.Scan(&d.Server.UUID, &d.Server.Name, &limit)
		return limit, err
	}, `UPDATE servers SET claim_seq = claim_seq + 1 WHERE id = $1 AND team_id = $2 RETURNING uuid, name, deployment_queue_limit`,
		d.Server.RowID, d.TeamID)
	return limit, missing("Server", err)
}

// readResource fills in what the resource is called now. One that was deleted may still
// be stopped, which is how its containers go.
func readResource(ctx context.Context, s *session, k kind, d *core.Deployment) error {
	to := &d.Resource
	_, err := one(ctx, s, func(r row) (int64, error) {
		err := r.Scan(&to.RowID, &to.UUID, &to.Name, &to.Type, &to.Project, &to.Environment)
		return to.RowID, err
	}, k.fill(`SELECT r.id, r.uuid, r.name, {restype}, COALESCE(p.uuid, ''), COALESCE(e.uuid, '') FROM {resources} r
		LEFT JOIN environments e ON e.id = r.environment_id LEFT JOIN projects p ON p.id = e.project_id
		WHERE r.id = $1 AND r.team_id = $2 AND (r.deleted_at IS NULL OR $3 = 'stop')`), to.RowID, d.TeamID, string(d.Verb))
	return missing(d.Kind.Title(), err)
}

// lastQueued returns the deployment queued last for d's lane of its resource if it asks
// for the same as d, and a zero one otherwise. Another commit is not the same.
func (db *DB) lastQueued(ctx context.Context, s *session, k kind, d core.Deployment) (core.Deployment, error) {
	last, err := one(ctx, s, db.scanDeployment,
		k.fill(selectDeployment)+k.fill(`WHERE `+active+` AND d.status = 'queued' AND d.resource_uuid = $1 AND d.server_id = $2 AND {lane} = $3 ORDER BY d.log_id DESC LIMIT 1`),
		string(d.Resource.UUID), d.Server.RowID, d.Revision.PullRequest)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return core.Deployment{}, nil
	case err != nil:
		return core.Deployment{}, err
	case last.Verb != d.Verb || last.Options != d.Options || last.RollbackOf != d.RollbackOf || !sameRevision(last.Revision, d.Revision):
		return core.Deployment{}, nil
	}
	return last, nil
}

// sameRevision says that two deployments of a lane come to the same. Who pushed a commit
// and what its message is makes no difference.
func sameRevision(a, b core.Revision) bool {
	return a.Commit == b.Commit && a.Tag == b.Tag && a.OnlyHere == b.OnlyHere
}

var countQueued = `SELECT COUNT(*) FROM (` + union(`SELECT d.id FROM {queue} d WHERE `+active+` AND d.status = 'queued' AND d.server_id = $1`) + `) AS q`

func checkRoom(ctx context.Context, s *session, d core.Deployment, limit int) error {
	queued, err := one(ctx, s, scanValue[int], countQueued, d.Server.RowID)
	if err != nil || queued < limit {
		return err
	}
	return core.Errorf(core.CodeTooMany,
		"The queue of server %s is full: %d deployments are waiting and its limit is %d. Try again when some have run, cancel some, or raise the limit.",
		d.Server.Name, queued, limit)
}

// insertDeployment stores d with a log of its own and counts it at its resource.
func (db *DB) insertDeployment(ctx context.Context, s *session, k kind, d core.Deployment) (int64, error) {
	now, err := db.engine.now(ctx, s)
	if err != nil {
		return 0, err
	}
	log, err := one(ctx, s, scanValue[int64], `INSERT INTO logs (last_seq) VALUES (0) RETURNING id`)
	if err != nil {
		return 0, err
	}
	names, args := deploymentValues(k, d, log, now)
	id, err := one(ctx, s, scanValue[int64], k.fill(`INSERT INTO {queue} (`+names+`) VALUES (`+marks(1, len(args))+`) RETURNING id`), args...)
	if err != nil {
		return 0, err
	}
	if _, err := s.exec(ctx, k.fill(`UPDATE logs SET {log} = $1 WHERE id = $2`), id, log); err != nil {
		return 0, err
	}
	_, err = s.exec(ctx, k.fill(`UPDATE {resources} SET deployment_count = deployment_count + 1 WHERE id = $1`), d.Resource.RowID)
	return id, err
}

// deploymentValues are the columns of a queued deployment with their values; all others
// start with the defaults of the table.
func deploymentValues(k kind, d core.Deployment, log, now int64) (names string, args []any) {
	at := d.Resource
	columns := []struct {
		name  string
		value any
	}{
		{"{ref}", k.reference(at)}, {"{title}", at.Name}, {"deployment_uuid", string(d.UUID)}, {"deployment_url", deploymentURL(d)},
		{"team_id", d.TeamID}, {"log_id", log},
		{"resource_uuid", string(at.UUID)}, {"project_uuid", string(at.Project)}, {"environment_uuid", string(at.Environment)},
		{"server_id", d.Server.RowID}, {"server_uuid", string(d.Server.UUID)}, {"server_name", d.Server.Name},
		{"verb", string(d.Verb)}, {"options", toJSON(d.Options)}, {"rollback_of", string(d.RollbackOf)}, {"pinned", d.Pinned},
		{"actor_kind", d.Actor.Kind}, {"actor_id", d.Actor.ID}, {"actor_name", clean(d.Actor.Name)},
		{"trigger", string(d.Trigger)}, {"note", clean(d.Note)}, {"created_at", now}, {"updated_at", now},
	}
	for _, c := range columns {
		names += c.name + ", "
		args = append(args, c.value)
	}
	for _, c := range k.extra {
		names += c.column + ", "
		args = append(args, c.value(d))
	}
	return strings.TrimSuffix(names, ", "), args
}

// deploymentURL is the path of the deployment's page.
func deploymentURL(d core.Deployment) string {
	return strings.Join([]string{"/project", string(d.Resource.Project), "environment", string(d.Resource.Environment),
		string(d.Kind), string(d.Resource.UUID), "deployment", string(d.UUID)}, "/")
}
