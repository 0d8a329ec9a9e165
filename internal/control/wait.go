package control

import (
	"context"
	"fmt"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// Wait says why a queued deployment does not run yet.
type Wait struct {
	Reason string    // one sentence; empty when it waits for nothing
	For    []core.ID // the deployments that it waits for, oldest first
}

// WaitReason says what a deployment waits for: empty when it is not queued.
func (c *Control) WaitReason(ctx context.Context, p auth.Principal, id core.ID) (Wait, error) {
	if err := p.Require(auth.Read); err != nil {
		return Wait{}, err
	}
	d, err := c.deployment(ctx, p, id)
	if err != nil || d.Status != core.StatusQueued {
		return Wait{}, err
	}
	server, err := c.serverByRow(ctx, p, d.Server.RowID)
	if err != nil {
		return Wait{}, err
	}
	active, err := c.deps.Deployments.ListActive(ctx, p.TeamID)
	if err != nil {
		return Wait{}, err
	}
	return waitOf(d, active, server.Settings.ConcurrentBuilds), nil
}

// waitOf explains the rules of admission for one queued deployment: one at a time for
// a resource, so many at a time on a server, first come first served. active is in
// order of age.
func waitOf(d core.Deployment, active []core.Deployment, limit int) Wait {
	var same, running, ahead []core.ID
	for _, o := range active {
		if o.UUID == d.UUID {
			break
		}
		mine := o.Kind == d.Kind && o.Resource.RowID == d.Resource.RowID
		here := o.Server.RowID == d.Server.RowID
		switch {
		case mine:
			same = append(same, o.UUID)
		case here && o.Status == core.StatusInProgress:
			running = append(running, o.UUID)
		case here:
			ahead = append(ahead, o.UUID)
		}
	}
	switch {
	case len(same) > 0:
		return Wait{fmt.Sprintf("It waits for %s of the same %s.", count(same, "earlier deployment"), d.Kind), same}
	case len(running) >= limit:
		return Wait{fmt.Sprintf("It waits for a free place on server %s: %s at the same time are allowed there.",
			d.Server.Name, plural(limit, "deployment")), append(running, ahead...)}
	case len(running)+len(ahead) >= limit:
		return Wait{fmt.Sprintf("It waits behind %s on server %s.", count(ahead, "earlier deployment"), d.Server.Name), ahead}
	default:
		return Wait{"It begins as soon as a controller takes it.", nil}
	}
}

func count(ids []core.ID, what string) string { return plural(len(ids), what) }

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
