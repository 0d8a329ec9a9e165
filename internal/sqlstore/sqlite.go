package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/taffrail/taffrail/internal/core"
)

const sqliteReaders = 4

// openSQLite opens two pools on one file: a single writer, which queues writers here
// rather than in SQLite's busy loop and has far better worst cases, and some readers,
// which WAL lets run beside it.
func openSQLite(ctx context.Context, o Options) (*DB, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, err
	}
	lock, err := prepareFolder(path, o)
	if err != nil {
		return nil, err
	}
	db := &DB{lock: lock, engine: sqliteEngine(o.Now)}
	db.write, err = openPool("sqlite", sqliteDSN(path, "&_txlock=immediate&_pragma=cache_size(-4000)"), 1, true)
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	db.read, err = openPool("sqlite", sqliteDSN(path, "&_pragma=query_only(1)&_pragma=cache_size(-1000)"), sqliteReaders, true)
	if err != nil {
		return nil, errors.Join(err, db.write.close(), lock.release())
	}
	if err := migrateSQLite(ctx, db.write.db, path); err != nil {
		return nil, errors.Join(explain("prepare the database "+path, err), db.Close())
	}
	return db, nil
}

func sqliteEngine(now func() time.Time) engine {
	return engine{
		name: "sqlite",
		now:  func(context.Context, *session) (int64, error) { return now().UnixMicro(), nil },
	}
}

func sqliteDSN(path, more string) string {
	// Pragmas in the address reach every connection of a pool; by Exec only one.
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(path)}).String() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=journal_size_limit(67108864)" + more
}

// prepareFolder makes the folder and the file with modes that keep others out, and
// takes the lock of the folder unless it is to be shared.
func prepareFolder(path string, o Options) (*ownerLock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, unusable(path, err)
	}
	var lock *ownerLock
	if !o.Shared {
		var err error
		if lock, err = lockFolder(filepath.Dir(path), o.Address); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, errors.Join(unusable(path, err), lock.release())
	}
	return lock, f.Close()
}

func unusable(path string, err error) error {
	return &core.Error{Op: "open store", Code: core.CodeUnavailable, Err: err,
		Msg: "The database file " + path + " cannot be used. Check that the folder exists, belongs to this user and has room."}
}

// migrateSQLite holds a lock of its own: a short job may open the database while a
// controller starts.
func migrateSQLite(ctx context.Context, db *sql.DB, path string) error {
	release, err := waitForLock(ctx, path+".migrate")
	if err != nil {
		return err
	}
	return errors.Join(migrate(ctx, goose.DialectSQLite3, db, "migrations/sqlite"), release())
}
