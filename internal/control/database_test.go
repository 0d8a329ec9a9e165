package control_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

// settleDatabase ends the deployment that is claimed next, and leaves the database of it
// as it is said to have been seen.
func (w *world) settleDatabase(t testing.TB, s core.Status, seen string, ran *core.DatabaseRan) core.Deployment {
	t.Helper()
	d := w.claim(t)
	d.Status = s
	if err := w.db.Settle(t.Context(), d, core.Batch{LogID: d.LogID, Fence: d.Lease.Fence}); err != nil {
		t.Fatal(err)
	}
	if err := w.db.SetDatabaseStatus(t.Context(), d.TeamID, d.Resource.RowID, seen, "", ran); err != nil {
		t.Fatal(err)
	}
	return d
}

// running gives the owner a database of an engine that runs, and where it is.
func (w *world) running(t testing.TB, engineName string) (control.Database, ids) {
	t.Helper()
	ctx := t.Context()
	x := w.furnish(t, w.owner)
	must(w.c.CancelDeployment(ctx, w.owner, x.deployment))(t)
	in := x.databaseInput()
	in.InstantDeploy = true
	db := must(w.c.CreateDatabase(ctx, w.owner, engineName, in))(t).Database
	w.settleDatabase(t, core.StatusFinished, "running:healthy", &core.DatabaseRan{Image: db.Image, Version: "16.4"})
	w.containers.are(db.UUID, core.Container{Service: string(db.UUID), Name: string(db.UUID), State: "running", Health: "healthy"})
	return must(w.c.GetDatabase(ctx, w.owner, db.UUID))(t), x
}

func TestCreateDatabaseWithDefaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	for _, spec := range engine.All() {
		saved := must(w.c.CreateDatabase(t.Context(), w.owner, spec.Name, x.databaseInput()))(t)
		db := saved.Database
		set := db.Settings
		if db.Name != spec.Name+"-database-"+string(db.UUID) || db.Type != spec.Name || db.Image != spec.Image || db.Status != "exited" {
			t.Errorf("%s: %+v", spec.Name, db)
		}
		if set.Limits != core.DefaultLimits() || set.Health != core.DefaultHealthCheck() || set.Public.Timeout != 3600 || set.Public.Enabled || set.EnableSSL {
			t.Errorf("%s: settings %+v", spec.Name, set)
		}
		if db.Server != x.server || db.Project != x.project || db.Environment != x.environment || saved.Deployment.UUID != "" || len(saved.Warnings) > 0 {
			t.Errorf("%s: saved %+v", spec.Name, saved)
		}
		for _, f := range spec.Fields {
			value, ok := db.Fields[f.Name]
			if !ok || f.Role == engine.RolePassword && len(value.Reveal()) != 64 {
				t.Errorf("%s: field %s is there: %v, %d characters", spec.Name, f.Name, ok, len(value.Reveal()))
			}
		}
		if db.InternalURL.Empty() || !strings.Contains(db.InternalURL.Reveal(), string(db.UUID)) || !db.ExternalURL.Empty() {
			t.Errorf("%s: URLs %q and %q", spec.Name, db.InternalURL.Reveal(), db.ExternalURL.Reveal())
		}
	}
	place := must(w.c.GetEnvironment(t.Context(), w.owner, x.project, "production"))(t)
	if len(place.Databases) != len(engine.All()) || len(place.Services) != 1 {
		t.Errorf("environment with %d databases, %d services", len(place.Databases), len(place.Services))
	}
	types := map[string]bool{}
	for _, r := range must(w.c.ServerResources(t.Context(), w.owner, x.server))(t) {
		types[r.Type] = r.Server == x.server && r.Project == x.project && r.Environment == x.environment
	}
	if !types["standalone-postgresql"] || !types["standalone-redis"] || !types["service"] {
		t.Errorf("resources %v", types)
	}
}

func TestCreateDatabaseAsGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	in := x.databaseInput()
	in.Name, in.Description, in.Image = ptr(" Orders "), ptr("of the shop"), ptr("postgres:17-alpine")
	in.Fields = map[string]core.Secret{
		"postgres_user": core.NewSecret("shop"), "postgres_password": core.NewSecret("p@ss w/rd"), "postgres_db": core.NewSecret(""),
		"postgres_conf": core.NewSecret("work_mem = 8MB\n"),
	}
	in.Public = control.PublicPatch{Enabled: ptr(true), Port: ptr(15432), Timeout: ptr(60), Allow: &[]string{"10.0.0.0/8"}}
	in.Limits = control.LimitsPatch{Memory: ptr("512m"), CPUs: ptr("1.5"), CPUShares: ptr(2048), MemorySwappiness: ptr(10)}
	in.Health = control.HealthPatch{Enabled: ptr(false), Interval: ptr(30)}
	in.InitScripts = &[]core.InitScript{{Filename: "a.sql", Content: "SELECT 1;"}}
	in.InstantDeploy = true
	saved := must(w.c.CreateDatabase(ctx, w.owner, "postgresql", in))(t)
	db := must(w.c.GetDatabase(ctx, w.owner, saved.Database.UUID))(t)
	if db.Name != "Orders" || db.Description != "of the shop" || db.Image != "postgres:17-alpine" {
		t.Errorf("database %+v", db)
	}
	got := map[string]string{}
	for name, value := range db.Fields {
		got[name] = value.Reveal()
	}
	if got["postgres_user"] != "shop" || got["postgres_password"] != "p@ss w/rd" || got["postgres_db"] != "postgres" || got["postgres_conf"] != "work_mem = 8MB\n" {
		t.Errorf("fields %v", got)
	}
	set := db.Settings
	if set.Public.Port != 15432 || set.Public.Timeout != 60 || !slices.Equal(set.Public.Allow, []string{"10.0.0.0/8"}) ||
		set.Limits.Memory != "512m" || set.Limits.CPUs != "1.5" || set.Limits.CPUShares != 2048 || set.Limits.MemorySwap != "0" ||
		set.Health.Enabled || set.Health.Interval != 30 || set.Health.Retries != 5 || len(set.InitScripts) != 1 {
		t.Errorf("settings %+v", set)
	}
	if saved.Deployment.Verb != core.VerbStart || saved.Deployment.Resource.UUID != db.UUID || saved.Deployment.Resource.Type != "postgresql" {
		t.Errorf("deployment %+v", saved.Deployment)
	}
	if url := db.ExternalURL.Reveal(); !strings.Contains(url, "10.0.0.9:15432") {
		t.Errorf("external URL %q", url)
	}
}

func TestCreateDatabaseTellsAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	before := w.dump(t)
	for _, name := range append(payloads(), "", "oracle", "PostgreSQL", "standalone-postgresql") {
		_, err := w.c.CreateDatabase(ctx, w.owner, name, x.databaseInput())
		wantCode(t, err, core.CodeNotFound, "Database engine not found.")
	}
	_, err := w.c.CreateDatabase(ctx, w.owner, "redis", control.DatabaseInput{DatabasePatch: control.DatabasePatch{
		Name: ptr("a;b"), Description: ptr("<b>"), Public: control.PublicPatch{Port: ptr(80)},
		Fields: map[string]core.Secret{"postgres_user": core.NewSecret("x"), "team_id": core.NewSecret("1")},
	}})
	wantFields(t, err, "name", "description", "public_port", "postgres_user", "team_id", "project_uuid", "server_uuid", "environment_name", "environment_uuid")
	for name, c := range map[string]struct {
		change func(*control.DatabaseInput)
		fields []string
	}{
		"image that is an option": {func(in *control.DatabaseInput) { in.Image = ptr("x:y --privileged") }, []string{"image"}},
		"port above all":          {func(in *control.DatabaseInput) { in.Public.Port = ptr(65536) }, []string{"public_port"}},
		"public without a port":   {func(in *control.DatabaseInput) { in.Public.Enabled = ptr(true) }, []string{"public_port"}},
		"timeout":                 {func(in *control.DatabaseInput) { in.Public.Timeout = ptr(-1) }, []string{"public_port_timeout"}},
		"allow list":              {func(in *control.DatabaseInput) { in.Public.Allow = &[]string{"10.0.0.0/33"} }, []string{"public_allow_list"}},
		"memory":                  {func(in *control.DatabaseInput) { in.Limits.Memory = ptr("much") }, []string{"limits_memory"}},
		"swappiness":              {func(in *control.DatabaseInput) { in.Limits.MemorySwappiness = ptr(101) }, []string{"limits_memory_swappiness"}},
		"cpus":                    {func(in *control.DatabaseInput) { in.Limits.CPUs = ptr("-1") }, []string{"limits_cpus"}},
		"interval":                {func(in *control.DatabaseInput) { in.Health.Interval = ptr(0) }, []string{"health_check_interval"}},
		"mode of TLS":             {func(in *control.DatabaseInput) { in.SSLMode = ptr("maybe") }, []string{"ssl_mode"}},
		"mappings":                {func(in *control.DatabaseInput) { in.PortsMappings = ptr("5432:5432:5432:1") }, []string{"ports_mappings"}},
		"options":                 {func(in *control.DatabaseInput) { in.DockerOptions = ptr("--privileged") }, []string{"custom_docker_run_options"}},
		"script outside": {func(in *control.DatabaseInput) {
			in.InitScripts = &[]core.InitScript{{Filename: "../../etc/cron.d/x", Content: "x"}}
		}, []string{"init_scripts"}},
	} {
		in := x.databaseInput()
		c.change(&in)
		_, err := w.c.CreateDatabase(ctx, w.owner, "postgresql", in)
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
		wantFields(t, err, c.fields...)
	}
	if w.dump(t) != before {
		t.Error("a refused database was stored")
	}
}

