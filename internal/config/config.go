// Package config turns flags, environment variables and one optional file into one
// immutable Config. A single table of options is the source of the parsing, of the
// --help text and of the documentation.
package config

import (
	"log/slog"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// Config is everything a controller can be told from outside. It is made by Load and
// never changed afterwards, so that it may be shared freely.
type Config struct {
	Listen        string      // host:port of the HTTP server; port 0 takes a free one
	Data          string      // absolute path of the data folder
	DatabaseURL   core.Secret // postgres://…; empty: SQLite in the data folder
	SecretKeyFile string      // absolute path of the key that secrets are sealed with
	LogLevel      slog.Level
	LogFormat     string        // "text" or "json"
	PublicURL     string        // where people reach it, without trailing slash; empty: made from the listen address
	AuditKeep     time.Duration // how long the audit log goes back
	Lease         time.Duration // how long a controller's claim on a deployment lasts without a heartbeat
	StopLimit     time.Duration // how long an orderly stop may take
}

// SQLite says whether the embedded database is used.
func (c Config) SQLite() bool { return c.DatabaseURL.Empty() }
