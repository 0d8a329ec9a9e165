package control

import (
	"context"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// EnvironmentInput is an environment that is to be created.
type EnvironmentInput struct {
	Name        string
	Description string
}

// EnvironmentDetail is an environment with its resources.
type EnvironmentDetail struct {
	core.Environment
	Applications []Application  // as GetApplication shows them
	Services     []core.Service // as GetService shows them
	Databases    []Database     // as GetDatabase shows them
}

// ListEnvironments returns the environments of a project.
func (c *Control) ListEnvironments(ctx context.Context, p auth.Principal, project core.ID) ([]core.Environment, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	o, err := c.project(ctx, p, project)
	return o.Environments, err
}

// GetEnvironment returns an environment of a project, named by its id or its name, with
// its resources.
func (c *Control) GetEnvironment(ctx context.Context, p auth.Principal, project core.ID, nameOrID string) (EnvironmentDetail, error) {
	if err := p.Require(auth.Read); err != nil {
		return EnvironmentDetail{}, err
	}
	e, err := c.environment(ctx, p, project, nameOrID)
	if err != nil {
		return EnvironmentDetail{}, err
	}
	list, err := c.deps.Services.ListServices(ctx, p.TeamID)
	if err != nil {
		return EnvironmentDetail{}, err
	}
	out := EnvironmentDetail{Environment: e, Services: []core.Service{}}
	for _, s := range list {
		if s.EnvironmentID == e.RowID {
			out.Services = append(out.Services, shownService(p, s))
		}
	}
	databases, err := c.deps.Databases.Store.ListDatabases(ctx, p.TeamID)
	if err != nil {
		return EnvironmentDetail{}, err
	}
	databases = slices.DeleteFunc(databases, func(db core.Database) bool { return db.EnvironmentID != e.RowID })
	if out.Databases, err = c.shownDatabases(ctx, p, databases); err != nil {
		return EnvironmentDetail{}, err
	}
	applications, err := c.deps.Applications.Store.ListApplications(ctx, p.TeamID)
	if err != nil {
		return EnvironmentDetail{}, err
	}
	applications = slices.DeleteFunc(applications, func(a core.Application) bool { return a.EnvironmentID != e.RowID })
	out.Applications, err = c.shownApplications(ctx, p, applications)
	return out, err
}

// CreateEnvironment adds an environment to a project.
func (c *Control) CreateEnvironment(ctx context.Context, p auth.Principal, project core.ID, in EnvironmentInput) (core.Environment, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.Environment{}, err
	}
	o, err := c.project(ctx, p, project)
	if err != nil {
		return core.Environment{}, err
	}
	e := core.Environment{
		UUID:        core.NewID(),
		ProjectID:   o.RowID,
		Name:        strings.TrimSpace(in.Name),
		Description: strings.TrimSpace(in.Description),
	}
	f := faults{}
	f.environment(e)
	if err := f.err(); err != nil {
		return core.Environment{}, err
	}
	e, err = c.deps.Environments.CreateEnvironment(ctx, p.TeamID, e)
	if err != nil {
		return core.Environment{}, named(instead(err, core.CodeConflict, environmentTaken()), "Project")
	}
	c.did(ctx, p, "environment created", e.UUID)
	return e, nil
}

// UpdateEnvironment changes an environment, named by its id or its name.
func (c *Control) UpdateEnvironment(ctx context.Context, p auth.Principal, project core.ID, nameOrID string, in ProjectPatch) (core.Environment, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.Environment{}, err
	}
	e, err := c.environment(ctx, p, project, nameOrID)
	if err != nil {
		return core.Environment{}, err
	}
	trim(&e.Name, in.Name)
	trim(&e.Description, in.Description)
	f := faults{}
	f.environment(e)
	if err := f.err(); err != nil {
		return core.Environment{}, err
	}
	if err := c.deps.Environments.UpdateEnvironment(ctx, p.TeamID, e); err != nil {
		return core.Environment{}, named(instead(err, core.CodeConflict, environmentTaken()), "Environment")
	}
	c.did(ctx, p, "environment updated", e.UUID)
	return c.environment(ctx, p, project, string(e.UUID))
}

// DeleteEnvironment deletes an environment that has no resources.
func (c *Control) DeleteEnvironment(ctx context.Context, p auth.Principal, project core.ID, nameOrID string) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	e, err := c.environment(ctx, p, project, nameOrID)
	if err != nil {
		return err
	}
	if err := c.deps.Environments.DeleteEnvironment(ctx, p.TeamID, project, e.UUID); err != nil {
		return named(err, "Environment")
	}
	c.did(ctx, p, "environment deleted", e.UUID)
	return nil
}

// environment finds an environment by id, or else by name: an environment that is
// called like the id of another does not hide it.
func (c *Control) environment(ctx context.Context, p auth.Principal, project core.ID, nameOrID string) (core.Environment, error) {
	o, err := c.project(ctx, p, project)
	if err != nil {
		return core.Environment{}, err
	}
	return pickEnvironment(o, nameOrID)
}

func pickEnvironment(o core.Project, nameOrID string) (core.Environment, error) {
	i := slices.IndexFunc(o.Environments, func(e core.Environment) bool { return string(e.UUID) == nameOrID })
	if i < 0 {
		i = slices.IndexFunc(o.Environments, func(e core.Environment) bool { return e.Name == nameOrID })
	}
	if i < 0 {
		return core.Environment{}, core.NotFound("Environment")
	}
	return o.Environments[i], nil
}

func (f faults) environment(e core.Environment) {
	f.name("name", e.Name)
	f.description(e.Description)
}

func environmentTaken() error {
	return core.Errorf(core.CodeConflict, "Environment with this name already exists.")
}
