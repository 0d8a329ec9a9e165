package control

import (
	"context"
	"fmt"
	"slices"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// Application is an application as somebody may see it: the Dockerfile, passwords, secrets
// of webhooks and what may hold some are empty unless that somebody may see secrets.
type Application struct {
	core.Application
	Project     core.ID
	Environment core.ID
	Server      core.ID
}

// ListApplications returns the applications of the team.
func (c *Control) ListApplications(ctx context.Context, p auth.Principal) ([]Application, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	list, err := c.deps.Applications.Store.ListApplications(ctx, p.TeamID)
	if err != nil {
		return nil, err
	}
	return c.shownApplications(ctx, p, list)
}

// GetApplication returns one application.
func (c *Control) GetApplication(ctx context.Context, p auth.Principal, id core.ID) (Application, error) {
	if err := p.Require(auth.Read); err != nil {
		return Application{}, err
	}
	a, err := c.application(ctx, p, id)
	if err != nil {
		return Application{}, err
	}
	return c.shownApplication(ctx, p, a)
}

// StartApplication queues a deployment: an application that is started is deployed, which
// builds nothing that is there already. in.Options.Force builds everything anew.
func (c *Control) StartApplication(ctx context.Context, p auth.Principal, id core.ID, in Action) (Queued, error) {
	q, err := c.act(ctx, p, core.KindApplication, id, core.VerbDeploy, in)
	if err == nil && !q.Joined {
		q.Message = "Deployment request queued."
	}
	return q, err
}

// StopApplication queues a stop. CodeBadRequest when the application is stopped and
// nothing that is under way is going to change that.
func (c *Control) StopApplication(ctx context.Context, p auth.Principal, id core.ID, in Action) (Queued, error) {
	q, err := c.act(ctx, p, core.KindApplication, id, core.VerbStop, in)
	if err != nil {
		return Queued{}, err
	}
	// It was found a moment ago, also where it is gone by now.
	c.stopElsewhere(ctx, p, q.Resource, c.elsewhere(ctx, p, q.Resource), q.Deployment.Options.Remove, q.Deployment.Note)
	return q, nil
}

// RestartApplication queues a restart, which never builds.
func (c *Control) RestartApplication(ctx context.Context, p auth.Principal, id core.ID, in Action) (Queued, error) {
	return c.act(ctx, p, core.KindApplication, id, core.VerbRestart, in)
}

// DeleteApplication queues a stop that takes away what remove says, and deletes the
// application: it is gone for everybody at once, but its deployments stay readable. What
// is under way for it is cancelled first.
func (c *Control) DeleteApplication(ctx context.Context, p auth.Principal, id core.ID, remove core.Removal) (Queued, error) {
	if err := p.Require(auth.Write); err != nil {
		return Queued{}, err
	}
	a, err := c.application(ctx, p, id)
	if err != nil {
		return Queued{}, err
	}
	previews, err := c.deps.Applications.Revisions.ListPreviews(ctx, p.TeamID, a.RowID)
	if err != nil {
		return Queued{}, named(err, "Application")
	}
	r := ofApplication(a)
	servers := c.elsewhere(ctx, p, r)
	q, err := c.remove(ctx, p, core.KindApplication, id, remove)
	if err != nil {
		return Queued{}, err
	}
	c.stopElsewhere(ctx, p, r, servers, remove, q.Deployment.Note)
	c.stopPreviews(ctx, p, r, previews, remove)
	return q, nil
}

func (c *Control) application(ctx context.Context, p auth.Principal, id core.ID) (core.Application, error) {
	if err := known(id, "Application"); err != nil {
		return core.Application{}, err
	}
	a, err := c.deps.Applications.Store.GetApplication(ctx, p.TeamID, id)
	return a, named(err, "Application")
}

func (c *Control) applicationAccess(store ApplicationStore) access {
	return access{
		kind: core.KindApplication,
		get: func(ctx context.Context, team int64, id core.ID) (Resource, error) {
			a, err := store.GetApplication(ctx, team, id)
			return ofApplication(a), err
		},
		list: func(ctx context.Context, team int64) ([]Resource, error) {
			list, err := store.ListApplications(ctx, team)
			return resourcesOf(list, ofApplication), err
		},
		remove: func(ctx context.Context, team int64, id core.ID) error { return store.DeleteApplication(ctx, team, id) },
		began:  "deployment queued.",
		revise: c.revise,
		says:   saysApplication,
		brings: func(context.Context, int64, core.ID) ([]core.Storage, error) { return nil, nil },
	}
}

// saysApplication are the messages that clients know of applications.
func saysApplication(r Resource, verb core.Verb, joined bool) string {
	switch {
	case joined && begins(verb):
		return "Deployment already queued for this commit."
	case verb == core.VerbDeploy:
		return fmt.Sprintf("Application %s deployment queued.", r.Name)
	case verb == core.VerbRestart:
		return "Restart request queued."
	case verb == core.VerbRollback:
		return "Rollback deployment queued."
	default:
		return ""
	}
}

func ofApplication(a core.Application) Resource {
	return Resource{
		RowID:         a.RowID,
		UUID:          a.UUID,
		Kind:          core.KindApplication,
		Type:          string(core.KindApplication),
		Name:          a.Name,
		Description:   a.Description,
		Status:        a.Status,
		EnvironmentID: a.EnvironmentID,
		ServerID:      a.ServerID,
		CreatedAt:     a.CreatedAt,
		UpdatedAt:     a.UpdatedAt,
	}
}

func (c *Control) shownApplication(ctx context.Context, p auth.Principal, a core.Application) (Application, error) {
	list, err := c.shownApplications(ctx, p, []core.Application{a})
	if err != nil {
		return Application{}, err
	}
	return list[0], nil
}

func (c *Control) shownApplications(ctx context.Context, p auth.Principal, list []core.Application) ([]Application, error) {
	where, err := c.places(ctx, p)
	if err != nil {
		return nil, err
	}
	out := make([]Application, 0, len(list))
	for _, a := range list {
		if !p.SeesSecrets() {
			a = withoutHidden(a)
		}
		out = append(out, Application{
			Application: a, Project: where.projects[a.EnvironmentID], Environment: where.environments[a.EnvironmentID],
			Server: where.servers[a.ServerID].UUID,
		})
	}
	return out, nil
}

// withoutHidden is an application without what only some may see: what people write into
// texts that run may hold passwords as well as fields that are for them.
func withoutHidden(a core.Application) core.Application {
	none := core.Secret{}
	a.Build.Dockerfile, a.Build.NginxConf = "", ""
	a.Serve.Password, a.Serve.Labels = none, ""
	a.Ran.Composed.Raw, a.Ran.Composed.Text = none, none
	a.Serve.NoIndex = slices.Clone(a.Serve.NoIndex)
	h := &a.Hooks
	h.GitHub, h.GitLab, h.Bitbucket, h.Gitea, h.Generic = none, none, none, none, none
	return a
}
