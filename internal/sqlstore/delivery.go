package sqlstore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	// deliveriesKept is how long a delivery is known. Those who send them again by
	// themselves give up within days.
	deliveriesKept = 14 * 24 * time.Hour
	// deliveriesSwept is how many old ones go with each new one, so that they get fewer
	// and no delivery takes long.
	deliveriesSwept = 20
	// deliveryLength is the longest id that is kept as it is: indexes take no long text.
	deliveryLength = 200
)

const (
	sweepDeliveries = `DELETE FROM webhook_deliveries WHERE id IN (SELECT o.id FROM webhook_deliveries o WHERE o.created_at < $1
		ORDER BY o.created_at, o.id LIMIT $2 + 0)`
)

// EnqueueDelivery queues these deployments, unless a delivery of this provider and id was
// taken before: then it returns what that one queued for the teams of the list, and true.
// Nobody can take an empty id twice. CodeTooMany queues nothing and forgets the delivery.
func (db *DB) EnqueueDelivery(ctx context.Context, provider, delivery string, asked []core.Deployment) ([]core.Deployment, bool, error) {
	var (
		all   []core.Deployment
		known bool
	)
	err := db.inTx(ctx, "queue what a webhook asks for", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		row, err := db.takeDelivery(ctx, s, now, provider, delivery)
		if err != nil {
			return err
		}
		if known = row == 0 && delivery != ""; known {
			all, err = db.delivered(ctx, s, provider, delivery, asked)
			return err
		}
		if all, err = db.enqueueAll(ctx, s, asked); err != nil || row == 0 {
			return err
		}
		_, err = s.exec(ctx, `UPDATE webhook_deliveries SET deployments = $1 WHERE id = $2`, toJSON(uuidsOf(all)), row)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return all, known, nil
}

// takeDelivery remembers a delivery and returns its row; 0 when it is known already, or
// has no id. Of two at once the second waits here for what comes of the first.
func (db *DB) takeDelivery(ctx context.Context, s *session, now int64, provider, delivery string) (int64, error) {
	if delivery == "" {
		return 0, nil
	}
	if _, err := s.exec(ctx, sweepDeliveries, now-deliveriesKept.Microseconds(), deliveriesSwept); err != nil {
		return 0, err
	}
	rows, err := list(ctx, s, scanValue[int64],
		`INSERT INTO webhook_deliveries (provider, delivery_id, created_at) VALUES ($1, $2, $3) ON CONFLICT (provider, delivery_id) DO NOTHING RETURNING id`,
		provider, deliveryID(delivery), now)
	return append(rows, 0)[0], err
}

// deliveryID is the id of a delivery as it is stored.
func deliveryID(delivery string) string {
	if len(delivery) <= deliveryLength {
		return clean(delivery)
	}
	sum := sha256.Sum256([]byte(delivery))
	return hex.EncodeToString(sum[:])
}

// delivered reads what a delivery queued before, as far as it is there and of a team that
// this one is for.
func (db *DB) delivered(ctx context.Context, s *session, provider, delivery string, asked []core.Deployment) ([]core.Deployment, error) {
	ids, err := one(ctx, s, func(r row) ([]core.ID, error) {
		var ids []core.ID
		err := r.Scan(fromJSON[[]core.ID]{&ids})
		return ids, err
	}, `SELECT deployments FROM webhook_deliveries WHERE provider = $1 AND delivery_id = $2`, provider, deliveryID(delivery))
	if err != nil {
		return nil, err
	}
	all := []core.Deployment{}
	for _, id := range ids {
		for _, team := range teamsOf(asked) {
			found, err := list(ctx, s, db.scanDeployment, deploymentByUUID, string(id), team)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
	}
	return all, nil
}

func teamsOf(all []core.Deployment) []int64 {
	var teams []int64
	for _, d := range all {
		if !slices.Contains(teams, d.TeamID) {
			teams = append(teams, d.TeamID)
		}
	}
	return teams
}

func uuidsOf(all []core.Deployment) []core.ID {
	ids := make([]core.ID, len(all))
	for i, d := range all {
		ids[i] = d.UUID
	}
	return ids
}

// enqueueAll queues all in the order of their servers, in which everybody locks them, and
// returns them as they were given.
func (db *DB) enqueueAll(ctx context.Context, s *session, asked []core.Deployment) ([]core.Deployment, error) {
	order := make([]int, len(asked))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(asked[a].Server.RowID, asked[b].Server.RowID) })
	all := make([]core.Deployment, len(asked))
	for _, i := range order {
		queued, _, err := db.enqueue(ctx, s, asked[i])
		if err != nil {
			return nil, err
		}
		all[i] = queued
	}
	return all, nil
}

// SetRevision writes what is known of the commit of d by now, whatever d's status: all of
// d.Revision but its pull request and whether it is for one server only, by which d was
// queued.
func (db *DB) SetRevision(ctx context.Context, d core.Deployment) error {
	return db.inTx(ctx, "store the commit of a deployment", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		r := d.Revision
		return must(ctx, s, "Deployment", `UPDATE application_deployment_queues SET "commit" = $1, commit_message = $2, git_branch = $3,
			docker_registry_image_tag = $4, git_type = $5, updated_at = $6 WHERE id = $7 AND team_id = $8`,
			clean(r.Commit), clean(r.Message), clean(r.Branch), clean(r.Tag), clean(r.Provider), now, d.RowID, d.TeamID)
	})
}

const rollbackTargets = selectDeployment + `WHERE d.application_id = $1 AND d.status = 'finished' AND d.config_snapshot IS NOT NULL
	AND d.verb NOT IN ('stop', 'restart') AND d.pull_request_id = 0 AND d.further_of = '' ORDER BY d.created_at DESC, d.log_id DESC LIMIT $2 + 0`

// ListRollbackTargets returns the finished deployments of an application that have a
// snapshot, newest first and without it. Those that only stopped or restarted what ran,
// previews and what was repeated on further servers are nothing to go back to.
func (db *DB) ListRollbackTargets(ctx context.Context, team, application int64, limit int) ([]core.Deployment, error) {
	k, err := ownerOf(ctx, db.view(), team, core.Owner{Kind: core.KindApplication, RowID: application})
	if err != nil {
		return nil, explain("list rollback targets", err)
	}
	return getList(ctx, db, "rollback targets", db.scanDeployment, k.fill(rollbackTargets), application, max(limit, 0))
}
