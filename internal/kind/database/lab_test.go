package database_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/kind/database"
	"github.com/taffrail/taffrail/internal/testenv"
)

// labEngines are those whose whole life is lived here. All others start and answer in the
// tests of the catalog.
func labEngines() []string { return []string{"postgresql", "redis", "mariadb"} }

// nonsense is configuration that each of them dies of, and what it says then.
func nonsense(engine string) (field string, text core.Secret, last string) {
	switch engine {
	case "postgresql":
		return "postgres_conf", core.NewSecret("no_such_setting = 1\n"), "no_such_setting"
	case "redis":
		return "redis_conf", core.NewSecret("no-such-setting 1\n"), "no-such-setting"
	default:
		return "mariadb_conf", core.NewSecret("[mariadbd]\nno_such_setting = 1\n"), "no_such_setting"
	}
}

// TestLife starts a database, changes it, breaks it, stops it and deletes it.
func TestLife(t *testing.T) {
	t.Parallel()
	for _, name := range labEngines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			db := r.create(name, nil)
			d := r.finish(db, core.VerbStart, core.Options{})
			r.is(db, "running:healthy")
			got := r.get(db)
			if got.Ran.Image != db.Image || got.Ran.Version == "" || got.Ran.Deployed.Empty() || got.ConfigHash != d.Config.Hash {
				t.Errorf("recorded: image %q, version %q, hash %q", got.Ran.Image, got.Ran.Version, got.ConfigHash)
			}
			if visible := docker(t, "inspect", string(db.UUID)); strings.Contains(visible, `a'b`) || strings.Contains(visible, "h&i;j") {
				t.Errorf("docker inspect shows the password")
			}
			r.store(db, "sextant")
			before := r.container(db)
			r.finish(db, core.VerbDeploy, core.Options{})
			if r.container(db) != before {
				t.Error("a deployment that changes nothing made a new container")
			}
			r.broken(db)
			r.finish(db, core.VerbRestart, core.Options{})
			if after := r.container(db); after == before || r.stored(db) != "sextant" {
				t.Errorf("restarted: %s, %s", after, r.stored(db))
			}
			r.finish(db, core.VerbStop, core.Options{})
			r.is(db, "exited:unhealthy")
			r.finish(db, core.VerbStart, core.Options{})
			if got := r.stored(db); got != "sextant" {
				t.Errorf("after a stop: %q", got)
			}
		})
	}
}

// broken gives a database that runs a configuration that it dies of, and takes that back.
func (r *rig) broken(db core.Database) {
	r.Helper()
	field, text, last := nonsense(db.Type)
	was := r.get(db)
	r.update(db, func(db *core.Database) { db.Fields[field] = text })
	d := r.fail(db, core.VerbDeploy, core.Options{}, last, "What it had changed was taken back.")
	if d.Outcome.Step != "verify" {
		r.Errorf("failed at %q", d.Outcome.Step)
	}
	r.is(db, "running:healthy")
	if got := r.stored(db); got != "sextant" {
		r.Errorf("what was put back says %q", got)
	}
	now := r.get(db)
	if now.ConfigHash != was.ConfigHash || now.Ran.Deployed.Reveal() != was.Ran.Deployed.Reveal() || now.Ran.Image != was.Ran.Image {
		r.Error("what failed is recorded as what runs")
	}
	r.update(db, func(db *core.Database) { db.Fields[field] = core.NewSecret("") })
	before := r.container(db)
	if r.finish(db, core.VerbDeploy, core.Options{}); r.container(db) != before {
		r.Error("what was put back is not what was deployed")
	}
}

// TestNewConfigurationIsUsed: Compose would not see that a file it mounts has changed.
func TestNewConfigurationIsUsed(t *testing.T) {
	t.Parallel()
	for _, name := range labEngines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			db := r.create(name, nil)
			for _, size := range []string{"16", "32"} {
				db = r.update(db, func(db *core.Database) {
					field, _, _ := nonsense(name)
					text := map[string]string{"postgresql": "work_mem = " + size + "MB", "redis": "maxmemory " + size + "mb", "mariadb": "[mariadbd]\nkey_buffer_size = " + size + "M"}
					db.Fields[field] = core.NewSecret(text[name])
				})
				r.finish(db, core.VerbDeploy, core.Options{})
				question := map[string][]string{"postgresql": {"SHOW work_mem"}, "redis": {"CONFIG", "GET", "maxmemory"}, "mariadb": {"SELECT @@key_buffer_size DIV 1048576"}}
				bytes := map[string]string{"16": "16777216", "32": "33554432"}[size]
				if got := r.ask(db, question[name]...); !strings.Contains(got, size) && !strings.Contains(got, bytes) {
					t.Errorf("%s MB: %s", size, got)
				}
			}
		})
	}
}

