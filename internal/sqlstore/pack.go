package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

// unpacked are the logs of ended deployments that have lines outside of chunks: nobody
// holds a fence of theirs, and only a deployment that was carried or cancelled has lines.
const unpacked = `SELECT id FROM logs WHERE fence = 0 AND packed_seq < last_seq ORDER BY id LIMIT $1 + 0`

// ListUnpacked returns up to limit logs of all teams that PackLog has work with.
func (db *DB) ListUnpacked(ctx context.Context, limit int) ([]int64, error) {
	return getList(ctx, db, "logs to pack", scanValue[int64], unpacked, limit)
}

// logState is where the stored lines of a log stand.
type logState struct {
	last, packed, edition int64
}

const readLogState = `SELECT last_seq, packed_seq, edition FROM logs WHERE id = $1 AND fence = 0`

func scanLogState(r row) (logState, error) {
	var at logState
	err := r.Scan(&at.last, &at.packed, &at.edition)
	return at, err
}

// PackLog moves the next lines of the log of an ended deployment into one chunk, and says
// whether there are more. Packing is done outside of the transaction, so that writers do
// not wait for it; when the log was changed meanwhile nothing happens, and it says that
// there is more. CodeNotFound when there is no such log, or its deployment has not ended.
func (db *DB) PackLog(ctx context.Context, logID int64) (bool, error) {
	at, err := getOne(ctx, db, "Log", scanLogState, readLogState, logID)
	if err != nil || at.packed >= at.last {
		return false, err
	}
	lines, err := db.nextToPack(ctx, logID, at.packed)
	if err != nil {
		return false, explain("read lines to pack", err)
	}
	if len(lines) == 0 {
		return false, nil
	}
	c := db.chunk(lines)
	err = db.inTx(ctx, "pack a log", func(s *session) error {
		n, err := s.exec(ctx, `UPDATE logs SET packed_seq = $1, packed_size = packed_size + $2
			WHERE id = $3 AND fence = 0 AND packed_seq = $4 AND edition = $5`, c.last, len(c.data), logID, at.packed, at.edition)
		if err != nil || n == 0 {
			return err
		}
		if err := insertChunk(ctx, s, logID, c); err != nil {
			return err
		}
		_, err = s.exec(ctx, `DELETE FROM log_lines WHERE log_id = $1 AND seq <= $2`, logID, c.last)
		return err
	})
	return c.last < at.last, err
}

// nextToPack reads lines until they make a chunk.
func (db *DB) nextToPack(ctx context.Context, logID, after int64) ([]core.Line, error) {
	rows, err := db.view().query(ctx, `SELECT `+lineNames+` FROM log_lines WHERE log_id = $1 AND seq > $2 ORDER BY seq`, logID, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var lines []core.Line
	for size := 0; size < chunkText && rows.Next(); {
		l, err := scanLine(rows)
		if err != nil {
			return nil, err
		}
		size += len(l.Output) + len(l.Command)
		lines = append(lines, l)
	}
	return lines, rows.Err()
}

// chunk is a row of log_chunks.
type chunk struct {
	first, last    int64
	hidden, stderr int
	size           int
	data           []byte
}

// chunk packs lines, at least one.
func (db *DB) chunk(lines []core.Line) chunk {
	c := chunk{first: lines[0].Seq, last: lines[len(lines)-1].Seq, data: db.packer.pack(lines)}
	for _, l := range lines {
		c.size += len(l.Output) + len(l.Command)
		c.hidden += int(flag(l.Hidden))
		c.stderr += int(flag(l.Stream == core.Stderr))
	}
	return c
}

func insertChunk(ctx context.Context, s *session, logID int64, c chunk) error {
	_, err := s.exec(ctx, `INSERT INTO log_chunks (log_id, first_seq, last_seq, hidden_count, stderr_count, text_size, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, logID, c.first, c.last, c.hidden, c.stderr, c.size, c.data)
	return err
}
