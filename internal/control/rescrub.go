package control

import (
	"context"
	"fmt"

	"github.com/taffrail/taffrail/internal/archive"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// JobStore takes what is to be done beside deployments.
type JobStore interface {
	// AddJob asks for a job, once however often it is asked for.
	AddJob(ctx context.Context, j core.Job) error
}

// RescrubDeployment has the log of a deployment gone over for what is secret now. It comes
// about in the background, once the deployment has ended, and leaves a line in the log.
func (c *Control) RescrubDeployment(ctx context.Context, p auth.Principal, id core.ID) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	d, err := c.deployment(ctx, p, id)
	if err != nil {
		return err
	}
	if err := c.order(ctx, p, archive.Order{Deployment: d.UUID, Why: "asked for by " + whoIs(p.Actor)}); err != nil {
		return err
	}
	c.did(ctx, p, "rescrub asked for", id)
	return nil
}

func (c *Control) order(ctx context.Context, p auth.Principal, o archive.Order) error {
	return c.deps.Common.Jobs.AddJob(ctx, o.Job(p.TeamID))
}

func whoIs(a core.Actor) string {
	if a.Name == "" {
		return a.Kind
	}
	return a.Kind + " " + a.Name
}

// scrub has the logs of a resource gone over when one of its variables got another value,
// or was locked: what was printed of it before was no secret then. An error means that the
// variables are stored and the logs are as they were.
func (c *Control) scrub(ctx context.Context, p auth.Principal, o core.Owner, before, now []core.EnvVar) error {
	why := ""
	for _, e := range now {
		if newlySecret(before, e) {
			why = fmt.Sprintf("variable %s was set by %s", e.Key, whoIs(p.Actor))
			break
		}
	}
	if why == "" {
		return nil
	}
	return c.order(ctx, p, archive.Order{Kind: o.Kind, Resource: o.RowID, Why: why})
}

func newlySecret(before []core.EnvVar, e core.EnvVar) bool {
	for _, old := range before {
		if old.Key == e.Key && old.IsPreview == e.IsPreview {
			return !e.Value.Empty() && (old.Value.Reveal() != e.Value.Reveal() || e.IsShownOnce && !old.IsShownOnce)
		}
	}
	return !e.Value.Empty()
}

// scrubShared is scrub for a variable that any application of the team may use.
func (c *Control) scrubShared(ctx context.Context, p auth.Principal, e core.EnvVar) error {
	if e.Value.Empty() {
		return nil
	}
	all, err := c.resources(ctx, p, func(r Resource) bool { return r.Kind == core.KindApplication })
	for _, r := range all {
		if err == nil {
			err = c.scrub(ctx, p, core.Owner{Kind: r.Kind, RowID: r.RowID}, nil, []core.EnvVar{e})
		}
	}
	return err
}