func TestUpdateDatabaseKeepsWhatIsNotNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	old := must(w.c.CreateDatabase(ctx, w.owner, "mariadb", x.databaseInput()))(t).Database
	saved := must(w.c.UpdateDatabase(ctx, w.owner, old.UUID, control.DatabasePatch{
		Description: ptr("d"), Fields: map[string]core.Secret{"mariadb_password": core.NewSecret("changed")}, Limits: control.LimitsPatch{Memory: ptr("1g")},
	}))(t)
	db := saved.Database
	fields := maps.Clone(old.Fields)
	fields["mariadb_password"] = core.NewSecret("changed")
	if db.Name != old.Name || db.Description != "d" || !maps.Equal(db.Fields, fields) || db.Settings.Limits.Memory != "1g" ||
		db.Settings.Limits.CPUShares != 1024 || db.Settings.Health != old.Settings.Health || saved.Deployment.UUID != "" || len(saved.Warnings) > 0 {
		t.Errorf("saved %+v", saved)
	}
	_, err := w.c.UpdateDatabase(ctx, w.owner, old.UUID, control.DatabasePatch{
		Name: ptr(" "), Fields: map[string]core.Secret{"redis_password": core.NewSecret("x")},
	})
	wantFields(t, err, "name", "redis_password")
}

func TestPublicPortsBelongToOneDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	in := x.databaseInput()
	in.Name, in.Public = ptr("Orders"), control.PublicPatch{Enabled: ptr(true), Port: ptr(15432)}
	first := must(w.c.CreateDatabase(ctx, w.owner, "postgresql", in))(t).Database
	in.Name = ptr("Second")
	_, err := w.c.CreateDatabase(ctx, w.owner, "redis", in)
	wantCode(t, err, core.CodeBadRequest, "")
	if err == nil || !strings.Contains(err.Error(), "Orders") {
		t.Errorf("it does not say who has the port: %v", err)
	}
	in.Public.Enabled = ptr(false)
	second := must(w.c.CreateDatabase(ctx, w.owner, "redis", in))(t).Database
	_, err = w.c.UpdateDatabase(ctx, w.owner, second.UUID, control.DatabasePatch{Public: control.PublicPatch{Enabled: ptr(true)}})
	wantCode(t, err, core.CodeBadRequest, "")
	must(w.c.UpdateDatabase(ctx, w.owner, first.UUID, control.DatabasePatch{Public: control.PublicPatch{Port: ptr(15433)}}))(t)
	must(w.c.UpdateDatabase(ctx, w.owner, second.UUID, control.DatabasePatch{Public: control.PublicPatch{Enabled: ptr(true)}}))(t)
}

func TestPublicAccessChangesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db, _ := w.running(t, "postgresql")
	ctx := t.Context()
	writer := as(w.owner, core.RoleAdmin, auth.Write)
	saved := must(w.c.UpdateDatabase(ctx, writer, db.UUID, control.DatabasePatch{
		Description: ptr("open"), Public: control.PublicPatch{Enabled: ptr(true), Port: ptr(15432)},
	}))(t)
	if d := saved.Deployment; d.Verb != core.VerbDeploy || d.Options != (core.Options{OnlyProxy: true}) || len(saved.Warnings) > 0 {
		t.Errorf("saved %+v", saved)
	}
	saved = must(w.c.UpdateDatabase(ctx, writer, db.UUID, control.DatabasePatch{Limits: control.LimitsPatch{Memory: ptr("1g")}}))(t)
	if saved.Deployment.UUID != "" {
		t.Errorf("a limit was brought about at once: %+v", saved.Deployment)
	}
	saved = must(w.c.UpdateDatabase(ctx, writer, db.UUID, control.DatabasePatch{EnableSSL: ptr(true), Public: control.PublicPatch{Port: ptr(15433)}}))(t)
	if saved.Deployment.UUID != "" || len(saved.Warnings) != 1 {
		t.Errorf("a port that leads nowhere was brought about at once: %+v", saved)
	}
	w.settleDatabase(t, core.StatusFinished, "exited:unhealthy", nil)
	w.containers.are(db.UUID)
	saved = must(w.c.UpdateDatabase(ctx, writer, db.UUID, control.DatabasePatch{Public: control.PublicPatch{Enabled: ptr(false)}}))(t)
	if saved.Deployment.UUID != "" || len(saved.Warnings) > 0 {
		t.Errorf("what does not run was deployed: %+v", saved)
	}
	w.containers.fault = errors.New("no route to host")
	saved = must(w.c.UpdateDatabase(ctx, writer, db.UUID, control.DatabasePatch{Public: control.PublicPatch{Port: ptr(15434)}}))(t)
	if saved.Deployment.UUID != "" {
		t.Errorf("what cannot be seen was deployed: %+v", saved)
	}
}

func TestDatabaseVerbs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db, x := w.running(t, "postgresql")
	ctx := t.Context()
	_, err := w.c.StartDatabase(ctx, w.owner, db.UUID, control.Action{})
	wantCode(t, err, core.CodeBadRequest, "Database is already running.")
	q := must(w.c.RestartDatabase(ctx, w.owner, db.UUID, control.Action{Options: core.Options{Backup: x.env, Restore: x.env, OnlyProxy: true}}))(t)
	if q.Message != "Database restarting request queued." || q.Deployment.Options != (core.Options{}) {
		t.Errorf("queued %+v", q)
	}
	q = must(w.c.StopDatabase(ctx, w.owner, db.UUID, control.Action{BackupBefore: true}))(t)
	if q.Message != "Database stopping request queued." || q.Deployment.Options != (core.Options{}) {
		t.Errorf("queued %+v", q)
	}
	w.settleDatabase(t, core.StatusFinished, "running:healthy", nil)
	w.settleDatabase(t, core.StatusFinished, "exited:unhealthy", nil)
	w.containers.are(db.UUID)
	_, err = w.c.StopDatabase(ctx, w.owner, db.UUID, control.Action{})
	wantCode(t, err, core.CodeBadRequest, "Database is already stopped.")
	if q = must(w.c.StartDatabase(ctx, w.owner, db.UUID, control.Action{}))(t); q.Message != "Database starting request queued." {
		t.Errorf("queued %+v", q)
	}
	list := must(w.c.Deploy(ctx, w.owner, []core.ID{db.UUID, x.service}, control.Action{}))(t)
	if list[0].Message != "Database "+db.Name+" started." || list[1].Message != "Service Front started. It could take a while, be patient." {
		t.Errorf("deployed %+v", list)
	}
	q = must(w.c.DeleteDatabase(ctx, w.owner, db.UUID, core.Removal{Volumes: true, Configurations: true}))(t)
	if q.Deployment.Verb != core.VerbStop || q.Deployment.Options.Remove != (core.Removal{Volumes: true, Configurations: true}) {
		t.Errorf("queued %+v", q)
	}
	_, err = w.c.GetDatabase(ctx, w.owner, db.UUID)
	wantCode(t, err, core.CodeNotFound, "Database not found.")
	history, count, err := w.c.ListResourceDeployments(ctx, w.owner, core.KindDatabase, db.UUID, 0, 10)
	if err != nil || count != len(history) || count < 5 || history[0].UUID != q.Deployment.UUID {
		t.Errorf("history of %d, %v: %+v", count, err, history)
	}
	for _, d := range must(w.c.ListDeployments(ctx, w.owner))(t) {
		if d.Resource.UUID == db.UUID && d.UUID != q.Deployment.UUID {
			t.Errorf("left in the queue: %+v", d)
		}
	}
}

