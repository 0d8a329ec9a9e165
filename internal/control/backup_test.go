package control_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// dumped lets the dump that is claimed next end well, with a file and with remote a copy
// in S3 too.
func (w *world) dumped(t testing.TB, db control.Database, remote bool) core.Backup {
	t.Helper()
	d := w.settleDatabase(t, core.StatusFinished, "running:healthy", nil)
	b, err := w.db.GetBackup(t.Context(), d.TeamID, d.Options.Backup)
	if err != nil {
		t.Fatal(err)
	}
	b.Status, b.Local, b.Remote, b.Size = core.BackupSuccess, true, remote, 42
	b.Filename = "/data/taffrail/backups/databases/" + string(db.UUID) + "/20260504T030201Z-" + string(b.UUID) + ".dmp"
	if err := w.db.SaveBackup(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return b
}

func (w *world) bucket(t testing.TB) core.ID {
	t.Helper()
	return must(w.c.CreateS3Storage(t.Context(), w.owner, bucketInput()))(t).UUID
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db, _ := w.running(t, "postgresql")
	ctx := t.Context()
	bucket := w.bucket(t)
	saved := must(w.c.CreateSchedule(ctx, w.owner, db.UUID, control.ScheduleInput{Frequency: ptr(" daily ")}))(t)
	s := saved.Schedule
	if s.Frequency != "daily" || !s.Enabled || s.Timeout != 3600 || s.Database != db.UUID || s.S3 != "" || s.SaveS3 || saved.Deployment.UUID != "" ||
		!s.NextRunAt.Equal(time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("schedule %+v", saved)
	}
	saved = must(w.c.UpdateSchedule(ctx, w.owner, db.UUID, s.UUID, control.ScheduleInput{
		Frequency: ptr("*/5 * * * *"), Description: ptr("often"), SaveS3: ptr(true), S3: &bucket, Databases: ptr("postgres, shop"),
		Local: control.RetentionPatch{Amount: ptr(7)}, Remote: control.RetentionPatch{Days: ptr(30), MaxStorage: ptr(1.5)}, Timeout: ptr(60),
	}))(t)
	s = saved.Schedule
	if s.S3 != bucket || s.Local.Amount != 7 || s.Remote.Days != 30 || s.Remote.MaxStorage != 1.5 || s.Databases != "postgres, shop" ||
		!s.NextRunAt.Equal(time.Date(2026, 5, 4, 3, 5, 0, 0, time.UTC)) || s.Description != "often" || s.Timeout != 60 {
		t.Errorf("schedule %+v", s)
	}
	s = must(w.c.UpdateSchedule(ctx, w.owner, db.UUID, s.UUID, control.ScheduleInput{Enabled: ptr(false)}))(t).Schedule
	if s.Enabled || s.Frequency != "*/5 * * * *" || s.S3 != bucket || s.Local.Amount != 7 {
		t.Errorf("schedule %+v", s)
	}
	if got := must(w.c.GetSchedule(ctx, w.owner, db.UUID, s.UUID))(t); got != s {
		t.Errorf("read %+v, want %+v", got, s)
	}
	if list := must(w.c.ListSchedules(ctx, w.owner, db.UUID))(t); len(list) != 1 || list[0] != s {
		t.Errorf("listed %+v", list)
	}
	wantCode(t, drop(w.c.GetSchedule(ctx, w.owner, db.UUID, core.NewID())), core.CodeNotFound, "Backup config not found.")
	s = must(w.c.UpdateSchedule(ctx, w.owner, db.UUID, s.UUID, control.ScheduleInput{SaveS3: ptr(false), S3: ptr(core.ID(""))}))(t).Schedule
	if s.S3 != "" || s.S3ID != 0 {
		t.Errorf("schedule %+v", s)
	}
	if err := w.c.DeleteSchedule(ctx, w.owner, db.UUID, s.UUID, false); err != nil {
		t.Error(err)
	}
	if list := must(w.c.ListSchedules(ctx, w.owner, db.UUID))(t); len(list) != 0 {
		t.Errorf("left %+v", list)
	}
}

func TestSchedulesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db, _ := w.running(t, "postgresql")
	ctx := t.Context()
	bucket := w.bucket(t)
	before := w.dump(t)
	for name, c := range map[string]struct {
		in     control.ScheduleInput
		fields []string
	}{
		"nothing":         {control.ScheduleInput{}, []string{"frequency"}},
		"no time":         {control.ScheduleInput{Frequency: ptr("61 * * * *")}, []string{"frequency"}},
		"a command":       {control.ScheduleInput{Frequency: ptr("* * * * * root id")}, []string{"frequency"}},
		"at the start":    {control.ScheduleInput{Frequency: ptr("@reboot")}, []string{"frequency"}},
		"much text":       {control.ScheduleInput{Frequency: ptr(strings.Repeat("x", 10_000))}, []string{"frequency"}},
		"no bucket":       {control.ScheduleInput{Frequency: ptr("daily"), SaveS3: ptr(true)}, []string{"s3_storage_uuid"}},
		"no place at all": {control.ScheduleInput{Frequency: ptr("daily"), DisableLocal: ptr(true)}, []string{"disable_local_backup"}},
		"short":           {control.ScheduleInput{Frequency: ptr("daily"), Timeout: ptr(59)}, []string{"timeout"}},
		"long":            {control.ScheduleInput{Frequency: ptr("daily"), Timeout: ptr(36_001)}, []string{"timeout"}},
		"names": {control.ScheduleInput{Frequency: ptr("daily"), Databases: ptr("good,a;id"), Description: ptr("<b>")},
			[]string{"databases_to_backup", "description"}},
		"less than none": {control.ScheduleInput{Frequency: ptr("daily"), Local: control.RetentionPatch{Amount: ptr(-1), Days: ptr(-1), MaxStorage: ptr(-0.1)},
			Remote: control.RetentionPatch{Amount: ptr(-1), Days: ptr(1 << 40), MaxStorage: ptr(math.NaN())}}, []string{
			"database_backup_retention_amount_locally", "database_backup_retention_days_locally", "database_backup_retention_max_storage_locally",
			"database_backup_retention_amount_s3", "database_backup_retention_days_s3", "database_backup_retention_max_storage_s3"}},
	} {
		_, err := w.c.CreateSchedule(ctx, w.owner, db.UUID, c.in)
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
		wantFields(t, err, c.fields...)
	}
	for _, text := range payloads() {
		if text == "a$b" { // a name that a database may have; no shell ever sees it
			continue
		}
		_, err := w.c.CreateSchedule(ctx, w.owner, db.UUID, control.ScheduleInput{Frequency: ptr("daily"), Databases: &text})
		wantFields(t, err, "databases_to_backup")
		_, _, err = w.c.BackupNow(ctx, w.owner, db.UUID, control.BackupInput{Databases: text, S3: bucket})
		wantFields(t, err, "databases_to_backup")
	}
	if w.dump(t) != before {
		t.Error("a refused schedule was stored")
	}
}

