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
	note := fmt.Sprintf("The preview of pull request %d was deleted.", pullRequest)
	q, err := c.enqueue(ctx, p, ofApplication(a), core.VerbStop, stopPreview(pullRequest, everything(), note))
	if err != nil {
		return Queued{}, err
	}
	if err := c.deps.Applications.Revisions.DeletePreview(ctx, p.TeamID, a.RowID, pullRequest); err != nil && core.CodeOf(err) != core.CodeNotFound {
		if !q.Joined {
			c.takeBack(ctx, p, q.Deployment)
		}
		return Queued{}, err
	}
	c.cancelOthers(ctx, p, q.Deployment, laneOf(pullRequest))
	c.deps.Wake()
	c.did(ctx, p, "preview deleted", id)
	return q, nil
}

// everything of a preview goes with it: it has no data that anybody would miss.
func everything() core.Removal {
	return core.Removal{Configurations: true, Volumes: true, Networks: true, Images: true}
}

func stopPreview(pullRequest int, away core.Removal, note string) Action {
	return Action{Options: core.Options{Remove: away}, Note: note, revision: core.Revision{PullRequest: pullRequest}}
}

// stopPreviews queues stops of all previews of an application that was deleted a moment
// ago. What cannot be queued is told to the operator only: the application is gone.
func (c *Control) stopPreviews(ctx context.Context, p auth.Principal, r Resource, list []core.Preview, away core.Removal) {
	if len(list) == 0 {
		return
	}
	for _, v := range list {
		in := stopPreview(v.PullRequest, away, "The application was deleted.")
		if _, err := c.enqueue(ctx, p, r, core.VerbStop, in); err != nil {
			c.log.Error("preview of a deleted application not stopped", "uuid", string(r.UUID), "pull_request", v.PullRequest, "error", err)
		}
	}
	c.deps.Wake()
}

func (c *Control) preview(ctx context.Context, p auth.Principal, a core.Application, pullRequest int) (core.Preview, error) {
	out, err := c.deps.Applications.Revisions.GetPreview(ctx, p.TeamID, a.RowID, pullRequest)
	return out, instead(err, core.CodeNotFound, noPull(pullRequest))
}

func noPull(pullRequest int) error {
	return core.Errorf(core.CodeNotFound, "Pull request %d not found for this resource.", pullRequest)
}
