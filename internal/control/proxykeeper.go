package control

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/supervise"
)

const (
	proxiesAtOnce = 4                // servers whose proxies are started at the same time
	proxyLimit    = 15 * time.Minute // for one proxy to come up; pulling its image is most of it
)

// proxyKeeper is the service that brings up the proxy of a server when something is
// deployed there that is reached through it. It works beside the deployment, which is
// building meanwhile, and says so itself when there is no proxy yet.
type proxyKeeper struct {
	supervise.Service
	proxies Proxies
	log     *slog.Logger
	wake    chan struct{} // there are new ones

	mu      sync.Mutex
	waiting map[int64]core.Server // guarded by mu
}

func newProxyKeeper(p Proxies, log *slog.Logger) *proxyKeeper {
	k := &proxyKeeper{proxies: p, log: log, wake: make(chan struct{}, 1), waiting: map[int64]core.Server{}}
	k.Service = supervise.Loop(k.serve)
	return k
}

// want asks for the proxy of a server. It never waits.
func (k *proxyKeeper) want(s core.Server) {
	k.mu.Lock()
	k.waiting[s.RowID] = s
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *proxyKeeper) serve(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	slots := make(chan struct{}, proxiesAtOnce)
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		}
		for _, s := range k.take() {
			all.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				k.ensure(ctx, s)
			})
		}
	}
}

func (k *proxyKeeper) take() map[int64]core.Server {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.waiting
	k.waiting = map[int64]core.Server{}
	return list
}

// ensure starts a proxy that does not run.
func (k *proxyKeeper) ensure(ctx context.Context, s core.Server) {
	ctx, cancel := context.WithTimeout(ctx, proxyLimit)
	defer cancel()
	status, err := k.proxies.Status(ctx, s)
	if err == nil && state(status) == stateRunning {
		return
	}
	if err == nil {
		err = k.proxies.Start(ctx, s)
	}
	if err != nil {
		k.log.Warn("proxy of a server not started", "server", string(s.UUID), "error", err)
		return
	}
	k.log.Info("proxy started", "server", string(s.UUID))
}

// wantProxy asks for the proxy that the domains of an application need.
func (c *Control) wantProxy(ctx context.Context, p auth.Principal, a core.Application) {
	if len(domainsOfApplication(a)) == 0 && a.Build.Pack != core.PackCompose { // whose file may ask for some
		return
	}
	s, err := c.serverByRow(ctx, p, a.ServerID)
	if err != nil || s.ProxyType == string(proxy.None) {
		return
	}
	c.proxies.want(s)
}
