package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/config"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/server"
	"github.com/taffrail/taffrail/internal/testenv"
)

func TestMain(m *testing.M) { os.Exit(testenv.Main(m)) }

func load(t testing.TB, data string) config.Config {
	t.Helper()
	cfg, err := config.Load(config.Source{Flags: map[string]string{"data": data, "listen": "127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestFirstStart(t *testing.T) {
	t.Parallel()
	c := testenv.Start(t)
	if err := c.As(t, "").Health(t.Context()); err != nil {
		t.Errorf("health needs no token: %v", err)
	}
	servers, err := c.Client.ListServers(t.Context())
	if err != nil || len(servers) != 1 || servers[0].Name != "localhost" || !servers[0].IsLocalhost {
		t.Errorf("servers: %+v %v", servers, err)
	}
	projects, err := c.Client.ListProjects(t.Context())
	if err != nil || len(projects) != 1 || projects[0].Name != "default" {
		t.Errorf("projects: %+v %v", projects, err)
	}
	if _, err := c.As(t, "1|wrong").ListServers(t.Context()); !api.IsCode(err, api.CodeUnauthenticated) {
		t.Errorf("wrong token: %v", err)
	}
	weak := c.As(t, c.NewToken(t, "read"))
	if _, err := weak.CreateProject(t.Context(), api.ProjectCreate{Name: "other"}); !api.IsCode(err, api.CodeForbidden) {
		t.Errorf("weak token: %v", err)
	}
}

func TestSecondControllerIsRefused(t *testing.T) {
	t.Parallel()
	cfg := load(t, t.TempDir())
	first, err := server.Open(t.Context(), cfg, server.Options{Program: testenv.Program()})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(first.Welcome(), "token create --data "+cfg.Data) || !strings.Contains(first.Welcome(), first.URL()) {
		t.Errorf("welcome: %q", first.Welcome())
	}
	for _, listen := range []string{"127.0.0.1:0", first.Address()} {
		cfg.Listen = listen
		_, err := server.Open(t.Context(), cfg, server.Options{Program: testenv.Program()})
		if core.CodeOf(err) != core.CodeConflict || !strings.Contains(err.Error(), "listening on "+first.Address()) {
			t.Errorf("on %s: %v", listen, err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := server.Open(t.Context(), cfg, server.Options{Program: testenv.Program()})
	if err != nil {
		t.Fatalf("the folder is not free after Close: %v", err)
	}
	if strings.Contains(again.Welcome(), "first start") {
		t.Errorf("welcome of a second start: %q", again.Welcome())
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestControllersOfOneDatabaseStartTogether(t *testing.T) {
	t.Parallel()
	dsn := testenv.NewDatabase(t, testenv.RequirePostgres(t))
	key := filepath.Join(t.TempDir(), "key")
	var all sync.WaitGroup
	for range 3 {
		cfg := load(t, t.TempDir())
		cfg.DatabaseURL, cfg.SecretKeyFile = core.NewSecret(dsn), key
		all.Go(func() {
			s, err := server.Open(t.Context(), cfg, server.Options{Program: testenv.Program()})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	c := testenv.Start(t, func(cfg *config.Config) { cfg.DatabaseURL, cfg.SecretKeyFile = core.NewSecret(dsn), key })
	servers, err := c.Client.ListServers(t.Context())
	if err != nil || len(servers) != 1 {
		t.Errorf("servers: %d %v", len(servers), err)
	}
	projects, err := c.Client.ListProjects(t.Context())
	if err != nil || len(projects) != 1 {
		t.Errorf("projects: %d %v", len(projects), err)
	}
}

func TestCreateTokenRefuses(t *testing.T) {
	t.Parallel()
	cfg := load(t, t.TempDir())
	for want, order := range map[string]server.TokenOrder{
		"name":      {Abilities: []string{"root"}},
		"abilities": {Name: "x", Abilities: []string{"everything"}},
	} {
		_, err := server.CreateToken(t.Context(), cfg, nil, order)
		if core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%s: %v", want, err)
		}
	}
	if entries, err := os.ReadDir(cfg.Data); err != nil || len(entries) > 0 {
		t.Errorf("a refused order left something: %v %v", entries, err)
	}
}

func TestExamine(t *testing.T) {
	t.Parallel()
	cfg := load(t, filepath.Join(t.TempDir(), "data"))
	states := func() map[string]server.State {
		found := map[string]server.State{}
		for _, f := range server.Examine(t.Context(), cfg, server.Options{Program: testenv.Program()}) {
			found[f.What] = f.State
			if f.State != server.Fine && f.Mend == "" {
				t.Errorf("%s does not say how to mend it: %+v", f.What, f)
			}
		}
		return found
	}
	if got := states(); got["data folder"] != server.Warning || got["secret key"] != server.Warning || got["database"] != server.Warning {
		t.Errorf("nothing there yet: %v", got)
	}
	s, err := server.Open(t.Context(), cfg, server.Options{Program: testenv.Program()})
	if err != nil {
		t.Fatal(err)
	}
	if got := states(); got["data folder"] != server.Fine || got["secret key"] != server.Fine || got["database"] != server.Fine {
		t.Errorf("beside a controller: %v", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(cfg.SecretKeyFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := states(); got["secret key"] != server.Broken || got["database"] != server.Broken {
		t.Errorf("key that others can read: %v", got)
	}
}
