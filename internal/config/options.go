package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// Option is one row of the table: how an option is called, what it means, and how its
// text becomes a value.
type Option struct {
	Name     string // long flag, and the key in the file: "database-url"
	Default  string
	Help     string // one sentence without full stop
	Value    string // what the help text calls the value: "HOST:PORT"
	Advanced bool   // nobody needs it to begin with
	set      func(c *Config, text string) error
}

// Env is the environment variable that sets the option.
func (o Option) Env() string {
	return "TAFFRAIL_" + strings.ToUpper(strings.ReplaceAll(o.Name, "-", "_"))
}

// Options lists all options in the order in which people should read them.
func Options() []Option {
	return []Option{
		{Name: "listen", Default: "127.0.0.1:8000", Value: "HOST:PORT", set: setListen,
			Help: "Address that the web interface and the API are served on"},
		{Name: "data", Default: "./data", Value: "DIR", set: setData,
			Help: "Folder for the database and the secret key; made when absent"},
		{Name: "database-url", Value: "URL", set: setDatabaseURL,
			Help: "PostgreSQL to use instead of the embedded SQLite: postgres://user:password@host/name"},
		{Name: "secret-key-file", Value: "FILE", set: setSecretKeyFile,
			Help: "Key that secrets in the database are sealed with; made when absent (default DATA/secret.key)"},
		{Name: "public-url", Value: "URL", set: setPublicURL,
			Help: "Address under which people reach this controller, when it is not the listen address"},
		{Name: "log-level", Default: "info", Value: "LEVEL", set: setLogLevel,
			Help: "How much the controller says of itself: debug, info, warn or error"},
		{Name: "log-format", Default: "text", Value: "FORMAT", set: setLogFormat,
			Help: "Form of the controller's own log: text or json"},
		{Name: "lease", Default: "10s", Value: "TIME", Advanced: true, set: durationBetween(2*time.Second, time.Hour, func(c *Config) *time.Duration { return &c.Lease }),
			Help: "How long a deployment stays with a controller that shows no sign of life"},
		{Name: "audit-keep", Default: "8760h", Value: "TIME", Advanced: true, set: durationBetween(24*time.Hour, 10*8760*time.Hour, func(c *Config) *time.Duration { return &c.AuditKeep }),
			Help: "How long the audit log goes back: who changed what, when, and from where"},
		{Name: "stop-limit", Default: "20s", Value: "TIME", Advanced: true, set: durationBetween(time.Second, time.Hour, func(c *Config) *time.Duration { return &c.StopLimit }),
			Help: "How long an orderly stop may take before what is left is dropped"},
	}
}

func setListen(c *Config, text string) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return errors.New("it must be HOST:PORT, for example 127.0.0.1:8000")
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("the port must be a number from 0 to 65535, not %q", port)
	}
	c.Listen = net.JoinHostPort(host, port)
	return nil
}

func setData(c *Config, text string) (err error) {
	c.Data, err = absolute(text)
	return err
}

func setSecretKeyFile(c *Config, text string) (err error) {
	if text != "" {
		c.SecretKeyFile, err = absolute(text)
	}
	return err
}

func setDatabaseURL(c *Config, text string) error {
	c.DatabaseURL = core.NewSecret(text)
	if text == "" {
		return nil
	}
	// The text is not quoted in the error: it may hold a password.
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Host == "" && u.RawQuery == "" {
		return errors.New("it must look like postgres://user:password@host:5432/name")
	}
	return nil
}

func setPublicURL(c *Config, text string) error {
	c.PublicURL = strings.TrimRight(text, "/")
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return errors.New("it must look like https://deploy.example.org")
	}
	return nil
}

func setLogLevel(c *Config, text string) error {
	if err := c.LogLevel.UnmarshalText([]byte(text)); err != nil {
		return fmt.Errorf("it must be debug, info, warn or error, not %q", text)
	}
	return nil
}

func setLogFormat(c *Config, text string) error {
	if text != "text" && text != "json" {
		return fmt.Errorf("it must be text or json, not %q", text)
	}
	c.LogFormat = text
	return nil
}

func durationBetween(low, high time.Duration, field func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, text string) error {
		d, err := time.ParseDuration(text)
		if err != nil {
			if n, bare := strconv.Atoi(text); bare == nil {
				d, err = time.Duration(n)*time.Second, nil
			}
		}
		if err != nil || d < low || d > high {
			return fmt.Errorf("it must be a time from %s to %s, for example 30s, not %q", low, high, text)
		}
		*field(c) = d
		return nil
	}
}
