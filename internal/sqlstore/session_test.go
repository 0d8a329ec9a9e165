package sqlstore_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
	"github.com/taffrail/taffrail/internal/storetest"
)

func TestPositional(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"SELECT 1":                 "SELECT 1",
		"a = $1 AND b = $2":        "a = ? AND b = ?",
		"a = $1 OR b = $1":         "a = $1 OR b = $1",
		"a = $2 AND b = $1":        "a = $2 AND b = $1",
		"($1, $2, $3), ($4)":       "(?, ?, ?), (?)",
		"$1$2$3$4$5$6$7$8$9$10$11": "???????????",
	} {
		if got := sqlstore.Positional(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// The single writer must not lock up when many use it for the first time at once:
// statements are prepared on the same connection that transactions hold.
func TestManyFirstWriters(t *testing.T) {
	t.Parallel()
	db := storetest.OpenSQLite(t)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	var started sync.WaitGroup
	for range 40 {
		started.Go(func() {
			team, _, err := db.EnsureRoot(ctx)
			if err == nil {
				_, err = db.CreateProject(ctx, core.Project{TeamID: team.RowID, Name: "p"})
			}
			if err == nil {
				_, err = db.ListProjects(ctx, team.RowID)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	started.Wait()
}

// A cancelled request leaves nothing half-done and the store usable.
func TestCancelledContext(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *sqlstore.DB{"sqlite": storetest.OpenSQLite, "postgres": storetest.OpenPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			team, _, err := db.EnsureRoot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			gone, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := db.CreateProject(gone, core.Project{TeamID: team.RowID, Name: "p"}); err == nil || core.CodeOf(err) == core.CodeUnavailable {
				t.Errorf("a cancelled call gave %v", err)
			}
			all, err := db.ListProjects(t.Context(), team.RowID)
			if err != nil || len(all) != 0 {
				t.Errorf("afterwards there is %v, %v", all, err)
			}
		})
	}
}
