package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	lineColumns = 10
	linesMax    = 10_000
)

// lineChunks are the numbers of lines that one statement inserts. Few sizes mean few
// statements to keep prepared; the largest stays well below the limits of both engines.
var lineChunks = []int{24, 6, 1}

// AppendLog adds lines and steps to a log and moves its cursor. CodeLost unless the
// deployment is in progress with b's fence. Lines must go on where the log ends. The
// batch that was appended last may be given again: its commit may have been done and only
// the answer been lost, with the connection to the database.
func (db *DB) AppendLog(ctx context.Context, b core.Batch) error {
	return db.inTx(ctx, "append to log", func(s *session) error { return db.append(ctx, s, b) })
}

func (db *DB) append(ctx context.Context, s *session, b core.Batch) error {
	there, err := moveHeader(ctx, s, b)
	if err != nil || there {
		return err
	}
	if err := insertLines(ctx, s, b.LogID, b.Lines); err != nil {
		return err
	}
	if err := putSteps(ctx, s, b.LogID, b.Steps); err != nil {
		return err
	}
	return db.poke(ctx, s, fmt.Sprintf("log:%d", b.LogID))
}

// moveHeader is the gate of every append: one row says whether the writer still has the
// deployment, where the log ends and how far its source was read. there says that this
// very batch was appended before.
func moveHeader(ctx context.Context, s *session, b core.Batch) (there bool, err error) {
	for i, l := range b.Lines {
		if l.Seq != b.Lines[0].Seq+int64(i) {
			return false, fmt.Errorf("line %d of a batch that starts at %d has number %d", i, b.Lines[0].Seq, l.Seq)
		}
	}
	text := `UPDATE logs SET cursor_offset = $1, cursor_state = $2, last_seq = last_seq + $3 WHERE id = $4 AND fence = $5 AND fence > 0`
	args := []any{b.Cursor.Offset, b.Cursor.State, len(b.Lines), b.LogID, b.Fence}
	if len(b.Lines) > 0 {
		text += ` AND last_seq = $6`
		args = append(args, b.Lines[0].Seq-1)
	}
	n, err := s.exec(ctx, text, args...)
	if err != nil || n == 1 {
		return false, err
	}
	var stands core.Cursor
	last, err := one(ctx, s, func(r row) (int64, error) {
		var last int64
		err := r.Scan(&last, &stands.Offset, &stands.State)
		return last, err
	}, `SELECT last_seq, cursor_offset, cursor_state FROM logs WHERE id = $1 AND fence = $2 AND fence > 0`, b.LogID, b.Fence)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, errLost()
	case err != nil:
		return false, err
	case last == b.Lines[len(b.Lines)-1].Seq && stands == b.Cursor:
		return true, nil
	}
	return false, fmt.Errorf("append line %d to log %d, which ends at %d", b.Lines[0].Seq, b.LogID, last)
}

func errLost() error {
	return core.Errorf(core.CodeLost, "Another controller has taken over this deployment, or it has ended.")
}

func insertLines(ctx context.Context, s *session, log int64, lines []core.Line) error {
	for len(lines) > 0 {
		n := 1
		for _, size := range lineChunks {
			if len(lines) >= size {
				n = size
				break
			}
		}
		args := make([]any, 0, n*lineColumns)
		for _, l := range lines[:n] {
			args = append(args, log, l.Seq, l.Step, l.Batch, string(l.Stream), l.Hidden, l.Continued, l.At.UnixMicro(), clean(l.Command), clean(l.Output))
		}
		if _, err := s.exec(ctx, insertLinesText[n], args...); err != nil {
			return err
		}
		lines = lines[n:]
	}
	return nil
}

// insertLinesText has the statement for each size of chunk.
var insertLinesText = func() map[int]string {
	texts := map[int]string{}
	for _, n := range lineChunks {
		rows := make([]string, n)
		for i := range rows {
			rows[i] = "(" + marks(1+i*lineColumns, lineColumns) + ")"
		}
		texts[n] = `INSERT INTO log_lines (log_id, seq, step, batch, type, hidden, continued, at, command, output) VALUES ` + strings.Join(rows, ", ")
	}
	return texts
}()

