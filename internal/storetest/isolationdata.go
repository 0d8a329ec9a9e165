package storetest

import (
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// stored is what a team has of databases.
type stored struct {
	Database core.Database
	Storage  core.Storage
	Schedule core.BackupSchedule
	Backup   core.Backup
	Bucket   core.S3Storage
	CA, Leaf core.Certificate
}

// storedData makes one of each.
func (w *world) storedData() stored {
	w.t.Helper()
	var it stored
	var err error
	ctx := w.t.Context()
	it.Database, it.Bucket = w.newDatabase("pg"), w.newS3("s3")
	it.Storage, err = w.db.CreateStorage(ctx, w.team, core.Storage{Owner: it.owner(), MountPath: "/x", Content: core.NewSecret("c")})
	ok(w.t, err)
	it.Schedule = w.newSchedule(it.Database, it.Bucket.RowID, time.UnixMicro(1).UTC())
	it.Backup, _ = w.takeBackup(it.Database, core.Backup{S3ID: it.Bucket.RowID})
	ends := time.UnixMicro(2).UTC()
	it.Leaf = core.Certificate{Cert: "leaf", Key: core.NewSecret("k"), NotAfter: ends}
	ok(w.t, w.db.PutCertificate(ctx, w.team, it.Database.RowID, it.Leaf))
	it.CA, err = w.db.CreateAuthority(ctx, w.team, w.server.RowID, core.Certificate{Cert: "ca", Key: core.NewSecret("k"), NotAfter: ends})
	ok(w.t, err)
	return it
}

func (it stored) owner() core.Owner {
	return core.Owner{Kind: core.KindDatabase, RowID: it.Database.RowID}
}

// storedAgain reads all of it.
func (w *world) storedAgain(was stored) stored {
	w.t.Helper()
	ctx, db := w.t.Context(), w.db
	var it stored
	var err error
	it.Database, err = db.GetDatabase(ctx, w.team, was.Database.UUID)
	ok(w.t, err)
	storages, err := db.ListStorages(ctx, w.team, was.owner())
	ok(w.t, err)
	it.Storage, it.Schedule, it.Backup = storages[0], w.onlySchedule(was.Database), w.getBackup(was.Backup.UUID)
	it.Bucket, err = db.GetS3Storage(ctx, w.team, was.Bucket.UUID)
	ok(w.t, err)
	it.CA, err = db.GetAuthority(ctx, w.team, w.server.RowID)
	ok(w.t, err)
	it.Leaf, err = db.GetCertificate(ctx, w.team, was.Database.RowID)
	ok(w.t, err)
	return it
}

// reachesForDatabases are the ways to databases, storages and certificates.
func (w *world) reachesForDatabases(it prey) map[string]func() error {
	db, us, ctx := w.db, w.team, w.t.Context()
	d, row, owner := it.Database, it.Database.RowID, it.owner()
	here := core.Owner{Kind: core.KindService, RowID: w.service.RowID}
	create := func(change func(*core.Database)) func() error {
		return func() error {
			d := w.draft("x")
			change(&d)
			_, err := db.CreateDatabase(ctx, d, nil)
			return err
		}
	}
	load := func(change func(*core.Deployment)) func() error {
		return func() error {
			ask := it.askFor(d, core.VerbStart)
			ask.TeamID = us
			change(&ask)
			_, err := db.LoadDatabase(ctx, ask)
			return err
		}
	}
	foreign := it.Storage
	foreign.Owner = here
	return map[string]func() error{
		"database, environment": create(func(d *core.Database) { d.EnvironmentID = it.project.Environments[0].RowID }),
		"database, server":      create(func(d *core.Database) { d.ServerID, d.DestinationID = it.server.RowID, it.to.RowID }),
		"database, destination": create(func(d *core.Database) { d.DestinationID = it.to.RowID }),
		"GetDatabase":           func() error { _, err := db.GetDatabase(ctx, us, d.UUID); return err },
		"UpdateDatabase":        func() error { d := d; d.TeamID = us; return db.UpdateDatabase(ctx, d) },
		"DeleteDatabase":        func() error { return db.DeleteDatabase(ctx, us, d.UUID) },
		"PurgeDatabase":         func() error { return db.PurgeDatabase(ctx, us, d.UUID) },
		"SetDatabaseStatus":     func() error { return db.SetDatabaseStatus(ctx, us, row, "x", "", nil) },
		"LoadDatabase":          load(func(*core.Deployment) {}),
		"ListStorages":          func() error { _, err := db.ListStorages(ctx, us, owner); return err },
		"CreateStorage": func() error {
			_, err := db.CreateStorage(ctx, us, core.Storage{Owner: owner, MountPath: "/y"})
			return err
		},
		"UpdateStorage":         func() error { _, err := db.UpdateStorage(ctx, us, it.Storage); return err },
		"UpdateStorage by ours": func() error { _, err := db.UpdateStorage(ctx, us, foreign); return err },
		"DeleteStorage":         func() error { return db.DeleteStorage(ctx, us, owner, it.Storage.UUID) },
		"DeleteStorage by ours": func() error { return db.DeleteStorage(ctx, us, here, it.Storage.UUID) },
		"ListEnvs, database":    func() error { _, err := db.ListEnvs(ctx, us, owner); return err },
		"ListByResource, database": func() error {
			_, _, err := db.ListByResource(ctx, us, core.KindDatabase, row, 0, 1)
			return err
		},
		"GetAuthority":    func() error { _, err := db.GetAuthority(ctx, us, it.server.RowID); return err },
		"CreateAuthority": func() error { _, err := db.CreateAuthority(ctx, us, it.server.RowID, it.CA); return err },
		"GetCertificate":  func() error { _, err := db.GetCertificate(ctx, us, row); return err },
		"PutCertificate":  func() error { return db.PutCertificate(ctx, us, row, core.Certificate{Cert: "x"}) },
	}
}

// reachesForBackups are the ways to backups, schedules and buckets.
func (w *world) reachesForBackups(it prey) map[string]func() error {
	db, us, ctx := w.db, w.team, w.t.Context()
	ours := w.newDatabase("ours")
	schedule := w.newSchedule(ours, 0, time.Time{})
	enqueue := func(b core.Backup, change func(*core.Deployment)) func() error {
		return func() error {
			ask := w.askFor(ours, core.VerbBackup)
			change(&ask)
			_, err := db.EnqueueBackup(ctx, ask, b)
			return err
		}
	}
	load := func(o core.Options) func() error {
		return func() error {
			ask := w.askFor(ours, core.VerbStart)
			ask.Options = o
			_, err := db.LoadDatabase(ctx, ask)
			return err
		}
	}
	return map[string]func() error{
		"CreateBackupSchedule": func() error { v := it.Schedule; v.TeamID = us; _, err := db.CreateBackupSchedule(ctx, v); return err },
		"CreateBackupSchedule, bucket": func() error {
			_, err := db.CreateBackupSchedule(ctx, core.BackupSchedule{TeamID: us, DatabaseID: ours.RowID, S3ID: it.Bucket.RowID})
			return err
		},
		"ListBackupSchedules":          func() error { _, err := db.ListBackupSchedules(ctx, us, it.Database.RowID); return err },
		"UpdateBackupSchedule":         func() error { v := it.Schedule; v.TeamID, v.S3ID = us, 0; return db.UpdateBackupSchedule(ctx, v) },
		"UpdateBackupSchedule, bucket": func() error { v := schedule; v.S3ID = it.Bucket.RowID; return db.UpdateBackupSchedule(ctx, v) },
		"DeleteBackupSchedule":         func() error { return db.DeleteBackupSchedule(ctx, us, it.Schedule.UUID) },
		"EnqueueScheduledBackup": func() error { // by their schedule nothing is due here
			v := it.Schedule
			v.TeamID = us
			mine, err := db.EnqueueScheduledBackup(ctx, v, v.NextRunAt.Add(1000), w.askFor(ours, core.VerbBackup), core.Backup{})
			if err == nil && !mine {
				return core.NotFound("what is due")
			}
			return err
		},
		"EnqueueBackup":           enqueue(core.Backup{}, func(d *core.Deployment) { d.Resource.RowID = it.Database.RowID }),
		"EnqueueBackup, server":   enqueue(core.Backup{}, func(d *core.Deployment) { d.Server = it.server.Ref() }),
		"EnqueueBackup, bucket":   enqueue(core.Backup{S3ID: it.Bucket.RowID}, func(*core.Deployment) {}),
		"EnqueueBackup, schedule": enqueue(core.Backup{ScheduleID: it.Schedule.RowID}, func(*core.Deployment) {}),
		"LoadDatabase, backup":    load(core.Options{Backup: it.Backup.UUID}),
		"LoadDatabase, restore":   load(core.Options{Restore: it.Backup.UUID}),
		"GetBackup":               func() error { _, err := db.GetBackup(ctx, us, it.Backup.UUID); return err },
		"ListBackups":             func() error { _, err := db.ListBackups(ctx, us, it.Database.RowID, 0); return err },
		"SaveBackup":              func() error { b := it.Backup; b.TeamID = us; return db.SaveBackup(ctx, b) },
		"DeleteBackup":            func() error { return db.DeleteBackup(ctx, us, it.Backup.UUID) },
		"GetS3Storage":            func() error { _, err := db.GetS3Storage(ctx, us, it.Bucket.UUID); return err },
		"UpdateS3Storage":         func() error { v := it.Bucket; v.TeamID = us; return db.UpdateS3Storage(ctx, v) },
		"DeleteS3Storage":         func() error { return db.DeleteS3Storage(ctx, us, it.Bucket.UUID) },
	}
}

// seesNoDataOf checks the lists of databases and what belongs to them.
func (w *world) seesNoDataOf(theirs stored) {
	w.t.Helper()
	ctx := w.t.Context()
	databases, err := w.db.ListDatabases(ctx, w.team)
	ok(w.t, err)
	schedules, err := w.db.ListBackupSchedules(ctx, w.team, 0)
	ok(w.t, err)
	buckets, err := w.db.ListS3Storages(ctx, w.team)
	ok(w.t, err)
	if len(databases) != 1 || len(schedules) != 1 || len(buckets) != 0 {
		w.t.Errorf("a team sees %d databases, %d schedules and %d buckets, want 1, 1 and 0", len(databases), len(schedules), len(buckets))
	}
	backups, err := w.db.ListBackups(ctx, w.team, databases[0].RowID, theirs.Schedule.RowID)
	ok(w.t, err)
	same(w.t, "backups by another team's schedule", backups, []core.Backup{})
}
