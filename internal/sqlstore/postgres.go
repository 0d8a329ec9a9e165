package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

const (
	postgresConns = 16
	// channel is what controllers listen on.
	channel = "taffrail"
	// heldFor is how long the locks of a controller that sleeps in the middle of a
	// transaction may be in the way of others: less than a lease.
	heldFor = "5s"
)

func openPostgres(ctx context.Context, o Options) (*DB, error) {
	cfg, err := pgx.ParseConfig(o.DSN)
	if err != nil {
		return nil, explain("open the database", err)
	}
	if asleep := "idle_in_transaction_session_timeout"; cfg.RuntimeParams[asleep] == "" {
		cfg.RuntimeParams[asleep] = heldFor
	}
	p := newPool(stdlib.OpenDB(*cfg), postgresConns, false)
	p.db.SetConnMaxIdleTime(5 * time.Minute)
	db := &DB{read: p, write: p, dsn: o.DSN, engine: engine{name: "postgres", now: postgresNow, notify: postgresNotify}}
	locker, err := lock.NewPostgresSessionLocker()
	if err == nil {
		err = migrate(ctx, goose.DialectPostgres, p.db, "migrations/postgres", goose.WithSessionLocker(locker))
	}
	if err != nil {
		return nil, errors.Join(explain("prepare the database", err), p.close())
	}
	return db, nil
}

// postgresNow asks the database, since the clocks of its controllers differ.
func postgresNow(ctx context.Context, s *session) (int64, error) {
	return one(ctx, s, scanValue[int64], `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`)
}

func postgresNotify(ctx context.Context, s *session, payload string) error {
	_, err := s.exec(ctx, `SELECT pg_notify($1, $2)`, channel, payload)
	return err
}
