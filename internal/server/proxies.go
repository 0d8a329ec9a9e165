package server

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/run"
)

const (
	// proxyLimit is the longest that a change of a proxy may take; pulling its image is most of it.
	proxyLimit = 10 * time.Minute
	// saidLines is how much of what a failed run said is told.
	saidLines = 5
)

// proxies moves the managed proxies of servers, one change of a server at a time.
type proxies struct {
	machines machines
	networks func(ctx context.Context, team int64, server core.ID) ([]core.Destination, error)

	mu    sync.Mutex
	turns map[int64]chan struct{} // guarded by mu; by server
}

func newProxies(m machines, networks func(ctx context.Context, team int64, server core.ID) ([]core.Destination, error)) *proxies {
	return &proxies{machines: m, networks: networks, turns: map[int64]chan struct{}{}}
}

// Start implements control.Proxies.
func (p *proxies) Start(ctx context.Context, s core.Server) error {
	return p.move(ctx, s, proxy.Managed.Start)
}

// Restart implements control.Proxies.
func (p *proxies) Restart(ctx context.Context, s core.Server) error {
	return p.move(ctx, s, proxy.Managed.Restart)
}

// Stop implements control.Proxies.
func (p *proxies) Stop(ctx context.Context, s core.Server) error {
	return p.move(ctx, s, proxy.Managed.Stop)
}

// Status implements control.Proxies.
func (p *proxies) Status(ctx context.Context, s core.Server) (string, error) {
	found, err := p.machines.List(ctx, s, proxy.Project)
	if err != nil {
		return "", err
	}
	return compose.Aggregate(found[proxy.Project]), nil
}

// managed is the proxy of a server as it is to be. Certificates of a public authority are
// asked for where a host name can have one.
func managed(s core.Server) proxy.Managed {
	return proxy.Managed{Kind: proxy.Kind(s.ProxyType), Dir: compose.Folder(s, proxy.Folder, ""), Trusted: true}
}

func (p *proxies) move(ctx context.Context, s core.Server, steps func(proxy.Managed) ([]run.Step, error)) error {
	turn := p.turn(s.RowID)
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	m := managed(s)
	destinations, err := p.networks(ctx, s.TeamID, s.UUID)
	if err != nil {
		return err
	}
	for _, d := range destinations {
		m.Networks = append(m.Networks, d.Network)
	}
	list, err := steps(m)
	if err != nil {
		return err
	}
	h, err := p.machines.pool.Get(ctx, s)
	if err != nil {
		return err
	}
	script := compose.Script(core.NewID(), m.Dir, s, list)
	script.Limit = proxyLimit
	return carryOut(ctx, h, script)
}

func (p *proxies) turn(row int64) chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.turns[row] == nil {
		p.turns[row] = make(chan struct{}, 1)
	}
	return p.turns[row]
}

// carryOut runs a script that belongs to no deployment, and waits for its end. It goes on
// by itself when nobody waits any more.
func carryOut(ctx context.Context, h host.Host, s run.Script) error {
	if _, err := h.Launch(ctx, s); err != nil {
		return err
	}
	end, said, err := await(ctx, h, s.ID)
	if err != nil {
		return err
	}
	if err := h.Remove(ctx, s.ID); err != nil {
		return err
	}
	if end.State == "finished" {
		return nil
	}
	why := end.Reason
	if why == "" {
		why = "It ended as " + end.State + "."
	}
	return &core.Error{Op: "change proxy", Code: core.CodeUnavailable, Msg: strings.TrimSpace(why + " " + strings.Join(said, " ")), Err: fmt.Errorf("step %s failed", end.Step)}
}

// await follows a run to its end, and keeps the last lines of what it said went wrong.
func await(ctx context.Context, h host.Host, id core.ID) (run.End, []string, error) {
	var end run.End
	follower, err := h.Follow(ctx, id, 0)
	if err != nil {
		return end, nil, err
	}
	defer follower.Close()
	var said []string
	for reader := run.NewReader(follower, 0); ; {
		f, err := reader.Next()
		if err != nil {
			return end, said, err
		}
		switch f.Kind {
		case run.FrameStderr:
			said = append(said, strings.Split(strings.TrimSpace(string(f.Data)), "\n")...)
			said = said[max(0, len(said)-saidLines):]
		case run.FrameEnd:
			return end, said, json.Unmarshal(f.Data, &end)
		}
	}
}
