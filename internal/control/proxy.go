package control

import (
	"context"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/proxy"
)

// Proxy is the reverse proxy of a server.
type Proxy struct {
	Type   string // traefik, caddy or none
	Status string // "<state>:<health>" of its container; empty when it cannot be looked at, or there is none
}

// GetProxy says how the proxy of a server is.
func (c *Control) GetProxy(ctx context.Context, p auth.Principal, server core.ID) (Proxy, error) {
	if err := p.Require(auth.Read); err != nil {
		return Proxy{}, err
	}
	s, err := c.server(ctx, p, server)
	if err != nil {
		return Proxy{}, err
	}
	return c.proxyOf(ctx, s), nil
}

// SetProxy changes which proxy a server has. The one that runs goes on until StartProxy or
// the next deployment that needs one.
func (c *Control) SetProxy(ctx context.Context, p auth.Principal, server core.ID, kind string) (Proxy, error) {
	if err := p.Require(auth.Write); err != nil {
		return Proxy{}, err
	}
	s, err := c.UpdateServer(ctx, p, server, ServerPatch{ProxyType: &kind})
	if err != nil {
		return Proxy{}, err
	}
	return c.proxyOf(ctx, s), nil
}

// StartProxy brings up the proxy of a server. CodeBadRequest when it has none.
func (c *Control) StartProxy(ctx context.Context, p auth.Principal, server core.ID) error {
	return c.moveProxy(ctx, p, server, "started", Proxies.Start)
}

// RestartProxy starts the proxy of a server anew.
func (c *Control) RestartProxy(ctx context.Context, p auth.Principal, server core.ID) error {
	return c.moveProxy(ctx, p, server, "restarted", Proxies.Restart)
}

// StopProxy takes down the proxy of a server. What is behind it cannot be reached then.
func (c *Control) StopProxy(ctx context.Context, p auth.Principal, server core.ID) error {
	return c.moveProxy(ctx, p, server, "stopped", Proxies.Stop)
}

func (c *Control) moveProxy(ctx context.Context, p auth.Principal, server core.ID, done string, move func(Proxies, context.Context, core.Server) error) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	s, err := c.server(ctx, p, server)
	if err != nil {
		return err
	}
	if s.ProxyType == string(proxy.None) {
		return core.Errorf(core.CodeBadRequest, "Server %s has no proxy: choose traefik or caddy first.", s.Name)
	}
	if err := move(c.deps.Applications.Proxies, ctx, s); err != nil {
		return err
	}
	c.did(ctx, p, "proxy "+done, server)
	return nil
}

func (c *Control) proxyOf(ctx context.Context, s core.Server) Proxy {
	out := Proxy{Type: s.ProxyType}
	if s.ProxyType == string(proxy.None) {
		return out
	}
	status, err := c.deps.Applications.Proxies.Status(ctx, s)
	if err != nil {
		c.log.Debug("proxy not looked at", "server", string(s.UUID), "error", err)
	}
	out.Status = status
	return out
}
