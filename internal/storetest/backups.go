package storetest

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

func (w *world) newS3(name string) core.S3Storage {
	w.t.Helper()
	made, err := w.db.CreateS3Storage(w.t.Context(), core.S3Storage{TeamID: w.team, Name: name, Endpoint: "https://s3.example", Bucket: "b",
		AccessKey: core.NewSecret("access"), SecretKey: core.NewSecret("secret")})
	ok(w.t, err)
	return made
}

func (w *world) newSchedule(of core.Database, s3 int64, at time.Time) core.BackupSchedule {
	w.t.Helper()
	made, err := w.db.CreateBackupSchedule(w.t.Context(), core.BackupSchedule{TeamID: w.team, DatabaseID: of.RowID, S3ID: s3,
		Frequency: "daily", Enabled: true, Timeout: 3600, NextRunAt: at})
	ok(w.t, err)
	return made
}

// takeBackup queues a backup on demand and returns it with its deployment.
func (w *world) takeBackup(of core.Database, b core.Backup) (core.Backup, core.Deployment) {
	w.t.Helper()
	d := w.askFor(of, core.VerbBackup)
	b.UUID = core.NewID()
	d, err := w.db.EnqueueBackup(w.t.Context(), d, b)
	ok(w.t, err)
	return w.getBackup(b.UUID), d
}

func (w *world) getBackup(id core.ID) core.Backup {
	w.t.Helper()
	b, err := w.db.GetBackup(w.t.Context(), w.team, id)
	ok(w.t, err)
	return b
}

// exerciseBackups: a backup comes into being with its deployment, and is what that says
// of it.
func exerciseBackups(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("dumps", 1, 3)
	of, bucket := w.newDatabase("pg"), w.newS3("s3")
	asked := core.Backup{Databases: "a,b", Engine: "postgresql", Image: "postgres:16", Version: "16.1", S3ID: bucket.RowID}
	b, d := w.takeBackup(of, asked)
	want := asked
	want.RowID, want.UUID, want.TeamID, want.DatabaseID, want.Deployment, want.Status = b.RowID, b.UUID, w.team, of.RowID, d.UUID, core.BackupRunning
	want.CreatedAt = b.CreatedAt
	recent(t, "creation of the backup", b.CreatedAt)
	same(t, "queued backup", b, want)
	if d.Options.Backup != b.UUID || d.Verb != core.VerbBackup || d.Kind != core.KindDatabase || w.get(d.UUID).Options != d.Options {
		t.Errorf("deployment of the backup is %+v", d)
	}

	next, second := w.takeBackup(of, core.Backup{}) // equal, but for its dump: it joins nothing
	if second.UUID == d.UUID {
		t.Error("two backups share a deployment")
	}
	again, err := db.EnqueueBackup(t.Context(), w.askFor(of, core.VerbBackup), core.Backup{UUID: next.UUID})
	ok(t, err)
	same(t, "the same backup asked for again", again.UUID, second.UUID)
	third, err := db.EnqueueBackup(t.Context(), w.askFor(of, core.VerbDeploy), core.Backup{}) // before a deployment
	ok(t, err)
	if before := w.getBackup(third.Options.Backup); before.Deployment != third.UUID || third.Verb != core.VerbDeploy {
		t.Errorf("backup before a deployment is %+v", before)
	}
	_, err = db.EnqueueBackup(t.Context(), w.askFor(of, core.VerbBackup), core.Backup{})
	wantCode(t, "backup in a full queue", err, core.CodeTooMany)
	if n := count(t, db, "scheduled_database_backup_executions"); n != 3 {
		t.Errorf("%d backups are stored, want 3: one that was refused must leave nothing", n)
	}

	want.Databases, want.Filename, want.Size, want.SHA256 = "a", "/data/x y.dmp", 1<<40, strings.Repeat("f", 64)
	want.Status, want.Message, want.Local, want.Remote = core.BackupSuccess, "m", true, true
	want.Engine, want.Image, want.Version, want.FinishedAt = "e", "i", "v", b.CreatedAt.Add(time.Second)
	saved := want
	saved.Message = "m\x00"
	saved.DatabaseID, saved.ScheduleID, saved.S3ID, saved.Deployment = 99, 99, 99, "x" // are not written
	ok(t, db.SaveBackup(t.Context(), saved))
	same(t, "saved backup", w.getBackup(b.UUID), want)
	w.finish(w.claim("a"))
	same(t, "saved backup behind its deployment", w.getBackup(b.UUID), want)
	saved.UUID = core.NewID()
	wantCode(t, "save of an unknown backup", db.SaveBackup(t.Context(), saved), core.CodeNotFound)

	all, err := db.ListBackups(t.Context(), w.team, of.RowID, 0)
	ok(t, err)
	same(t, "backups, newest first", all, []core.Backup{w.getBackup(third.Options.Backup), next, want})
	ok(t, db.DeleteBackup(t.Context(), w.team, b.UUID))
	wantCode(t, "second deletion", db.DeleteBackup(t.Context(), w.team, b.UUID), core.CodeNotFound)
	_, err = db.GetBackup(t.Context(), w.team, b.UUID)
	wantCode(t, "deleted backup", err, core.CodeNotFound)
	none, err := db.ListBackups(t.Context(), w.team, w.newDatabase("none").RowID, 0)
	ok(t, err)
	same(t, "backups of a database that has none", none, []core.Backup{})
}