// TestFirstStartFails: nothing is left that keeps crashing.
func TestFirstStartFails(t *testing.T) {
	t.Parallel()
	for _, name := range labEngines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			field, text, last := nonsense(name)
			db := r.create(name, func(db *core.Database) { db.Fields[field] = text })
			r.fail(db, core.VerbStart, core.Options{}, last)
			r.is(db, "exited:unhealthy")
			if left := docker(t, "ps", "-aq", "--filter", "label=com.docker.compose.project="+string(db.UUID)); left != "" {
				t.Errorf("left: %s", left)
			}
			r.update(db, func(db *core.Database) { db.Fields[field] = core.NewSecret("") })
			r.finish(db, core.VerbStart, core.Options{})
			r.is(db, "running:healthy")
		})
	}
}

// TestImageFails: an image that is not there, and one of something else, leave alone or
// bring back what runs.
func TestImageFails(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	db := r.create("redis", nil)
	r.finish(db, core.VerbStart, core.Options{})
	r.store(db, "compass")
	before := r.container(db)
	r.update(db, func(db *core.Database) { db.Image = "redis:no-such-tag" })
	if d := r.fail(db, core.VerbDeploy, core.Options{}); d.Outcome.Step != "pull" || r.container(db) != before {
		t.Errorf("failed at %s; touched: %t", d.Outcome.Step, r.container(db) != before)
	}
	r.update(db, func(db *core.Database) { db.Image = "nginx:stable-alpine" })
	r.fail(db, core.VerbDeploy, core.Options{ForceVersion: true})
	if got := r.stored(db); got != "compass" {
		t.Errorf("put back: %q", got)
	}
	r.is(db, "running:healthy")
}

// TestPublic: access from outside comes and goes while the database goes on.
func TestPublic(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	db := r.create("redis", nil)
	r.finish(db, core.VerbStart, core.Options{})
	before := r.container(db)
	only := core.Options{OnlyProxy: true}
	public := func(port int) {
		r.Helper()
		r.update(db, func(db *core.Database) {
			db.Settings.Public = core.Public{Enabled: port > 0, Port: port, Timeout: 60}
			db.Image = "redis:8" // waits for the next start, and goes on waiting
		})
	}
	first := r.freePort()
	public(first)
	r.finish(db, core.VerbDeploy, only)
	r.is(db, "running:healthy")
	r.reach(first)
	taken, err := net.Listen("tcp", ":0")
	r.must(err)
	defer taken.Close()
	public(taken.Addr().(*net.TCPAddr).Port)
	r.fail(db, core.VerbDeploy, only, strconv.Itoa(taken.Addr().(*net.TCPAddr).Port))
	r.reach(first)
	public(0)
	r.finish(db, core.VerbDeploy, only)
	if left := docker(t, "ps", "-aq", "--filter", "name="+string(db.UUID)+"-proxy"); left != "" || r.container(db) != before {
		t.Errorf("proxy %q; touched: %t", left, r.container(db) != before)
	}
	r.is(db, "running:healthy")
	r.finish(db, core.VerbStop, core.Options{})
	public(first)
	r.finish(db, core.VerbDeploy, only)
	r.is(db, "exited:unhealthy")
	if left := docker(t, "ps", "-aq", "--filter", "label=com.docker.compose.project="+string(db.UUID)); left != "" {
		t.Errorf("what does not run was started: %s", left)
	}
	r.finish(db, core.VerbStart, core.Options{})
	r.reach(first)
	r.is(db, "running:healthy")
	seen := []core.Container{{Service: string(db.UUID), State: "running", Health: "healthy"}, {Service: string(db.UUID) + "-proxy", State: "exited"}}
	got, err := database.New(r.db, time.Now).Sum(t.Context(), core.Resting{RowID: db.RowID, TeamID: db.TeamID, ServerID: db.ServerID}, seen)
	if err != nil || got.Status != "degraded:unhealthy" {
		t.Errorf("without its proxy: %v %v", got, err)
	}
}

