package sqlstore

import (
	"cmp"
	"context"
	"fmt"

	"github.com/taffrail/taffrail/internal/core"
)

// ofLane are the deployments of d's lane of a resource that have not ended, oldest first.
const ofLane = selectDeployment + `WHERE ` + active + ` AND d.resource_uuid = $1 AND d.server_id = $2 AND {lane} = $3 ORDER BY d.log_id`

// supersede ends what d, which is about to be queued, takes the place of. What webhooks
// asked for and has not started always gives way to the next that one asks for: of many
// pushes to a branch only the newest is worth deploying. All else is as the resource's
// policy says. What is ended stays in the history and says what came in its place. The
// caller holds the lock of the server, so nothing starts meanwhile.
func (db *DB) supersede(ctx context.Context, s *session, k kind, d core.Deployment) error {
	if d.Verb != core.VerbDeploy && d.Verb != core.VerbRollback {
		return nil
	}
	policy, err := one(ctx, s, scanValue[core.Overlap], k.fill(`SELECT overlap FROM {resources} WHERE id = $1`), d.Resource.RowID)
	if err != nil {
		return err
	}
	pushed := byPush(d)
	if policy == core.OverlapWait && !pushed {
		return nil
	}
	older, err := list(ctx, s, db.scanDeployment, k.fill(ofLane), string(d.Resource.UUID), d.Server.RowID, d.Revision.PullRequest)
	if err != nil || len(older) == 0 {
		return err
	}
	now, err := db.engine.now(ctx, s)
	if err != nil {
		return err
	}
	for _, o := range older {
		if err := db.giveWay(ctx, s, k, now, o, d, policy); err != nil {
			return err
		}
	}
	return nil
}

// giveWay ends o for d, if it has to.
func (db *DB) giveWay(ctx context.Context, s *session, k kind, now int64, o, d core.Deployment, policy core.Overlap) error {
	pushes := byPush(o) && byPush(d)
	switch {
	case !replaceable(o):
		return nil
	case o.Status == core.StatusQueued && (pushes || policy != core.OverlapWait):
		why := string(d.UUID)
		if pushes {
			why = cmp.Or(clean(d.Revision.Commit), "a newer one")
		}
		_, err := db.endQueued(ctx, s, k, now, o, fmt.Sprintf("Deployment superseded by %s.", why), d.UUID)
		return err
	case o.Status == core.StatusInProgress && policy == core.OverlapCancel:
		return db.endRunning(ctx, s, k, now, o, d.UUID)
	}
	return nil
}

// byPush says that a webhook asked for a deployment of an application.
func byPush(d core.Deployment) bool {
	return d.Kind == core.KindApplication && d.Trigger == core.TriggerWebhook && d.Verb == core.VerbDeploy
}

// replaceable says that a later deployment does all that o does.
func replaceable(o core.Deployment) bool {
	switch o.Verb {
	case core.VerbDeploy, core.VerbRollback, core.VerbStart, core.VerbRestart:
		return o.Options.Backup == "" && o.Options.Restore == ""
	}
	return false
}

// GetOverlap returns the policy of a resource.
func (db *DB) GetOverlap(ctx context.Context, team int64, name core.Kind, resource int64) (core.Overlap, error) {
	k, err := kindOf(name)
	if err != nil {
		return "", err
	}
	return getOne(ctx, db, k.name.Title(), scanValue[core.Overlap],
		k.fill(`SELECT overlap FROM {resources} WHERE id = $1 AND team_id = $2 AND deleted_at IS NULL`), resource, team)
}

// SetOverlap changes the policy of a resource. It holds for what is queued from now on.
func (db *DB) SetOverlap(ctx context.Context, team int64, name core.Kind, resource int64, to core.Overlap) error {
	k, err := kindOf(name)
	if err != nil {
		return err
	}
	return db.inTx(ctx, "change the policy of a queue", func(s *session) error {
		return must(ctx, s, k.name.Title(), k.fill(`UPDATE {resources} SET overlap = $1 WHERE id = $2 AND team_id = $3 AND deleted_at IS NULL`),
			string(to), resource, team)
	})
}
