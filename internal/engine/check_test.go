package engine_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

// payloads are texts that mean something to a shell, SQL, a template, YAML or a path.
func payloads() []string {
	return []string{
		"a;id", "$(id)", "`id`", "a&id", "a|id", "a\nid", "a\r\nid", "'; id; '", `"$(id)"`, "-oProxyCommand=id", "--upload-pack=id", "ext::sh -c id",
		"../../etc/cron.d/x", "/data/coolify/../../etc", "a\x00b", "%0aid", "a\u2028b", "${IFS}", "{{.}}", `{{env "X"}}`, "!!python", "a b;c", "A=B",
		"A$(x)", "x:y --privileged", "n --opt", "<script>", "\x1b]8;;x", "\x1b[2J", "\xff\xfe", "a'b", `a"b`, `a\b`, "a`b", "a<b", "a/b", "", " ", "-a",
		strings.Repeat("a", 64),
	}
}

// TestIdentifiers: nothing that anything could trip over is a user or a database.
func TestIdentifiers(t *testing.T) {
	t.Parallel()
	for _, s := range engine.All() {
		for _, role := range []engine.Role{engine.RoleUser, engine.RoleDatabase} {
			name := field(s, role)
			if name == "" {
				continue
			}
			for _, bad := range payloads() {
				db := sample(s)
				db.Fields[name] = core.NewSecret(bad)
				if s.Check(db, true)[name] == nil {
					t.Errorf("%s: %s may be %q", s.Name, name, bad)
				}
				if _, err := s.Render(input(db)); err == nil {
					t.Errorf("%s: rendered with %s %q", s.Name, name, bad)
				}
			}
			for _, good := range []string{"a", "A_b-9", "_x", strings.Repeat("a", 32)} {
				db := sample(s)
				db.Fields[name] = core.NewSecret(good)
				if got := s.Check(db, false); got != nil {
					t.Errorf("%s: %s must not be %q: %v", s.Name, name, good, got)
				}
			}
		}
	}
}

// TestPasswords: all that can be written on one line is a password.
func TestPasswords(t *testing.T) {
	t.Parallel()
	for _, s := range engine.All() {
		name := field(s, engine.RolePassword)
		for password, ok := range map[string]bool{
			odd: true, "a": true, strings.Repeat("x", 255): true, "密码": true,
			"": false, "a\nb": false, "a\x00b": false, "a\rb": false, "\x7f": false, "\xff": false, strings.Repeat("x", 256): false,
		} {
			db := sample(s)
			db.Fields[name] = core.NewSecret(password)
			if got := s.Check(db, false)[name]; (got == nil) != ok {
				t.Errorf("%s: %q: %v", s.Name, password, got)
			}
		}
	}
}

// checkCase is a change to a database, and what is said of which field; none: all is well.
type checkCase struct {
	change      func(*core.Database)
	field, want string
}

func set(change func(*core.DatabaseSettings)) func(*core.Database) {
	return func(db *core.Database) { change(&db.Settings) }
}

func value(name, v string) func(*core.Database) {
	return func(db *core.Database) { db.Fields[name] = core.NewSecret(v) }
}

