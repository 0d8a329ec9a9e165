package sqlstore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/taffrail/taffrail/internal/core"
)

// held is the condition under which the carrier of a deployment may write to it.
const held = ` AND status = 'in_progress' AND fence = `

// SetConfig commits what is going to run: d.Config. CodeLost when another controller
// has taken over.
func (db *DB) SetConfig(ctx context.Context, d core.Deployment) error {
	return db.carry(ctx, "store the configuration of a deployment", d, func(k kind, s *session, now int64) (int64, error) {
		// The seal is bound to the row, whose uuid and team the caller need not know.
		type owner struct {
			team int64
			uuid core.ID
		}
		of, err := one(ctx, s, func(r row) (owner, error) {
			var of owner
			err := r.Scan(&of.team, &of.uuid)
			return of, err
		}, k.fill(`SELECT team_id, deployment_uuid FROM {queue} WHERE id = $1`), d.RowID)
		if err != nil {
			return 0, missing("Deployment", err)
		}
		sealed, err := db.seal(of.team, k.queue, of.uuid, "config_snapshot", d.Config.Snapshot)
		if err != nil {
			return 0, err
		}
		return s.exec(ctx, k.fill(`UPDATE {queue} SET config_hash = $1, config_snapshot = $2, image_digests = $3, updated_at = $4 WHERE id = $5`+held+`$6`),
			d.Config.Hash, sealed, toJSON(d.Config.Digests), now, d.RowID, d.Lease.Fence)
	})
}

// SetRun commits the identity of the launched run: d.Run. CodeLost when another
// controller has taken over.
func (db *DB) SetRun(ctx context.Context, d core.Deployment) error {
	return db.carry(ctx, "store the run of a deployment", d, func(k kind, s *session, now int64) (int64, error) {
		return s.exec(ctx, k.fill(`UPDATE {queue} SET run_boot_id = $1, current_process_id = $2, run_started = $3, updated_at = $4 WHERE id = $5`+held+`$6`),
			d.Run.BootID, strconv.Itoa(d.Run.PID), d.Run.Started, now, d.RowID, d.Lease.Fence)
	})
}

// Advance goes on to the next stage of a deployment: the last lines of the one before it
// and the cursor of the next, whose run is not known yet. CodeLost as for Settle.
func (db *DB) Advance(ctx context.Context, d core.Deployment, last core.Batch) error {
	last.LogID, last.Fence = d.LogID, d.Lease.Fence
	return db.carry(ctx, "go on to the next stage of a deployment", d, func(k kind, s *session, now int64) (int64, error) {
		n, err := s.exec(ctx, k.fill(`UPDATE {queue} SET run_boot_id = '', current_process_id = NULL, run_started = '', updated_at = $1 WHERE id = $2`+held+`$3`),
			now, d.RowID, d.Lease.Fence)
		if err != nil || n == 0 {
			return n, err
		}
		return n, db.append(ctx, s, last)
	})
}

// Settle ends a deployment in the same transaction as the last lines of its log:
// d.Status, d.Outcome, d.Config.Digests. CodeLost unless it is in progress with d's
// fence, so it happens once.
func (db *DB) Settle(ctx context.Context, d core.Deployment, last core.Batch) error {
	if !d.Status.Terminal() {
		return fmt.Errorf("settle deployment %s: %q is no end", d.UUID, d.Status)
	}
	last.LogID, last.Fence = d.LogID, d.Lease.Fence
	return db.carry(ctx, "settle deployment", d, func(k kind, s *session, now int64) (int64, error) {
		// First the deployment, then its log: the order in which claims lock them.
		n, err := s.exec(ctx, k.fill(`UPDATE {queue} SET status = $1, finished_at = $2, updated_at = $3, lease_owner = '', lease_until = 0,
				failing_step = $4, exit_code = $5, reason = $6, last_stderr = $7, image_digests = $8,
				superseded_by = CASE WHEN $9 = 'cancelled-by-user' THEN superseded_by ELSE '' END WHERE id = $10`+held+`$11`),
			string(d.Status), now, now, d.Outcome.Step, numberOrNil(d.Outcome.ExitCode), clean(d.Outcome.Reason),
			toJSON(cleanAll(d.Outcome.LastErr)), toJSON(d.Config.Digests), string(d.Status), d.RowID, d.Lease.Fence)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			return settled(ctx, s, k, d, last)
		}
		if err := db.append(ctx, s, last); err != nil {
			return 0, err
		}
		if _, err := s.exec(ctx, `UPDATE logs SET fence = 0 WHERE id = $1`, d.LogID); err != nil {
			return 0, err
		}
		return n, db.poke(ctx, s, "queue")
	})
}

// settled counts 1 when this very end was committed before, and only the answer was lost
// with the connection to the database: nobody else has ever had this fence.
func settled(ctx context.Context, s *session, k kind, d core.Deployment, last core.Batch) (int64, error) {
	end := int64(0)
	if n := len(last.Lines); n > 0 {
		end = last.Lines[n-1].Seq
	}
	return one(ctx, s, scanValue[int64], k.fill(`SELECT COUNT(*) FROM {queue} d JOIN logs l ON l.id = d.log_id
		WHERE d.id = $1 AND d.fence = $2 AND d.status = $3 AND l.last_seq >= $4`), d.RowID, d.Lease.Fence, string(d.Status), end)
}

func cleanAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = clean(t)
	}
	return out
}

// carry runs a write of the deployment's carrier; no changed row means the lease is lost.
func (db *DB) carry(ctx context.Context, what string, d core.Deployment, write func(k kind, s *session, now int64) (int64, error)) error {
	k, err := kindOf(d.Kind)
	if err != nil {
		return err
	}
	return db.inTx(ctx, what, func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		n, err := write(k, s, now)
		if err == nil && n == 0 {
			return errLost()
		}
		return err
	})
}
