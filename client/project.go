package client

import (
	"context"

	"github.com/taffrail/taffrail/api"
)

// ListProjects lists the projects of the team.
func (c *Client) ListProjects(ctx context.Context) ([]api.Project, error) {
	return get[[]api.Project](ctx, c, "/projects", nil)
}

// GetProject gets a project with its environments.
func (c *Client) GetProject(ctx context.Context, uuid string) (api.Project, error) {
	return get[api.Project](ctx, c, "/projects/"+esc(uuid), nil)
}

// CreateProject makes a project with an environment "production".
func (c *Client) CreateProject(ctx context.Context, r api.ProjectCreate) (api.UUID, error) {
	return post[api.UUID](ctx, c, "/projects", r)
}

// UpdateProject changes a project; nil fields stay as they are.
func (c *Client) UpdateProject(ctx context.Context, uuid string, r api.ProjectUpdate) (api.Named, error) {
	return patch[api.Named](ctx, c, "/projects/"+esc(uuid), r)
}

// DeleteProject removes a project that has no resources.
func (c *Client) DeleteProject(ctx context.Context, uuid string) (api.Message, error) {
	return remove[api.Message](ctx, c, "/projects/"+esc(uuid), nil)
}

// ListEnvironments lists the environments of a project.
func (c *Client) ListEnvironments(ctx context.Context, project string) ([]api.Environment, error) {
	return get[[]api.Environment](ctx, c, "/projects/"+esc(project)+"/environments", nil)
}

// GetEnvironment gets an environment, by name or uuid, with its resources.
func (c *Client) GetEnvironment(ctx context.Context, project, env string) (api.EnvironmentDetail, error) {
	return get[api.EnvironmentDetail](ctx, c, "/projects/"+esc(project)+"/"+esc(env), nil)
}

// CreateEnvironment makes an environment.
func (c *Client) CreateEnvironment(ctx context.Context, project string, r api.EnvironmentCreate) (api.UUID, error) {
	return post[api.UUID](ctx, c, "/projects/"+esc(project)+"/environments", r)
}

// UpdateEnvironment changes an environment, by name or uuid; nil fields stay as they are.
func (c *Client) UpdateEnvironment(ctx context.Context, project, env string, r api.EnvironmentUpdate) (api.Named, error) {
	return patch[api.Named](ctx, c, "/projects/"+esc(project)+"/environments/"+esc(env), r)
}

// DeleteEnvironment removes an environment, by name or uuid, that has no resources.
func (c *Client) DeleteEnvironment(ctx context.Context, project, env string) (api.Message, error) {
	return remove[api.Message](ctx, c, "/projects/"+esc(project)+"/environments/"+esc(env), nil)
}
