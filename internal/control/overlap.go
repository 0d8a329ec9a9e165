package control

import (
	"context"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// GetOverlap tells what a new deployment of a resource of any kind does to those before it.
func (c *Control) GetOverlap(ctx context.Context, p auth.Principal, id core.ID) (core.Overlap, error) {
	if err := p.Require(auth.Read); err != nil {
		return "", err
	}
	r, err := c.anyResource(ctx, p, id)
	if err != nil {
		return "", err
	}
	policy, err := c.deps.Queue.GetOverlap(ctx, p.TeamID, r.Kind, r.RowID)
	return policy, named(err, r.Kind.Title())
}

// SetOverlap changes it, for what is asked for from now on.
func (c *Control) SetOverlap(ctx context.Context, p auth.Principal, id core.ID, to core.Overlap) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	r, err := c.anyResource(ctx, p, id)
	if err != nil {
		return err
	}
	switch to {
	case core.OverlapWait, core.OverlapReplace, core.OverlapCancel:
	default:
		return core.Invalid("overlap", "The overlap must be one of: wait, replace, cancel.")
	}
	if err := c.deps.Queue.SetOverlap(ctx, p.TeamID, r.Kind, r.RowID, to); err != nil {
		return named(err, r.Kind.Title())
	}
	c.did(ctx, p, "overlap of deployments changed", id)
	return nil
}
