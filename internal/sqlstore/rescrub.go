package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/taffrail/taffrail/internal/core"
)

// logsAfter is a page of the deployments of a resource in the order of their logs.
const logsAfter = selectDeployment + `WHERE d.{ref} = (SELECT r.{refTo} FROM {resources} r WHERE r.id = $1 AND r.team_id = $2) AND d.log_id > $3
	ORDER BY d.log_id LIMIT $4 + 0`

// ListLogsAfter returns deployments of a resource, deleted or not, whose logs come behind
// log after, oldest first and without snapshots.
func (db *DB) ListLogsAfter(ctx context.Context, team int64, name core.Kind, resource, after int64, limit int) ([]core.Deployment, error) {
	k, err := kindOf(name)
	if err != nil {
		return nil, err
	}
	return getList(ctx, db, "logs of a resource", db.scanDeployment, k.fill(logsAfter), resource, team, after, limit)
}

// RewriteLines replaces the texts (Command and Output) of stored lines of an ended
// deployment by those of changed, which are in order and best near each other: each chunk
// that one of them is in is packed anew. Lines that are gone stay gone. CodeNotFound when
// there is no such log, or its deployment has not ended.
func (db *DB) RewriteLines(ctx context.Context, logID int64, changed []core.Line) error {
	return db.inTx(ctx, "rewrite lines of a log", func(s *session) error {
		// Raising the edition makes a packing fail that has read the old lines.
		_, err := one(ctx, s, scanValue[int64], `UPDATE logs SET edition = edition + 1 WHERE id = $1 AND fence = 0 RETURNING id`, logID)
		if err != nil {
			return missing("Log", err)
		}
		for rest := changed; len(rest) > 0; {
			n, err := db.rewriteChunk(ctx, s, logID, rest)
			if err != nil {
				return err
			}
			if n > 0 {
				rest = rest[n:]
				continue
			}
			l := rest[0]
			if _, err := s.exec(ctx, `UPDATE log_lines SET command = $1, output = $2 WHERE log_id = $3 AND seq = $4`, clean(l.Command), clean(l.Output), logID, l.Seq); err != nil {
				return err
			}
			rest = rest[1:]
		}
		return db.poke(ctx, s, fmt.Sprintf("log:%d", logID))
	})
}

// rewriteChunk replaces lines in the chunk that the first of them is in, and says how many
// of them were; 0 when it is in none.
func (db *DB) rewriteChunk(ctx context.Context, s *session, logID int64, changed []core.Line) (int, error) {
	var first, last int64
	data, err := one(ctx, s, func(r row) ([]byte, error) {
		var data []byte
		err := r.Scan(&first, &last, &data)
		return data, err
	}, `SELECT first_seq, last_seq, data FROM log_chunks WHERE log_id = $1 AND first_seq <= $2 ORDER BY first_seq DESC LIMIT 1`, logID, changed[0].Seq)
	if errors.Is(err, sql.ErrNoRows) || err == nil && last < changed[0].Seq {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	lines, err := db.packer.unpack(data, 0, int(last-first+1))
	if err != nil {
		return 0, err
	}
	n := 0
	for n < len(changed) && changed[n].Seq <= last {
		at := &lines[changed[n].Seq-first]
		at.Command, at.Output = clean(changed[n].Command), clean(changed[n].Output)
		n++
	}
	c := db.chunk(lines)
	_, err = s.exec(ctx, `UPDATE log_chunks SET text_size = $1, data = $2 WHERE log_id = $3 AND first_seq = $4`, c.size, c.data, logID, first)
	if err != nil {
		return 0, err
	}
	_, err = s.exec(ctx, `UPDATE logs SET packed_size = packed_size + $1 WHERE id = $2`, len(c.data)-len(data), logID)
	return n, err
}

// RewriteRecord replaces what else was kept of what the run of an ended deployment said:
// the reason and last words of d.Outcome, and titles and commands of the steps. record is
// a line that goes behind the log; empty: none. CodeNotFound when it has not ended.
func (db *DB) RewriteRecord(ctx context.Context, d core.Deployment, steps []core.Step, record string) error {
	k, err := kindOf(d.Kind)
	if err != nil {
		return err
	}
	return db.inTx(ctx, "rewrite the record of a deployment", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		err = must(ctx, s, "Deployment", k.fill(`UPDATE {queue} SET reason = $1, last_stderr = $2 WHERE id = $3 AND team_id = $4 AND status NOT IN ('queued', 'in_progress')`),
			clean(d.Outcome.Reason), toJSON(cleanAll(d.Outcome.LastErr)), d.RowID, d.TeamID)
		if err != nil {
			return err
		}
		for _, p := range steps {
			if _, err := s.exec(ctx, `UPDATE steps SET title = $1, command = $2 WHERE log_id = $3 AND number = $4`, clean(p.Title), clean(p.Command), d.LogID, p.Number); err != nil {
				return err
			}
		}
		// What the reader of the spool kept is of no use any more.
		seq, err := one(ctx, s, scanValue[int64], `UPDATE logs SET cursor_state = '', last_seq = last_seq + $1 WHERE id = $2 RETURNING last_seq`, int64(flag(record != "")), d.LogID)
		if err != nil || record == "" {
			return missing("Log", err)
		}
		line := core.Line{Seq: seq, Stream: core.Warning, At: fromMicro(now), Output: clean(record)}
		if err := insertLines(ctx, s, d.LogID, []core.Line{line}); err != nil {
			return err
		}
		return db.poke(ctx, s, fmt.Sprintf("log:%d", d.LogID))
	})
}
