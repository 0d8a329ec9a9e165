package engine_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

// urlCase is a database, and its URL up to and from the host.
type urlCase struct {
	engine, image string
	ssl           bool
	mode          string
	before, after string // "@<host>:<port>" is between them
	port          string // inside
}

func urlCases() []urlCase {
	const ca = "/etc/ssl/certs/taffrail-ca.crt"
	return []urlCase{
		{engine: "postgresql", before: "postgres://postgres:p%40%20%2F", after: "/postgres", port: "5432"},
		{engine: "postgresql", ssl: true, before: "postgres://postgres:p%40%20%2F", after: "/postgres?sslmode=require", port: "5432"},
		{engine: "postgresql", ssl: true, mode: "allow", before: "postgres://postgres:p%40%20%2F", after: "/postgres?sslmode=allow", port: "5432"},
		{engine: "postgresql", ssl: true, mode: "verify-full", before: "postgres://postgres:p%40%20%2F", after: "/postgres?sslmode=verify-full&sslrootcert=" + ca, port: "5432"},
		{engine: "postgresql", mode: "verify-full", before: "postgres://postgres:p%40%20%2F", after: "/postgres", port: "5432"},
		{engine: "mysql", before: "mysql://mysql:p%40%20%2F", after: "/default", port: "3306"},
		{engine: "mysql", ssl: true, before: "mysql://mysql:p%40%20%2F", after: "/default?ssl-mode=REQUIRED", port: "3306"},
		{engine: "mysql", ssl: true, mode: "VERIFY_IDENTITY", before: "mysql://mysql:p%40%20%2F", after: "/default?ssl-mode=VERIFY_IDENTITY&ssl-ca=" + ca, port: "3306"},
		{engine: "mariadb", before: "mysql://mariadb:p%40%20%2F", after: "/default", port: "3306"},
		{engine: "mariadb", ssl: true, before: "mysql://mariadb:p%40%20%2F", after: "/default", port: "3306"},
		{engine: "mongodb", before: "mongodb://root:p%40%20%2F", after: "/?directConnection=true", port: "27017"},
		{engine: "mongodb", ssl: true, before: "mongodb://root:p%40%20%2F", after: "/?directConnection=true&tls=true&tlsCAFile=" + ca, port: "27017"},
		{engine: "redis", before: "redis://default:p%40%20%2F", after: "/0", port: "6379"},
		{engine: "redis", image: "redis:5.0-alpine", before: "redis://:p%40%20%2F", after: "/0", port: "6379"},
		{engine: "redis", image: "redis", before: "redis://default:p%40%20%2F", after: "/0", port: "6379"},
		{engine: "redis", ssl: true, before: "rediss://default:p%40%20%2F", after: "/0", port: "6380"},
		{engine: "keydb", before: "redis://default:p%40%20%2F", after: "/0", port: "6379"},
		{engine: "keydb", ssl: true, before: "rediss://default:p%40%20%2F", after: "/0", port: "6380"},
		{engine: "dragonfly", before: "redis://default:p%40%20%2F", after: "/0", port: "6379"},
		{engine: "dragonfly", ssl: true, before: "rediss://default:p%40%20%2F", after: "/0", port: "6380"},
		{engine: "valkey", before: "redis://default:p%40%20%2F", after: "/0", port: "6379"},
		{engine: "valkey", ssl: true, before: "rediss://default:p%40%20%2F", after: "/0", port: "6380"},
		{engine: "clickhouse", before: "clickhouse://default:p%40%20%2F", after: "/default", port: "9000"},
		{engine: "clickhouse", ssl: true, before: "clickhouse://default:p%40%20%2F", after: "/default?secure=true", port: "9440"},
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range urlCases() {
		s := find(t, c.engine)
		seen[c.engine] = true
		db := sample(s)
		db.Fields[field(s, engine.RolePassword)] = core.NewSecret("p@ /")
		db.Settings.EnableSSL, db.Settings.SSLMode = c.ssl, c.mode
		if c.image != "" {
			db.Image = c.image
		}
		if got, want := s.InternalURL(db), c.before+"@"+string(uuid)+":"+c.port+c.after; got != want {
			t.Errorf("internal %s, want %s", got, want)
		}
		if got := s.ExternalURL(db, "192.0.2.1"); got != "" {
			t.Errorf("%s is not public, but at %s", c.engine, got)
		}
		db.Settings.Public = core.Public{Enabled: true, Port: 15432}
		for host, at := range map[string]string{"192.0.2.1": "192.0.2.1", "db.example.com": "db.example.com", "2001:db8::1": "[2001:db8::1]"} {
			if got, want := s.ExternalURL(db, host), c.before+"@"+at+":15432"+c.after; got != want {
				t.Errorf("external %s, want %s", got, want)
			}
		}
	}
	if len(seen) != len(engine.All()) {
		t.Errorf("only %d engines are tested", len(seen))
	}
}

// TestURLsReadBack: whatever the password, a URL reads back as what it was made of.
func TestURLsReadBack(t *testing.T) {
	t.Parallel()
	for _, s := range engine.All() {
		db := sample(s)
		db.Fields[field(s, engine.RolePassword)] = core.NewSecret(odd)
		u, err := url.Parse(s.InternalURL(db))
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		if got, _ := u.User.Password(); got != odd || u.Hostname() != string(uuid) {
			t.Errorf("%s: %q at %s", s.Name, got, u.Host)
		}
		if strings.ContainsAny(s.InternalURL(db), " \"<>\\^`{|}") {
			t.Errorf("%s: %s", s.Name, s.InternalURL(db))
		}
	}
}
