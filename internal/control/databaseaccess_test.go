package control_test

import (
	"context"
	"testing"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// furnishAll gives p's team a database and an application with one of everything, too.
func (w *world) furnishAll(t testing.TB, p auth.Principal) ids {
	t.Helper()
	ctx := t.Context()
	x := w.furnish(t, p)
	d := &x.data
	d.database = must(w.c.CreateDatabase(ctx, p, "postgresql", x.databaseInput()))(t).Database.UUID
	d.env = must(w.c.CreateEnv(ctx, p, core.KindDatabase, d.database, control.EnvInput{Key: "TZ", Value: secret("Europe/Athens")}))(t).UUID
	d.storage = must(w.c.CreateStorage(ctx, p, core.KindDatabase, d.database, control.StorageInput{MountPath: "/extra"}))(t).UUID
	d.bucket = must(w.c.CreateS3Storage(ctx, p, bucketInput()))(t).UUID
	schedule := must(w.c.CreateSchedule(ctx, p, d.database, control.ScheduleInput{
		Frequency: ptr("daily"), SaveS3: ptr(true), S3: &d.bucket, BackupNow: true,
	}))(t)
	d.schedule = schedule.Schedule.UUID
	d.backup = schedule.Deployment.Options.Backup
	if d.backup == "" {
		t.Fatalf("no dump was queued: %v", schedule.Warnings)
	}
	w.furnishApplication(t, p, &x)
	return x
}

func (x ids) databaseInput() control.DatabaseInput {
	return control.DatabaseInput{Project: x.project, Environment: "production", Server: x.server}
}

func bucketInput() control.S3Input {
	return control.S3Input{
		Name: ptr("Dumps"), Endpoint: ptr("https://s3.example.com"), Bucket: ptr("dumps"), AccessKey: secret("access"), SecretKey: secret("very-secret"),
	}
}

func databaseCalls() []call {
	return []call{
		{"ListDatabases", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.ListDatabases(ctx, p))
		}},
		{"GetDatabase", auth.Read, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.GetDatabase(ctx, p, x.data.database))
		}},
		{"CreateDatabase", auth.Write, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.CreateDatabase(ctx, p, "redis", x.databaseInput()))
		}},
		{"UpdateDatabase", auth.Write, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdateDatabase(ctx, p, x.data.database, control.DatabasePatch{Name: ptr("Renamed")}))
		}},
		{"DatabaseLogs", auth.Read, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.DatabaseLogs(ctx, p, x.data.database, 10, false))
		}},
		{"ListEnvs of a database", auth.Read, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListEnvs(ctx, p, core.KindDatabase, x.data.database))
		}},
		{"DeleteEnv of a database", auth.Write, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteEnv(ctx, p, core.KindDatabase, x.data.database, x.data.env)
		}},
		{"ListStorages", auth.Read, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListStorages(ctx, p, core.KindDatabase, x.data.database))
		}},
		{"CreateStorage", auth.Write, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.CreateStorage(ctx, p, core.KindDatabase, x.data.database, control.StorageInput{MountPath: "/more"}))
		}},
		{"UpdateStorage", auth.Write, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdateStorage(ctx, p, core.KindDatabase, x.data.database, x.data.storage, control.StoragePatch{MountPath: ptr("/moved")}))
		}},
		{"DeleteStorage", auth.Write, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteStorage(ctx, p, core.KindDatabase, x.data.database, x.data.storage)
		}},
		{"StartDatabase", auth.Deploy, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.StartDatabase(ctx, p, x.data.database, control.Action{}))
		}},
		{"RestartDatabase", auth.Deploy, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.RestartDatabase(ctx, p, x.data.database, control.Action{}))
		}},
		{"StopDatabase", auth.Deploy, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.StopDatabase(ctx, p, x.data.database, control.Action{}))
		}},
		{"Deploy of a database", auth.Deploy, "No resources found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.Deploy(ctx, p, []core.ID{x.data.database}, control.Action{}))
		}},
		{"DeleteDatabase", auth.Write, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.DeleteDatabase(ctx, p, x.data.database, core.Removal{}))
		}},
	}
}