// reach wants a Redis to answer on a port of this machine. Without a password it says so.
func (r *rig) reach(port int) {
	r.Helper()
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(r.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	r.must(err)
	defer conn.Close()
	r.must(conn.SetDeadline(time.Now().Add(10 * time.Second)))
	_, err = conn.Write([]byte("PING\r\n"))
	r.must(err)
	answer := make([]byte, 100)
	n, err := conn.Read(answer)
	if err != nil || !strings.Contains(string(answer[:n]), "NOAUTH") {
		r.Errorf("port %d: %q %v", port, answer[:n], err)
	}
}

// TestDumpAndRestore takes a dump, restores it into a new database, and lets old ones go.
func TestDumpAndRestore(t *testing.T) {
	t.Parallel()
	for _, name := range labEngines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			db := r.create(name, nil)
			r.finish(db, core.VerbStart, core.Options{})
			r.store(db, "chronometer")
			b := r.backup(db, core.VerbBackup)
			info, err := os.Stat(b.Filename)
			if err != nil || info.Size() != b.Size || info.Mode().Perm() != 0o600 || b.Size == 0 || len(b.SHA256) != 64 || !b.Local || b.Remote {
				t.Errorf("%+v: %v %v", b, info, err)
			}
			r.is(db, "running:healthy")
			r.store(db, "lost")
			before := r.backup(db, core.VerbDeploy)
			if before.Filename == b.Filename || before.Version == "" && before.Engine == "" {
				t.Errorf("%+v", before)
			}
			copied := r.create(name, nil)
			r.finish(copied, core.VerbRestore, core.Options{Restore: b.UUID})
			r.is(copied, "running:healthy")
			if got := r.stored(copied); got != "chronometer" {
				t.Errorf("restored: %q", got)
			}
			if got := r.stored(db); got != "lost" {
				t.Errorf("the dumped one: %q", got)
			}
			r.finish(copied, core.VerbRestart, core.Options{})
			if got := r.stored(copied); got != "chronometer" {
				t.Errorf("after a restart: %q", got)
			}
			r.torn(name, before)
		})
	}
}

// torn restores a file that is not what was written: nothing is left that looks as if it
// held the data.
func (r *rig) torn(name string, b core.Backup) {
	r.Helper()
	text, err := os.ReadFile(b.Filename)
	r.must(err)
	r.must(os.WriteFile(b.Filename, text[:len(text)/2], 0o600))
	db := r.create(name, nil)
	r.fail(db, core.VerbRestore, core.Options{Restore: b.UUID}, "SHA-256")
	r.is(db, "exited:unhealthy")
}

// backup takes a dump by a backup, or before a deployment.
func (r *rig) backup(db core.Database, verb core.Verb) core.Backup {
	r.Helper()
	id := core.NewID()
	r.finish(db, verb, core.Options{Backup: id})
	b, err := r.db.GetBackup(r.Context(), r.place.Team, id)
	r.must(err)
	if b.Status != core.BackupSuccess {
		r.Fatalf("backup: %s %s", b.Status, b.Message)
	}
	return b
}

// TestBackupFails: the record says so, and there is no file.
func TestBackupFails(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	db := r.create("postgresql", nil)
	r.finish(db, core.VerbStart, core.Options{})
	r.update(db, func(db *core.Database) { db.Fields["postgres_db"] = core.NewSecret("no_such_database") })
	id := core.NewID()
	r.fail(db, core.VerbBackup, core.Options{Backup: id}, "no_such_database")
	b, err := r.db.GetBackup(r.Context(), r.place.Team, id)
	r.must(err)
	if b.Status != core.BackupFailed || b.Filename != "" || b.Local || !strings.Contains(b.Message, "dump") {
		t.Errorf("%+v", b)
	}
	files, err := filepath.Glob(filepath.Join(r.place.Server.Settings.RemoteDir, "backups", "databases", "*", "*"))
	if err != nil || len(files) > 0 {
		t.Errorf("left: %v %v", files, err)
	}
	r.is(db, "running:healthy")
}

// scheduled takes a dump by a schedule.
func (r *rig) scheduled(db core.Database, by core.BackupSchedule) core.Backup {
	r.Helper()
	id := core.NewID()
	d := core.Deployment{
		Kind: core.KindDatabase, TeamID: r.place.Team, Verb: core.VerbBackup, Options: core.Options{Backup: id}, Server: r.place.Server.Ref(),
		Resource: core.Resource{RowID: db.RowID, UUID: db.UUID}, Actor: core.Actor{Kind: "schedule"}, Trigger: core.TriggerSchedule,
	}
	_, err := r.db.EnqueueBackup(r.Context(), d, core.Backup{UUID: id, ScheduleID: by.RowID, S3ID: by.S3ID, Engine: db.Type})
	r.must(err)
	if d := r.carryNext(); d.Status != core.StatusFinished {
		r.Fatalf("%s\n%s", d.Outcome.Reason, r.log(d))
	}
	b, err := r.db.GetBackup(r.Context(), r.place.Team, id)
	r.must(err)
	return b
}

