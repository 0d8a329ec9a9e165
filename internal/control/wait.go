package control

import (
	"context"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// Wait says why a queued deployment does not run yet.
type Wait struct {
	Reason string // empty when nothing is in its way
	Ahead  int    // queued deployments of its server that come before it
}

// maxWaits is how many deployments of a list are told what they wait for: each takes
// two queries.
const maxWaits = 50

// Waits says, by uuid, what the queued ones among deployments that were read just now
// wait for. Those behind the first 50 queued ones are left out.
func (c *Control) Waits(ctx context.Context, p auth.Principal, list []core.Deployment) (map[core.ID]Wait, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	out := map[core.ID]Wait{}
	for _, d := range list {
		if d.Status != core.StatusQueued || d.TeamID != p.TeamID || len(out) == maxWaits {
			continue
		}
		reason, ahead, err := c.deps.Queue.QueuePosition(ctx, d)
		if err != nil {
			return nil, err
		}
		out[d.UUID] = Wait{Reason: reason, Ahead: ahead}
	}
	return out, nil
}

// WaitReason says what a deployment waits for; nothing when it is not queued.
func (c *Control) WaitReason(ctx context.Context, p auth.Principal, id core.ID) (Wait, error) {
	if err := p.Require(auth.Read); err != nil {
		return Wait{}, err
	}
	d, err := c.deployment(ctx, p, id)
	if err != nil || d.Status != core.StatusQueued {
		return Wait{}, err
	}
	reason, ahead, err := c.deps.Queue.QueuePosition(ctx, d)
	return Wait{Reason: reason, Ahead: ahead}, err
}