// exerciseAbandoned: a backup whose deployment ended without a word of it is no longer
// running, and says why.
func exerciseAbandoned(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	of := w.newDatabase("pg")
	expect := func(what string, b core.Backup, status core.BackupStatus, message string, ended time.Time) {
		t.Helper()
		got := w.getBackup(b.UUID)
		if got.Status != status || got.Message != message || !got.FinishedAt.Equal(ended) {
			t.Errorf("%s: %s, %q, ended %v; want %s, %q, %v", what, got.Status, got.Message, got.FinishedAt, status, message, ended)
		}
	}
	failing, _ := w.takeBackup(of, core.Backup{})
	expect("queued", failing, core.BackupRunning, "", time.Time{})
	d := w.claim("a")
	expect("in progress", failing, core.BackupRunning, "", time.Time{})
	d.Status, d.Outcome.Reason = core.StatusFailed, "The server is gone."
	ok(t, db.Settle(t.Context(), d, core.Batch{}))
	ended := w.get(d.UUID).FinishedAt
	expect("failed", failing, core.BackupFailed, "The server is gone.", ended)
	all, err := db.ListBackups(t.Context(), w.team, of.RowID, 0)
	ok(t, err)
	if len(all) != 1 || all[0].Status != core.BackupFailed {
		t.Errorf("listed as %+v", all)
	}

	cancelled, d := w.takeBackup(of, core.Backup{})
	_, err = db.CancelDeployment(t.Context(), w.team, d.UUID, core.Actor{Name: "Ada"})
	ok(t, err)
	expect("cancelled", cancelled, core.BackupFailed, "Deployment cancelled by Ada.", w.get(d.UUID).FinishedAt)

	silent, d := w.takeBackup(of, core.Backup{})
	w.finish(w.claim("a"))
	expect("finished without a word", silent, core.BackupFailed, "The deployment ended without this backup.", w.get(d.UUID).FinishedAt)
	// What was said stays, whatever became of the deployment.
	told, _ := w.takeBackup(of, core.Backup{})
	told.Status, told.Message, told.FinishedAt = core.BackupFailed, "pg_dump: no", told.CreatedAt.Add(time.Second)
	ok(t, db.SaveBackup(t.Context(), told))
	w.finish(w.claim("a"))
	expect("said to have failed", told, core.BackupFailed, "pg_dump: no", told.FinishedAt)

	_, err = db.Raw().ExecContext(t.Context(), `DELETE FROM database_deployment_queues`)
	ok(t, err)
	if got := w.getBackup(silent.UUID); got.Status != core.BackupFailed || got.FinishedAt.IsZero() {
		t.Errorf("without its deployment a backup is %+v", got)
	}
}

