package database_test

import (
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
)

// situation is a database before a deployment.
type situation struct {
	engine string
	before func(*shelf) // as it was started; nil: never
	change func(*shelf) // since then
	d      core.Deployment
	seen   string // "running", "exited" or nothing
}

func situations() map[string]situation {
	started := func(*shelf) {}
	ssl := func(s *shelf) { s.settings().EnableSSL = true }
	public := func(s *shelf) { s.public(15432) }
	deployment := func(v core.Verb, o core.Options) core.Deployment { return core.Deployment{Verb: v, Options: o} }
	backup := func(s *shelf) {
		s.loaded.Backup = &core.Backup{UUID: "bak1", DatabaseID: 7, Status: core.BackupRunning}
	}
	return map[string]situation{
		"start-first":       {engine: "postgresql", d: deployment(core.VerbStart, core.Options{})},
		"start-first-redis": {engine: "redis", d: deployment(core.VerbStart, core.Options{})},
		"start-first-ssl":   {engine: "postgresql", change: func(s *shelf) { ssl(s); public(s) }, d: deployment(core.VerbStart, core.Options{})},
		"start-stopped":     {engine: "mariadb", before: started, d: deployment(core.VerbStart, core.Options{})},
		"deploy-running":    {engine: "postgresql", before: started, d: deployment(core.VerbDeploy, core.Options{}), seen: "running"},
		"deploy-password": {engine: "mariadb", before: started, d: deployment(core.VerbDeploy, core.Options{}), seen: "running", change: func(s *shelf) {
			s.loaded.Database.Fields["mariadb_root_password"] = core.NewSecret("another")
		}},
		"deploy-running-ssl": {engine: "postgresql", before: ssl, d: deployment(core.VerbDeploy, core.Options{}), seen: "running"},
		"deploy-ssl-is-new":  {engine: "postgresql", before: started, change: ssl, d: deployment(core.VerbDeploy, core.Options{}), seen: "running"},
		"deploy-pull":        {engine: "redis", before: started, d: deployment(core.VerbDeploy, core.Options{PullLatest: true}), seen: "running"},
		"deploy-crashed":     {engine: "redis", before: started, d: deployment(core.VerbDeploy, core.Options{}), seen: "restarting"},
		"restart":            {engine: "mariadb", before: ssl, d: deployment(core.VerbRestart, core.Options{}), seen: "running"},
		"deploy-dump-before": {engine: "postgresql", before: started, change: backup, d: deployment(core.VerbDeploy, core.Options{Backup: "bak1"}), seen: "running"},
		"stop":               {engine: "postgresql", before: started, d: deployment(core.VerbStop, core.Options{}), seen: "running"},
		"stop-never-started": {engine: "postgresql", d: deployment(core.VerbStop, core.Options{})},
		"stop-remove-all": {engine: "mariadb", before: started, d: deployment(core.VerbStop, core.Options{
			Remove: core.Removal{Configurations: true, Volumes: true, Networks: true, Images: true}}), change: func(s *shelf) {
			s.loaded.AllowHost = true
			s.loaded.Storages = []core.Storage{{Name: "extra", MountPath: "/extra"}, {IsFile: true, FsPath: "f", MountPath: "/f"}, {HostPath: "/h", MountPath: "/h"}}
		}},
		"stop-remove-volumes": {engine: "redis", d: deployment(core.VerbStop, core.Options{Remove: core.Removal{Volumes: true}})},
		"proxy-on":            {engine: "postgresql", before: started, change: public, d: deployment(core.VerbDeploy, core.Options{OnlyProxy: true}), seen: "running"},
		"proxy-port":          {engine: "postgresql", before: public, change: func(s *shelf) { s.public(15433) }, d: deployment(core.VerbDeploy, core.Options{OnlyProxy: true}), seen: "running"},
		"proxy-off":           {engine: "postgresql", before: public, change: func(s *shelf) { s.settings().Public.Enabled = false }, d: deployment(core.VerbDeploy, core.Options{OnlyProxy: true}), seen: "running with proxy"},
		"proxy-not-running":   {engine: "postgresql", before: started, change: public, d: deployment(core.VerbDeploy, core.Options{OnlyProxy: true})},
		"backup":              {engine: "mariadb", before: started, change: backup, d: deployment(core.VerbBackup, core.Options{Backup: "bak1"}), seen: "running"},
		"backup-s3": {engine: "postgresql", before: started, d: deployment(core.VerbBackup, core.Options{Backup: "bak1"}), seen: "running", change: func(s *shelf) {
			backup(s)
			toS3(s)
			s.loaded.Schedule.DumpAll, s.loaded.Schedule.DisableLocal, s.loaded.Schedule.Timeout = true, true, 7200
			s.loaded.Schedule.Local.Amount, s.loaded.Schedule.Remote.Amount = 2, 3
		}},
		"restore-local": {engine: "postgresql", d: deployment(core.VerbRestore, core.Options{Restore: "bak0"}), change: func(s *shelf) { s.loaded.Restore = taken() }},
		"restore-s3": {engine: "redis", d: deployment(core.VerbRestore, core.Options{Restore: "bak0"}), change: func(s *shelf) {
			b := taken()
			b.Engine, b.Filename, b.Databases = "redis", strings.Replace(b.Filename, ".dmp", ".rdb.gz", 1), ""
			b.Local, b.Remote, b.S3ID = false, true, 3
			s.loaded.Restore, s.loaded.S3 = b, bucket()
		}},
		"renew":             {engine: "postgresql", before: ssl, d: deployment(core.VerbRenew, core.Options{}), seen: "running"},
		"renew-redis":       {engine: "redis", before: ssl, d: deployment(core.VerbRenew, core.Options{}), seen: "running"},
		"renew-not-running": {engine: "postgresql", before: ssl, d: deployment(core.VerbRenew, core.Options{})},
	}
}

