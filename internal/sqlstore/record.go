package sqlstore

import (
	"context"
	"fmt"

	"github.com/taffrail/taffrail/internal/core"
)

// dropAtOnce is how many lines of a log one transaction takes away.
const dropAtOnce = 5000

// PinDeployment says whether retention is to keep a deployment, and returns it.
func (db *DB) PinDeployment(ctx context.Context, team int64, id core.ID, pinned bool) (core.Deployment, error) {
	return db.annotate(ctx, "pin deployment", team, id, `pinned = $1`, pinned)
}

// NoteDeployment writes why there is a deployment, and returns it.
func (db *DB) NoteDeployment(ctx context.Context, team int64, id core.ID, note string) (core.Deployment, error) {
	return db.annotate(ctx, "note deployment", team, id, `note = $1`, clean(note))
}

// annotate changes what people say about a deployment, which is no part of its life.
func (db *DB) annotate(ctx context.Context, what string, team int64, id core.ID, set string, value any) (core.Deployment, error) {
	var d core.Deployment
	err := db.inTx(ctx, what, func(s *session) error {
		found, k, err := db.deploymentOf(ctx, s, team, id)
		if err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		if _, err := s.exec(ctx, k.fill(`UPDATE {queue} SET `+set+`, updated_at = $2 WHERE id = $3`), value, now, found.RowID); err != nil {
			return err
		}
		d, err = db.deploymentByRow(ctx, s, k, found.RowID)
		return err
	})
	return d, err
}

// deploymentOf finds a deployment of a team inside a transaction, with its kind.
func (db *DB) deploymentOf(ctx context.Context, s *session, team int64, id core.ID) (core.Deployment, kind, error) {
	d, err := one(ctx, s, db.scanDeployment, deploymentByUUID, string(id), team)
	if err != nil {
		return d, kind{}, missing("Deployment", err)
	}
	k, err := kindOf(d.Kind)
	return d, k, err
}

// DropLog takes away the lines of a deployment that has ended, and what its outcome
// quotes of them; a line in their place says who did so. CodeBadRequest as long as it has
// not ended. It goes by parts, so that it keeps nobody waiting: one that was broken off
// is finished by dropping again.
func (db *DB) DropLog(ctx context.Context, team int64, id core.ID, by core.Actor) error {
	var log, last int64
	err := db.inTx(ctx, "delete log", func(s *session) error {
		d, k, err := db.deploymentOf(ctx, s, team, id)
		if err != nil {
			return err
		}
		if !d.Status.Terminal() {
			return core.Errorf(core.CodeBadRequest, "The deployment has not ended: its log can be deleted when it has, or is cancelled.")
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		if _, err := s.exec(ctx, k.fill(`UPDATE {queue} SET last_stderr = '', updated_at = $1 WHERE id = $2`), now, d.RowID); err != nil {
			return err
		}
		log = d.LogID
		if last, err = one(ctx, s, scanValue[int64], `UPDATE logs SET packed_seq = last_seq, packed_size = 0, last_seq = last_seq + 1,
			edition = edition + 1 WHERE id = $1 RETURNING last_seq`, log); err != nil {
			return err
		}
		line := core.Line{Seq: last, Batch: 1, Stream: core.Warning, At: fromMicro(now),
			Output: fmt.Sprintf("The log up to here was deleted by %s.", actorName(by))}
		if err := insertLines(ctx, s, log, []core.Line{line}); err != nil {
			return err
		}
		return db.poke(ctx, s, fmt.Sprintf("log:%d", log))
	})
	for more := err == nil; more && err == nil; {
		more, err = db.dropLines(ctx, log, last)
	}
	return err
}

// chunksAtOnce is how many chunks go in one transaction: about as much text as dropAtOnce lines.
const chunksAtOnce = 20

// dropLines takes away some lines of a log before the one with number end, packed ones
// first; false when there are none left.
func (db *DB) dropLines(ctx context.Context, log, end int64) (more bool, err error) {
	err = db.inTx(ctx, "delete log lines", func(s *session) error {
		n, err := s.exec(ctx, `DELETE FROM log_chunks WHERE log_id = $1 AND first_seq IN (
			SELECT c.first_seq FROM log_chunks c WHERE c.log_id = $2 AND c.first_seq < $3 ORDER BY c.first_seq LIMIT $4 + 0)`, log, log, end, chunksAtOnce)
		if more = n > 0; err != nil || more {
			return err
		}
		first, err := one(ctx, s, scanValue[int64], `SELECT COALESCE(MIN(seq), 0) FROM log_lines WHERE log_id = $1`, log)
		if err != nil {
			return err
		}
		if more = first > 0 && first < end; !more {
			return nil
		}
		_, err = s.exec(ctx, `DELETE FROM log_lines WHERE log_id = $1 AND seq < $2`, log, min(first+dropAtOnce, end))
		return err
	})
	return more, err
}
