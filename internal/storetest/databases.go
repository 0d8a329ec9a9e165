package storetest

import (
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// odd is text that anything but a plain copy would change.
const odd = "p'w\"\\ \t\n$HOME `x` {{.Y}} <&> %s é 日 \u2028 \u00a0\x00\x01\x7f\xff\xfe!"

// fullDatabase has something in every field that the store keeps.
func (w *world) fullDatabase() core.Database {
	d := w.draft("full")
	d.Description = "all of it"
	d.Fields = map[string]core.Secret{"postgres_password": core.NewSecret(odd), "postgres_conf": core.NewSecret("a=b\n"), "postgres_initdb_args": {}}
	d.Settings = core.DatabaseSettings{
		Public:    core.Public{Enabled: true, Port: 15432, Timeout: 60, Allow: []string{"10.0.0.0/8", "::1"}},
		EnableSSL: true, SSLMode: "verify-full", PortsMappings: "1:2,3:4", DockerOptions: "--cap-add=X",
		Limits: core.Limits{Memory: "1g", MemorySwap: "2g", MemoryReservation: "3", MemorySwappiness: 4, CPUs: "0.5", CPUSet: "0,1", CPUShares: 6},
		Health: core.HealthCheck{Enabled: true, Interval: 1, Timeout: 2, Retries: 3, StartPeriod: 4},
		InitScripts: []core.InitScript{
			{Filename: "01.sql", Content: odd}, {Filename: "00.sh", Content: ""},
		},
	}
	d.Ran = core.DatabaseRan{Image: "postgres:15", Version: "15.4", Deployed: core.NewSecret(odd)}
	d.Status, d.ConfigHash = "running:healthy", "h"
	return d
}

// exerciseDatabases: what is stored comes back as it was, byte for byte.
func exerciseDatabases(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	want := w.fullDatabase()
	made, err := db.CreateDatabase(t.Context(), want, []core.EnvVar{{Key: "TZ", Value: core.NewSecret("UTC")}})
	ok(t, err)
	recent(t, "creation of the database", made.CreatedAt)
	want.RowID, want.UUID, want.CreatedAt, want.UpdatedAt = made.RowID, made.UUID, made.CreatedAt, made.CreatedAt
	if made.RowID == 0 || !made.UUID.Valid() {
		t.Errorf("database is %d, %q", made.RowID, made.UUID)
	}
	same(t, "made database", made, want)
	got, err := db.GetDatabase(t.Context(), w.team, made.UUID)
	ok(t, err)
	same(t, "database", got, want)
	plain := w.newDatabase("plain")
	if plain.Status != "exited" || plain.Settings.Public.Allow != nil || plain.Settings.InitScripts != nil {
		t.Errorf("plain database is %+v", plain)
	}
	all, err := db.ListDatabases(t.Context(), w.team)
	ok(t, err)
	same(t, "databases", all, []core.Database{want, plain})
	envs, err := db.ListEnvs(t.Context(), w.team, core.Owner{Kind: core.KindDatabase, RowID: made.RowID})
	ok(t, err)
	if len(envs) != 1 || envs[0].Key != "TZ" || envs[0].Value.Reveal() != "UTC" {
		t.Errorf("first variables are %+v", envs)
	}

	bare := w.draft("bare")
	bare.Fields = nil
	bare, err = db.CreateDatabase(t.Context(), bare, nil)
	ok(t, err)
	if bare.Fields == nil {
		t.Error("a database without fields has none that can be written to")
	}
	lost := w.draft("lost")
	lost.DestinationID = 999
	_, err = db.CreateDatabase(t.Context(), lost, nil)
	wantCode(t, "database on no destination", err, core.CodeNotFound)
	if n := count(t, db, "databases"); n != 3 {
		t.Errorf("a refused database left %d databases, want 3", n)
	}
	updateDatabase(t, w, want)
	entries, err := db.ListResources(t.Context(), w.team)
	ok(t, err)
	if e := entries[0]; len(entries) != 4 || e.Kind != core.KindDatabase || e.Type != "postgresql" || e.Name != "renamed" || e.Status != "exited:unhealthy" {
		t.Errorf("resources are %+v", entries)
	}
}

// updateDatabase: people's settings and what was seen are written apart.
func updateDatabase(t *testing.T, w *world, v core.Database) {
	t.Helper()
	read := func() core.Database {
		t.Helper()
		got, err := w.db.GetDatabase(t.Context(), w.team, v.UUID)
		ok(t, err)
		if !got.UpdatedAt.After(v.UpdatedAt) {
			t.Errorf("written at %v, before that at %v", got.UpdatedAt, v.UpdatedAt)
		}
		v.UpdatedAt = got.UpdatedAt
		return got
	}
	change := v
	change.Name, change.Description, change.Image = "renamed", "", "postgres:17"
	change.Fields = map[string]core.Secret{"postgres_user": core.NewSecret("u")}
	change.Settings = core.DatabaseSettings{Public: core.Public{Port: 7, Timeout: 8}, Limits: core.DefaultLimits(), Health: core.DefaultHealthCheck()}
	change.Type, change.Status, change.ConfigHash, change.Ran = "mysql", "x", "y", core.DatabaseRan{Image: "z"} // are not written
	ok(t, w.db.UpdateDatabase(t.Context(), change))
	v.Name, v.Description, v.Image, v.Fields, v.Settings = change.Name, change.Description, change.Image, change.Fields, change.Settings
	same(t, "updated database", read(), v)

	ok(t, w.db.SetDatabaseStatus(t.Context(), w.team, v.RowID, "exited:unhealthy", "", nil))
	v.Status = "exited:unhealthy"
	same(t, "database with another status", read(), v)
	ok(t, w.db.SetDatabaseStatus(t.Context(), w.team, v.RowID, "", "h2", &core.DatabaseRan{Version: "17.1"}))
	v.ConfigHash, v.Ran.Version = "h2", "17.1"
	same(t, "database with another version", read(), v)
	ok(t, w.db.SetDatabaseStatus(t.Context(), w.team, v.RowID, "", "", &core.DatabaseRan{Image: "postgres:17", Deployed: core.NewSecret("files")}))
	v.Ran.Image, v.Ran.Deployed = "postgres:17", core.NewSecret("files")
	same(t, "database with other files", read(), v)
	wantCode(t, "status of an unknown database", w.db.SetDatabaseStatus(t.Context(), w.team, 999, "x", "", nil), core.CodeNotFound)
	v.UUID = core.NewID()
	wantCode(t, "update of an unknown database", w.db.UpdateDatabase(t.Context(), v), core.CodeNotFound)
}

// exercisePorts: one public port of a server has one database, as long as it is live,
// public, and has a port.
func exercisePorts(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	public := func(w *world, name string, port int) (core.Database, error) {
		d := w.draft(name)
		d.Settings.Public = core.Public{Enabled: true, Port: port}
		return db.CreateDatabase(t.Context(), d, nil)
	}
	set := func(d core.Database, p core.Public) error {
		d.Settings.Public = p
		return db.UpdateDatabase(t.Context(), d)
	}
	first, err := public(w, "holder", 5000)
	ok(t, err)
	_, err = public(w, "late", 5000)
	wantCode(t, "second database at a port", err, core.CodeConflict)
	if err != nil && (!strings.Contains(err.Error(), "holder") || !strings.Contains(err.Error(), "5000")) {
		t.Errorf("the refusal does not say who has the port: %v", err)
	}
	second, err := public(w, "second", 5001)
	ok(t, err)
	wantCode(t, "move to a port that is taken", set(second, core.Public{Enabled: true, Port: 5000}), core.CodeConflict)
	ok(t, set(second, core.Public{Enabled: true, Port: 5001, Timeout: 9})) // its own
	ok(t, set(second, core.Public{Port: 5000}))                            // wanted later, not held
	wantCode(t, "enabling at a port that is taken", set(second, core.Public{Enabled: true, Port: 5000}), core.CodeConflict)
	for range 2 { // without a port there is nothing to hold
		_, err = public(w, "none", 0)
		ok(t, err)
	}
	_, err = public(w.onServer("elsewhere", 1, 9), "other", 5000)
	ok(t, err)

	ok(t, set(first, core.Public{Port: 5000}))
	ok(t, set(second, core.Public{Enabled: true, Port: 5000}))
	wantCode(t, "back to the port that another took", set(first, core.Public{Enabled: true, Port: 5000}), core.CodeConflict)
	ok(t, db.DeleteDatabase(t.Context(), w.team, second.UUID))
	ok(t, set(first, core.Public{Enabled: true, Port: 5000}))

	const racers = 8
	errs := make(chan error, racers)
	for range racers {
		go func() {
			d := w.draft("racer")
			d.Settings.Public = core.Public{Enabled: true, Port: 6000}
			_, err := db.CreateDatabase(background(t), d, nil)
			errs <- err
		}()
	}
	won := 0
	for range racers {
		switch err := <-errs; {
		case err == nil:
			won++
		default:
			wantCode(t, "race for a port", err, core.CodeConflict)
		}
	}
	if won != 1 {
		t.Errorf("%d databases got the same port", won)
	}
}