func fieldCases() map[string]checkCase {
	image := func(v string) func(*core.Database) { return func(db *core.Database) { db.Image = v } }
	script := func(names ...string) func(*core.Database) {
		return set(func(s *core.DatabaseSettings) {
			for _, name := range names {
				s.InitScripts = append(s.InitScripts, core.InitScript{Filename: name, Content: "SELECT 1"})
			}
		})
	}
	return map[string]checkCase{
		"defaults":            {func(*core.Database) {}, "", ""},
		"field of another":    {value("mysql_user", "a"), "mysql_user", "not one of PostgreSQL's"},
		"image of another":    {image("redis:7.2"), "image", "redis:7.2 is one of Redis"},
		"image by registry":   {image("ghcr.io/x/mariadb:11"), "image", "is one of MariaDB"},
		"image by digest":     {image("mongo@sha256:" + strings.Repeat("a", 64)), "image", "is one of MongoDB"},
		"image of no engine":  {image("influxdb:2"), "image", "is one of another database"},
		"image that is ours":  {image("pgvector/pgvector:pg16"), "", ""},
		"image unknown":       {image("registry.example:5000/team/own-db:1.2"), "", ""},
		"image with option":   {image("x:y --privileged"), "image", "reference of an image"},
		"image with shell":    {image("postgres:16;id"), "image", "reference of an image"},
		"no image":            {image(""), "image", "is required"},
		"initdb args":         {value("postgres_initdb_args", "--data-checksums --locale-provider=icu --icu-locale=en-US -k"), "", ""},
		"initdb shell":        {value("postgres_initdb_args", "--x $(id)"), "postgres_initdb_args", "arguments of initdb"},
		"initdb semicolon":    {value("postgres_initdb_args", "--x; id"), "postgres_initdb_args", "arguments of initdb"},
		"initdb line":         {value("postgres_initdb_args", "--x\nid"), "postgres_initdb_args", "arguments of initdb"},
		"auth":                {value("postgres_host_auth_method", "md5"), "", ""},
		"auth unknown":        {value("postgres_host_auth_method", "md5\nhost all all all trust"), "postgres_host_auth_method", "who they are"},
		"conf":                {value("postgres_conf", strings.Repeat("x", 256<<10)), "", ""},
		"conf too large":      {value("postgres_conf", strings.Repeat("x", 256<<10+1)), "postgres_conf", "256 KiB"},
		"conf not text":       {value("postgres_conf", "a\xff"), "postgres_conf", "UTF-8"},
		"conf with NUL":       {value("postgres_conf", "a\x00"), "postgres_conf", "NUL"},
		"scripts":             {script("01-a.sql", "b.sh", "c.sql.gz"), "", ""},
		"script climbs":       {script("../../etc/cron.d/x.sql"), "init_scripts", "ends in .sql"},
		"script with shell":   {script("a$(id).sql"), "init_scripts", "letters, digits"},
		"script with quote":   {script("a'.sql"), "init_scripts", "letters, digits"},
		"script with blank":   {script("a b.sql"), "init_scripts", "letters, digits"},
		"script is an option": {script("-a.sql"), "init_scripts", "letters, digits"},
		"script ending":       {script("a.exe"), "init_scripts", "ends in .sql"},
		"script hidden":       {script(".sql"), "init_scripts", "ends in .sql"},
		"script twice":        {script("a.sql", "a.sql"), "init_scripts", "twice"},
		"ssl mode":            {set(func(s *core.DatabaseSettings) { s.SSLMode = "verify-full" }), "", ""},
		"ssl mode of another": {set(func(s *core.DatabaseSettings) { s.SSLMode = "REQUIRED" }), "ssl_mode", "one of require, allow"},
	}
}

func settingCases() map[string]checkCase {
	public := func(p core.Public) func(*core.Database) { return set(func(s *core.DatabaseSettings) { s.Public = p }) }
	limits := func(change func(*core.Limits)) func(*core.Database) {
		return set(func(s *core.DatabaseSettings) { change(&s.Limits) })
	}
	mappings := func(v string) func(*core.Database) {
		return set(func(s *core.DatabaseSettings) { s.PortsMappings = v })
	}
	options := func(v string) func(*core.Database) {
		return set(func(s *core.DatabaseSettings) { s.DockerOptions = v })
	}
	return map[string]checkCase{
		"public":              {public(core.Public{Enabled: true, Port: 1024, Timeout: 1, Allow: []string{"10.0.0.0/8", "::1"}}), "", ""},
		"public without port": {public(core.Public{Enabled: true, Timeout: 1}), "public_port", "required"},
		"port low":            {public(core.Public{Port: 1023}), "public_port", "between 1024 and 65535"},
		"port high":           {public(core.Public{Port: 65536}), "public_port", "between 1024 and 65535"},
		"timeout":             {public(core.Public{Enabled: true, Port: 2000}), "public_port_timeout", "at least 1"},
		"allow":               {public(core.Public{Allow: []string{"10.0.0.0/8; }"}}), "public_allow_list", "neither an address"},
		"allow a name":        {public(core.Public{Allow: []string{"example.com"}}), "public_allow_list", "neither an address"},
		"memory":              {limits(func(l *core.Limits) { l.Memory, l.MemorySwap = "512m", "-1" }), "", ""},
		"memory text":         {limits(func(l *core.Limits) { l.Memory = "much" }), "limits_memory", "512m"},
		"swap alone":          {limits(func(l *core.Limits) { l.MemorySwap = "1g" }), "limits_memory_swap", "needs limits_memory"},
		"reservation":         {limits(func(l *core.Limits) { l.MemoryReservation = "1g\n" }), "limits_memory_reservation", "512m"},
		"swappiness":          {limits(func(l *core.Limits) { l.MemorySwappiness = 101 }), "limits_memory_swappiness", "100"},
		"cpus":                {limits(func(l *core.Limits) { l.CPUs = "1;2" }), "limits_cpus", "0.5"},
		"cpuset":              {limits(func(l *core.Limits) { l.CPUSet = "0-" }), "limits_cpuset", "0-2,4"},
		"shares":              {limits(func(l *core.Limits) { l.CPUShares = -1 }), "limits_cpu_shares", "262144"},
		"health":              {set(func(s *core.DatabaseSettings) { s.Health.Interval = 0 }), "health_check_interval", "between 1"},
		"retries":             {set(func(s *core.DatabaseSettings) { s.Health.Retries = -1 }), "health_check_retries", "between 1"},
		"start period":        {set(func(s *core.DatabaseSettings) { s.Health.StartPeriod = 0 }), "", ""},
		"mappings":            {mappings("15432:5432, 127.0.0.1:8000:80/udp,[::1]:9000:90"), "", ""},
		"mapping of a port":   {mappings("5432"), "ports_mappings", "host:container"},
		"mapping of text":     {mappings("a:b"), "ports_mappings", "host:container"},
		"mapping too high":    {mappings("70000:1"), "ports_mappings", "host:container"},
		"mapping twice":       {mappings("1000:1,1000:2"), "ports_mappings", "twice"},
		"options":             {options("--init --hostname 'a b'"), "", ""},
		"option unknown":      {options("--bogus 1"), "custom_docker_run_options", "--bogus"},
		"option of a network": {options("--network host"), "custom_docker_run_options", "--network"},
		"option not ended":    {options("--hostname 'a"), "custom_docker_run_options", "quote"},
		"option shell":        {options("--init; id"), "custom_docker_run_options", "--init;"},
	}
}