func backupCalls() []call {
	return []call{
		{"ListSchedules", auth.Read, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListSchedules(ctx, p, x.data.database))
		}},
		{"GetSchedule", auth.Read, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.GetSchedule(ctx, p, x.data.database, x.data.schedule))
		}},
		{"CreateSchedule", auth.Write, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.CreateSchedule(ctx, p, x.data.database, control.ScheduleInput{Frequency: ptr("hourly")}))
		}},
		{"UpdateSchedule", auth.Write, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdateSchedule(ctx, p, x.data.database, x.data.schedule, control.ScheduleInput{BackupNow: true}))
		}},
		{"DeleteSchedule", auth.Write, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteSchedule(ctx, p, x.data.database, x.data.schedule, false)
		}},
		{"BackupNow", auth.Deploy, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			_, _, err := c.BackupNow(ctx, p, x.data.database, control.BackupInput{})
			return err
		}},
		{"ListBackups", auth.Read, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListBackups(ctx, p, x.data.database, x.data.schedule))
		}},
		{"GetBackup", auth.Read, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.GetBackup(ctx, p, x.data.database, "", x.data.backup))
		}},
		{"DeleteBackup", auth.Write, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteBackup(ctx, p, x.data.database, "", x.data.backup, true)
		}},
		{"RestoreBackup", auth.Write, "Database not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.RestoreBackup(ctx, p, x.data.database, "", x.data.backup, control.RestoreInput{}))
		}},
		{"ListS3Storages", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.ListS3Storages(ctx, p))
		}},
		{"GetS3Storage", auth.Read, "S3 storage not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.GetS3Storage(ctx, p, x.data.bucket))
		}},
		{"CreateS3Storage", auth.Write, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.CreateS3Storage(ctx, p, bucketInput()))
		}},
		{"UpdateS3Storage", auth.Write, "S3 storage not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdateS3Storage(ctx, p, x.data.bucket, control.S3Input{Name: ptr("Renamed")}))
		}},
		{"ValidateS3Storage", auth.Write, "S3 storage not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ValidateS3Storage(ctx, p, x.data.bucket))
		}},
		{"DeleteS3Storage", auth.Write, "S3 storage not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteS3Storage(ctx, p, x.data.bucket)
		}},
	}
}

// TestForeignIDsOfDatabases puts ids of another team, and of another database, where ids
// of one's own belong.
func TestForeignIDsOfDatabases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := w.furnishAll(t, w.owner)
	eve := w.otherTeam(t)
	mine := w.furnishAll(t, eve)
	ctx := t.Context()
	second := must(w.c.CreateDatabase(ctx, eve, "redis", mine.databaseInput()))(t).Database.UUID
	before := w.dump(t)
	for _, c := range []struct {
		change func(*control.DatabaseInput)
		want   string
	}{
		{func(in *control.DatabaseInput) { in.Server = theirs.server }, "Server not found."},
		{func(in *control.DatabaseInput) { in.Project = theirs.project }, "Project not found."},
		{func(in *control.DatabaseInput) { in.Environment = string(theirs.environment) }, "Environment not found."},
		{func(in *control.DatabaseInput) { in.Destination = theirs.destination }, "Destination not found."},
	} {
		in := mine.databaseInput()
		c.change(&in)
		wantCode(t, drop(w.c.CreateDatabase(ctx, eve, "redis", in)), core.CodeNotFound, c.want)
	}
	for what, call := range map[string]func(database core.ID, of dataIDs) error{
		"Storage not found.": func(database core.ID, of dataIDs) error {
			return w.c.DeleteStorage(ctx, eve, core.KindDatabase, database, of.storage)
		},
		"Backup config not found.": func(database core.ID, of dataIDs) error {
			return w.c.DeleteSchedule(ctx, eve, database, of.schedule, true)
		},
		"Backup execution not found.": func(database core.ID, of dataIDs) error {
			return w.c.DeleteBackup(ctx, eve, database, "", of.backup, true)
		},
		"Environment variable not found.": func(database core.ID, of dataIDs) error {
			return w.c.DeleteEnv(ctx, eve, core.KindDatabase, database, of.env)
		},
	} {
		wantCode(t, call(mine.data.database, theirs.data), core.CodeNotFound, what)
		wantCode(t, call(second, mine.data), core.CodeNotFound, what)
	}
	_, err := w.c.CreateSchedule(ctx, eve, second, control.ScheduleInput{Frequency: ptr("daily"), SaveS3: ptr(true), S3: &theirs.data.bucket})
	wantCode(t, err, core.CodeNotFound, "S3 storage not found.")
	_, err = w.c.UpdateSchedule(ctx, eve, mine.data.database, mine.data.schedule, control.ScheduleInput{S3: &theirs.data.bucket})
	wantCode(t, err, core.CodeNotFound, "S3 storage not found.")
	_, _, err = w.c.BackupNow(ctx, eve, second, control.BackupInput{S3: theirs.data.bucket})
	wantCode(t, err, core.CodeNotFound, "S3 storage not found.")
	if after := w.dump(t); after != before {
		t.Error("a call with ids of others changed the database")
	}
}

