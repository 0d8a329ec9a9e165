package storetest

import (
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// Exercise runs the whole suite. open returns a fresh database for each part of it.
func Exercise(t *testing.T, open func(testing.TB) *sqlstore.DB) {
	for name, part := range map[string]func(*testing.T, *sqlstore.DB){
		"teams": exerciseTeams,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part(t, open(t))
		})
	}
}

func exerciseTeams(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	w.enqueue(w.ask(w.service, "deploy"))
	d := w.claim("a")
	w.finish(d)
	_, _, err := db.ListHistory(t.Context(), w.team, core.HistoryFilter{})
	ok(t, err)
}