// exerciseSchedules: when databases are dumped.
func exerciseSchedules(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	of, other, bucket := w.newDatabase("pg"), w.newDatabase("other"), w.newS3("s3")
	now := time.Now().UTC().Truncate(time.Microsecond)
	want := core.BackupSchedule{TeamID: w.team, DatabaseID: of.RowID, Description: "d", Frequency: "0 * * * *", Enabled: true, DumpAll: true, Databases: "a,b",
		Local: core.Retention{Amount: 1, Days: 2, MaxStorage: 0.25}, Remote: core.Retention{Amount: 3, Days: 4, MaxStorage: 5},
		DisableLocal: true, SaveS3: true, S3ID: bucket.RowID, Timeout: 60, NextRunAt: now.Add(-time.Minute)}
	made, err := db.CreateBackupSchedule(t.Context(), want)
	ok(t, err)
	recent(t, "creation of the schedule", made.CreatedAt)
	want.RowID, want.UUID, want.CreatedAt, want.UpdatedAt = made.RowID, made.UUID, made.CreatedAt, made.CreatedAt
	same(t, "made schedule", made, want)
	list := func(database int64, want ...core.BackupSchedule) {
		t.Helper()
		got, err := db.ListBackupSchedules(t.Context(), w.team, database)
		ok(t, err)
		same(t, "schedules", got, append([]core.BackupSchedule{}, want...))
	}
	list(other.RowID)
	second := w.newSchedule(other, 0, now.Add(-time.Hour))
	list(of.RowID, made)
	list(0, made, second)

	for what, bad := range map[string]func(*core.BackupSchedule){
		"an unknown database": func(s *core.BackupSchedule) { s.DatabaseID = 999 },
		"an unknown bucket":   func(s *core.BackupSchedule) { s.S3ID = 999 },
	} {
		lost := want
		lost.UUID = ""
		bad(&lost)
		_, err = db.CreateBackupSchedule(t.Context(), lost)
		wantCode(t, "schedule with "+what, err, core.CodeNotFound)
	}

	due := func(limit int, want ...core.BackupSchedule) {
		t.Helper()
		got, err := db.ListDueBackups(t.Context(), now, limit)
		ok(t, err)
		same(t, "due schedules", got, append([]core.BackupSchedule{}, want...))
	}
	later := w.newSchedule(of, 0, now.Add(time.Microsecond))
	never := w.newSchedule(of, 0, time.Time{})
	due(9, second, made)
	due(1, second)

	want = core.BackupSchedule{RowID: made.RowID, UUID: made.UUID, TeamID: w.team, DatabaseID: of.RowID, Frequency: "weekly", Timeout: 7, NextRunAt: now}
	changed := want
	changed.DatabaseID = other.RowID // is not written
	ok(t, db.UpdateBackupSchedule(t.Context(), changed))
	all, err := db.ListBackupSchedules(t.Context(), w.team, of.RowID)
	ok(t, err)
	want.CreatedAt, want.UpdatedAt = made.CreatedAt, all[0].UpdatedAt
	list(of.RowID, want, later, never)
	due(9, second) // disabled by now
	changed.S3ID = 999
	wantCode(t, "update to an unknown bucket", db.UpdateBackupSchedule(t.Context(), changed), core.CodeNotFound)

	ok(t, db.DeleteDatabase(t.Context(), w.team, other.UUID))
	due(9)
	list(0, want, later, never)
	wantCode(t, "update of a deleted database's schedule", db.UpdateBackupSchedule(t.Context(), second), core.CodeNotFound)
	_, err = db.ListBackupSchedules(t.Context(), w.team, other.RowID)
	wantCode(t, "schedules of a deleted database", err, core.CodeNotFound)
	ok(t, db.DeleteBackupSchedule(t.Context(), w.team, made.UUID))
	wantCode(t, "second deletion", db.DeleteBackupSchedule(t.Context(), w.team, made.UUID), core.CodeNotFound)
	list(of.RowID, later, never)
}

// exerciseScheduled: of all who want to start a scheduled backup one does, and nobody
// when it cannot be queued.
func exerciseScheduled(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("nightly", 1, 2)
	of := w.newDatabase("pg")
	now := time.Now().UTC().Truncate(time.Microsecond)
	s := w.newSchedule(of, 0, now)
	enqueue := func(s core.BackupSchedule) (bool, error) {
		return db.EnqueueScheduledBackup(background(t), s, now.Add(time.Hour), w.askFor(of, core.VerbBackup), core.Backup{Databases: "a"})
	}
	won := winners(t, 20, func() (bool, error) { return enqueue(s) })
	backups, err := db.ListBackups(t.Context(), w.team, of.RowID, s.RowID)
	ok(t, err)
	if won != 1 || len(backups) != 1 || count(t, db, "database_deployment_queues") != 1 {
		t.Fatalf("%d started the backup, %d are stored", won, len(backups))
	}
	d := w.get(backups[0].Deployment)
	if backups[0].ScheduleID != s.RowID || backups[0].Databases != "a" || d.Options.Backup != backups[0].UUID || d.Verb != core.VerbBackup {
		t.Errorf("scheduled backup is %+v, its deployment %+v", backups[0], d)
	}
	moved := w.onlySchedule(of)
	if !moved.NextRunAt.Equal(now.Add(time.Hour)) {
		t.Errorf("the next run is at %v", moved.NextRunAt)
	}

	w.enqueue(w.askFor(w.newDatabase("filler"), core.VerbDeploy)) // the second of two places
	mine, err := enqueue(moved)
	wantCode(t, "scheduled backup in a full queue", err, core.CodeTooMany)
	if mine || w.onlySchedule(of) != moved || count(t, db, "scheduled_database_backup_executions") != 1 {
		t.Errorf("a refused backup moved its schedule (%v) to %+v", mine, w.onlySchedule(of))
	}
	w.claim("a")
	idle := func(what string) {
		t.Helper()
		if mine, err := enqueue(moved); mine || err != nil {
			t.Errorf("a schedule that is %s ran: %v", what, err)
		}
	}
	moved.Enabled = false
	ok(t, db.UpdateBackupSchedule(t.Context(), moved))
	idle("disabled")
	moved.Enabled = true
	ok(t, db.UpdateBackupSchedule(t.Context(), moved))
	ok(t, db.DeleteBackupSchedule(t.Context(), w.team, moved.UUID))
	idle("deleted")
	if b := w.getBackup(backups[0].UUID); b.ScheduleID != 0 {
		t.Errorf("a backup names the deleted schedule %d", b.ScheduleID)
	}
}