// taken is a dump of another database on the same server.
func taken() *core.Backup {
	return &core.Backup{
		UUID: "bak0", DatabaseID: 6, Status: core.BackupSuccess, Engine: "postgresql", Databases: "postgres", SHA256: "abc", Local: true,
		Filename: "/srv/taffrail/backups/databases/db9/20261120-120000-bak0.dmp",
	}
}

func bucket() *core.S3Storage {
	return &core.S3Storage{
		RowID: 3, Name: "attic", Endpoint: "https://s3.example.com", Region: "eu-1", Bucket: "dumps", Path: "ship/a",
		AccessKey: core.NewSecret("AKIDEXAMPLE"), SecretKey: core.NewSecret("s3cr3t-of-bucket"),
	}
}

// toS3 makes the backup one of a schedule that uploads, with three before it.
func toS3(s *shelf) {
	s.loaded.S3, s.loaded.Schedule = bucket(), &core.BackupSchedule{RowID: 5, SaveS3: true, S3ID: 3}
	s.loaded.Backup.ScheduleID, s.loaded.Backup.S3ID = 5, 3
	for i, id := range []core.ID{"old1", "old2", "old3"} {
		s.loaded.Kept = append(s.loaded.Kept, core.Backup{
			UUID: id, ScheduleID: 5, S3ID: 3, Status: core.BackupSuccess, Local: true, Remote: true, Size: 100,
			Filename: dumps + string(id) + ".sql.gz", CreatedAt: noon().AddDate(0, 0, -1-i),
		})
	}
}

// planOf makes the plan of a situation.
func planOf(t *testing.T, c situation) (*shelf, deploy.Plan, error) {
	t.Helper()
	s := newShelf(t, c.engine)
	if c.before != nil {
		c.before(s)
		s.start(t)
	}
	var seen []core.Container
	switch state, proxy, _ := strings.Cut(c.seen, " "); {
	case state != "":
		seen = s.running()
		seen[0].State = state
		if proxy != "" && len(seen) < 2 {
			t.Fatal("the situation has no proxy")
		}
	}
	if c.change != nil {
		c.change(s)
	}
	plan, err := s.plan(t, c.d, seen)
	return s, plan, err
}

