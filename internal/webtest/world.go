// Package webtest is the web interface on a real store, without machines behind it: what
// its tests and those with a browser look at. Deployments are what the test writes.
package webtest

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/logs"
	"github.com/taffrail/taffrail/internal/secretbox"
	"github.com/taffrail/taffrail/internal/sqlstore"
	"github.com/taffrail/taffrail/internal/web"
)

// What people sign in with.
const (
	Email    = "ada@example.org"
	Member   = "member@example.org"
	Password = "a taffrail log at the stern"
	Code     = "set-up-code"
)

// Secret is the value of a variable that must be on no page for who may not see it.
const Secret = "open-sesame-4711"

// World is a site with two projects, a server, a service and what the test adds.
type World struct {
	DB       *sqlstore.DB
	Hub      *logs.Hub
	Control  *control.Control
	Accounts *auth.Accounts
	Owner    auth.Principal
	URL      string
	Now      *Clock

	Project, Environment, Server, Service core.ID

	handler http.Handler
	server  *httptest.Server
}

// Open lets the site answer, at the address that it had before if it had one.
func (w *World) Open(t testing.TB) {
	t.Helper()
	w.server = httptest.NewUnstartedServer(w.handler)
	if w.URL != "" {
		var config net.ListenConfig
		l, err := config.Listen(t.Context(), "tcp", strings.TrimPrefix(w.URL, "http://"))
		Must(t, err)
		_ = w.server.Listener.Close()
		w.server.Listener = l
	}
	w.server.Start()
	w.URL = w.server.URL
}

// Close cuts everybody off, as the end of a controller does.
func (w *World) Close() {
	w.server.CloseClientConnections() // streams have no end of their own
	w.server.Close()
}

// Clock is what the site takes for the time.
type Clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().UTC().Add(c.ahead)
}

// Add moves the time on.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// setup is a set-up code that stays the same.
type setup struct{}

func (setup) Right(code string) bool { return code == Code }
func (setup) Done()                  {}

// New makes a World. Its first account is not made yet: see SetUp.
func New(t testing.TB) *World {
	t.Helper()
	dir := t.TempDir()
	box, err := secretbox.OpenKeyFile(filepath.Join(dir, "secret.key"))
	Must(t, err)
	w := &World{Hub: logs.NewHub(), Now: &Clock{}}
	w.DB, err = sqlstore.Open(t.Context(), sqlstore.Options{Path: filepath.Join(dir, "taffrail.db"), Box: box})
	Must(t, err)
	t.Cleanup(func() { _ = w.DB.Close() })
	w.Control = w.control()
	Must(t, w.Control.Start(t.Context()))
	t.Cleanup(func() { _ = w.Control.Stop(context.WithoutCancel(t.Context())) })
	w.Accounts = auth.NewAccounts(w.DB, w.DB, w.Now.Now)
	site, err := web.New(web.Deps{
		Control: w.Control, Accounts: w.Accounts, Setup: setup{}, Lines: w.DB, Hub: w.Hub,
		Log: slog.New(slog.NewTextHandler(failing{t}, &slog.HandlerOptions{Level: slog.LevelWarn})), Now: w.Now.Now, Version: "test",
	})
	Must(t, err)
	w.handler = site.Handler()
	w.Open(t)
	t.Cleanup(w.Close)
	w.seed(t)
	return w
}

func (w *World) control() *control.Control {
	return control.New(control.Deps{
		Servers: w.DB, Keys: w.DB, Projects: w.DB, Environments: w.DB, Services: w.DB, Envs: w.DB, Deployments: w.DB, Teams: w.DB,
		Tokens: w.DB, Queue: w.DB, Composer: composer{}, Hosts: machines{}, Containers: machines{}, Statuses: statuses{}, Seen: w.DB,
		Log: slog.New(slog.DiscardHandler), Now: w.Now.Now, Wake: func() {},
		Common:       control.CommonDeps{Records: w.DB, Tags: w.DB, Tagging: w.DB, Jobs: w.DB},
		Databases:    control.DatabaseDeps{Store: w.DB, Storages: w.DB, Schedules: w.DB, Backups: w.DB, S3: w.DB},
		Applications: control.ApplicationDeps{Store: w.DB, Revisions: w.DB, Further: w.DB, Shared: w.DB, GitHubApps: w.DB},
	})
}

