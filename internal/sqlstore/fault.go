package sqlstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlitecode "modernc.org/sqlite/lib"
)

// Errors of PostgreSQL by SQLSTATE.
const (
	pgUnique       = "23505"
	pgForeignKey   = "23503"
	pgSerialize    = "40001"
	pgDeadlock     = "40P01"
	pgDiskFull     = "53100"
	pgTooManyConns = "53300"
	pgShutdown     = "57P01"
)

func pgState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func sqliteState(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// isTaken says that a row with the same unique value is there already.
func isTaken(err error) bool {
	code := sqliteState(err)
	return pgState(err) == pgUnique || code == sqlitecode.SQLITE_CONSTRAINT_UNIQUE || code == sqlitecode.SQLITE_CONSTRAINT_PRIMARYKEY
}

// isReferenced says that a row could not go because another one points to it, or could
// not come because what it points to is gone.
func isReferenced(err error) bool {
	return pgState(err) == pgForeignKey || sqliteState(err) == sqlitecode.SQLITE_CONSTRAINT_FOREIGNKEY
}

// passing says that the same transaction may well succeed when it is tried again.
func passing(err error) bool {
	state := pgState(err)
	return state == pgSerialize || state == pgDeadlock
}

// advice is what a person can do about a fault of the database; "" when it is not
// theirs to mend.
func advice(err error) string {
	var connect *pgconn.ConnectError
	switch code := sqliteState(err) & 0xff; {
	case errors.Is(err, context.Canceled):
		return ""
	case code == sqlitecode.SQLITE_FULL || pgState(err) == pgDiskFull:
		return "The database could not write: its disk is full. Free some space, then try again; nothing was half-stored."
	case code == sqlitecode.SQLITE_BUSY:
		return "The database is busy with another process. Try again in a moment."
	case code == sqlitecode.SQLITE_IOERR || code == sqlitecode.SQLITE_READONLY:
		return "The database file could not be read or written. Check its disk and its permissions."
	case code == sqlitecode.SQLITE_CORRUPT || code == sqlitecode.SQLITE_NOTADB:
		return "The database file is damaged. Restore it from a backup."
	case errors.As(err, &connect) || pgState(err) == pgShutdown || pgState(err) == pgTooManyConns:
		return "The PostgreSQL database cannot be reached. Check that it runs and that --database-url is right."
	}
	return ""
}
