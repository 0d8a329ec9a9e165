package config_test

import (
	"bytes"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/config"
	"github.com/taffrail/taffrail/internal/core"
)

func none(string) string { return "" }

func TestLoadDefaults(t *testing.T) {
	t.Parallel()
	got, err := config.Load(config.Source{Getenv: none, Flags: map[string]string{"data": "/srv/taffrail"}})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Listen: "127.0.0.1:8000", Data: "/srv/taffrail", SecretKeyFile: "/srv/taffrail/secret.key",
		LogLevel: slog.LevelInfo, LogFormat: "text",
		AuditKeep: 8760 * time.Hour, Lease: 10 * time.Second, StopLimit: 20 * time.Second,
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b core.Secret) bool { return a.Reveal() == b.Reveal() })); diff != "" {
		t.Error(diff)
	}
	if !got.SQLite() {
		t.Error("without a database URL it must be SQLite")
	}
}

func TestLoadPrecedence(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "taffrail.conf")
	text := "# comment\n\nlisten = 127.0.0.1:1\nlog-level=debug\nlease = 10\npublic-url = https://a.example/\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"TAFFRAIL_LISTEN": "127.0.0.1:2", "TAFFRAIL_LOG_LEVEL": "warn", "TAFFRAIL_DATABASE_URL": "postgres://u:p@h/d"}
	got, err := config.Load(config.Source{
		File:   file,
		Getenv: func(k string) string { return env[k] },
		Flags:  map[string]string{"listen": "127.0.0.1:3"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Listen != "127.0.0.1:3" || got.LogLevel != slog.LevelWarn || got.Lease != 10*time.Second || got.PublicURL != "https://a.example" {
		t.Errorf("flag, then environment, then file, then default: %+v", got)
	}
	if got.SQLite() || got.DatabaseURL.Reveal() != "postgres://u:p@h/d" {
		t.Error("database URL not taken from the environment")
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, option, value, want string }{
		{"listen without port", "listen", "localhost", "--listen: it must be HOST:PORT"},
		{"port out of range", "listen", "localhost:99999", "from 0 to 65535"},
		{"port in words", "listen", "localhost:http", "from 0 to 65535"},
		{"empty data", "data", "", "--data: it must not be empty"},
		{"wrong database", "database-url", "mysql://root:hunter2@h/d", "--database-url: it must look like postgres://"},
		{"url without scheme", "public-url", "deploy.example.org", "--public-url: it must look like https://"},
		{"url with query", "public-url", "https://a/?b", "--public-url"},
		{"level", "log-level", "loud", `not "loud"`},
		{"format", "log-format", "xml", `not "xml"`},
		{"lease too short", "lease", "1s", "from 2s"},
		{"lease nonsense", "lease", "soon", `not "soon"`},
		{"stop limit", "stop-limit", "0s", "--stop-limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(config.Source{Getenv: none, Flags: map[string]string{c.option: c.value}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want something with %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("the error shows a password")
			}
		})
	}
}

func TestLoadNamesAllFaults(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Source{
		Getenv: func(k string) string { return map[string]string{"TAFFRAIL_LOG_LEVEL": "x"}[k] },
		Flags:  map[string]string{"listen": "x"},
	})
	if err == nil || !strings.Contains(err.Error(), "--listen") || !strings.Contains(err.Error(), "TAFFRAIL_LOG_LEVEL") {
		t.Errorf("got %v", err)
	}
}

func TestLoadFileFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"listen":                       "line 1: it must read name = value",
		"\nlissen = a":                 `line 2: there is no option "lissen"`,
		"lease = 3s\nlease = 4s":       "line 2: lease is set a second time",
		"log-format = yaml\nlease = 3": "log-format in ",
	} {
		file := filepath.Join(t.TempDir(), "c")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := config.Load(config.Source{Getenv: none, File: file})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	if _, err := config.Load(config.Source{File: "/does/not/exist"}); err == nil {
		t.Error("a missing file must be an error")
	}
}

var update = flag.Bool("update", false, "rewrite docs/configuration.md")

func TestDocumentationIsUpToDate(t *testing.T) {
	t.Parallel()
	const page = "../../docs/configuration.md"
	var b bytes.Buffer
	if err := config.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), b.String()); diff != "" {
		t.Errorf("run: go test ./internal/config -update\n%s", diff)
	}
	for _, o := range config.Options() {
		if o.Help == "" || o.Value == "" || strings.HasSuffix(o.Help, ".") {
			t.Errorf("%s: help %q, value %q", o.Name, o.Help, o.Value)
		}
	}
}
