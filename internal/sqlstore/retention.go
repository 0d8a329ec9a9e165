package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/taffrail/taffrail/internal/core"
)

// GetRetention reads how long deployments are kept.
func (db *DB) GetRetention(ctx context.Context) (core.HistoryLimits, error) {
	text, err := one(ctx, db.view(), scanValue[[]byte], `SELECT value FROM instance WHERE key = 'retention'`)
	if errors.Is(err, sql.ErrNoRows) {
		return core.DefaultHistoryLimits(), nil
	}
	if err != nil {
		return core.HistoryLimits{}, explain("read retention", err)
	}
	var r core.HistoryLimits
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("read retention: %w", err)
	}
	return r, nil
}

// SetRetention writes how long deployments are kept.
func (db *DB) SetRetention(ctx context.Context, r core.HistoryLimits) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write retention: %w", err)
	}
	return db.inTx(ctx, "write retention", func(s *session) error {
		_, err := s.exec(ctx, `INSERT INTO instance (key, value) VALUES ('retention', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, text)
		return err
	})
}

var histories = union(`SELECT '{kind}', r.id, r.uuid, r.name, r.team_id FROM {resources} r WHERE r.deployment_count > 0 AND (r.team_id = $1 OR $2 = 0)`)

// ListHistories returns the resources of a team, deleted ones too, that have deployments;
// with team 0 those of all teams.
func (db *DB) ListHistories(ctx context.Context, team int64) ([]core.History, error) {
	return getList(ctx, db, "histories", func(r row) (core.History, error) {
		var h core.History
		err := r.Scan(&h.Kind, &h.Resource.RowID, &h.Resource.UUID, &h.Resource.Name, &h.TeamID)
		return h, err
	}, histories, team, team)
}

const past = `SELECT d.id, d.log_id, d.deployment_uuid, d.status, d.verb, {lane}, d.server_id, COALESCE(d.finished_at, d.created_at),
		d.pinned, d.image_digests <> '', d.rollback_of, l.packed_size
	FROM {queue} d JOIN logs l ON l.id = d.log_id
	WHERE d.{ref} = (SELECT r.{refTo} FROM {resources} r WHERE r.id = $1 AND r.team_id = $2) ORDER BY d.created_at DESC, d.log_id DESC`

// ListPast returns all deployments of a resource, newest first.
func (db *DB) ListPast(ctx context.Context, h core.History) ([]core.Past, error) {
	k, err := kindOf(h.Kind)
	if err != nil {
		return nil, err
	}
	return getList(ctx, db, "deployments", func(r row) (core.Past, error) {
		var p core.Past
		err := r.Scan(&p.RowID, &p.LogID, &p.UUID, &p.Status, &p.Verb, &p.Lane, &p.Server, stamp{&p.EndedAt}, &p.Pinned, &p.Images, &p.RollbackOf, &p.Size)
		return p, err
	}, k.fill(past), h.Resource.RowID, h.TeamID)
}

// DropDeployment deletes a deployment that has ended and is not pinned, with its log, by
// parts: no transaction is long, however long the log is. One that was broken off is
// finished by dropping again. CodeNotFound when there is none, or it must stay.
func (db *DB) DropDeployment(ctx context.Context, h core.History, p core.Past) error {
	k, err := kindOf(h.Kind)
	if err != nil {
		return err
	}
	const may = ` FROM {queue} WHERE id = $1 AND team_id = $2 AND log_id = $3 AND NOT pinned AND status NOT IN ('queued', 'in_progress')`
	found, err := exists(ctx, db.view(), k.fill(`SELECT 1`+may), p.RowID, h.TeamID, p.LogID)
	if err != nil {
		return explain("delete a deployment", err)
	}
	if !found {
		return core.NotFound("Deployment")
	}
	for more := true; more; {
		if more, err = db.dropLines(ctx, p.LogID, math.MaxInt64); err != nil {
			return err
		}
	}
	return db.inTx(ctx, "delete a deployment", func(s *session) error {
		if err := must(ctx, s, "Deployment", k.fill(`DELETE`+may), p.RowID, h.TeamID, p.LogID); err != nil {
			return err
		}
		_, err := s.exec(ctx, k.fill(`UPDATE {resources} SET deployment_count = deployment_count - 1 WHERE id = $1 AND deployment_count > 0`), h.Resource.RowID)
		return err
	})
}