// TestCheck names the field at fault for everything else.
func TestCheck(t *testing.T) {
	t.Parallel()
	cases := fieldCases()
	maps.Copy(cases, settingCases())
	for name, c := range cases {
		s := find(t, "postgresql")
		db := sample(s)
		c.change(&db)
		got := s.Check(db, false)
		if c.field == "" && got != nil || c.field != "" && !strings.Contains(strings.Join(got[c.field], " "), c.want) {
			t.Errorf("%s: got %v, want %s: %q", name, got, c.field, c.want)
		}
		if _, err := s.Render(input(db)); (err == nil) != (c.field == "") {
			t.Errorf("%s: rendered: %q", name, faultText(err))
		}
	}
}

// TestPublicPortIsTaken: the proxy and a mapping cannot have the same port.
func TestPublicPortIsTaken(t *testing.T) {
	t.Parallel()
	s := find(t, "redis")
	db := sample(s)
	db.Settings.Public = core.Public{Enabled: true, Port: 15432, Timeout: 60}
	db.Settings.PortsMappings = "15432:6379"
	if got := strings.Join(s.Check(db, false)["ports_mappings"], " "); !strings.Contains(got, "public port") {
		t.Errorf("got %q", got)
	}
}

// TestHostOptions: what reaches the server needs the team's leave.
func TestHostOptions(t *testing.T) {
	t.Parallel()
	s := find(t, "keydb")
	for _, option := range []string{"--privileged", "--cap-add SYS_ADMIN", "--device /dev/sda", "--security-opt seccomp=unconfined", "--pid host", "--gpus all"} {
		db := sample(s)
		db.Settings.DockerOptions = option
		if got := strings.Join(s.Check(db, false)["custom_docker_run_options"], " "); !strings.Contains(got, "allow host access") {
			t.Errorf("%s: %q", option, got)
		}
		if got := s.Check(db, true); got != nil {
			t.Errorf("%s with leave: %v", option, got)
		}
	}
}

// TestEngineFaults: what only some engines have is refused by the others.
func TestEngineFaults(t *testing.T) {
	t.Parallel()
	for _, s := range engine.All() {
		db := sample(s)
		db.Settings.SSLMode = "none-of-these"
		db.Settings.InitScripts = []core.InitScript{{Filename: "a.sql"}}
		got := s.Check(db, false)
		if got["ssl_mode"] == nil {
			t.Errorf("%s knows any mode", s.Name)
		}
		if runs := slices.Contains([]string{"postgresql", "mysql", "mariadb"}, s.Name); runs != (got["init_scripts"] == nil) {
			t.Errorf("%s: a.sql: %v", s.Name, got["init_scripts"])
		}
	}
	s := find(t, "mysql")
	db := sample(s)
	db.Fields["mysql_user"] = core.NewSecret("root")
	if got := s.Check(db, false)["mysql_user"]; got == nil {
		t.Error("the image takes no user root")
	}
}
