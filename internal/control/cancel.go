package control

import (
	"context"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// CancelDeployment ends a queued deployment at once, and asks one in progress to end;
// the answer is the deployment as it is then. It is cancelled-by-user only when what
// it started on the server is gone, which takes a moment. CodeBadRequest when it has
// ended already.
func (c *Control) CancelDeployment(ctx context.Context, p auth.Principal, id core.ID) (core.Deployment, error) {
	if err := p.Require(auth.Deploy); err != nil {
		return core.Deployment{}, err
	}
	d, err := c.deployment(ctx, p, id)
	if err != nil {
		return core.Deployment{}, err
	}
	if d.Status.Terminal() {
		return core.Deployment{}, ended(d)
	}
	d, err = c.cancel(ctx, p, id)
	if err != nil {
		return core.Deployment{}, err
	}
	if d.Status.Terminal() && d.Status != core.StatusCancelled { // it ended meanwhile
		return core.Deployment{}, ended(d)
	}
	return shownDeployment(p, d), nil
}

// cancel stores the intent and passes it on.
func (c *Control) cancel(ctx context.Context, p auth.Principal, id core.ID) (core.Deployment, error) {
	d, err := c.deps.Deployments.CancelDeployment(ctx, p.TeamID, id, p.Actor)
	if err != nil {
		return d, named(err, "Deployment")
	}
	c.did(ctx, p, "deployment cancelled", id)
	if !d.Status.Terminal() {
		c.deps.Cancel(ctx, d)
	}
	c.deps.Wake() // a queued one may have stood in the way of another
	return d, nil
}

// cancelOthers cancels what is under way for the resource of a deployment, as far as all
// or one of its lanes goes, but for that deployment itself. What cannot be cancelled runs
// to its end before it.
func (c *Control) cancelOthers(ctx context.Context, p auth.Principal, keep core.Deployment, inLane func(core.Deployment) bool) {
	active, err := c.deps.Deployments.ListActive(ctx, p.TeamID)
	if err != nil {
		c.log.Warn("deployments of a deleted resource not cancelled", "error", err)
	}
	for _, d := range active {
		if d.Kind != keep.Kind || d.Resource.RowID != keep.Resource.RowID || d.UUID == keep.UUID || !inLane(d) {
			continue
		}
		if _, err := c.cancel(ctx, p, d.UUID); err != nil {
			c.log.Warn("deployment of a deleted resource not cancelled", "uuid", string(d.UUID), "error", err)
		}
	}
}

// takeBack cancels a deployment that should not have been queued after all. The
// request may be over by then, and that must not keep it from happening.
func (c *Control) takeBack(ctx context.Context, p auth.Principal, d core.Deployment) {
	if _, err := c.cancel(context.WithoutCancel(ctx), p, d.UUID); err != nil {
		c.log.Error("queued deployment not taken back", "uuid", string(d.UUID), "error", err)
	}
}

// allLanes is for a resource that is gone as a whole.
func allLanes(core.Deployment) bool { return true }

// laneOf is for the preview of a pull request alone.
func laneOf(pullRequest int) func(core.Deployment) bool {
	return func(d core.Deployment) bool { return d.Revision.PullRequest == pullRequest }
}

func ended(d core.Deployment) error {
	return core.Errorf(core.CodeBadRequest, "Deployment cannot be cancelled. Current status: %s", d.Status)
}
