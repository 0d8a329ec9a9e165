package client

import (
	"context"

	"github.com/taffrail/taffrail/api"
)

// Scope is what shares variables. The zero Scope is the team.
type Scope struct{ path string }

// OfServer is what a server shares with everything that is deployed there.
func OfServer(uuid string) Scope { return Scope{"/servers/" + esc(uuid)} }

// OfProject is what a project shares with its applications.
func OfProject(uuid string) Scope { return Scope{"/projects/" + esc(uuid)} }

// OfEnvironment is what an environment, by name or uuid, shares with its applications.
func OfEnvironment(project, environment string) Scope {
	return Scope{"/projects/" + esc(project) + "/environments/" + esc(environment)}
}

func (s Scope) envs(below ...string) string {
	out := s.path
	if out == "" {
		out = "/team"
	}
	out += "/envs"
	for _, segment := range below {
		out += "/" + esc(segment)
	}
	return out
}

// ListShared lists the shared variables of a scope.
func (c *Client) ListShared(ctx context.Context, of Scope) ([]api.SharedEnvironmentVariable, error) {
	return get[[]api.SharedEnvironmentVariable](ctx, c, of.envs(), nil)
}

// CreateShared shares a variable; CodeConflict when its key is there.
func (c *Client) CreateShared(ctx context.Context, of Scope, r api.SharedEnvCreate) (api.SharedEnvCreated, error) {
	return post[api.SharedEnvCreated](ctx, c, of.envs(), r)
}

// UpdateShared changes a shared variable, by its uuid or number; nil fields stay as they are.
func (c *Client) UpdateShared(ctx context.Context, of Scope, env string, r api.SharedEnvUpdate) (api.SharedEnvironmentVariable, error) {
	return patch[api.SharedEnvironmentVariable](ctx, c, of.envs(env), r)
}

// DeleteShared removes a shared variable, by its uuid or number.
func (c *Client) DeleteShared(ctx context.Context, of Scope, env string) (api.Message, error) {
	return remove[api.Message](ctx, c, of.envs(env), nil)
}
