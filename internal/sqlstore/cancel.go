package sqlstore

import (
	"context"
	"fmt"

	"github.com/taffrail/taffrail/internal/core"
)

// CancelDeployment ends a queued deployment at once, with a line in its log, or commits
// the intent to cancel one in progress, which its carrier finds. A terminal one stays
// as it is. It returns the deployment as it is then.
func (db *DB) CancelDeployment(ctx context.Context, team int64, id core.ID, by core.Actor) (core.Deployment, error) {
	var d core.Deployment
	err := db.inTx(ctx, "cancel deployment", func(s *session) error {
		found, err := one(ctx, s, db.scanDeployment, deploymentByUUID, string(id), team)
		if err != nil {
			return missing("Deployment", err)
		}
		k, err := kindOf(found.Kind)
		if err != nil {
			return err
		}
		if err := db.cancel(ctx, s, k, found, by); err != nil {
			return err
		}
		d, err = db.deploymentByRow(ctx, s, k, found.RowID)
		return err
	})
	return d, err
}

func (db *DB) cancel(ctx context.Context, s *session, k kind, d core.Deployment, by core.Actor) error {
	now, err := db.engine.now(ctx, s)
	if err != nil {
		return err
	}
	gone, err := db.endQueued(ctx, s, k, now, d, fmt.Sprintf("Deployment cancelled by %s.", actorName(by)), "")
	if err != nil || gone {
		return err
	}
	// Not queued (any more): if it runs, its carrier is to end it.
	return db.endRunning(ctx, s, k, now, d, "")
}

// endRunning commits the intent to end a deployment in progress, if it is.
func (db *DB) endRunning(ctx context.Context, s *session, k kind, now int64, d core.Deployment, by core.ID) error {
	_, err := s.exec(ctx, k.fill(`UPDATE {queue} SET cancel_requested_at = $1, updated_at = $2, superseded_by = $3
		WHERE id = $4 AND status = 'in_progress' AND cancel_requested_at IS NULL`), now, now, string(by), d.RowID)
	if err != nil {
		return err
	}
	return db.poke(ctx, s, "queue")
}

// endQueued ends a deployment that is still queued and says why, and which other one it
// was for, if any; false when it is not.
func (db *DB) endQueued(ctx context.Context, s *session, k kind, now int64, d core.Deployment, why string, by core.ID) (bool, error) {
	n, err := s.exec(ctx, k.fill(`UPDATE {queue} SET status = 'cancelled-by-user', finished_at = $1, cancel_requested_at = $2, updated_at = $3, reason = $4, superseded_by = $5
		WHERE id = $6 AND status = 'queued'`), now, now, now, why, string(by), d.RowID)
	if err != nil || n == 0 {
		return false, err
	}
	return true, db.logCancel(ctx, s, d.LogID, now, why)
}

func actorName(by core.Actor) string {
	if by.Name != "" {
		return clean(by.Name)
	}
	if by.Kind != "" {
		return by.Kind
	}
	return "user"
}

// logCancel writes the only line of a log that no controller ever carried.
func (db *DB) logCancel(ctx context.Context, s *session, log, now int64, text string) error {
	seq, err := one(ctx, s, scanValue[int64], `UPDATE logs SET last_seq = last_seq + 1 WHERE id = $1 RETURNING last_seq`, log)
	if err != nil {
		return err
	}
	line := core.Line{Seq: seq, Batch: 1, Stream: core.Stderr, At: fromMicro(now), Output: text}
	if err := insertLines(ctx, s, log, []core.Line{line}); err != nil {
		return err
	}
	if err := db.poke(ctx, s, fmt.Sprintf("log:%d", log)); err != nil {
		return err
	}
	return db.poke(ctx, s, "queue")
}
