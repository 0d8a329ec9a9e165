package engine_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

func env(pairs ...string) []core.EnvVar {
	var out []core.EnvVar
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, core.EnvVar{Key: pairs[i], Value: core.NewSecret(pairs[i+1])})
	}
	return out
}

// TestEnvironment: one of our variables gives way to just that one of the user's, never
// to a value that looks like it.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	ours := map[string]any{
		"POSTGRES_USER": "postgres", "PGUSER": "postgres", "POSTGRES_DB": "postgres", "POSTGRES_PASSWORD_FILE": "/run/taffrail/password",
	}
	with := func(change map[string]any) map[string]any {
		out := map[string]any{}
		for _, m := range []map[string]any{ours, change} {
			for key, value := range m {
				if value == nil {
					delete(out, key)
				} else {
					out[key] = value
				}
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		envs []core.EnvVar
		want map[string]any
	}{
		"none":           {nil, ours},
		"a value":        {env("X", "POSTGRES_DB=a POSTGRES_USER POSTGRES_PASSWORD"), with(map[string]any{"X": "POSTGRES_DB=a POSTGRES_USER POSTGRES_PASSWORD"})},
		"a longer key":   {env("POSTGRES_DB2", "a"), with(map[string]any{"POSTGRES_DB2": "a"})},
		"the key":        {env("POSTGRES_DB", "a"), with(map[string]any{"POSTGRES_DB": "a"})},
		"a password":     {env("POSTGRES_PASSWORD", "pw"), with(map[string]any{"POSTGRES_PASSWORD": "pw", "POSTGRES_PASSWORD_FILE": nil})},
		"its file":       {env("POSTGRES_PASSWORD_FILE", "/x"), with(map[string]any{"POSTGRES_PASSWORD_FILE": "/x"})},
		"of the preview": {[]core.EnvVar{{Key: "POSTGRES_DB", Value: core.NewSecret("a"), IsPreview: true}}, ours},
	} {
		s := find(t, "postgresql")
		in := input(sample(s))
		in.Envs = c.envs
		got := service(t, rendered(t, s, in), uuid)["environment"]
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestEnvironmentCounts: who sets the user and the password so is asked for by them, and
// they are held to the same form.
func TestEnvironmentCounts(t *testing.T) {
	t.Parallel()
	s := find(t, "postgresql")
	in := input(sample(s))
	in.Envs = env("POSTGRES_USER", "boss", "POSTGRES_PASSWORD", "chosen")
	out := rendered(t, s, in)
	if got, _ := content(out, "run/client.sh"); !strings.Contains(got, "PGUSER='boss'") {
		t.Errorf("the client does not come as the user: %s", got)
	}
	if got, _ := content(out, "run/password"); got != "chosen" {
		t.Errorf("password %q", got)
	}
	in.Envs = env("POSTGRES_USER", "a'; id; '")
	if _, err := s.Render(in); !strings.Contains(faultText(err), "POSTGRES_USER: ") {
		t.Errorf("got %q", faultText(err))
	}
}

// TestPostgresOptions: what initdb is told is really used.
func TestPostgresOptions(t *testing.T) {
	t.Parallel()
	s := find(t, "postgresql")
	db := sample(s)
	db.Fields["postgres_initdb_args"] = core.NewSecret("--data-checksums --encoding=UTF8")
	db.Fields["postgres_host_auth_method"] = core.NewSecret("md5")
	got := service(t, rendered(t, s, input(db)), uuid)["environment"].(map[string]any)
	if got["POSTGRES_INITDB_ARGS"] != "--data-checksums --encoding=UTF8" || got["POSTGRES_HOST_AUTH_METHOD"] != "md5" {
		t.Errorf("got %v", got)
	}
}

// TestPostgresVolume: the place of the data depends on the version, and an image that does
// not say which it is is told where it is.
func TestPostgresVolume(t *testing.T) {
	t.Parallel()
	for image, want := range map[string][2]string{
		"postgres:16-alpine":                {"/var/lib/postgresql/data", ""},
		"postgres:18":                       {"/var/lib/postgresql", ""},
		"postgres:18.1-alpine3.22":          {"/var/lib/postgresql", ""},
		"pgvector/pgvector:pg18":            {"/var/lib/postgresql", ""},
		"timescale/timescaledb:2.14.2-pg16": {"/var/lib/postgresql/data", ""},
		"postgres":                          {"/var/lib/postgresql/data", "/var/lib/postgresql/data"},
		"postgres:latest":                   {"/var/lib/postgresql/data", "/var/lib/postgresql/data"},
	} {
		s := find(t, "postgresql")
		db := sample(s)
		db.Image = image
		out := service(t, rendered(t, s, input(db)), uuid)
		place := out["volumes"].([]any)[0].(map[string]any)["target"]
		data, _ := out["environment"].(map[string]any)["PGDATA"].(string)
		if place != want[0] || data != want[1] {
			t.Errorf("%s: data at %v, PGDATA %q", image, place, data)
		}
		if got := s.DataVolumes(db); len(got) != 1 || got[0].MountPath != want[0] || got[0].Name != "postgres-data-"+string(uuid) || !got[0].IsReadOnly {
			t.Errorf("%s: volumes %+v", image, got)
		}
	}
}

// TestConf: what we need is added where it is missing, and ours counts.
func TestConf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		engine, conf, file string
		want, without      string
	}{
		"missing":    {"postgresql", "max_connections = 7", "run/postgresql.conf", "max_connections = 7\nlisten_addresses = '*'\n", ""},
		"comment":    {"postgresql", "#listen_addresses = 'a'\n", "run/postgresql.conf", "#listen_addresses = 'a'\nlisten_addresses = '*'\n", ""},
		"set":        {"postgresql", " Listen_Addresses='a'", "run/postgresql.conf", " Listen_Addresses='a'\n", "'*'"},
		"password":   {"redis", "requirepass mine", "run/server.conf", "requirepass mine\ndaemonize no\nrequirepass \"\\x73", ""},
		"in comment": {"keydb", "# requirepass", "run/server.conf", "# requirepass\ndaemonize no\nrequirepass \"\\x73", ""},
	} {
		s := find(t, c.engine)
		db := sample(s)
		db.Fields[field(s, engine.RoleConf)] = core.NewSecret(c.conf)
		got, ok := content(rendered(t, s, input(db)), c.file)
		if !ok || !strings.Contains(got, c.want) || c.without != "" && strings.Contains(got, c.without) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestLimits: only what is set is said.
func TestLimits(t *testing.T) {
	t.Parallel()
	s := find(t, "redis")
	db := sample(s)
	keys := []string{"mem_limit", "memswap_limit", "mem_swappiness", "mem_reservation", "cpus", "cpuset", "cpu_shares"}
	got := service(t, rendered(t, s, input(db)), uuid)
	for _, key := range keys {
		if got[key] != nil {
			t.Errorf("%s is %v by default", key, got[key])
		}
	}
	db.Settings.Limits = core.Limits{Memory: "512m", MemorySwap: "1g", MemoryReservation: "100M", CPUs: "0.5", CPUSet: "0-1", CPUShares: 512}
	got = service(t, rendered(t, s, input(db)), uuid)
	for i, want := range []any{"512m", "1g", 0, "100M", "0.5", "0-1", 512} {
		if got[keys[i]] != want {
			t.Errorf("%s is %v, want %v", keys[i], got[keys[i]], want)
		}
	}
}

// TestHealth: the health check asks what readiness asks, and can be off.
func TestHealth(t *testing.T) {
	t.Parallel()
	for _, s := range engine.All() {
		db := sample(s)
		out := rendered(t, s, input(db))
		check := service(t, out, uuid)["healthcheck"].(map[string]any)
		want := []any{"CMD"}
		for _, word := range out.Ready {
			want = append(want, word)
		}
		if diff := cmp.Diff(map[string]any{"test": want, "interval": "15s", "timeout": "5s", "retries": 5, "start_period": "5s"}, check); diff != "" {
			t.Errorf("%s: %s", s.Name, diff)
		}
		db.Settings.Health.Enabled = false
		if got := service(t, rendered(t, s, input(db)), uuid)["healthcheck"]; !cmp.Equal(got, map[string]any{"disable": true}) {
			t.Errorf("%s: disabled: %v", s.Name, got)
		}
	}
}

// TestOptions: the user's options of "docker run" are added to what the service has.
func TestOptions(t *testing.T) {
	t.Parallel()
	s := find(t, "redis")
	db := sample(s)
	db.Settings.DockerOptions = "--init --shm-size=64m --ulimit nofile=10:20 --ip 10.0.0.9 --cap-drop NET_RAW"
	got := service(t, rendered(t, s, input(db)), uuid)
	for key, want := range map[string]any{
		"init": true, "shm_size": "64m", "cap_drop": []any{"NET_RAW"}, "ulimits": map[string]any{"nofile": map[string]any{"soft": 10, "hard": 20}},
		"networks": map[string]any{"default": map[string]any{"aliases": []any{string(uuid)}, "ipv4_address": "10.0.0.9"}},
	} {
		if diff := cmp.Diff(want, got[key]); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
}

// TestStorages: they are added to the data volume, which stays.
func TestStorages(t *testing.T) {
	t.Parallel()
	for _, s := range engine.All() {
		in := input(sample(s))
		in.AllowHost = true
		in.Storages = append(s.DataVolumes(in.Database),
			core.Storage{Name: "extra", MountPath: "/extra"},
			core.Storage{Name: string(uuid) + "-own", MountPath: "/own"},
			core.Storage{HostPath: "/srv/x", MountPath: "/host"},
			core.Storage{IsFile: true, FsPath: "storages/a.conf", MountPath: "/etc/a.conf", Content: core.NewSecret("text"), Chmod: "600"},
			core.Storage{IsFile: true, IsDirectory: true, FsPath: in.Dir + "/storages/d", MountPath: "/etc/d"})
		out := rendered(t, s, in)
		mounts := service(t, out, uuid)["volumes"].([]any)
		var got []string
		for _, one := range mounts {
			m := one.(map[string]any)
			got = append(got, m["type"].(string)+" "+m["source"].(string)+" "+m["target"].(string))
		}
		var want []string
		for _, v := range s.DataVolumes(in.Database) {
			want = append(want, "volume "+v.Name+" "+v.MountPath)
		}
		want = append(want, "volume "+string(uuid)+"-extra /extra", "volume "+string(uuid)+"-own /own", "bind /srv/x /host",
			"bind "+in.Dir+"/storages/a.conf /etc/a.conf", "bind "+in.Dir+"/storages/d /etc/d")
		if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" {
			t.Errorf("%s: %s", s.Name, diff)
		}
		if top := out.Compose["volumes"].(map[string]any); len(top) != len(s.DataVolumes(in.Database))+2 {
			t.Errorf("%s: volumes %v", s.Name, top)
		}
		if text, ok := content(out, "storages/a.conf"); !ok || text != "text" {
			t.Errorf("%s: %q", s.Name, text)
		}
	}
}

// TestBadStorages: nothing hides the data, or reaches what it may not.
func TestBadStorages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		storage core.Storage
		want    string
	}{
		"at the data":    {core.Storage{Name: "x", MountPath: "/var/lib/postgresql/data"}, "would hide /var/lib/postgresql/data of postgres-data-"},
		"above the data": {core.Storage{Name: "x", MountPath: "/var/lib"}, "mount_path: "},
		"below the data": {core.Storage{Name: "x", MountPath: "/var/lib/postgresql/data/pg_wal"}, "has /var/lib/postgresql/data/pg_wal, which would hide"},
		"ours":           {core.Storage{Name: "x", MountPath: "/run/taffrail/ssl"}, "what Taffrail puts there"},
		"run":            {core.Storage{Name: "x", MountPath: "/run"}, "what Taffrail puts there"},
		"climbs":         {core.Storage{Name: "x", MountPath: "/a/../var"}, "mount_path: "},
		"relative":       {core.Storage{Name: "x", MountPath: "a"}, "mount_path: "},
		"shell":          {core.Storage{Name: "x", MountPath: "/a;id"}, "mount_path: "},
		"name":           {core.Storage{Name: "a;id", MountPath: "/a"}, "name: "},
		"name of dollar": {core.Storage{Name: "$(id)", MountPath: "/a"}, "name: "},
		"host":           {core.Storage{HostPath: "/etc", MountPath: "/a"}, "allow host access"},
		"file climbs":    {core.Storage{IsFile: true, FsPath: "../../etc/cron.d/x", MountPath: "/a"}, "fs_path: "},
		"file outside":   {core.Storage{IsFile: true, FsPath: "/data/../etc/x", MountPath: "/a"}, "fs_path: "},
		"compose file":   {core.Storage{IsFile: true, FsPath: "docker-compose.yml", MountPath: "/a"}, "fs_path: "},
		"our files":      {core.Storage{IsFile: true, FsPath: "run/password", MountPath: "/a"}, "fs_path: "},
		"mode":           {core.Storage{IsFile: true, FsPath: "storages/x", MountPath: "/a", Chmod: "4755"}, "chmod: "},
	} {
		s := find(t, "postgresql")
		in := input(sample(s))
		in.Storages = []core.Storage{c.storage}
		if _, err := s.Render(in); !strings.Contains(faultText(err), c.want) {
			t.Errorf("%s: got %q, want %q in it", name, faultText(err), c.want)
		}
	}
	s := find(t, "redis")
	in := input(sample(s))
	in.Storages = []core.Storage{{Name: "a", MountPath: "/a"}, {Name: "b", MountPath: "/a"}}
	if _, err := s.Render(in); !strings.Contains(faultText(err), "twice") {
		t.Errorf("twice: %q", faultText(err))
	}
	in = input(sample(s))
	in.Database.Settings.DockerOptions = "--tmpfs /data:size=1m"
	if _, err := s.Render(in); !strings.Contains(faultText(err), "would hide /data") {
		t.Errorf("tmpfs: %q", faultText(err))
	}
}

// TestNoCertificate: SSL without one is a fault, not a server without it.
func TestNoCertificate(t *testing.T) {
	t.Parallel()
	s := find(t, "redis")
	db := sample(s)
	db.Settings.EnableSSL = true
	in := input(db)
	in.Leaf = core.Certificate{}
	if _, err := s.Render(in); core.CodeOf(err) != core.CodeInvalid || !strings.Contains(faultText(err), "enable_ssl") {
		t.Errorf("got %q", faultText(err))
	}
}

// TestOverridden: what is done to a running database goes by the variables that it was
// started with, and only variables of the very names count.
func TestOverridden(t *testing.T) {
	t.Parallel()
	spec, _ := engine.Find("postgresql")
	db := core.Database{Fields: map[string]core.Secret{
		"postgres_user": core.NewSecret("postgres"), "postgres_password": core.NewSecret("drawn"), "postgres_db": core.NewSecret("postgres"),
	}}
	env := func(key, value string) core.EnvVar { return core.EnvVar{Key: key, Value: core.NewSecret(value)} }
	preview := env("POSTGRES_USER", "preview")
	preview.IsPreview = true
	got := spec.Overridden(db, []core.EnvVar{
		env("POSTGRES_DB", "shop"), env("POSTGRES_PASSWORD", "theirs"), env("PGUSER", "x"), env("POSTGRES_DB_OLD", "no"), env("NOTE", "POSTGRES_USER"), preview,
	})
	for name, want := range map[string]string{"postgres_user": "postgres", "postgres_password": "theirs", "postgres_db": "shop"} {
		if value := got.Fields[name].Reveal(); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	if db.Fields["postgres_db"].Reveal() != "postgres" {
		t.Error("the database that was given is another one now")
	}
	dump, err := spec.Dump(got, nil, false)
	if err != nil || !strings.Contains(strings.Join(dump.Write, " "), "shop") {
		t.Errorf("the dump is not of the database that runs: %v, %v", dump.Write, err)
	}
}
