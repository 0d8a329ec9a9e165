package rest_test

import (
	"context"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// databaseThings are what the world has of databases.
type databaseThings struct {
	database, cache     core.ID // a PostgreSQL and a Redis
	dbEnv, volume, file core.ID // of the first
	started             core.ID // its deployment
	backup              core.ID // its schedule
	execution, demanded core.ID // its dumps: of the schedule and on demand
	bucket, storing     core.ID // for backups; the second is used by the schedule
}

// Secrets of the databases.
const (
	dbPassword = `p"w <&> $1'`
	dbConf     = "max_connections = 7 # nobody-reads-this\n"
	dbScript   = "CREATE ROLE x PASSWORD 'in-a-script';\n"
	dbFile     = "content-of-a-file"
	dbValue    = "value-of-a-variable"
	bucketKey  = "AKIA-access"
	bucketWord = "bucket-secret"
)

// databases makes two of them, and everything that the first can have.
func (w *world) databases(ctx context.Context, ctl *control.Control, p auth.Principal) {
	w.database = w.newDatabase(ctx, ctl, p, "postgresql", control.DatabasePatch{
		Name: pointer("books"), Description: pointer("where it all is"),
		Fields:      map[string]core.Secret{"postgres_password": core.NewSecret(dbPassword), "postgres_conf": core.NewSecret(dbConf)},
		InitScripts: &[]core.InitScript{{Filename: "10-role.sql", Content: dbScript}},
		Public:      control.PublicPatch{Enabled: pointer(true), Port: pointer(5433), Allow: &[]string{"10.0.0.0/8"}},
	})
	w.cache = w.newDatabase(ctx, ctl, p, "redis", control.DatabasePatch{Name: pointer("cache")})
	value := core.NewSecret(dbValue)
	e, err := ctl.CreateEnv(ctx, p, core.KindDatabase, w.database, control.EnvInput{Key: "TZ", Value: &value})
	must(w.t, err)
	w.dbEnv = e.UUID
	w.volume = w.mount(ctx, ctl, p, control.StorageInput{Name: "more", MountPath: "/more"})
	w.file = w.mount(ctx, ctl, p, control.StorageInput{IsFile: true, MountPath: "/etc/extra.conf", Content: core.NewSecret(dbFile)})
	w.bucket, w.storing = w.newBucket(ctx, ctl, p, "works"), w.newBucket(ctx, ctl, p, "broken")
	q, err := ctl.StartDatabase(ctx, p, w.database, control.Action{Note: "first"})
	must(w.t, err)
	w.started = q.Deployment.UUID
	w.dumps(ctx, ctl, p)
}

func (w *world) newDatabase(ctx context.Context, ctl *control.Control, p auth.Principal, engine string, in control.DatabasePatch) core.ID {
	w.t.Helper()
	s, err := ctl.CreateDatabase(ctx, p, engine, control.DatabaseInput{
		DatabasePatch: in, Project: w.project, Environment: "production", Server: w.localhost,
	})
	must(w.t, err)
	return s.Database.UUID
}

func (w *world) mount(ctx context.Context, ctl *control.Control, p auth.Principal, in control.StorageInput) core.ID {
	w.t.Helper()
	s, err := ctl.CreateStorage(ctx, p, core.KindDatabase, w.database, in)
	must(w.t, err)
	return s.UUID
}

func (w *world) newBucket(ctx context.Context, ctl *control.Control, p auth.Principal, name string) core.ID {
	w.t.Helper()
	key, word := core.NewSecret(bucketKey), core.NewSecret(bucketWord)
	s, err := ctl.CreateS3Storage(ctx, p, control.S3Input{
		Name: pointer("backups"), Endpoint: pointer("https://s3.example.com"), Bucket: &name, AccessKey: &key, SecretKey: &word,
	})
	must(w.t, err)
	return s.UUID
}

// dumps makes a schedule with a dump, and a dump on demand, which are over.
func (w *world) dumps(ctx context.Context, ctl *control.Control, p auth.Principal) {
	s, err := ctl.CreateSchedule(ctx, p, w.database, control.ScheduleInput{
		Frequency: pointer("0 3 * * *"), SaveS3: pointer(true), S3: &w.storing, BackupNow: true,
		Local: control.RetentionPatch{Amount: pointer(7), MaxStorage: pointer(1.5)},
	})
	must(w.t, err)
	w.backup, w.execution = s.Schedule.UUID, s.Deployment.Options.Backup
	b, _, err := ctl.BackupNow(ctx, p, w.database, control.BackupInput{})
	must(w.t, err)
	w.demanded = b.UUID
	for _, id := range []core.ID{w.execution, w.demanded} {
		b, err := w.db.GetBackup(ctx, w.team, id)
		must(w.t, err)
		b.Status, b.Local, b.Size = core.BackupSuccess, true, 4096
		b.Filename = "/data/taffrail/backups/databases/" + string(w.database) + "/" + string(id) + ".dmp"
		must(w.t, w.db.SaveBackup(ctx, b))
	}
}

func pointer[T any](v T) *T { return &v }