// TestSecretsOfDatabases looks at every answer about databases that can hold a secret.
func TestSecretsOfDatabases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.data.database
	must(w.c.UpdateDatabase(ctx, w.owner, id, control.DatabasePatch{
		Fields:      map[string]core.Secret{"postgres_conf": core.NewSecret("work_mem = 8MB")},
		Public:      control.PublicPatch{Enabled: ptr(true), Port: ptr(15432)},
		InitScripts: &[]core.InitScript{{Filename: "one.sql", Content: "CREATE USER a PASSWORD 'b';"}},
	}))(t)
	file := must(w.c.CreateStorage(ctx, w.owner, core.KindDatabase, id, control.StorageInput{
		IsFile: true, MountPath: "/etc/extra.conf", Content: core.NewSecret("token = 1"),
	}))(t).UUID
	writer := as(w.owner, core.RoleAdmin, auth.Read, auth.Write, auth.Deploy)
	for _, c := range []struct {
		p    auth.Principal
		sees bool
	}{
		{w.owner, true},
		{as(w.owner, core.RoleAdmin, auth.Read, auth.ReadSensitive), true},
		{writer, false},
		{as(w.owner, core.RoleMember, auth.Root), false},
	} {
		place := must(w.c.GetEnvironment(ctx, c.p, x.project, "production"))(t)
		databases := append(place.Databases, must(w.c.GetDatabase(ctx, c.p, id))(t), must(w.c.ListDatabases(ctx, c.p))(t)[0])
		for _, db := range databases {
			checkShown(t, db, c.sees)
		}
		for _, s := range must(w.c.ListStorages(ctx, c.p, core.KindDatabase, id))(t) {
			if s.UUID == file && s.Content.Empty() == c.sees {
				t.Errorf("content of a file for %v: %v", c.p.Abilities, !s.Content.Empty())
			}
		}
		bucket := must(w.c.GetS3Storage(ctx, c.p, x.data.bucket))(t)
		buckets := must(w.c.ListS3Storages(ctx, c.p))(t)
		for _, s := range append(buckets, bucket) {
			if s.AccessKey.Empty() == c.sees || s.SecretKey.Empty() == c.sees {
				t.Errorf("keys of a bucket for %v: %+v", c.p.Abilities, s)
			}
		}
	}
	checkShown(t, must(w.c.UpdateDatabase(ctx, writer, id, control.DatabasePatch{Name: ptr("B")}))(t).Database, false)
	if s := must(w.c.UpdateStorage(ctx, writer, core.KindDatabase, id, file, control.StoragePatch{Chmod: ptr("600")}))(t); !s.Content.Empty() {
		t.Error("the answer to a change shows a file to one who may not see it")
	}
	if s := must(w.c.UpdateS3Storage(ctx, writer, x.data.bucket, control.S3Input{Name: ptr("B")}))(t); !s.AccessKey.Empty() || !s.SecretKey.Empty() {
		t.Error("the answer to a change shows keys to one who may not see them")
	}
	in := x.databaseInput()
	in.Public = control.PublicPatch{Enabled: ptr(true), Port: ptr(15433)}
	made := must(w.c.CreateDatabase(ctx, writer, "postgresql", in))(t).Database
	if !made.InternalURL.Empty() || !made.ExternalURL.Empty() || !made.Fields["postgres_password"].Empty() {
		t.Error("the answer to a creation shows a password to one who may not see it")
	}
}

// checkShown checks that a database of the test above shows all its secrets, or none.
func checkShown(t testing.TB, db control.Database, sees bool) {
	t.Helper()
	for what, shown := range map[string]bool{
		"password":      !db.Fields["postgres_password"].Empty(),
		"configuration": !db.Fields["postgres_conf"].Empty(),
		"script":        db.Settings.InitScripts[0].Content != "",
		"internal URL":  !db.InternalURL.Empty(),
		"external URL":  !db.ExternalURL.Empty(),
	} {
		if shown != sees {
			t.Errorf("%s: shown is %v, want %v", what, shown, sees)
		}
	}
	if db.Fields["postgres_user"].Reveal() != "postgres" || db.Settings.InitScripts[0].Filename != "one.sql" || !db.Ran.Deployed.Empty() {
		t.Errorf("database %+v", db)
	}
}
