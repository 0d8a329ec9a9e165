package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

// auditSwept is how many old entries go with each new one.
const auditSwept = 20

const (
	auditPage = `SELECT id, team_id, actor_kind, actor_id, actor_name, trigger, address, action, subject, created_at FROM audit_entries
		WHERE team_id = $1 AND ($2 = 0 OR id < $3) AND ($4 = '' OR actor_name = $5) AND ($6 = '' OR subject = $7) AND ($8 = '' OR action = $9)
		ORDER BY id DESC LIMIT $10 + 0`
	auditSweep = `DELETE FROM audit_entries WHERE id IN (SELECT o.id FROM audit_entries o WHERE o.created_at < $1 ORDER BY o.created_at, o.id LIMIT $2 + 0)`
)

// AppendAudit writes down a change, and lets go of some entries that are older than is
// to be kept.
func (db *DB) AppendAudit(ctx context.Context, e core.AuditEntry) error {
	return db.inTx(ctx, "write down a change", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		_, err = s.exec(ctx, `INSERT INTO audit_entries (team_id, actor_kind, actor_id, actor_name, trigger, address, action, subject, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			e.TeamID, e.Actor.Kind, e.Actor.ID, clean(e.Actor.Name), string(e.Trigger), clean(e.Address), e.Action, clean(e.Subject), now)
		if err != nil || db.auditKeep == 0 {
			return err
		}
		_, err = s.exec(ctx, auditSweep, now-db.auditKeep.Microseconds(), auditSwept)
		return err
	})
}

// ListAudit returns a page of the changes of a team, newest first.
func (db *DB) ListAudit(ctx context.Context, team int64, f core.AuditFilter) ([]core.AuditEntry, error) {
	return getList(ctx, db, "audit log", func(r row) (core.AuditEntry, error) {
		var e core.AuditEntry
		err := r.Scan(&e.RowID, &e.TeamID, &e.Actor.Kind, &e.Actor.ID, &e.Actor.Name, &e.Trigger, &e.Address, &e.Action, &e.Subject, stamp{&e.At})
		return e, err
	}, auditPage, team, f.Before, f.Before, f.Actor, f.Actor, f.Subject, f.Subject, f.Action, f.Action, f.Limit)
}
