package storetest

import (
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

func exerciseDestinations(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	made, err := db.CreateDestination(t.Context(), w.team, core.Destination{ServerID: w.server.RowID, Name: "second", Network: "net2"})
	ok(t, err)
	recent(t, "creation of the destination", made.CreatedAt)
	_, err = db.CreateDestination(t.Context(), w.team, core.Destination{ServerID: w.server.RowID, Name: "again", Network: "net2"})
	wantCode(t, "network that is there", err, core.CodeConflict)
	_, err = db.CreateDestination(t.Context(), w.team, core.Destination{ServerID: 999, Network: "x"})
	wantCode(t, "destination of no server", err, core.CodeNotFound)

	made.Name, made.Network = "renamed", "stays as it is"
	ok(t, db.UpdateDestination(t.Context(), w.team, made))
	all, err := db.ListTeamDestinations(t.Context(), w.team)
	ok(t, err)
	if len(all) != 2 || all[0].UUID != w.to.UUID || all[1].UUID != made.UUID || all[1].Name != "renamed" || all[1].Network != "net2" {
		t.Errorf("destinations %+v", all)
	}

	wantCode(t, "deletion of one with resources", db.DeleteDestination(t.Context(), w.team, w.to.UUID), core.CodeBadRequest)
	ok(t, db.DeleteDestination(t.Context(), w.team, made.UUID))
	wantCode(t, "deletion again", db.DeleteDestination(t.Context(), w.team, made.UUID), core.CodeNotFound)
	ok(t, db.DeleteService(t.Context(), w.team, w.service.UUID))
	ok(t, db.DeleteDestination(t.Context(), w.team, w.to.UUID))
}

func exerciseInstance(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	got, err := db.GetInstance(t.Context())
	ok(t, err)
	same(t, "settings of a new instance", got, core.Instance{RootTeam: w.team})
	anotherWorld(t, db)
	want := core.Instance{RootTeam: w.team, APIDisabled: true, LegacyGet: true}
	for range 2 {
		ok(t, db.UpdateInstance(t.Context(), want))
		got, err = db.GetInstance(t.Context())
		ok(t, err)
		same(t, "settings", got, want)
	}
}
