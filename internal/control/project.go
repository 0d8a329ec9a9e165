package control

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

const minProjectName = 3

// ProjectInput is a project that is to be created.
type ProjectInput struct {
	Name        string
	Description string
}

// ProjectPatch changes a project or an environment; what is nil stays.
type ProjectPatch struct {
	Name        *string
	Description *string
}

// ListProjects returns the projects of the team with their environments.
func (c *Control) ListProjects(ctx context.Context, p auth.Principal) ([]core.Project, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	return c.deps.Projects.ListProjects(ctx, p.TeamID)
}

// GetProject returns one project with its environments.
func (c *Control) GetProject(ctx context.Context, p auth.Principal, id core.ID) (core.Project, error) {
	if err := p.Require(auth.Read); err != nil {
		return core.Project{}, err
	}
	return c.project(ctx, p, id)
}

// CreateProject stores a project with an environment "production".
func (c *Control) CreateProject(ctx context.Context, p auth.Principal, in ProjectInput) (core.Project, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.Project{}, err
	}
	o := core.Project{
		UUID:        core.NewID(),
		TeamID:      p.TeamID,
		Name:        strings.TrimSpace(in.Name),
		Description: strings.TrimSpace(in.Description),
	}
	f := faults{}
	f.project(o)
	if err := f.err(); err != nil {
		return core.Project{}, err
	}
	o, err := c.deps.Projects.CreateProject(ctx, o)
	if err != nil {
		return core.Project{}, err
	}
	c.did(ctx, p, "project created", o.UUID)
	return o, nil
}

// UpdateProject changes a project.
func (c *Control) UpdateProject(ctx context.Context, p auth.Principal, id core.ID, in ProjectPatch) (core.Project, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.Project{}, err
	}
	o, err := c.project(ctx, p, id)
	if err != nil {
		return core.Project{}, err
	}
	trim(&o.Name, in.Name)
	trim(&o.Description, in.Description)
	f := faults{}
	f.project(o)
	if err := f.err(); err != nil {
		return core.Project{}, err
	}
	if err := c.deps.Projects.UpdateProject(ctx, o); err != nil {
		return core.Project{}, named(err, "Project")
	}
	c.did(ctx, p, "project updated", id)
	return c.project(ctx, p, id)
}

// DeleteProject deletes a project that has no resources, with its environments.
func (c *Control) DeleteProject(ctx context.Context, p auth.Principal, id core.ID) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	if err := known(id, "Project"); err != nil {
		return err
	}
	if err := c.deps.Projects.DeleteProject(ctx, p.TeamID, id); err != nil {
		return named(err, "Project")
	}
	c.did(ctx, p, "project deleted", id)
	return nil
}

func (c *Control) project(ctx context.Context, p auth.Principal, id core.ID) (core.Project, error) {
	if err := known(id, "Project"); err != nil {
		return core.Project{}, err
	}
	o, err := c.deps.Projects.GetProject(ctx, p.TeamID, id)
	return o, named(err, "Project")
}

func (f faults) project(o core.Project) {
	f.name("name", o.Name)
	if o.Name != "" && utf8.RuneCountInString(o.Name) < minProjectName {
		f.add("name", "The name field must be at least %d characters.", minProjectName)
	}
	f.description(o.Description)
}
