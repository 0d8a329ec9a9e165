package control

import (
	"context"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// ApplicationSaved is an application that was created or changed.
type ApplicationSaved struct {
	Application Application
	Domains     []string
	Warnings    []string        // what will not be as one may think, and why
	Deployment  core.Deployment // that was queued with it, if any
}

// CreateApplication stores an application.
func (c *Control) CreateApplication(ctx context.Context, p auth.Principal, in ApplicationInput) (ApplicationSaved, error) {
	if err := p.Require(auth.Write); err != nil {
		return ApplicationSaved{}, err
	}
	a := newApplication(p.TeamID, in)
	f := faults{}
	f.place(in.place())
	f.name("name", a.Name)
	if err := f.err(); err != nil {
		return ApplicationSaved{}, err
	}
	at, err := c.locate(ctx, p, in.place())
	if err != nil {
		return ApplicationSaved{}, err
	}
	a.EnvironmentID, a.ServerID, a.DestinationID = at.environment.RowID, at.server.RowID, at.destination.RowID
	a, err = c.deps.Applications.Store.CreateApplication(ctx, a, nil)
	if err != nil {
		return ApplicationSaved{}, err
	}
	c.did(p, "application created", a.UUID)
	return c.savedApplication(ctx, p, a.UUID, in.InstantDeploy)
}

// UpdateApplication changes an application. What runs goes on as it is until it is
// deployed.
func (c *Control) UpdateApplication(ctx context.Context, p auth.Principal, id core.ID, in ApplicationPatch) (ApplicationSaved, error) {
	if err := p.Require(auth.Write); err != nil {
		return ApplicationSaved{}, err
	}
	a, err := c.application(ctx, p, id)
	if err != nil {
		return ApplicationSaved{}, err
	}
	if err := c.deps.Applications.Store.UpdateApplication(ctx, in.onto(a)); err != nil {
		return ApplicationSaved{}, named(err, "Application")
	}
	c.did(p, "application updated", id)
	return c.savedApplication(ctx, p, id, in.InstantDeploy)
}

// savedApplication makes the answer, and queues the deployment that was asked for with it.
func (c *Control) savedApplication(ctx context.Context, p auth.Principal, id core.ID, deploy bool) (ApplicationSaved, error) {
	a, err := c.application(ctx, p, id)
	if err != nil {
		return ApplicationSaved{}, err
	}
	out := ApplicationSaved{Domains: split(a.Serve.Domains)}
	if deploy {
		var warning string
		out.Deployment, warning = c.runSaved(ctx, p, ofApplication(a), core.VerbDeploy, core.Options{})
		if warning != "" {
			out.Warnings = append(out.Warnings, warning)
		}
	}
	out.Application, err = c.shownApplication(ctx, p, a)
	return out, err
}

func newApplication(team int64, in ApplicationInput) core.Application {
	a := in.onto(core.Application{UUID: core.NewID(), TeamID: team})
	if a.Name == "" {
		a.Name = "application-" + string(a.UUID)
	}
	return a
}
