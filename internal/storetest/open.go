// Package storetest holds what every database engine of the store must do: one suite,
// Exercise, that runs on each of them, and openers of fresh databases for other tests.
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/secretbox"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// Box returns a box with a fresh key.
func Box(tb testing.TB) *secretbox.Box {
	tb.Helper()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	box, err := secretbox.New(secret)
	if err != nil {
		tb.Fatal(err)
	}
	return box
}

// OpenSQLite opens a fresh database in a folder of the test, and closes it at its end.
func OpenSQLite(tb testing.TB) *sqlstore.DB {
	tb.Helper()
	return open(tb, sqlstore.Options{Path: filepath.Join(tb.TempDir(), "taffrail.db"), Box: Box(tb)})
}

// OpenPostgres makes a fresh database on the server that TAFFRAIL_LAB_POSTGRES names,
// opens it, and drops it at the end of the test.
func OpenPostgres(tb testing.TB) *sqlstore.DB {
	tb.Helper()
	return open(tb, sqlstore.Options{DSN: PostgresDSN(tb), Box: Box(tb)})
}

// auditKeep is how long the audit logs of these databases go back.
const auditKeep = time.Hour

func open(tb testing.TB, o sqlstore.Options) *sqlstore.DB {
	tb.Helper()
	o.Audit = auditKeep
	db, err := sqlstore.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close store: %v", err)
		}
	})
	return db
}

// PostgresDSN makes a fresh, empty database and returns its address. Without a server
// the test is skipped, or fails where everything must be there (CI=true).
func PostgresDSN(tb testing.TB) string {
	tb.Helper()
	server := os.Getenv("TAFFRAIL_LAB_POSTGRES")
	if server == "" {
		const how = "needs PostgreSQL: set TAFFRAIL_LAB_POSTGRES to the URL of a superuser (lab/ starts one)"
		if os.Getenv("CI") == "true" {
			tb.Fatal(how)
		}
		tb.Skip(how)
	}
	name := "taffrail_" + strings.ToLower(string(core.NewID()))
	admin, err := sql.Open("pgx", server)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if _, err := admin.ExecContext(context.WithoutCancel(tb.Context()), `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`); err != nil {
			tb.Errorf("drop test database: %v", err)
		}
		_ = admin.Close()
	})
	if _, err := admin.ExecContext(tb.Context(), `CREATE DATABASE `+name); err != nil {
		tb.Fatal(err)
	}
	at, err := url.Parse(server)
	if err != nil {
		tb.Fatal(err)
	}
	at.Path = "/" + name
	// A test database need not survive a power cut; without the waits the suite is quick.
	query := at.Query()
	query.Set("synchronous_commit", "off")
	at.RawQuery = query.Encode()
	return at.String()
}
