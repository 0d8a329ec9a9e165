package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

// TestCatalog holds what clients rely on.
func TestCatalog(t *testing.T) {
	t.Parallel()
	var names []string
	for _, s := range engine.All() {
		names = append(names, s.Name)
		if got, ok := engine.OfImage(s.Image); !ok || got.Name != s.Name {
			t.Errorf("%s is not of %s", s.Image, s.Name)
		}
		if got := s.Check(sample(s), false); got != nil {
			t.Errorf("%s: the defaults are wrong: %v", s.Name, got)
		}
		for _, f := range s.Fields {
			if f.Doc == "" || strings.HasSuffix(f.Doc, ".") {
				t.Errorf("%s: %q", f.Name, f.Doc)
			}
		}
	}
	want := []string{"postgresql", "mysql", "mariadb", "mongodb", "redis", "keydb", "dragonfly", "clickhouse", "valkey"}
	if !slices.Equal(names, want) {
		t.Errorf("got %v", names)
	}
	if _, ok := engine.Find("oracle"); ok {
		t.Error("found an engine that is not there")
	}
}

// TestDefaults: passwords are drawn afresh, and need no quotes anywhere.
func TestDefaults(t *testing.T) {
	t.Parallel()
	for _, s := range engine.All() {
		one, two := s.Defaults(), s.Defaults()
		for _, f := range s.Fields {
			a, b := one[f.Name].Reveal(), two[f.Name].Reveal()
			if f.Role == engine.RolePassword || f.Role == engine.RoleRootPassword {
				if len(a) != 64 || a == b || strings.ContainsFunc(a, func(r rune) bool {
					return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", r)
				}) {
					t.Errorf("%s: %q, then %q", f.Name, a, b)
				}
			} else if a != f.Default {
				t.Errorf("%s: %q", f.Name, a)
			}
		}
		if len(one) != len(s.Fields) {
			t.Errorf("%s: %d values", s.Name, len(one))
		}
	}
}

func TestImages(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"postgres": "postgresql", "pgvector/pgvector:pg17": "postgresql", "postgis/postgis:16-3.4": "postgresql", "supabase/postgres:15.8": "postgresql",
		"registry:5000/mysql@sha256:" + strings.Repeat("a", 64): "mysql", "mysql/mysql-server": "mysql", "bitnami/mariadb:11": "mariadb", "mongo:7": "mongodb",
		"redis/redis-stack:7.4.0-v1": "redis", "eqalpha/keydb": "keydb", "dragonflydb/dragonfly": "dragonfly", "clickhouse/clickhouse-server:25.11": "clickhouse",
		"valkey/valkey:8": "valkey", "x/clickhouse/server": "clickhouse",
		"nginx": "", "prom/mysqld-exporter": "", "phpmyadmin/phpmyadmin": "", "x/server": "", "": "",
	} {
		got, ok := engine.OfImage(image)
		if ok != (want != "") || ok && got.Name != want {
			t.Errorf("%s: %v %v", image, got, ok)
		}
		if engine.IsDatabaseImage(image) != (want != "") {
			t.Errorf("%s: database %t", image, !ok)
		}
	}
	for _, image := range []string{"memcached:1", "influxdb", "x/cockroach:v25"} {
		if _, ok := engine.OfImage(image); ok || !engine.IsDatabaseImage(image) {
			t.Errorf("%s is some database that no engine is of", image)
		}
	}
}

// TestDump: what can be asked for, and what cannot.
func TestDump(t *testing.T) {
	t.Parallel()
	named := map[string]string{"postgresql": ".dmp", "mysql": ".sql.gz", "mariadb": ".sql.gz", "mongodb": ".archive.gz", "clickhouse": ".chdump.gz"}
	for _, s := range engine.All() {
		db := sample(s)
		for what, c := range map[string]struct {
			names []string
			all   bool
			ok    bool
		}{
			"own": {nil, false, true}, "all": {nil, true, true}, "all with names": {[]string{"a"}, true, true},
			"one": {[]string{"a"}, false, named[s.Name] != ""}, "two": {[]string{"a", "b"}, false, named[s.Name] != "" && s.Name != "mongodb"},
		} {
			got, err := s.Dump(db, c.names, c.all)
			if (err == nil) != c.ok || core.CodeOf(err) != map[bool]core.Code{true: "", false: core.CodeInvalid}[c.ok] {
				t.Errorf("%s %s: %q", s.Name, what, faultText(err))
				continue
			}
			if c.ok && (len(got.Write) == 0 || len(got.Read) == 0 || got.Extension == "" || got.Gzip && !strings.HasSuffix(got.Extension, ".gz")) {
				t.Errorf("%s %s: %+v", s.Name, what, got)
			}
			if c.ok && !c.all && c.names != nil && !strings.Contains(strings.Join(got.Write, " "), "a") {
				t.Errorf("%s %s: %q", s.Name, what, got.Write)
			}
			if what == "one" && c.ok && got.Extension != named[s.Name] {
				t.Errorf("%s: %s", s.Name, got.Extension)
			}
		}
		for _, bad := range payloads() {
			if _, err := s.Dump(db, []string{bad}, false); core.CodeOf(err) != core.CodeInvalid {
				t.Errorf("%s: dumps %q", s.Name, bad)
			}
		}
	}
}

// TestReload: every engine has a way, since none does it by itself.
func TestReload(t *testing.T) {
	t.Parallel()
	for _, s := range engine.All() {
		if len(s.Reload(sample(s))) == 0 {
			t.Errorf("%s takes up no new certificate", s.Name)
		}
	}
}
