package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// maxPrepared bounds the statements that are kept: texts that depend on filters come in
// many forms.
const maxPrepared = 300

// pool is a pool of connections and, for SQLite, the statements prepared on it.
// PostgreSQL's driver keeps its own per connection.
type pool struct {
	db     *sql.DB
	keeps  bool
	mu     sync.RWMutex
	texts  map[string]*sql.Stmt // guarded by mu
	closed bool                 // guarded by mu
}

func openPool(driver, dsn string, conns int, keeps bool) (*pool, error) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return newPool(db, conns, keeps), nil
}

func newPool(db *sql.DB, conns int, keeps bool) *pool {
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return &pool{db: db, keeps: keeps, texts: map[string]*sql.Stmt{}}
}

func (p *pool) close() error {
	p.mu.Lock()
	p.closed = true
	for _, stmt := range p.texts {
		_ = stmt.Close() // closing the pool ends them anyway
	}
	p.mu.Unlock()
	return p.db.Close()
}

func (p *pool) prepared(text string) *sql.Stmt {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.texts[text]
}

// prepare keeps a statement for text. It waits for a free connection, so it must be
// called neither inside a transaction of a pool of one nor with mu held, for which the
// transaction that has the connection may be waiting. A failure only costs the next
// user time.
func (p *pool) prepare(ctx context.Context, text string) {
	if !p.worthKeeping(text) {
		return
	}
	stmt, err := p.db.PrepareContext(ctx, positional(text))
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.texts[text] != nil {
		_ = stmt.Close() //nolint:sqlclosecheck // only when another goroutine was faster; else the pool keeps it
		return
	}
	p.texts[text] = stmt
}

func (p *pool) worthKeeping(text string) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return !p.closed && p.texts[text] == nil && len(p.texts) < maxPrepared
}

// A limit is written "LIMIT $1 + 0" wherever it is a parameter: SQLite looks into a bare
// one when it plans, and then plans again each time a value is bound, which costs more
// than the reading.

// session is what statements run on: a pool, or one transaction of it.
type session struct {
	pool   *pool
	tx     *sql.Tx
	bound  map[string]*sql.Stmt // prepared statements bound to tx
	missed []string             // texts worth preparing once tx is over
}

func (s *session) exec(ctx context.Context, text string, args ...any) (int64, error) {
	res, err := s.execResult(ctx, text, args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (s *session) execResult(ctx context.Context, text string, args []any) (sql.Result, error) {
	if stmt := s.statement(ctx, text); stmt != nil { //nolint:sqlclosecheck // the pool keeps it
		return stmt.ExecContext(ctx, args...)
	}
	if s.tx != nil {
		return s.tx.ExecContext(ctx, text, args...)
	}
	return s.pool.db.ExecContext(ctx, text, args...)
}

func (s *session) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if stmt := s.statement(ctx, text); stmt != nil { //nolint:sqlclosecheck // the pool keeps it
		return stmt.QueryContext(ctx, args...)
	}
	if s.tx != nil {
		return s.tx.QueryContext(ctx, text, args...)
	}
	return s.pool.db.QueryContext(ctx, text, args...)
}

// statement returns the prepared form of text, or nil when it has to run as it is.
func (s *session) statement(ctx context.Context, text string) *sql.Stmt {
	if !s.pool.keeps {
		return nil
	}
	stmt := s.pool.prepared(text)
	switch {
	case s.tx == nil && stmt == nil:
		s.pool.prepare(ctx, text)
		return s.pool.prepared(text)
	case s.tx == nil:
		return stmt
	case stmt == nil:
		s.missed = append(s.missed, text)
		return nil
	}
	if s.bound[text] == nil {
		s.bound[text] = s.tx.StmtContext(ctx, stmt)
	}
	return s.bound[text]
}

// positional turns $1, $2, … into plain question marks where they come in order: SQLite
// looks named parameters up one by one, which shows in statements with hundreds of
// them. Texts that use a parameter twice or out of order stay as they are. No text of
// this package has a dollar sign inside a literal.
func positional(text string) string {
	var out strings.Builder
	rest, want := text, 1
	for {
		i := strings.IndexByte(rest, '$')
		if i < 0 {
			break
		}
		end := i + 1
		for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
			end++
		}
		if n, err := strconv.Atoi(rest[i+1 : end]); err != nil || n != want {
			return text
		}
		out.WriteString(rest[:i])
		out.WriteByte('?')
		rest = rest[end:]
		want++
	}
	out.WriteString(rest)
	return out.String()
}