func putSteps(ctx context.Context, s *session, log int64, steps []core.Step) error {
	for _, p := range steps {
		_, err := s.exec(ctx,
			`INSERT INTO steps (log_id, number, name, title, command, started_at, ended_at, exit_code, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (log_id, number) DO UPDATE SET name = excluded.name, title = excluded.title, command = excluded.command,
				started_at = excluded.started_at, ended_at = excluded.ended_at, exit_code = excluded.exit_code, state = excluded.state`,
			log, p.Number, p.Name, clean(p.Title), clean(p.Command), micro(p.StartedAt), micro(p.EndedAt), numberOrNil(p.ExitCode), p.State)
		if err != nil {
			return err
		}
	}
	return nil
}

func numberOrNil(n *int) any {
	if n == nil {
		return nil
	}
	return *n
}

// GetCursor returns how far the source of a log was read and the number of its last line.
func (db *DB) GetCursor(ctx context.Context, logID int64) (core.Cursor, int64, error) {
	var last int64
	c, err := getOne(ctx, db, "Log", func(r row) (core.Cursor, error) {
		var c core.Cursor
		err := r.Scan(&c.Offset, &c.State, &last)
		return c, err
	}, `SELECT cursor_offset, cursor_state, last_seq FROM logs WHERE id = $1`, logID)
	return c, last, err
}

// LinesAfter returns up to limit lines behind number after, in order, packed or not. limit
// is cut at 10,000.
func (db *DB) LinesAfter(ctx context.Context, logID, after int64, limit int) ([]core.Line, error) {
	limit = min(max(limit, 0), linesMax)
	out := []core.Line{}
	for {
		// In this order: what is packed between the two queries is in a chunk by the second.
		plain, err := getList(ctx, db, "log lines", scanLine, linesAfter, logID, after, limit-len(out))
		if err != nil || len(plain) > 0 && plain[0].Seq == after+1 {
			return append(out, plain...), err
		}
		packed, last, err := db.chunkAfter(ctx, logID, after, limit-len(out))
		if err != nil || last == 0 {
			return append(out, plain...), err
		}
		if out = append(out, packed...); len(out) == limit {
			return out, nil
		}
		after = last
	}
}

const linesAfter = `SELECT ` + lineNames + ` FROM log_lines WHERE log_id = $1 AND seq > $2 ORDER BY seq LIMIT $3 + 0`

const lineNames = `seq, step, batch, type, hidden, continued, at, command, output`

// chunkAfter returns up to limit lines behind a number from the first chunk that has any,
// and the last number of that chunk; 0 when there is none.
func (db *DB) chunkAfter(ctx context.Context, logID, after int64, limit int) ([]core.Line, int64, error) {
	var last int64
	data, err := one(ctx, db.view(), func(r row) ([]byte, error) {
		var data []byte
		err := r.Scan(&last, &data)
		return data, err
	}, chunkAfter, logID, logID, after+1, after)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, explain("read a packed log", err)
	}
	lines, err := db.packer.unpack(data, after, limit)
	return lines, last, err
}

// chunkAfter looks for line after+1 by the primary key: it is in the last chunk that begins
// at or before it, however many chunks there are.
const chunkAfter = `SELECT last_seq, data FROM log_chunks WHERE log_id = $1
	AND first_seq >= COALESCE((SELECT MAX(b.first_seq) FROM log_chunks b WHERE b.log_id = $2 AND b.first_seq <= $3), 0)
	AND last_seq > $4 ORDER BY first_seq LIMIT 1`

func scanLine(r row) (core.Line, error) {
	var l core.Line
	err := r.Scan(&l.Seq, &l.Step, &l.Batch, &l.Stream, &l.Hidden, &l.Continued, stamp{&l.At}, &l.Command, &l.Output)
	return l, err
}

// ListSteps returns the steps of a log in order.
func (db *DB) ListSteps(ctx context.Context, logID int64) ([]core.Step, error) {
	return getList(ctx, db, "steps", func(r row) (core.Step, error) {
		var p core.Step
		err := r.Scan(&p.Number, &p.Name, &p.Title, &p.Command, stamp{&p.StartedAt}, stamp{&p.EndedAt}, intOrNil{&p.ExitCode}, &p.State)
		return p, err
	}, `SELECT number, name, title, command, started_at, ended_at, exit_code, state FROM steps WHERE log_id = $1 ORDER BY number`, logID)
}
