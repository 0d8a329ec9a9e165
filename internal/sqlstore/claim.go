package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// candidate is a deployment that may be claimed.
type candidate struct {
	kind    kind
	row     int64
	server  int64
	builder int64 // server that builds for it; 0: none
}

func scanCandidate(r row) (candidate, error) {
	var (
		c    candidate
		name core.Kind
	)
	if err := r.Scan(&name, &c.row, &c.server, &c.builder); err != nil {
		return c, err
	}
	var err error
	c.kind, err = kindOf(name)
	return c, err
}

// ClaimDeployment gives owner the next deployment to carry for a lease's time, with its
// snapshot; false when there is none. First come those in progress whose lease is over:
// their fence is raised and their run is to be adopted. Then the oldest queued one whose
// server has room and whose lane of its resource nothing else is running or waiting for;
// it becomes in progress.
func (db *DB) ClaimDeployment(ctx context.Context, owner string, lease time.Duration) (core.Deployment, bool, error) {
	for _, step := range []claimFunc{db.adopt, db.claimQueued} {
		for range claimAttempts {
			d, err := db.claim(ctx, step, owner, lease)
			switch {
			case err == nil:
				return d, true, nil
			case errors.Is(err, sql.ErrNoRows):
			case errors.Is(err, errRaced) || isTaken(err):
				// A unique index keeps a second deployment of a resource from being
				// started by two controllers at the same moment: the loser looks again.
				continue
			default:
				return core.Deployment{}, false, err
			}
			break
		}
	}
	return core.Deployment{}, false, nil
}

// claimAttempts is how often a claim looks again when another controller was faster.
const claimAttempts = 5

// errRaced says that what was about to be claimed has just gone to another controller.
var errRaced = errors.New("another controller was faster")

type claimFunc func(ctx context.Context, s *session, owner string, lease time.Duration) (candidate, error)

func (db *DB) claim(ctx context.Context, step claimFunc, owner string, lease time.Duration) (core.Deployment, error) {
	var d core.Deployment
	err := db.inTx(ctx, "claim a deployment", func(s *session) error {
		c, err := step(ctx, s, owner, lease)
		if err != nil {
			return err
		}
		d, err = db.deploymentByRow(ctx, s, c.kind, c.row)
		return err
	})
	return d, err
}

var expired = `SELECT kind, id, server_id, builder FROM (` +
	union(`SELECT '{kind}' AS kind, d.id, d.server_id, {builder} AS builder, d.lease_until FROM {queue} d WHERE `+active+` AND d.status = 'in_progress' AND d.lease_until < $1`) +
	`) AS e ORDER BY lease_until LIMIT 1`

// adopt takes over the deployment whose lease has been over for longest. sql.ErrNoRows
// when there is none.
func (db *DB) adopt(ctx context.Context, s *session, owner string, lease time.Duration) (candidate, error) {
	now, err := db.engine.now(ctx, s)
	if err != nil {
		return candidate{}, err
	}
	c, err := one(ctx, s, scanCandidate, expired, now)
	if err != nil {
		return c, err
	}
	// The condition is repeated: on PostgreSQL another controller may have been faster.
	return c, c.take(ctx, s, takeover{owner: owner, until: now + lease.Microseconds(), now: now},
		`d.status = 'in_progress' AND d.lease_until < $6`, now)
}

// waiting lists the queued deployments that may start, in order. turn is the place among
// the active deployments of the same lane of a resource, the running one first: only the
// first in turn may start, so none overtakes another of its lane. One that another server
// builds for counts on both.
var waiting = `SELECT w.kind, w.id, w.server_id, w.builder FROM (
	SELECT a.*,
		ROW_NUMBER() OVER (PARTITION BY resource_uuid, lane ORDER BY CASE status WHEN 'in_progress' THEN 0 ELSE 1 END, log_id) AS turn,
		COUNT(*) FILTER (WHERE status = 'in_progress') OVER (PARTITION BY server_id) AS running,
		COUNT(*) FILTER (WHERE status = 'in_progress') OVER (PARTITION BY builder) AS building
	FROM (` + union(`SELECT '{kind}' AS kind, d.id, d.log_id, d.server_id, d.resource_uuid, {lane} AS lane, {builder} AS builder, d.status FROM {queue} d WHERE `+active) + `) AS a
) AS w JOIN servers v ON v.id = w.server_id LEFT JOIN servers b ON b.id = w.builder
WHERE w.status = 'queued' AND w.turn = 1 AND w.running < v.concurrent_builds AND (b.id IS NULL OR w.building < b.concurrent_builds)`

