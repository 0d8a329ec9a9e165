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