func TestDumps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db, _ := w.running(t, "postgresql")
	ctx := t.Context()
	bucket := w.bucket(t)
	writer := as(w.owner, core.RoleAdmin, auth.Read, auth.Write)
	saved := must(w.c.CreateSchedule(ctx, writer, db.UUID, control.ScheduleInput{
		Frequency: ptr("daily"), SaveS3: ptr(true), S3: &bucket, Databases: ptr("shop"), BackupNow: true,
	}))(t)
	if d := saved.Deployment; d.Verb != core.VerbBackup || d.Resource.UUID != db.UUID || d.Options.Backup == "" || len(saved.Warnings) > 0 {
		t.Fatalf("saved %+v", saved)
	}
	w.dumped(t, db, true)
	once, d, err := w.c.BackupNow(ctx, w.owner, db.UUID, control.BackupInput{Note: "before the sale"})
	if err != nil || d.Verb != core.VerbBackup || d.Note != "before the sale" || once.Deployment != d.UUID || once.Status != core.BackupRunning ||
		once.Schedule != "" || once.Database != db.UUID || once.Databases != "" {
		t.Errorf("once %+v, %+v, %v", once, d, err)
	}
	wantCode(t, w.c.DeleteBackup(ctx, w.owner, db.UUID, "", once.UUID, true), core.CodeBadRequest, "")
	list := must(w.c.ListBackups(ctx, w.owner, db.UUID, ""))(t)
	of := must(w.c.ListBackups(ctx, w.owner, db.UUID, saved.Schedule.UUID))(t)
	if len(list) != 2 || list[0].UUID != once.UUID || len(of) != 1 || of[0].Schedule != saved.Schedule.UUID || of[0].S3 != bucket ||
		of[0].Databases != "shop" || of[0].Status != core.BackupSuccess || of[0].Size != 42 || of[0] != list[1] {
		t.Errorf("listed %+v and %+v", list, of)
	}
	for in, want := range map[string]string{" * ": core.AllDatabases, " shop , postgres": "shop , postgres"} {
		b, queued, err := w.c.BackupNow(ctx, w.owner, db.UUID, control.BackupInput{Databases: in, S3: bucket})
		if err != nil || b.Databases != want || b.S3 != bucket {
			t.Errorf("dump of %q: %+v, %v", in, b, err)
		}
		must(w.c.CancelDeployment(ctx, w.owner, queued.UUID))(t)
	}
	everything := must(w.c.UpdateSchedule(ctx, w.owner, db.UUID, saved.Schedule.UUID, control.ScheduleInput{DumpAll: ptr(true), BackupNow: true}))(t)
	if b := must(w.c.GetBackup(ctx, w.owner, db.UUID, "", everything.Deployment.Options.Backup))(t); b.Databases != core.AllDatabases || b.Schedule != saved.Schedule.UUID {
		t.Errorf("dump of everything: %+v", b)
	}
	must(w.c.CancelDeployment(ctx, w.owner, everything.Deployment.UUID))(t)
	must(w.c.CancelDeployment(ctx, w.owner, d.UUID))(t)
	if b := must(w.c.GetBackup(ctx, w.owner, db.UUID, "", once.UUID))(t); b.Status != core.BackupFailed || b.Message == "" {
		t.Errorf("a dump whose deployment was cancelled is %+v", b)
	}
	if err := w.c.DeleteBackup(ctx, w.owner, db.UUID, "", once.UUID, true); err != nil || len(w.hosts.deleted) > 0 {
		t.Errorf("deleted %v, %v", w.hosts.deleted, err)
	}
	wantCode(t, w.c.DeleteBackup(ctx, w.owner, db.UUID, "", once.UUID, true), core.CodeNotFound, "Backup execution not found.")
	w.containers.are(db.UUID)
	w.settleStatus(t, db, "exited:unhealthy")
	_, _, err = w.c.BackupNow(ctx, w.owner, db.UUID, control.BackupInput{})
	wantCode(t, err, core.CodeBadRequest, "Database is not running.")
}

