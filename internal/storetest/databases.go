package storetest

import (
	"strings"
	"testing"
	"time"

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

	lost := w.draft("lost")
	lost.DestinationID = 999
	_, err = db.CreateDatabase(t.Context(), lost, nil)
	wantCode(t, "database on no destination", err, core.CodeNotFound)
	if n := count(t, db, "databases"); n != 2 {
		t.Errorf("a refused database left %d databases, want 2", n)
	}
	updateDatabase(t, w, want)
	w.bareDatabases()
	entries, err := db.ListResources(t.Context(), w.team)
	ok(t, err)
	if e := entries[0]; len(entries) != 5 || e.Kind != core.KindDatabase || e.Type != "postgresql" || e.Name != "renamed" || e.Status != "exited:unhealthy" {
		t.Errorf("resources are %+v", entries)
	}
}

// bareDatabases makes one without any settings, and one from before there were any.
func (w *world) bareDatabases() {
	w.t.Helper()
	bare := w.draft("bare")
	bare.Fields = nil
	bare, err := w.db.CreateDatabase(w.t.Context(), bare, nil)
	ok(w.t, err)
	former := w.newDatabase("former")
	_, err = w.db.Raw().ExecContext(w.t.Context(), `UPDATE databases SET settings = NULL WHERE id = $1`, former.RowID)
	ok(w.t, err)
	for _, d := range []core.Database{bare, former} {
		got, err := w.db.GetDatabase(w.t.Context(), w.team, d.UUID)
		ok(w.t, err)
		if got.Fields == nil || len(got.Fields) != 0 {
			w.t.Errorf("the fields of %s are %v, want some to write to", d.Name, got.Fields)
		}
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

	won := winners(t, 8, func() (bool, error) {
		d := w.draft("racer")
		d.Settings.Public = core.Public{Enabled: true, Port: 6000}
		_, err := db.CreateDatabase(background(t), d, nil)
		if core.CodeOf(err) == core.CodeConflict {
			return false, nil
		}
		return err == nil, err
	})
	if won != 1 {
		t.Errorf("%d databases got the same port", won)
	}
	_, err = db.Raw().ExecContext(t.Context(), `UPDATE databases SET is_public = TRUE, public_port = 7000 WHERE server_id = $1`, w.server.RowID)
	wantError(t, "two databases at a port, past the check", err)
}

// exerciseLoading: a deployment of a database finds everything it needs.
func exerciseLoading(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	of, err := db.CreateDatabase(t.Context(), w.fullDatabase(), []core.EnvVar{{Key: "TZ", Value: core.NewSecret("UTC")}})
	ok(t, err)
	owner := core.Owner{Kind: core.KindDatabase, RowID: of.RowID}
	_, err = db.CreateStorage(t.Context(), w.team, core.Storage{Owner: owner, MountPath: "/x", Content: core.NewSecret("c")})
	ok(t, err)
	want := core.LoadedDatabase{Database: of, Server: w.server, Destination: w.to, Project: "default", Environment: "production"}
	want.Envs, err = db.ListEnvs(t.Context(), w.team, owner)
	ok(t, err)
	want.Storages, err = db.ListStorages(t.Context(), w.team, owner)
	ok(t, err)
	load := func(what string, o core.Options) {
		t.Helper()
		d := w.askFor(of, core.VerbStart)
		d.Options = o
		got, err := db.LoadDatabase(t.Context(), d)
		ok(t, err)
		same(t, what, got, want)
	}
	load("loaded database", core.Options{})
	team, err := db.GetTeam(t.Context(), w.team)
	ok(t, err)
	team.AllowHostAccess = true
	ok(t, db.UpdateTeam(t.Context(), team))
	want.AllowHost = true
	load("database of a team that may use the host", core.Options{})

	bucket, source := w.newS3("s3"), w.newDatabase("source")
	demand, _ := w.takeBackup(of, core.Backup{})
	want.Backup = &demand
	load("backup on demand", core.Options{Backup: demand.UUID})
	foreign, _ := w.takeBackup(source, core.Backup{S3ID: bucket.RowID})
	ok(t, db.DeleteDatabase(t.Context(), w.team, source.UUID))
	want.Backup, want.Restore, want.S3 = nil, &foreign, &bucket
	load("restore from a deleted database", core.Options{Restore: foreign.UUID})
	for what, o := range map[string]core.Options{
		"unknown backup": {Backup: core.NewID()}, "unknown restore": {Restore: core.NewID()}, "backup of another database": {Backup: foreign.UUID},
	} {
		d := w.askFor(of, core.VerbStart)
		d.Options = o
		_, err := db.LoadDatabase(t.Context(), d)
		wantCode(t, what, err, core.CodeNotFound)
	}

	schedule, kept, running := w.keepBackups(of, bucket)
	want.Restore, want.Backup, want.Schedule, want.Kept = nil, &running, &schedule, kept
	load("scheduled backup", core.Options{Backup: running.UUID})
	running.Status, running.Local = core.BackupSuccess, true
	ok(t, db.SaveBackup(t.Context(), running))
	load("backup that was taken, by a second controller", core.Options{Backup: running.UUID})

	ok(t, db.DeleteDatabase(t.Context(), w.team, of.UUID))
	d := w.askFor(of, core.VerbStop)
	got, err := db.LoadDatabase(t.Context(), d)
	ok(t, err)
	recent(t, "deletion of the loaded database", got.Database.DeletedAt)
	if len(got.Envs) != 1 || len(got.Storages) != 1 {
		t.Errorf("a deleted database has %d variables and %d storages", len(got.Envs), len(got.Storages))
	}
	d.Resource.RowID = 999
	_, err = db.LoadDatabase(t.Context(), d)
	wantCode(t, "unknown database", err, core.CodeNotFound)
}

// keepBackups makes a schedule with backups of all fates, and returns those of which
// something is left, newest first, and one that is about to be taken.
func (w *world) keepBackups(of core.Database, bucket core.S3Storage) (core.BackupSchedule, []core.Backup, core.Backup) {
	w.t.Helper()
	s := w.newSchedule(of, bucket.RowID, time.UnixMicro(1).UTC())
	ctx := w.t.Context()
	take := func() core.Backup {
		moved, err := w.db.EnqueueScheduledBackup(ctx, s, s.NextRunAt.Add(1000), w.askFor(of, core.VerbBackup), core.Backup{S3ID: bucket.RowID})
		ok(w.t, err)
		if !moved {
			w.t.Fatal("the schedule did not move")
		}
		s.NextRunAt = s.NextRunAt.Add(1000)
		all, err := w.db.ListBackups(ctx, w.team, of.RowID, s.RowID)
		ok(w.t, err)
		return all[0]
	}
	var kept []core.Backup
	for _, end := range []struct {
		status        core.BackupStatus
		local, remote bool
		keeps         bool
	}{
		{core.BackupSuccess, true, false, true}, {core.BackupSuccess, false, true, true}, {core.BackupSuccess, false, false, false},
		{core.BackupFailed, true, false, false}, {core.BackupRunning, false, false, false}, {core.BackupSuccess, true, true, true},
	} {
		b := take()
		b.Status, b.Local, b.Remote = end.status, end.local, end.remote
		ok(w.t, w.db.SaveBackup(ctx, b))
		if end.keeps {
			kept = append([]core.Backup{b}, kept...)
		}
	}
	return s, kept, take()
}

// exerciseDatabaseDeletion: a soft-deleted database is gone and its history and backups
// stay; a purge takes all of it.
func exerciseDatabaseDeletion(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("doomed", 2, 25)
	ok(t, db.PurgeService(t.Context(), w.team, w.service.UUID))
	of, bystander := w.newDatabase("pg"), w.newDatabase("bystander")
	exit := 0
	for _, d := range []core.Database{of, bystander} {
		owner := core.Owner{Kind: core.KindDatabase, RowID: d.RowID}
		_, err := db.CreateEnv(t.Context(), w.team, core.EnvVar{Owner: owner, Key: "A"})
		ok(t, err)
		_, err = db.CreateStorage(t.Context(), w.team, core.Storage{Owner: owner, MountPath: "/x"})
		ok(t, err)
		ok(t, db.PutCertificate(t.Context(), w.team, d.RowID, core.Certificate{Cert: "c"}))
		w.newSchedule(d, 0, time.UnixMicro(1))
		w.takeBackup(d, core.Backup{})
		claimed := w.claim("a")
		ok(t, db.AppendLog(t.Context(), core.Batch{LogID: claimed.LogID, Fence: claimed.Lease.Fence, Lines: lines(1, 3),
			Steps: []core.Step{{Number: 1, Name: "pull", State: "done", ExitCode: &exit}}}))
	}
	wantCode(t, "deletion of a busy server", db.DeleteServer(t.Context(), w.team, w.server.UUID), core.CodeBadRequest)
	active, err := db.ListActive(t.Context(), w.team)
	ok(t, err)
	for _, d := range active {
		w.finish(d)
	}
	w.deleteDatabase(of)

	ok(t, db.PurgeDatabase(t.Context(), w.team, of.UUID))
	wantCode(t, "second purge", db.PurgeDatabase(t.Context(), w.team, of.UUID), core.CodeNotFound)
	for table, want := range map[string]int{"databases": 1, "environment_variables": 1, "storages": 1, "certificates": 1, "scheduled_database_backups": 1,
		"scheduled_database_backup_executions": 1, "database_deployment_queues": 1, "logs": 1, "steps": 1, "log_lines": 3} {
		if got := count(t, db, table); got != want {
			t.Errorf("%d rows left in %s after the purge, want %d", got, table, want)
		}
	}

	environment := w.project.Environments[0].UUID
	wantCode(t, "deletion of a server with databases", db.DeleteServer(t.Context(), w.team, w.server.UUID), core.CodeBadRequest)
	wantCode(t, "deletion of a project with databases", db.DeleteProject(t.Context(), w.team, w.project.UUID), core.CodeBadRequest)
	wantCode(t, "deletion of an environment with databases", db.DeleteEnvironment(t.Context(), w.team, w.project.UUID, environment), core.CodeBadRequest)
	_, err = db.CreateAuthority(t.Context(), w.team, w.server.RowID, core.Certificate{Cert: "ca"})
	ok(t, err)
	ok(t, db.DeleteDatabase(t.Context(), w.team, bystander.UUID))
	ok(t, db.DeleteServer(t.Context(), w.team, w.server.UUID))
	history, n, err := db.ListByResource(t.Context(), w.team, core.KindDatabase, bystander.RowID, 0, 9)
	ok(t, err)
	if n != 1 || len(history) != 1 || history[0].Server != w.server.Ref() {
		t.Errorf("the history of a database whose server is gone is %+v", history)
	}
	if n := count(t, db, "certificates"); n != 1 {
		t.Errorf("%d certificates left: the server's goes with it, the database's stays", n)
	}
}

// deleteDatabase deletes a database with one deployment and one backup, and checks what
// is left to see of it.
func (w *world) deleteDatabase(of core.Database) {
	t, db := w.t, w.db
	t.Helper()
	owner := core.Owner{Kind: core.KindDatabase, RowID: of.RowID}
	ok(t, db.DeleteDatabase(t.Context(), w.team, of.UUID))
	wantCode(t, "second deletion", db.DeleteDatabase(t.Context(), w.team, of.UUID), core.CodeNotFound)
	_, err := db.GetDatabase(t.Context(), w.team, of.UUID)
	wantCode(t, "deleted database", err, core.CodeNotFound)
	wantCode(t, "update of a deleted database", db.UpdateDatabase(t.Context(), of), core.CodeNotFound)
	_, err = db.ListStorages(t.Context(), w.team, owner)
	wantCode(t, "storages of a deleted database", err, core.CodeNotFound)
	_, err = db.CreateStorage(t.Context(), w.team, core.Storage{Owner: owner, MountPath: "/y"})
	wantCode(t, "storage for a deleted database", err, core.CodeNotFound)
	_, err = db.CreateBackupSchedule(t.Context(), core.BackupSchedule{TeamID: w.team, DatabaseID: of.RowID})
	wantCode(t, "schedule for a deleted database", err, core.CodeNotFound)
	_, err = db.EnqueueBackup(t.Context(), w.askFor(of, core.VerbBackup), core.Backup{})
	wantCode(t, "backup of a deleted database", err, core.CodeNotFound)
	all, err := db.ListDatabases(t.Context(), w.team)
	ok(t, err)
	if len(all) != 1 || all[0].UUID == of.UUID {
		t.Errorf("databases are %+v", all)
	}
	ok(t, db.SetDatabaseStatus(t.Context(), w.team, of.RowID, "exited:unhealthy", "", nil)) // its containers go after it
	history, n, err := db.ListByResource(t.Context(), w.team, core.KindDatabase, of.RowID, 0, 10)
	ok(t, err)
	if n != 1 || len(history) != 1 {
		t.Errorf("the history of the deleted database is %d of %d", len(history), n)
	}
	backups, err := db.ListBackups(t.Context(), w.team, of.RowID, 0)
	ok(t, err)
	if len(backups) != 1 || w.getBackup(backups[0].UUID).DatabaseID != of.RowID {
		t.Errorf("the backups of the deleted database are %+v", backups)
	}
	// A deletion may leave a stop to do.
	stop := w.enqueue(w.askFor(of, core.VerbStop))
	_, err = db.CancelDeployment(t.Context(), w.team, stop.UUID, core.Actor{})
	ok(t, err)
	if got := count(t, db, "database_deployment_queues"); got != 3 {
		t.Errorf("%d deployments are stored, want 3", got)
	}
}

// exerciseDatabaseOptions: every switch is kept, and tells deployments apart.
func exerciseDatabaseOptions(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	of := w.newDatabase("pg")
	var all []core.Options
	for _, o := range []core.Options{
		{}, {PullLatest: true}, {StopBeforeStart: true}, {Backup: core.NewID()}, {Backup: core.NewID()}, {Restore: core.NewID()},
		{ForceVersion: true}, {OnlyProxy: true}, {Remove: core.Removal{Volumes: true}},
	} {
		ask := w.askFor(of, core.VerbStart)
		ask.Options = o
		queued := w.enqueue(ask)
		same(t, "options as read", w.get(queued.UUID).Options, o)
		joined, was, err := db.EnqueueDeployment(t.Context(), ask)
		ok(t, err)
		if !was || joined.UUID != queued.UUID {
			t.Errorf("an equal deployment with %+v did not join", o)
		}
		all = append(all, o)
	}
	if n := count(t, db, "database_deployment_queues"); n != len(all) {
		t.Errorf("%d deployments are queued, want %d", n, len(all))
	}
	every := core.Options{PullLatest: true, StopBeforeStart: true, Force: true, Backup: core.NewID(), Restore: core.NewID(), ForceVersion: true,
		OnlyProxy: true, Remove: core.Removal{Configurations: true, Volumes: true, Networks: true, Images: true}}
	ask := w.askFor(of, core.VerbStart)
	ask.Options = every
	same(t, "all options at once", w.get(w.enqueue(ask).UUID).Options, every)
}
