// Package sqlstore keeps everything that Taffrail remembers in one SQL database: SQLite
// inside the process, or PostgreSQL where several controllers share the work. All SQL of
// the program is here, and one text serves both engines.
//
// Every exported method is one transaction (or one query) and works for the team it is
// given: another team's rows are missing to it. Errors that a person can act on are
// *core.Error; all others mean a fault of ours or of the database.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/secretbox"
)

// Options says which database to open, and how. Exactly one of Path and DSN is set.
type Options struct {
	Path    string           // SQLite file; its folder is made when absent, and locked
	DSN     string           // postgres://…
	Box     *secretbox.Box   // seals what must not lie readable; required
	Log     *slog.Logger     // nil: silent
	Now     func() time.Time // clock of SQLite; nil: the system's. PostgreSQL uses its own
	Address string           // where this controller listens, for those who find the folder locked
	Audit   time.Duration    // how long the audit log goes back; 0: for ever
	Shared  bool             // open beside the controller that owns the folder, for a short job
}

// DB is the store. It may be used from several goroutines.
type DB struct {
	read   *pool
	write  *pool
	engine engine
	box    *secretbox.Box
	log    *slog.Logger
	lock   *ownerLock
	dsn    string
	packer *packer

	auditKeep time.Duration // how long the audit log goes back; 0: for ever
}

// engine is all that differs between the two databases at run time.
type engine struct {
	name string
	// now is the clock that leases live by, in µs.
	now func(ctx context.Context, s *session) (int64, error)
	// notify tells other controllers; nil where there are none.
	notify func(ctx context.Context, s *session, payload string) error
}

// Open opens the database and brings its tables up to date. A folder that another
// controller serves from is refused with an error that names that controller, unless
// o.Shared.
func Open(ctx context.Context, o Options) (*DB, error) {
	if (o.Path == "") == (o.DSN == "") || o.Box == nil {
		return nil, errors.New("open store: give either a path or a database URL, and a box")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	open := openSQLite
	if o.DSN != "" {
		open = openPostgres
	}
	db, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	db.box, db.log, db.auditKeep = o.Box, o.Log, o.Audit
	if db.packer, err = newPacker(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := db.checkKey(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Close waits for running statements, closes the database and gives the folder free.
func (db *DB) Close() error {
	err := db.write.close()
	if db.read != db.write {
		err = errors.Join(err, db.read.close())
	}
	return errors.Join(err, db.lock.release())
}

// Ping says whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return explain("reach the database", db.read.db.PingContext(ctx))
}

// Engine is "sqlite" or "postgres".
func (db *DB) Engine() string { return db.engine.name }

// Raw is the pool that writes, for tests and for tools that look at the whole database.
// Nothing else goes around the methods of DB.
func (db *DB) Raw() *sql.DB { return db.write.db }

// checkKey refuses a key file that belongs to another database at the start, rather
// than when the first secret is needed.
func (db *DB) checkKey(ctx context.Context) error {
	const place = "instance/key_check/value"
	return db.inTx(ctx, "check the secret key", func(s *session) error {
		fresh, err := db.box.Seal(0, place, []byte("taffrail"))
		if err != nil {
			return err
		}
		if _, err := s.exec(ctx, `INSERT INTO instance (key, value) VALUES ('key_check', $1) ON CONFLICT (key) DO NOTHING`, fresh); err != nil {
			return err
		}
		sealed, err := one(ctx, s, scanValue[[]byte], `SELECT value FROM instance WHERE key = 'key_check'`)
		if err != nil {
			return err
		}
		if _, err := db.box.Open(0, place, sealed); err != nil {
			return &core.Error{Op: "open store", Code: core.CodeUnavailable, Err: err,
				Msg: "The database was written with another secret key than the one given. Start Taffrail with the key file that belongs to this database."}
		}
		return nil
	})
}
