package testenv

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/client"
	"github.com/taffrail/taffrail/internal/config"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/server"
)

// patience is how long a controller may take to stop.
const patience = 30 * time.Second

// Controller is a whole controller in this process, on a free port of loopback.
type Controller struct {
	URL    string
	Token  string // with the ability root
	Client *client.Client
	Config config.Config
}

// Start runs a controller with a data folder of its own until the test ends. changes
// are made to its configuration before: see Postgres.
func Start(t testing.TB, changes ...func(*config.Config)) *Controller {
	t.Helper()
	cfg, err := config.Load(config.Source{Flags: map[string]string{
		"data": t.TempDir(), "listen": "127.0.0.1:0", "lease": "2s", "stop-limit": patience.String()}})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		change(&cfg)
	}
	c := &Controller{Config: cfg}
	c.run(t)
	c.Token = c.NewToken(t, "root")
	c.Client = c.As(t, c.Token)
	return c
}

func (c *Controller) run(t testing.TB) {
	t.Helper()
	s, err := server.Open(t.Context(), c.Config, server.Options{
		Log: slog.New(slog.NewTextHandler(testWriter{t}, nil)), Version: "test", Program: Program()})
	if err != nil {
		t.Fatal(err)
	}
	c.URL = s.URL()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("stop the controller: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close the controller: %v", err)
		}
	})
}

// NewToken makes a token with these abilities, as its owner would on the machine itself.
func (c *Controller) NewToken(t testing.TB, abilities ...string) string {
	t.Helper()
	text, err := server.CreateToken(t.Context(), c.Config, slog.New(slog.DiscardHandler),
		server.TokenOrder{Name: strings.Join(abilities, " "), Abilities: abilities})
	if err != nil {
		t.Fatal(err)
	}
	return text.Reveal()
}

// As is a client with this token.
func (c *Controller) As(t testing.TB, token string) *client.Client {
	t.Helper()
	remote, err := client.New(c.URL, token, client.WithRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	return remote
}

// Postgres gives a controller a fresh database on the lab's PostgreSQL.
func Postgres(t testing.TB) func(*config.Config) {
	t.Helper()
	dsn := NewDatabase(t, RequirePostgres(t))
	return func(c *config.Config) { c.DatabaseURL = core.NewSecret(dsn) }
}

// testWriter puts the operator's log into the test's.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}
