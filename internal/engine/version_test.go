package engine_test

import (
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		engine, ran, version, image string
		want                        string // none: not refused
	}{
		{"postgresql", "", "", "postgres:15", ""}, // never ran
		{"postgresql", "postgres:16", "16.4", "postgres:16", ""},
		{"postgresql", "postgres:16", "16.4", "postgres:16.9-alpine", ""},
		{"postgresql", "postgres:16", "16.4", "pgvector/pgvector:pg16", ""},
		{"postgresql", "postgres:16", "16.4", "postgres:17", "cannot take over the files of another major version"},
		{"postgresql", "postgres:16", "16.4", "pgvector/pgvector:pg17", "another major version"},
		{"postgresql", "postgres:16", "17.2", "postgres:17", ""}, // what it said itself counts
		{"postgresql", "postgres:17", "17.2", "postgres:16-alpine", "cannot read the files of a later version"},
		{"postgresql", "postgres:17", "", "postgres:16-alpine", "later version"},
		{"postgresql", "postgres:16", "16.4", "postgres:latest", ""}, // nobody can tell
		{"postgresql", "postgres", "", "postgres:16", ""},
		{"mysql", "mysql:5.7", "5.7.44", "mysql:8", ""},
		{"mysql", "mysql:8", "8.4.2", "mysql:9", ""},
		{"mysql", "mysql:5.7", "5.7.44", "mysql:9", "one version at a time"},
		{"mysql", "mysql:9", "9.1.0", "mysql:8.4", "later version"},
		{"mariadb", "mariadb:10.6", "10.6.1-MariaDB", "mariadb:11", ""},
		{"mariadb", "mariadb:11", "11.4.2-MariaDB", "mariadb:10.11", "later version"},
		{"mongodb", "mongo:6", "6.0.1", "mongo:7", ""},
		{"mongodb", "mongo:6", "6.0.1", "mongo:8", "one version at a time"},
		{"mongodb", "mongo:7", "7.0.1", "mongo:6", "later version"},
		{"redis", "redis:6.2", "6.2.1", "redis:8", ""},
		{"redis", "redis:8", "8.0.1", "redis:7.2", "later version"},
		{"keydb", "eqalpha/keydb:x86_64_v6.3.4", "6.3.4", "eqalpha/keydb:x86_64_v5.3.3", "later version"},
		{"dragonfly", "x/dragonfly:v1.34.1", "1.34.1", "x/dragonfly:v1.20.0", ""},
		{"clickhouse", "clickhouse/clickhouse-server:24.8", "24.8.1.1", "clickhouse/clickhouse-server:25.11", ""},
		{"clickhouse", "clickhouse/clickhouse-server:25.11", "25.11.1.1", "clickhouse/clickhouse-server:24.8", "later version"},
		{"valkey", "valkey/valkey:8", "8.1.1", "valkey/valkey:9-alpine", ""},
		{"valkey", "valkey/valkey:9", "9.0.0", "registry:5000/valkey:8", "later version"},
	} {
		got := find(t, c.engine).Guard(core.DatabaseRan{Image: c.ran, Version: c.version}, c.image)
		if got.Refused != (c.want != "") || !strings.Contains(got.Reason, c.want) {
			t.Errorf("%+v: %+v", c, got)
		}
		if got.Refused && !strings.Contains(got.Reason, c.image) {
			t.Errorf("%q does not name %s", got.Reason, c.image)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ engine, answer, want string }{
		{"postgresql", "16.4 (Debian 16.4-1.pgdg120+1)\n", "16.4"},
		{"mysql", "8.4.2\n", "8.4.2"},
		{"mariadb", "11.8.6-MariaDB-ubu2404\n", "11.8.6"},
		{"mongodb", "7.0.14\n", "7.0.14"},
		{"redis", "redis_version:7.2.5\r\n", "7.2.5"},
		{"keydb", "redis_version:6.3.4\r\n", "6.3.4"},
		{"valkey", "redis_version:7.2.4\r\nvalkey_version:8.1.1\r\n", "8.1.1"},
		{"dragonfly", "redis_version:7.4.0\r\ndragonfly_version:df-v1.34.1\r\n", "1.34.1"},
		{"clickhouse", "25.11.2.24\n", "25.11.2.24"},
		{"postgresql", "nothing\n", ""},
	} {
		if got := find(t, c.engine).Version(c.answer); got != c.want {
			t.Errorf("%s: %q of %q, want %q", c.engine, got, c.answer, c.want)
		}
	}
}
