package control

import (
	"context"
	"fmt"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// ListPreviews returns the pull requests of an application that have, or wait for, a
// deployment of their own.
func (c *Control) ListPreviews(ctx context.Context, p auth.Principal, id core.ID) ([]core.Preview, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	a, err := c.application(ctx, p, id)
	if err != nil {
		return nil, err
	}
	list, err := c.deps.Applications.Revisions.ListPreviews(ctx, p.TeamID, a.RowID)
	return list, named(err, "Application")
}

// DeletePreview queues a stop of a pull request's containers, after cancelling what is
// under way for them, and forgets it.
func (c *Control) DeletePreview(ctx context.Context, p auth.Principal, id core.ID, pullRequest int) (Queued, error) {
	if err := p.Require(auth.Write); err != nil {
		return Queued{}, err
	}
	a, err := c.application(ctx, p, id)
	if err != nil {
		return Queued{}, err
	}
	if _, err := c.preview(ctx, p, a, pullRequest); err != nil {
		return Queued{}, err
	}
	in := Action{
		Options: core.Options{Remove: core.Removal{Configurations: true, Volumes: true, Networks: true, Images: true}},
		Note:    fmt.Sprintf("The preview of pull request %d was deleted.", pullRequest), revision: core.Revision{PullRequest: pullRequest},
	}
	q, err := c.enqueue(ctx, p, ofApplication(a), core.VerbStop, in)
	if err != nil {
		return Queued{}, err
	}
	if err := c.deps.Applications.Revisions.DeletePreview(ctx, p.TeamID, a.RowID, pullRequest); err != nil && core.CodeOf(err) != core.CodeNotFound {
		if !q.Joined {
			c.takeBack(ctx, p, q.Deployment)
		}
		return Queued{}, err
	}
	c.cancelOthers(ctx, p, q.Deployment)
	c.deps.Wake()
	c.did(p, "preview deleted", id)
	return q, nil
}

func (c *Control) preview(ctx context.Context, p auth.Principal, a core.Application, pullRequest int) (core.Preview, error) {
	out, err := c.deps.Applications.Revisions.GetPreview(ctx, p.TeamID, a.RowID, pullRequest)
	return out, instead(err, core.CodeNotFound,
		core.Errorf(core.CodeNotFound, "Pull request %d not found for this resource.", pullRequest))
}