// settleStatus writes how a database is.
func (w *world) settleStatus(t testing.TB, db control.Database, status string) {
	t.Helper()
	if err := w.db.SetDatabaseStatus(t.Context(), db.TeamID, db.RowID, status, "", nil); err != nil {
		t.Fatal(err)
	}
}

func TestDumpsAreDeletedWhereTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db, _ := w.running(t, "postgresql")
	ctx := t.Context()
	bucket := w.bucket(t)
	s := must(w.c.CreateSchedule(ctx, w.owner, db.UUID, control.ScheduleInput{
		Frequency: ptr("daily"), SaveS3: ptr(true), S3: &bucket, BackupNow: true,
	}))(t).Schedule
	first := w.dumped(t, db, true)
	there := func(b core.Backup, want bool) {
		t.Helper()
		_, err := w.c.GetBackup(ctx, w.owner, db.UUID, s.UUID, b.UUID)
		if (err == nil) != want {
			t.Errorf("dump after its deletion: %v", err)
		}
	}
	w.hosts.undeleted = core.Errorf(core.CodeUnavailable, "no route")
	wantCode(t, w.c.DeleteBackup(ctx, w.owner, db.UUID, s.UUID, first.UUID, true), core.CodeUnavailable, "no route")
	there(first, true)
	w.hosts.undeleted, w.buckets.fault = nil, core.Errorf(core.CodeUnavailable, "no bucket")
	wantCode(t, w.c.DeleteBackup(ctx, w.owner, db.UUID, s.UUID, first.UUID, true), core.CodeUnavailable, "no bucket")
	there(first, true)
	w.buckets.fault = nil
	if err := w.c.DeleteBackup(ctx, w.owner, db.UUID, s.UUID, first.UUID, true); err != nil {
		t.Error(err)
	}
	there(first, false)
	if want := "10.0.0.9:" + first.Filename; !slices.Contains(w.hosts.deleted, want) || !slices.Equal(w.buckets.deleted, []core.ID{first.UUID}) {
		t.Errorf("deleted %v, %v", w.hosts.deleted, w.buckets.deleted)
	}
	// Without S3 the copy there stays.
	must(w.c.UpdateSchedule(ctx, w.owner, db.UUID, s.UUID, control.ScheduleInput{BackupNow: true}))(t)
	second := w.dumped(t, db, true)
	if err := w.c.DeleteBackup(ctx, w.owner, db.UUID, s.UUID, second.UUID, false); err != nil || len(w.buckets.deleted) != 1 {
		t.Errorf("deleted %v, %v", w.buckets.deleted, err)
	}
	// A schedule takes its dumps along only when that is wanted.
	must(w.c.UpdateSchedule(ctx, w.owner, db.UUID, s.UUID, control.ScheduleInput{BackupNow: true}))(t)
	third := w.dumped(t, db, true)
	w.buckets.fault = errors.New("broken")
	if err := w.c.DeleteSchedule(ctx, w.owner, db.UUID, s.UUID, true); err == nil {
		t.Error("a schedule is gone although a dump of it could not be deleted")
	}
	there(third, true)
	w.buckets.fault = nil
	if err := w.c.DeleteSchedule(ctx, w.owner, db.UUID, s.UUID, true); err != nil || !slices.Contains(w.buckets.deleted, third.UUID) {
		t.Errorf("deleted %v, %v", w.buckets.deleted, err)
	}
	if list := must(w.c.ListBackups(ctx, w.owner, db.UUID, ""))(t); len(list) != 0 {
		t.Errorf("left %+v", list)
	}
}