// winners is how many of n who try at once succeed.
func winners(t testing.TB, n int, try func() (bool, error)) int {
	t.Helper()
	var won atomic.Int32
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			mine, err := try()
			if err != nil {
				t.Errorf("race: %v", err)
			}
			if mine {
				won.Add(1)
			}
		})
	}
	all.Wait()
	return int(won.Load())
}

func (w *world) onlySchedule(of core.Database) core.BackupSchedule {
	w.t.Helper()
	all, err := w.db.ListBackupSchedules(w.t.Context(), w.team, of.RowID)
	ok(w.t, err)
	if len(all) != 1 {
		w.t.Fatalf("schedules are %+v", all)
	}
	return all[0]
}

// exerciseS3: a bucket stays known as long as something is in it or is to come.
func exerciseS3(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	want := core.S3Storage{TeamID: w.team, Name: "n", Description: "d", Endpoint: "https://e", Region: "r", Bucket: "b", Path: "p/q",
		AccessKey: core.NewSecret(odd), SecretKey: core.NewSecret(odd + "2"), IsUsable: true}
	made, err := db.CreateS3Storage(t.Context(), want)
	ok(t, err)
	recent(t, "creation of the bucket", made.CreatedAt)
	want.RowID, want.UUID, want.CreatedAt, want.UpdatedAt = made.RowID, made.UUID, made.CreatedAt, made.CreatedAt
	same(t, "made bucket", made, want)
	want = core.S3Storage{RowID: made.RowID, UUID: made.UUID, TeamID: w.team, Name: "2", Endpoint: "3", Bucket: "4", SecretKey: core.NewSecret("5"), CreatedAt: made.CreatedAt}
	ok(t, db.UpdateS3Storage(t.Context(), want))
	got, err := db.GetS3Storage(t.Context(), w.team, made.UUID)
	ok(t, err)
	want.UpdatedAt = got.UpdatedAt
	same(t, "changed bucket", got, want)
	second := w.newS3("second")
	all, err := db.ListS3Storages(t.Context(), w.team)
	ok(t, err)
	same(t, "buckets", all, []core.S3Storage{want, second})
	ok(t, db.DeleteS3Storage(t.Context(), w.team, second.UUID))
	wantCode(t, "second deletion", db.DeleteS3Storage(t.Context(), w.team, second.UUID), core.CodeNotFound)

	of := w.newDatabase("pg")
	inUse := func(what string) {
		t.Helper()
		wantCode(t, "deletion of a bucket with "+what, db.DeleteS3Storage(t.Context(), w.team, made.UUID), core.CodeBadRequest)
	}
	s := w.newSchedule(of, made.RowID, time.Time{})
	inUse("a schedule")
	ok(t, db.DeleteBackupSchedule(t.Context(), w.team, s.UUID))
	b, _ := w.takeBackup(of, core.Backup{S3ID: made.RowID})
	inUse("a backup on its way")
	b.Status, b.Remote = core.BackupSuccess, true
	ok(t, db.SaveBackup(t.Context(), b))
	w.finish(w.claim("a"))
	inUse("a backup")
	b.Remote = false // pruned
	ok(t, db.SaveBackup(t.Context(), b))
	w.newSchedule(of, made.RowID, time.Time{})
	ok(t, db.DeleteDatabase(t.Context(), w.team, of.UUID))
	ok(t, db.DeleteS3Storage(t.Context(), w.team, made.UUID))
	if b := w.getBackup(b.UUID); b.S3ID != 0 {
		t.Errorf("a backup names the deleted bucket %d", b.S3ID)
	}
}