// claimQueued starts the next queued deployment. sql.ErrNoRows when there is none.
func (db *DB) claimQueued(ctx context.Context, s *session, owner string, lease time.Duration) (candidate, error) {
	first, err := one(ctx, s, scanCandidate, waiting+` ORDER BY w.log_id LIMIT 1`)
	if err != nil {
		return first, err
	}
	// Under the lock of the servers' rows the choice is made again: it now sees what
	// others have committed, and no one can start anything on these servers beside it.
	for _, server := range []int64{min(first.server, first.builder), max(first.server, first.builder)} {
		if _, err := s.exec(ctx, `UPDATE servers SET claim_seq = claim_seq + 1 WHERE id = $1`, server); err != nil {
			return first, err
		}
	}
	c, err := one(ctx, s, scanCandidate, waiting+` AND w.server_id = $1 AND w.builder = $2 ORDER BY w.log_id LIMIT 1`, first.server, first.builder)
	if err != nil {
		return c, raced(err)
	}
	now, err := db.engine.now(ctx, s)
	if err != nil {
		return c, err
	}
	return c, c.take(ctx, s, takeover{owner: owner, until: now + lease.Microseconds(), now: now}, `d.status = 'queued' AND 0 < $6`, 1)
}

// takeover is what a claim writes.
type takeover struct {
	owner string
	until int64
	now   int64
}

// take makes owner the carrier of the candidate, if when still holds, and lets its fence
// into the log. errRaced when it does not.
func (c candidate) take(ctx context.Context, s *session, t takeover, when string, arg int64) error {
	type claimed struct{ log, fence int64 }
	got, err := one(ctx, s, func(r row) (claimed, error) {
		var got claimed
		err := r.Scan(&got.log, &got.fence)
		return got, err
	}, c.kind.fill(`UPDATE {queue} AS d SET status = 'in_progress', lease_owner = $1, lease_until = $2, fence = fence + 1,
			started_at = COALESCE(started_at, $3), updated_at = $4
		WHERE d.id = $5 AND `+when+` RETURNING log_id, fence`),
		t.owner, t.until, t.now, t.now, c.row, arg)
	if err != nil {
		return raced(err)
	}
	_, err = s.exec(ctx, `UPDATE logs SET fence = $1 WHERE id = $2`, got.fence, got.log)
	return err
}

func raced(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return errRaced
	}
	return err
}

const (
	renewal = `UPDATE {queue} AS d SET lease_until = $1 WHERE ` + active + ` AND d.status = 'in_progress' AND d.lease_owner = $2
		RETURNING id, fence, cancel_requested_at IS NOT NULL`
	release = `UPDATE {queue} AS d SET lease_until = 0 WHERE ` + active + ` AND d.status = 'in_progress' AND (d.lease_owner = $1 OR $2 = '')`
)

// RenewLeases extends the leases that owner still holds, and tells of each.
func (db *DB) RenewLeases(ctx context.Context, owner string, lease time.Duration) ([]core.Renewal, error) {
	all := []core.Renewal{}
	err := db.inTx(ctx, "renew leases", func(s *session) error {
		all = all[:0]
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		for _, k := range kinds {
			some, err := list(ctx, s, func(r row) (core.Renewal, error) {
				n := core.Renewal{Kind: k.name}
				err := r.Scan(&n.RowID, &n.Fence, &n.Cancel)
				return n, err
			}, k.fill(renewal), now+lease.Microseconds(), owner)
			if err != nil {
				return err
			}
			all = append(all, some...)
		}
		return nil
	})
	return all, err
}

// ReleaseLease ends one lease, unless it has gone to somebody else meanwhile.
func (db *DB) ReleaseLease(ctx context.Context, r core.Renewal) error {
	k, err := kindOf(r.Kind)
	if err != nil {
		return err
	}
	return db.inTx(ctx, "release a lease", func(s *session) error {
		_, err := s.exec(ctx, k.fill(`UPDATE {queue} SET lease_until = 0 WHERE id = $1 AND fence = $2 AND status = 'in_progress'`), r.RowID, r.Fence)
		return err
	})
}

// ReleaseLeases ends the leases of owner now, so that another controller need not wait
// for them to run out; with owner "" those of everybody.
func (db *DB) ReleaseLeases(ctx context.Context, owner string) error {
	return db.inTx(ctx, "release leases", func(s *session) error {
		for _, k := range kinds {
			if _, err := s.exec(ctx, k.fill(release), owner, owner); err != nil {
				return err
			}
		}
		return db.poke(ctx, s, "queue")
	})
}