// seed makes the machine, a project and a service with a secret.
func (w *World) seed(t testing.TB) {
	t.Helper()
	ctx := t.Context()
	team, user, err := w.DB.EnsureRoot(ctx)
	Must(t, err)
	w.Owner = auth.ForUser(team.RowID, user, core.TriggerUI)
	server, err := w.DB.CreateServer(ctx, core.Server{
		UUID: core.NewID(), TeamID: team.RowID, Name: "localhost", IP: core.LocalhostIP, ProxyType: "none",
		Settings: core.ServerSettings{ConcurrentBuilds: 2, DeploymentQueueLimit: 25, DynamicTimeout: 3600, ConnectionTimeout: 10, RemoteDir: "/data/taffrail"},
	})
	Must(t, err)
	w.Server = server.UUID
	project, err := w.Control.CreateProject(ctx, w.Owner, control.ProjectInput{Name: "Shop", Description: "All that sells things"})
	Must(t, err)
	environments, err := w.Control.ListEnvironments(ctx, w.Owner, project.UUID)
	Must(t, err)
	w.Project, w.Environment = project.UUID, environments[0].UUID
	w.Service = w.NewService(t, "storefront")
	value := core.NewSecret(Secret)
	_, err = w.Control.CreateEnv(ctx, w.Owner, core.KindService, w.Service, control.EnvInput{Key: "SESAME", Value: &value})
	Must(t, err)
}

// NewService stores a service in the project.
func (w *World) NewService(t testing.TB, name string) core.ID {
	t.Helper()
	made, err := w.Control.CreateService(t.Context(), w.Owner, control.ServiceInput{
		Name: name, Compose: core.NewSecret("services:\n  web: {image: web:1}\n"), Project: w.Project, Environment: string(w.Environment), Server: w.Server,
	})
	Must(t, err)
	return made.Service.UUID
}

// SetUp makes the first account, and a second one of a member.
func (w *World) SetUp(t testing.TB) {
	t.Helper()
	ctx := t.Context()
	u, err := w.Accounts.Setup(ctx, auth.SetupInput{Name: "Ada Lovelace", Email: Email, Password: Password})
	Must(t, err)
	w.Owner.Actor.Name = u.Name
	u, _, err = w.DB.FindUser(ctx, Email, 0)
	Must(t, err)
	var row int64
	Must(t, w.DB.Raw().QueryRowContext(ctx, `INSERT INTO users (uuid, name, email, created_at, updated_at) VALUES ($1, 'Max', $2, 1, 1) RETURNING id`,
		string(core.NewID()), Member).Scan(&row))
	_, err = w.DB.Raw().ExecContext(ctx, `INSERT INTO team_user (team_id, user_id, role) VALUES ($1, $2, 'member')`, w.Owner.TeamID, row)
	Must(t, err)
	_, err = w.Accounts.ResetPassword(ctx, Member, Password, false)
	Must(t, err)
}

// Must ends the test when there is an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// failing is the operator's log: what the site warns of is a fault of the site.
type failing struct{ t testing.TB }

func (f failing) Write(p []byte) (int, error) {
	f.t.Errorf("the site says: %s", p)
	return len(p), nil
}

// machines, composer and statuses stand in for what is not there.
type machines struct{}

func (machines) Probe(context.Context, core.Server) (core.ServerFacts, error) {
	return core.ServerFacts{Reachable: true, Usable: true, OS: "Debian GNU/Linux 12 (bookworm)", Arch: "amd64", DockerVersion: "29.0.0",
		ComposeVersion: "2.40.3", DiskFree: 31 << 30, DiskTotal: 80 << 30, Log: "Docker 29.0.0 answers.\nCompose 2.40.3 is there."}, nil
}
func (machines) Install(context.Context, core.Server, io.Writer) error { return nil }
func (machines) Forget(int64)                                          {}

func (machines) Logs(context.Context, core.Server, string, int, bool) (string, error) {
	return "\x1b[32mlistening\x1b[0m on :80\n", nil
}

func (machines) List(_ context.Context, _ core.Server, project core.ID) (map[core.ID][]core.Container, error) {
	return map[core.ID][]core.Container{project: {{Service: "web", Name: "web-1", State: "running"}}}, nil
}

type statuses struct{}

func (statuses) Sum(context.Context, core.Resting, []core.Container) (core.Condition, error) {
	return core.Condition{Status: "running:healthy"}, nil
}

type composer struct{}

func (composer) Draft(s core.Service, _ []core.EnvVar, _ core.Server, _ bool) (core.ServiceDraft, error) {
	if !strings.Contains(s.ComposeRaw.Reveal(), "services:") {
		return core.ServiceDraft{}, core.Invalid("docker_compose_raw", "line 1: there are no services.")
	}
	return core.ServiceDraft{Domains: []string{}, Parts: []core.ServicePart{
		{UUID: core.NewID(), Kind: core.PartApplication, Name: "web", Image: "registry.example.org/shop/web:1.4.2", Fqdn: "https://" + strings.ReplaceAll(s.Name, " ", "-") + ".example.org"},
	}}, nil
}