// TestRetentionDeletes carries a schedule's retention out.
func TestRetentionDeletes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	db := r.create("redis", nil)
	r.finish(db, core.VerbStart, core.Options{})
	schedule, err := r.db.CreateBackupSchedule(r.Context(), core.BackupSchedule{
		TeamID: r.place.Team, DatabaseID: db.RowID, Frequency: "daily", Enabled: true, Timeout: 60, Local: core.Retention{Amount: 2},
	})
	r.must(err)
	first := r.scheduled(db, schedule)
	r.scheduled(db, schedule)
	r.scheduled(db, schedule)
	list, err := r.db.ListBackups(r.Context(), r.place.Team, db.RowID, schedule.RowID)
	r.must(err)
	if len(list) != 3 {
		t.Errorf("%d dumps", len(list))
	}
	for _, b := range list {
		_, err := os.Stat(b.Filename)
		if want := b.UUID != first.UUID; b.Local != want || (err == nil) != want || b.Status != core.BackupSuccess {
			t.Errorf("%+v: %v", b, err)
		}
	}
}

// TestOnlyInS3 dumps into a bucket, keeps nothing on the server, and restores from there.
func TestOnlyInS3(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if os.Getenv("TAFFRAIL_LAB_S3") == "" {
		testenv.Missing(t, "the lab's S3")
	}
	bucket, err := r.db.CreateS3Storage(t.Context(), core.S3Storage{
		TeamID: r.place.Team, Name: "attic", Endpoint: os.Getenv("TAFFRAIL_LAB_S3"), Region: "us-east-1", Bucket: os.Getenv("TAFFRAIL_LAB_S3_BUCKET"),
		Path: "test-" + string(core.NewID()), AccessKey: core.NewSecret(os.Getenv("TAFFRAIL_LAB_S3_KEY")), SecretKey: core.NewSecret(os.Getenv("TAFFRAIL_LAB_S3_SECRET")),
	})
	r.must(err)
	db := r.create("redis", nil)
	r.finish(db, core.VerbStart, core.Options{})
	r.store(db, "barometer")
	schedule, err := r.db.CreateBackupSchedule(t.Context(), core.BackupSchedule{
		TeamID: r.place.Team, DatabaseID: db.RowID, Frequency: "daily", Enabled: true, Timeout: 60, SaveS3: true, S3ID: bucket.RowID, DisableLocal: true,
		Remote: core.Retention{Amount: 1},
	})
	r.must(err)
	old := r.scheduled(db, schedule)
	b := r.scheduled(db, schedule)
	if _, err := os.Stat(b.Filename); !os.IsNotExist(err) || b.Local || !b.Remote || b.Size == 0 {
		t.Errorf("%+v: %v", b, err)
	}
	if old, err = r.db.GetBackup(t.Context(), r.place.Team, old.UUID); err != nil || old.Remote || old.Local {
		t.Errorf("the one before: %+v %v", old, err)
	}
	copied := r.create("redis", nil)
	r.finish(copied, core.VerbRestore, core.Options{Restore: b.UUID})
	if got := r.stored(copied); got != "barometer" {
		t.Errorf("restored: %q", got)
	}
	files, err := filepath.Glob(filepath.Join(r.place.Server.Settings.RemoteDir, "backups", "databases", "*", "*"))
	hidden, err2 := filepath.Glob(filepath.Join(r.place.Server.Settings.RemoteDir, "backups", "databases", "*", ".*"))
	if err != nil || err2 != nil || len(files)+len(hidden) > 0 {
		t.Errorf("left: %v %v %v %v", files, hidden, err, err2)
	}
	third := r.create("redis", nil)
	r.fail(third, core.VerbRestore, core.Options{Restore: old.UUID}, "no file any more")
}