// TestPlans holds the plan of each verb in each situation that makes a difference.
func TestPlans(t *testing.T) {
	t.Parallel()
	for name, c := range situations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, plan, err := planOf(t, c)
			if err != nil {
				t.Fatal(err)
			}
			if plan.Script.ID != "dep" || plan.Script.Limit < time.Hour {
				t.Errorf("id %q, limit %s", plan.Script.ID, plan.Script.Limit)
			}
			golden(t, "plan-"+name+".golden", plan.String())
		})
	}
}

// TestNoSecretInCommands: no secret is in an argument, a title or an environment, whoever
// looks at the plan or at the processes on the server.
func TestNoSecretInCommands(t *testing.T) {
	t.Parallel()
	for name, c := range situations() {
		s, plan, err := planOf(t, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range plan.Script.Steps {
			text := strings.Join(step.Argv, " ") + step.Title + step.Stdin
			for _, value := range step.Env {
				text += value
			}
			for _, secret := range []string{password, s.leaf.Key.Reveal(), "s3cr3t-of-bucket"} {
				if secret != "" && strings.Contains(text, secret) {
					t.Errorf("%s: step %s shows a secret", name, step.Name)
				}
			}
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	running := "running"
	for name, c := range map[string]struct {
		situation
		code  core.Code
		words string
	}{
		"unknown verb":   {situation{d: core.Deployment{Verb: "dance"}}, core.CodeBadRequest, "dance"},
		"rollback":       {situation{d: core.Deployment{Verb: core.VerbRollback}}, core.CodeBadRequest, "rollback"},
		"deleted":        {situation{d: core.Deployment{Verb: core.VerbStart}, change: func(s *shelf) { s.loaded.Database.DeletedAt = noon() }}, core.CodeBadRequest, "was deleted"},
		"no network":     {situation{d: core.Deployment{Verb: core.VerbStart}, change: func(s *shelf) { s.loaded.Destination = core.Destination{} }}, core.CodeBadRequest, "network"},
		"other type":     {situation{d: core.Deployment{Verb: core.VerbStart}, change: func(s *shelf) { s.loaded.Database.Type = "oracle" }}, core.CodeBadRequest, "oracle"},
		"bad setting":    {situation{d: core.Deployment{Verb: core.VerbStart}, change: func(s *shelf) { s.settings().PortsMappings = "99999:1" }}, core.CodeInvalid, "ports_mappings"},
		"host taken":     {situation{d: core.Deployment{Verb: core.VerbStart}, change: func(s *shelf) { s.loaded.Storages = []core.Storage{{HostPath: "/etc", MountPath: "/x"}} }}, core.CodeInvalid, "/etc"},
		"renew, no SSL":  {situation{d: core.Deployment{Verb: core.VerbRenew}}, core.CodeBadRequest, "SSL is off"},
		"backup unknown": {situation{d: core.Deployment{Verb: core.VerbBackup}, seen: running}, core.CodeBadRequest, "not known"},
		"backup stopped": {situation{d: core.Deployment{Verb: core.VerbBackup, Options: core.Options{Backup: "b"}},
			change: func(s *shelf) { s.loaded.Backup = &core.Backup{UUID: "b"} }}, core.CodeBadRequest, "does not run"},
		"dump before, stopped": {situation{d: core.Deployment{Verb: core.VerbStart, Options: core.Options{Backup: "b"}},
			change: func(s *shelf) { s.loaded.Backup = &core.Backup{UUID: "b"} }}, core.CodeBadRequest, "does not run"},
		"backup, bucket gone": {situation{d: core.Deployment{Verb: core.VerbBackup, Options: core.Options{Backup: "b"}}, seen: running,
			change: func(s *shelf) { s.loaded.Backup = &core.Backup{UUID: "b", S3ID: 3} }}, core.CodeBadRequest, "S3 storage"},
		"backup, bad name": {situation{d: core.Deployment{Verb: core.VerbBackup, Options: core.Options{Backup: "b"}}, seen: running,
			change: func(s *shelf) { s.loaded.Backup = &core.Backup{UUID: "b", Databases: "a;b"} }}, core.CodeBadRequest, "a;b"},
		"restore unknown":        {situation{d: core.Deployment{Verb: core.VerbRestore}}, core.CodeBadRequest, "not known"},
		"restore, other engine":  {restoring(func(b *core.Backup) { b.Engine = "redis" }), core.CodeBadRequest, "a redis"},
		"restore, other form":    {restoring(func(b *core.Backup) { b.Filename = "/srv/x.tar" }), core.CodeBadRequest, "x.tar"},
		"restore, no file":       {restoring(func(b *core.Backup) { b.Local = false }), core.CodeBadRequest, "no file"},
		"restore, bucket gone":   {restoring(func(b *core.Backup) { b.Local, b.Remote = false, true }), core.CodeBadRequest, "S3 storage that is gone"},
		"restore, never written": {restoring(func(b *core.Backup) { b.Filename = "" }), core.CodeBadRequest, "no file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.engine = "postgresql"
			_, _, err := planOf(t, c.situation)
			says(t, err, c.code, c.words)
		})
	}
}

func restoring(change func(*core.Backup)) situation {
	return situation{d: core.Deployment{Verb: core.VerbRestore, Options: core.Options{Restore: "bak0"}}, change: func(s *shelf) {
		s.loaded.Restore = taken()
		change(s.loaded.Restore)
	}}
}

// TestStopAlwaysWorks: whatever became of the settings and rights, of a deleted one too.
func TestStopAlwaysWorks(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*shelf){
		"bad setting":   func(s *shelf) { s.loaded.Database.Image = "" },
		"no network":    func(s *shelf) { s.loaded.Destination = core.Destination{} },
		"unknown type":  func(s *shelf) { s.loaded.Database.Type = "oracle" },
		"ssl, no certs": func(s *shelf) { s.settings().EnableSSL = true },
		"deleted":       func(s *shelf) { s.loaded.Database.DeletedAt = noon() },
	} {
		s := newShelf(t, "postgresql")
		change(s)
		plan, err := s.plan(t, core.Deployment{Verb: core.VerbStop, Options: core.Options{Remove: core.Removal{Volumes: true}}}, s.running())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := content(t, step(t, plan, "files"), ".stop.yml"); strings.Contains(got, "postgres") || s.leaf.Cert != "" {
			t.Errorf("%s: writes %q, leaf %q", name, got, s.leaf.Cert)
		}
	}
}

// TestVersionGuard: what may not be able to read the volume is refused, and done with
// force, which the log says.
func TestVersionGuard(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		engine, ran, image string
		refused            bool
	}{
		"postgres up":     {"postgresql", "16.4", "postgres:17-alpine", true},
		"postgres down":   {"postgresql", "16.4", "postgres:15-alpine", true},
		"postgres same":   {"postgresql", "16.4", "postgres:16", false},
		"postgres first":  {"postgresql", "", "postgres:17", false},
		"mariadb forward": {"mariadb", "10.11.6", "mariadb:11", false},
		"mariadb back":    {"mariadb", "11.8.6", "mariadb:10.11", true},
		"redis forward":   {"redis", "7.2.4", "redis:8", false},
	} {
		s := newShelf(t, c.engine)
		s.loaded.Database.Ran = core.DatabaseRan{Version: c.ran}
		s.loaded.Database.Image = c.image
		for verb := range map[core.Verb]bool{core.VerbStart: true, core.VerbDeploy: true, core.VerbRestart: true} {
			_, err := s.plan(t, core.Deployment{Verb: verb}, nil)
			if (err != nil) != c.refused {
				t.Errorf("%s: %s: %v", name, verb, err)
			}
			if c.refused {
				says(t, err, core.CodeConflict, c.ran)
			}
			plan := s.mustPlan(t, core.Deployment{Verb: verb, Options: core.Options{ForceVersion: true}}, nil)
			if said := strings.Contains(plan.String(), "change of version is forced"); said != c.refused {
				t.Errorf("%s: %s: the log says so: %t", name, verb, said)
			}
		}
	}
}

