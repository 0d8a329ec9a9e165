package testenv

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver

	"github.com/taffrail/taffrail/internal/core"
)

// NewDatabase makes a database that is dropped when the test ends, and returns its URL.
// admin is a superuser's URL: see RequirePostgres.
func NewDatabase(t testing.TB, admin string) string {
	t.Helper()
	dsn, err := CreateDatabase(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := DropDatabase(ctx, admin, dsn); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return dsn
}

// CreateDatabase makes a database with a name of its own and returns its URL.
func CreateDatabase(ctx context.Context, admin string) (string, error) {
	u, err := url.Parse(admin)
	if err != nil {
		return "", err
	}
	name := "test_" + string(core.NewID())
	if err := execute(ctx, admin, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// DropDatabase takes away what CreateDatabase made, and ends the connections to it.
func DropDatabase(ctx context.Context, admin, dsn string) error {
	u, err := url.Parse(dsn)
	if err != nil {
		return err
	}
	name := strings.TrimPrefix(u.Path, "/")
	if !strings.HasPrefix(name, "test_") {
		return errors.New("only databases that CreateDatabase made are dropped")
	}
	return execute(ctx, admin, "DROP DATABASE "+name+" WITH (FORCE)")
}

func execute(ctx context.Context, dsn, statement string) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}
