package rest

import (
	"context"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
)

// The inputs have the parameters of all paths below which variables are shared; ownPath
// leaves each route those of its own.

type listShared struct {
	UUID        string `path:"uuid"`
	Environment string `path:"environment" doc:"Its uuid or its name."`
}

type createShared struct {
	UUID        string              `path:"uuid"`
	Environment string              `path:"environment" doc:"Its uuid or its name."`
	Body        api.SharedEnvCreate `in:"body"`
}

type updateShared struct {
	UUID        string              `path:"uuid"`
	Environment string              `path:"environment" doc:"Its uuid or its name."`
	Env         string              `path:"env_id" doc:"Its number or its uuid."`
	Body        api.SharedEnvUpdate `in:"body"`
}

type deleteShared struct {
	UUID        string `path:"uuid"`
	Environment string `path:"environment" doc:"Its uuid or its name."`
	Env         string `path:"env_id" doc:"Its number or its uuid."`
}

// sharing is who shares variables: what clients call it, and where that is by the path.
type sharing struct {
	name string
	at   func(uuid, environment string) control.Scope
}

// sharedRoutes are the routes about variables that many applications name.
func (a *API) sharedRoutes() []Route {
	return slices.Concat(
		a.sharedBelow("/team", sharing{"team", func(string, string) control.Scope { return control.Scope{} }}),
		a.sharedBelow("/servers/{uuid}", sharing{"server", func(uuid, _ string) control.Scope {
			return control.Scope{Server: core.ID(uuid)}
		}}),
		a.sharedBelow("/projects/{uuid}", sharing{"project", func(uuid, _ string) control.Scope {
			return control.Scope{Project: core.ID(uuid)}
		}}),
		a.sharedBelow("/projects/{uuid}/environments/{environment}", sharing{"environment", func(uuid, environment string) control.Scope {
			return control.Scope{Project: core.ID(uuid), Environment: environment}
		}}),
	)
}

func (a *API) sharedBelow(path string, by sharing) []Route {
	path += "/envs"
	of := " of the " + by.name
	return []Route{
		ownPath(get(path, auth.Read, "List shared variables"+of, a.listShared(by))),
		ownPath(post(path, auth.Write, 201, "Share a variable"+of, a.createShared(by), 409)),
		ownPath(patch(path+"/{env_id}", auth.Write, 200, "Change a shared variable"+of, a.updateShared(by))),
		ownPath(remove(path+"/{env_id}", auth.Write, "Delete a shared variable"+of, a.deleteShared(by))),
	}
}

// ownPath is a route without parameters that its path does not have.
func ownPath(route Route) Route {
	route.In.Path = slices.DeleteFunc(route.In.Path, func(f httpio.Field) bool {
		return !strings.Contains(route.Path, "{"+f.Name+"}")
	})
	return route
}

func (a *API) listShared(by sharing) handler[listShared, []api.SharedEnvironmentVariable] {
	return func(ctx context.Context, p auth.Principal, in listShared) ([]api.SharedEnvironmentVariable, error) {
		found, err := a.control.ListShared(ctx, p, by.at(in.UUID, in.Environment))
		return list(found, by.show), err
	}
}

func (a *API) createShared(by sharing) handler[createShared, api.SharedEnvCreated] {
	return func(ctx context.Context, p auth.Principal, in createShared) (api.SharedEnvCreated, error) {
		e, err := a.control.CreateShared(ctx, p, by.at(in.UUID, in.Environment), sharedInput(in.Body.Key, in.Body.SharedEnvSettings))
		return api.SharedEnvCreated{ID: e.RowID, UUID: string(e.UUID)}, err
	}
}

func (a *API) updateShared(by sharing) handler[updateShared, api.SharedEnvironmentVariable] {
	return func(ctx context.Context, p auth.Principal, in updateShared) (api.SharedEnvironmentVariable, error) {
		e, err := a.control.UpdateShared(ctx, p, by.at(in.UUID, in.Environment), in.Env, sharedInput(in.Body.Key, in.Body.SharedEnvSettings))
		return by.show(e), err
	}
}

func (a *API) deleteShared(by sharing) handler[deleteShared, api.Message] {
	return func(ctx context.Context, p auth.Principal, in deleteShared) (api.Message, error) {
		err := a.control.DeleteShared(ctx, p, by.at(in.UUID, in.Environment), in.Env)
		return api.Message{Message: "Environment variable deleted."}, err
	}
}

func sharedInput(key string, s api.SharedEnvSettings) control.EnvInput {
	return control.EnvInput{
		Key: key, Value: secret(s.Value), Comment: s.Comment,
		IsLiteral: s.IsLiteral, IsMultiline: s.IsMultiline, IsShownOnce: s.IsShownOnce,
	}
}

func (by sharing) show(e control.Env) api.SharedEnvironmentVariable {
	out := api.SharedEnvironmentVariable{
		ID: e.RowID, UUID: string(e.UUID), Comment: text(e.Comment), IsLiteral: e.IsLiteral, IsMultiline: e.IsMultiline,
		IsShownOnce: e.IsShownOnce, Key: e.Key, Type: by.name, CreatedAt: at(e.CreatedAt), UpdatedAt: at(e.UpdatedAt),
	}
	if !e.Hidden {
		value := e.Value.Reveal()
		out.Value = &value
	}
	return out
}