// TestPatience: how long a database may take.
func TestPatience(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		health core.HealthCheck
		all    int
		want   time.Duration
	}{
		"default":           {core.DefaultHealthCheck(), 3600, 5 * time.Minute},
		"check off":         {core.HealthCheck{Interval: 1, Timeout: 1, Retries: 1}, 3600, 5 * time.Minute},
		"slow check":        {core.HealthCheck{Enabled: true, Interval: 30, Timeout: 10, Retries: 5, StartPeriod: 1200}, 3600, 24 * time.Minute},
		"slower than all":   {core.HealthCheck{Enabled: true, Interval: 60, Timeout: 60, Retries: 50, StartPeriod: 1200}, 3600, time.Hour},
		"short deployments": {core.DefaultHealthCheck(), 60, time.Minute},
		"no limit":          {core.HealthCheck{Interval: 60, Timeout: 60, Retries: 59}, 0, 2 * time.Hour},
	} {
		s := newShelf(t, "redis")
		s.settings().Health, s.loaded.Server.Settings.DynamicTimeout = c.health, c.all
		if got := step(t, s.mustPlan(t, core.Deployment{Verb: core.VerbStart}, nil), "verify").Watch.Limit; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestOldCompose: versions that cannot pull only what is missing leave that to up.
func TestOldCompose(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "redis")
	for _, c := range []struct {
		version string
		latest  bool
		pulls   bool
		up      string
	}{
		{"2.17.2", false, false, "up --detach --remove-orphans"}, {"2.17.2", true, true, "up --detach --remove-orphans --pull never"},
		{"2.22.0", false, true, "up --detach --remove-orphans --pull never"}, {"dev", true, true, "--pull never"},
	} {
		d := core.Deployment{Verb: core.VerbDeploy, Options: core.Options{PullLatest: c.latest}}
		plan, err := s.load(t, d).Plan(d, deploy.Observed{ComposeVersion: c.version, Now: noon()})
		if err != nil {
			t.Fatal(err)
		}
		if up := strings.Join(step(t, plan, "start").Argv, " "); has(plan, "pull") != c.pulls || !strings.HasSuffix(up, c.up) {
			t.Errorf("%s: pulls %t, %s", c.version, has(plan, "pull"), up)
		}
	}
}

// TestBrokenLoad: a store in trouble is no fault of the database.
func TestBrokenLoad(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "redis")
	s.fault = core.NotFound("Database")
	if _, err := s.kind().Load(t.Context(), core.Deployment{}); code(err) != core.CodeNotFound {
		t.Errorf("got %v", err)
	}
	if err := s.kind().Record(t.Context(), core.Deployment{}, core.Findings{}); code(err) != core.CodeNotFound {
		t.Errorf("got %v", err)
	}
	if _, err := s.kind().Sum(t.Context(), core.Resting{}, nil); code(err) != core.CodeNotFound {
		t.Errorf("got %v", err)
	}
	s.fault, s.loaded.Database.Ran.Deployed = nil, core.NewSecret("{")
	if _, err := s.kind().Load(t.Context(), core.Deployment{}); err == nil {
		t.Error("what ran last cannot be read, and nobody says so")
	}
}
