package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/taffrail/taffrail/internal/core"
)

// maxAttempts is how often a transaction is tried that the database ended to free
// others from a deadlock.
const maxAttempts = 4

// row is a result row that can be scanned.
type row interface{ Scan(dest ...any) error }

// inTx runs fn in a transaction that writes, and commits it when fn returns nil. fn may
// run more than once. what says what is being done, for the error.
func (db *DB) inTx(ctx context.Context, what string, fn func(s *session) error) error {
	for attempt := 1; ; attempt++ {
		err := db.tryTx(ctx, fn)
		if err == nil || attempt == maxAttempts || !passing(err) {
			return explain(what, err)
		}
		db.log.DebugContext(ctx, "transaction_repeated", "what", what, "attempt", attempt, "error", err)
	}
}

func (db *DB) tryTx(ctx context.Context, fn func(s *session) error) error {
	tx, err := db.write.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	s := &session{pool: db.write, tx: tx, bound: map[string]*sql.Stmt{}}
	if err := fn(s); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	for _, text := range s.missed {
		db.write.prepare(context.WithoutCancel(ctx), text)
	}
	return nil
}

// ignoreDone drops the answer to a rollback of a transaction that is over already.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// view is where single queries run that write nothing.
func (db *DB) view() *session { return &session{pool: db.read} }

// list runs a query and scans every row. It never returns nil without an error.
func list[T any](ctx context.Context, s *session, scan func(row) (T, error), text string, args ...any) ([]T, error) {
	rows, err := s.query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, rows.Err()
}

// one runs a query and scans its first row; sql.ErrNoRows when there is none.
func one[T any](ctx context.Context, s *session, scan func(row) (T, error), text string, args ...any) (T, error) {
	var none T
	rows, err := s.query(ctx, text, args...)
	if err != nil {
		return none, err
	}
	defer rows.Close()
	if !rows.Next() {
		return none, errors.Join(rows.Err(), sql.ErrNoRows)
	}
	item, err := scan(rows)
	if err != nil {
		return none, err
	}
	return item, rows.Close()
}

// scanValue scans a row of one column.
func scanValue[T any](r row) (T, error) {
	var v T
	err := r.Scan(&v)
	return v, err
}

// exists says whether a query has a row.
func exists(ctx context.Context, s *session, text string, args ...any) (bool, error) {
	_, err := one(ctx, s, scanValue[int64], text, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// must runs a statement that has to change a row, and answers that what ("Server") was
// not found when it changed none.
func must(ctx context.Context, s *session, what, text string, args ...any) error {
	n, err := s.exec(ctx, text, args...)
	if err == nil && n == 0 {
		return core.NotFound(what)
	}
	return err
}

// missing turns "no row" into the answer that what ("Server") was not found.
func missing(what string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return core.NotFound(what)
	}
	return err
}

// getOne reads one row outside of a transaction, for what ("Server").
func getOne[T any](ctx context.Context, db *DB, what string, scan func(row) (T, error), text string, args ...any) (T, error) {
	item, err := one(ctx, db.view(), scan, text, args...)
	return item, explain("read "+what, missing(what, err))
}

// getList reads rows outside of a transaction.
func getList[T any](ctx context.Context, db *DB, what string, scan func(row) (T, error), text string, args ...any) ([]T, error) {
	items, err := list(ctx, db.view(), scan, text, args...)
	return items, explain("list "+what, err)
}

// explain makes an error of the database one that says what was being done, and, where
// a person can do something about it, one fit for a person.
func explain(what string, err error) error {
	var known *core.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if msg := advice(err); msg != "" {
		return &core.Error{Op: what, Code: core.CodeUnavailable, Msg: msg, Err: err}
	}
	return fmt.Errorf("%s: %w", what, err)
}
