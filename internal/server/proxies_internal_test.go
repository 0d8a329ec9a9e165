package server

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/run"
)

// here is this machine, with a folder of its own.
func here(t testing.TB) (core.Server, host.Host) {
	t.Helper()
	pool := host.NewPool(host.Options{
		Log:    slog.New(slog.DiscardHandler),
		Runner: func(context.Context, string, string) (string, error) { return os.Executable() },
	})
	t.Cleanup(func() { ok(t, pool.Close()) })
	s := core.Server{RowID: 1, UUID: core.NewID(), Name: "here", IP: core.LocalhostIP, ProxyType: "caddy"}
	s.Settings.RemoteDir = filepath.Join(t.TempDir(), "taffrail")
	h, err := pool.Get(t.Context(), s)
	ok(t, err)
	return s, h
}

func TestCarryOut(t *testing.T) {
	t.Parallel()
	s, h := here(t)
	script := func(argv ...string) run.Script {
		return run.Script{ID: core.NewID(), Dir: filepath.Join(s.Settings.RemoteDir, "proxy"), Steps: []run.Step{{Name: "one", Title: "One.", Argv: argv}}}
	}
	good := script("true")
	ok(t, carryOut(t.Context(), h, good))
	if _, err := os.Stat(filepath.Join(s.Settings.RemoteDir, "runs", string(good.ID))); !os.IsNotExist(err) {
		t.Errorf("what the run left is there: %v", err)
	}
	err := carryOut(t.Context(), h, script("sh", "-c", "for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 3"))
	if core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(err.Error(), "line 3 line 4 line 5 line 6 line 7") || strings.Contains(err.Error(), "line 2") {
		t.Errorf("a step that fails: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := carryOut(ctx, h, script("true")); err == nil {
		t.Error("nobody waits, and nobody is told")
	}
}

// TestOneChangeAtATime: changes of a server's proxy wait for each other, those of another
// server do not.
func TestOneChangeAtATime(t *testing.T) {
	t.Parallel()
	p := newProxies(machines{}, nil)
	first := p.turn(1)
	first <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var waited error
	all.Go(func() { waited = p.Start(ctx, core.Server{RowID: 1}) })
	p.turn(2) <- struct{}{}
	cancel()
	all.Wait()
	if !errors.Is(waited, context.Canceled) {
		t.Errorf("waiting ended with %v", waited)
	}
}

func TestManagedProxy(t *testing.T) {
	t.Parallel()
	s, _ := here(t)
	m := managed(s)
	if m.Kind != proxy.Caddy || m.Dir != filepath.Join(s.Settings.RemoteDir, "proxy") || !m.Trusted {
		t.Errorf("managed %+v", m)
	}
	ok(t, m.Validate())
	s.ProxyType = "traefik"
	if m = managed(s); m.Resolver() != proxy.DefaultResolver {
		t.Errorf("resolver %q", m.Resolver())
	}
}