// TestRenewWithoutRestart: a server shows a new certificate to new clients and goes on.
func TestRenewWithoutRestart(t *testing.T) {
	t.Parallel()
	for name, port := range map[string]string{"postgresql": "5432", "redis": "6380", "mariadb": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			today := r.now
			r.now = today.AddDate(0, -11, -10) // the first certificate ends soon, and is good today
			db := r.create(name, func(db *core.Database) { db.Settings.EnableSSL = true })
			r.finish(db, core.VerbStart, core.Options{})
			shown := func() string {
				if port == "" {
					return r.ask(db, "SHOW STATUS LIKE 'Ssl_server_not_after'")
				}
				return r.served(db, port)
			}
			before, first := r.container(db), shown()
			if r.finish(db, core.VerbRenew, core.Options{}); shown() != first {
				t.Error("a certificate that is good for long was replaced")
			}
			old, err := r.db.GetCertificate(t.Context(), r.place.Team, db.RowID)
			r.must(err)
			r.now = today
			r.finish(db, core.VerbRenew, core.Options{})
			if second := shown(); second == first || r.container(db) != before {
				t.Errorf("shown: %s, then %s; the same container: %t", first, second, r.container(db) == before)
			}
			if r.finish(db, core.VerbDeploy, core.Options{}); r.container(db) != before {
				t.Error("a new certificate made a new container")
			}
			// One that is made by another deployment than a renewal is taken up as well.
			r.must(r.db.PutCertificate(t.Context(), r.place.Team, db.RowID, old))
			r.now = today.Add(time.Hour) // some tell only when it ends
			second := shown()
			if r.finish(db, core.VerbDeploy, core.Options{}); shown() == second || r.container(db) != before {
				t.Errorf("not taken up: %t; the same container: %t", shown() == second, r.container(db) == before)
			}
			r.is(db, "running:healthy")
		})
	}
}

// TestDelete: what is taken away and what stays.
func TestDelete(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	db := r.create("redis", nil)
	r.finish(db, core.VerbStart, core.Options{})
	b := r.backup(db, core.VerbBackup)
	r.finish(db, core.VerbStop, core.Options{Remove: core.Removal{Networks: true}})
	folder := filepath.Join(r.place.Server.Settings.RemoteDir, "databases", string(db.UUID))
	if _, err := os.Stat(folder); err != nil || !strings.Contains(r.left(db), "redis-data-") {
		t.Errorf("a stop takes away too much: %v, %s", err, r.left(db))
	}
	r.finish(db, core.VerbStop, core.Options{Remove: core.Removal{Configurations: true, Volumes: true, Networks: true}})
	if _, err := os.Stat(folder); !os.IsNotExist(err) || r.left(db) != "" {
		t.Errorf("left: %v, %s", err, r.left(db))
	}
	if _, err := os.Stat(b.Filename); err != nil {
		t.Errorf("the dump is gone: %v", err)
	}
}

// TestPasswordsChange: a new password counts from the next start on, in volumes that were
// made with another one too, and what is put back has its own again.
func TestPasswordsChange(t *testing.T) {
	t.Parallel()
	for _, name := range append(labEngines(), "mysql", "mongodb") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			db := r.create(name, nil)
			r.finish(db, core.VerbStart, core.Options{})
			change := func(suffix string) {
				r.Helper()
				spec, _ := engine.Find(name)
				r.update(db, func(db *core.Database) {
					for field, value := range spec.Passwords(*db) {
						db.Fields[field] = core.NewSecret(value[:8] + suffix)
					}
				})
			}
			change(`a'b\c"d`)
			r.finish(db, core.VerbDeploy, core.Options{})
			r.is(db, "running:healthy")
			before := r.container(db)
			if r.finish(db, core.VerbDeploy, core.Options{}); r.container(db) != before {
				t.Error("the change of a password is done anew")
			}
			r.finish(db, core.VerbStop, core.Options{})
			change("stopped")
			r.finish(db, core.VerbStart, core.Options{})
			if statement := map[string]string{
				"postgresql": "ALTER ROLE postgres PASSWORD '%s'", "mariadb": "SET PASSWORD = PASSWORD('%s')",
			}[name]; statement != "" {
				r.back(db, statement)
			}
		})
	}
}

// back has a start that fails after the passwords were changed.
func (r *rig) back(db core.Database, statement string) {
	r.Helper()
	const next = "changed-by-then"
	was := r.get(db).Fields
	r.ask(db, fmt.Sprintf(statement, next))
	r.update(db, func(db *core.Database) {
		field, text, _ := nonsense(db.Type)
		db.Fields[field], db.Fields[passwordOf[db.Type]] = text, core.NewSecret(next)
	})
	r.fail(db, core.VerbDeploy, core.Options{}, "What it had changed was taken back.")
	r.is(db, "running:healthy")
	r.update(db, func(db *core.Database) { db.Fields = was })
	before := r.container(db)
	if r.finish(db, core.VerbDeploy, core.Options{}); r.container(db) != before {
		r.Error("what was put back is not what was deployed")
	}
	r.ask(db, "SELECT 1")
}

var passwordOf = map[string]string{"postgresql": "postgres_password", "mariadb": "mariadb_password"}