// TestOnlyDumpsAreDeleted puts paths into the store that are none of dumps.
func TestOnlyDumpsAreDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db, _ := w.running(t, "redis")
	ctx := t.Context()
	must(w.c.CreateSchedule(ctx, w.owner, db.UUID, control.ScheduleInput{Frequency: ptr("daily"), BackupNow: true}))(t)
	b := w.dumped(t, db, false)
	own := "/data/taffrail/backups/databases/" + string(db.UUID)
	for _, at := range []string{
		"", "/etc/passwd", "backups/databases/" + string(db.UUID) + "/x", own, own + "/", own + "/../x", own + "/a/b", own + "//x",
		"/data/taffrail/backups/databases/" + string(core.NewID()) + "/x", "/data/taffrail/databases/" + string(db.UUID) + "/x",
	} {
		b.Filename = at
		if err := w.db.SaveBackup(ctx, b); err != nil {
			t.Fatal(err)
		}
		wantCode(t, w.c.DeleteBackup(ctx, w.owner, db.UUID, "", b.UUID, false), core.CodeInternal, "")
	}
	if len(w.hosts.deleted) > 0 {
		t.Errorf("deleted %v", w.hosts.deleted)
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db, x := w.running(t, "postgresql")
	ctx := t.Context()
	must(w.c.UpdateDatabase(ctx, w.owner, db.UUID, control.DatabasePatch{
		Public: control.PublicPatch{Enabled: ptr(true), Port: ptr(15432)}, PortsMappings: ptr("15433:5432"), Image: ptr("postgres:17-alpine"),
		Limits: control.LimitsPatch{Memory: ptr("1g")},
	}))(t)
	must(w.c.CreateEnv(ctx, w.owner, core.KindDatabase, db.UUID, control.EnvInput{Key: "TZ", Value: secret("Europe/Athens")}))(t)
	must(w.c.CreateSchedule(ctx, w.owner, db.UUID, control.ScheduleInput{Frequency: ptr("daily"), BackupNow: true}))(t)
	b := w.dumped(t, db, false)
	saved := must(w.c.RestoreBackup(ctx, w.owner, db.UUID, "", b.UUID, control.RestoreInput{Name: ptr("Copy"), Note: "what was lost"}))(t)
	got, d := saved.Database, saved.Deployment
	if got.UUID == db.UUID || got.Name != "Copy" || got.Type != db.Type || got.Image != "postgres:16-alpine" || got.Status != "exited" || got.Ran != (core.DatabaseRan{}) ||
		got.Server != x.server || got.Environment != x.environment || got.DestinationID != db.DestinationID || got.Settings.Limits.Memory != "1g" {
		t.Errorf("restored into %+v", got)
	}
	if got.Fields["postgres_password"] != db.Fields["postgres_password"] || got.Settings.Public.Enabled || got.Settings.Public.Port != 0 || got.Settings.PortsMappings != "" {
		t.Errorf("restored with %+v", got.Settings)
	}
	if d.Verb != core.VerbRestore || d.Resource.UUID != got.UUID || d.Options != (core.Options{Restore: b.UUID}) || d.Note != "what was lost" {
		t.Errorf("deployment %+v", d)
	}
	envs := must(w.c.ListEnvs(ctx, w.owner, core.KindDatabase, got.UUID))(t)
	if len(envs) != 1 || envs[0].Key != "TZ" || envs[0].Value.Reveal() != "Europe/Athens" {
		t.Errorf("variables %+v", envs)
	}
	if unnamed := must(w.c.RestoreBackup(ctx, w.owner, db.UUID, "", b.UUID, control.RestoreInput{}))(t).Database; unnamed.Name != "postgresql-database-"+string(unnamed.UUID) {
		t.Errorf("restored into %q", unnamed.Name)
	}
	before := len(must(w.c.ListDatabases(ctx, w.owner))(t))
	_, err := w.c.RestoreBackup(ctx, w.owner, db.UUID, "", b.UUID, control.RestoreInput{Name: ptr("a;b")})
	wantFields(t, err, "name")
	_, err = w.c.RestoreBackup(ctx, w.owner, db.UUID, "", b.UUID, control.RestoreInput{Note: "\x00"})
	wantFields(t, err, "note")
	must(w.c.UpdateServer(ctx, w.owner, x.server, control.ServerPatch{DeploymentQueueLimit: ptr(1)}))(t)
	_, err = w.c.RestoreBackup(ctx, w.owner, db.UUID, "", b.UUID, control.RestoreInput{})
	wantCode(t, err, core.CodeTooMany, "")
	b.Local = false
	if err := w.db.SaveBackup(ctx, b); err != nil {
		t.Fatal(err)
	}
	_, err = w.c.RestoreBackup(ctx, w.owner, db.UUID, "", b.UUID, control.RestoreInput{})
	wantCode(t, err, core.CodeBadRequest, "")
	if list := must(w.c.ListDatabases(ctx, w.owner))(t); len(list) != before {
		t.Errorf("a restore that failed left %+v", list[before:])
	}
}