// TestDeletionIsTakenBack: the store fails after the stop was queued.
func TestDeletionIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db, _ := w.running(t, "redis")
	deps := w.deps()
	deps.Databases.Store = undeletable{w.db}
	_, err := control.New(deps).DeleteDatabase(t.Context(), w.owner, db.UUID, core.Removal{Volumes: true})
	if !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	for _, d := range must(w.c.ListDeployments(t.Context(), w.owner))(t) {
		if d.Resource.UUID == db.UUID {
			t.Errorf("the stop that takes the data away is still queued: %+v", d)
		}
	}
}

var errBroken = errors.New("broken")

type undeletable struct{ control.DatabaseStore }

func (undeletable) DeleteDatabase(context.Context, int64, core.ID) error { return errBroken }

// TestKeptFields: what lies in the volume is not renamed by a setting, and that is said.
func TestKeptFields(t *testing.T) {
	t.Parallel()
	for engineName, want := range map[string]int{"postgresql": 1, "clickhouse": 0} {
		w := newWorld(t)
		db, _ := w.running(t, engineName)
		field := map[string]string{"postgresql": "postgres_user", "clickhouse": "clickhouse_admin_user"}[engineName]
		for _, value := range []string{"sailor", "sailor"} {
			saved := must(w.c.UpdateDatabase(t.Context(), w.owner, db.UUID, control.DatabasePatch{Fields: map[string]core.Secret{field: core.NewSecret(value)}}))(t)
			if len(saved.Warnings) != want || want > 0 && !strings.Contains(saved.Warnings[0], field+" was used when the data volume was made") {
				t.Errorf("%s: %q", engineName, saved.Warnings)
			}
			want = 0 // the second one changes nothing
		}
	}
}

func TestVersionGuard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db, x := w.running(t, "postgresql")
	ctx := t.Context()
	older := "postgres:15-alpine"
	saved := must(w.c.UpdateDatabase(ctx, w.owner, db.UUID, control.DatabasePatch{Image: &older, InstantDeploy: true}))(t)
	if saved.Database.Image != older || saved.Deployment.UUID != "" || len(saved.Warnings) != 1 || !strings.Contains(saved.Warnings[0], "force_version_change=true") {
		t.Errorf("saved %+v", saved)
	}
	queued := len(must(w.c.ListDeployments(ctx, w.owner))(t))
	refused := func(err error) {
		t.Helper()
		wantCode(t, err, core.CodeConflict, "")
		if err == nil || !strings.Contains(err.Error(), "force_version_change=true") {
			t.Errorf("it does not say what to do: %v", err)
		}
	}
	refused(drop(w.c.RestartDatabase(ctx, w.owner, db.UUID, control.Action{})))
	refused(drop(w.c.Deploy(ctx, w.owner, []core.ID{x.service, db.UUID}, control.Action{})))
	if now := must(w.c.ListDeployments(ctx, w.owner))(t); len(now) != queued {
		t.Errorf("a refused call left %+v in the queue", now)
	}
	must(w.c.StopDatabase(ctx, w.owner, db.UUID, control.Action{}))(t)
	w.settleDatabase(t, core.StatusFinished, "exited:unhealthy", nil)
	w.containers.are(db.UUID)
	refused(drop(w.c.StartDatabase(ctx, w.owner, db.UUID, control.Action{})))
	q := must(w.c.StartDatabase(ctx, w.owner, db.UUID, control.Action{Options: core.Options{ForceVersion: true}}))(t)
	if !q.Deployment.Options.ForceVersion {
		t.Errorf("queued %+v", q)
	}
}

func TestBackupBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db, x := w.running(t, "postgresql")
	ctx := t.Context()
	q := must(w.c.RestartDatabase(ctx, w.owner, db.UUID, control.Action{BackupBefore: true, Note: "to 17"}))(t)
	b := must(w.c.GetBackup(ctx, w.owner, db.UUID, "", q.Deployment.Options.Backup))(t)
	if b.Deployment != q.Deployment.UUID || b.Status != core.BackupRunning || b.Engine != "postgresql" || b.Image != db.Image || b.Version != "16.4" || b.Schedule != "" {
		t.Errorf("dump %+v", b)
	}
	_, err := w.c.RestartService(ctx, w.owner, x.service, control.Action{BackupBefore: true})
	wantFields(t, err, "backup_before")
	w.settleDatabase(t, core.StatusFinished, "exited:unhealthy", nil)
	w.containers.are(db.UUID)
	_, err = w.c.StartDatabase(ctx, w.owner, db.UUID, control.Action{BackupBefore: true})
	wantCode(t, err, core.CodeBadRequest, "")
	w.containers.fault = errors.New("no route to host")
	must(w.c.StartDatabase(ctx, w.owner, db.UUID, control.Action{BackupBefore: true}))(t)
}

func TestExternalAddressOfThisMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	in := x.databaseInput()
	in.Server, in.Public = w.local.UUID, control.PublicPatch{Enabled: ptr(true), Port: ptr(15432)}
	id := must(w.c.CreateDatabase(ctx, w.owner, "redis", in))(t).Database.UUID
	for _, c := range []struct{ base, address, want string }{
		{"https://taffrail.example/", "192.0.2.7", "taffrail.example:15432"},
		{"https://taffrail.example:8443", "", "taffrail.example:15432"},
		{"", "192.0.2.7", "192.0.2.7:15432"},
		{"http://localhost:8000", "192.0.2.7", "192.0.2.7:15432"},
		{"http://127.0.0.1:8000", "192.0.2.7", "192.0.2.7:15432"},
		{"http://[::1]:8000", "2001:db8::7", "[2001:db8::7]:15432"},
		{"", "", "localhost:15432"},
	} {
		deps := w.deps()
		deps.BaseURL, deps.Address = c.base, c.address
		db := must(control.New(deps).GetDatabase(ctx, w.owner, id))(t)
		if url := db.ExternalURL.Reveal(); !strings.Contains(url, "@"+c.want) {
			t.Errorf("%q and %q: %s, want %s", c.base, c.address, url, c.want)
		}
	}
}

func TestDatabaseLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db, _ := w.running(t, "mysql")
	ctx := t.Context()
	must(w.c.CreateEnv(ctx, w.owner, core.KindDatabase, db.UUID, control.EnvInput{Key: "EXTRA", Value: secret("extra-value")}))(t)
	w.containers.text = "passwords " + db.Fields["mysql_password"].Reveal() + " " + db.Fields["mysql_root_password"].Reveal() + " extra-value, user " +
		db.Fields["mysql_user"].Reveal()
	text := must(w.c.DatabaseLogs(ctx, w.owner, db.UUID, 50, true))(t)
	if want := string(db.UUID) + " on 10.0.0.9, 50 lines, true: passwords <REDACTED> <REDACTED> <REDACTED>, user mysql"; text != want {
		t.Errorf("logs %q, want %q", text, want)
	}
	for _, lines := range []int{0, -1, 10_001} {
		_, err := w.c.DatabaseLogs(ctx, w.owner, db.UUID, lines, false)
		wantFields(t, err, "lines")
	}
	w.containers.err = core.NotFound("Container")
	_, err := w.c.DatabaseLogs(ctx, w.owner, db.UUID, 50, false)
	wantCode(t, err, core.CodeBadRequest, "Database is not running.")
	w.containers.err = core.Errorf(core.CodeUnavailable, "no route")
	_, err = w.c.DatabaseLogs(ctx, w.owner, db.UUID, 50, false)
	wantCode(t, err, core.CodeUnavailable, "no route")
}

// TestVariablesThatStandForFields: they would win over the fields, and URLs would speak of
// what does not run.
func TestVariablesThatStandForFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	db := must(w.c.CreateDatabase(t.Context(), w.owner, "postgresql", x.databaseInput()))(t).Database
	value := core.NewSecret("x")
	for key, taken := range map[string]bool{
		"POSTGRES_USER": true, "POSTGRES_PASSWORD": true, "POSTGRES_DB": true, "POSTGRES_PASSWORD_FILE": true,
		"POSTGRES_USERS": false, "PGDATA": false, "NOTE": false,
	} {
		_, err := w.c.CreateEnv(t.Context(), w.owner, core.KindDatabase, db.UUID, control.EnvInput{Key: key, Value: &value})
		_, bulk := w.c.BulkEnvs(t.Context(), w.owner, core.KindDatabase, db.UUID, []control.EnvInput{{Key: "FIRST", Value: &value}, {Key: key, Value: &value}})
		for _, err := range []error{err, bulk} {
			if (core.CodeOf(err) == core.CodeInvalid) != taken || !taken && err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
	}
}
