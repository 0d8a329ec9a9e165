package sqlstore

import (
	"context"
	"errors"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

const (
	postgresConns = 16
	// channel is what controllers listen on.
	channel = "taffrail"
)

func openPostgres(ctx context.Context, o Options) (*DB, error) {
	p, err := openPool("pgx", o.DSN, postgresConns, false)
	if err != nil {
		return nil, err
	}
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
