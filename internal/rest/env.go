package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

type writeEnv struct {
	UUID string       `path:"uuid"`
	Body api.EnvWrite `in:"body"`
}

type writeEnvs struct {
	UUID string      `path:"uuid"`
	Body api.EnvBulk `in:"body"`
}

type oneEnv struct {
	UUID string `path:"uuid"`
	Env  string `path:"env"`
}

// envRoutes are the routes about variables of the resources at a path.
func (a *API) envRoutes(path string, kind core.Kind) []Route {
	path += "/envs"
	return []Route{
		get(path, auth.Read, "List variables", a.listEnvs(kind)),
		post(path, auth.Write, 201, "Add a variable", a.createEnv(kind), 409),
		patch(path, auth.Write, 201, "Change a variable", a.updateEnv(kind)),
		patch(path+"/bulk", auth.Write, 201, "Add or change many variables", a.upsertEnvs(kind)),
		remove(path+"/{env}", auth.Write, "Delete a variable", a.deleteEnv(kind)),
	}
}

func (a *API) listEnvs(kind core.Kind) handler[one, []api.EnvironmentVariable] {
	return func(ctx context.Context, p auth.Principal, in one) ([]api.EnvironmentVariable, error) {
		envs, err := a.control.ListEnvs(ctx, p, kind, core.ID(in.UUID))
		return list(envs, showEnv), err
	}
}

func (a *API) createEnv(kind core.Kind) handler[writeEnv, api.UUID] {
	return func(ctx context.Context, p auth.Principal, in writeEnv) (api.UUID, error) {
		e, err := a.control.CreateEnv(ctx, p, kind, core.ID(in.UUID), envInput(in.Body))
		return api.UUID{UUID: string(e.UUID)}, err
	}
}

func (a *API) updateEnv(kind core.Kind) handler[writeEnv, api.EnvironmentVariable] {
	return func(ctx context.Context, p auth.Principal, in writeEnv) (api.EnvironmentVariable, error) {
		e, err := a.control.UpdateEnv(ctx, p, kind, core.ID(in.UUID), envInput(in.Body))
		return showEnv(e), err
	}
}

func (a *API) upsertEnvs(kind core.Kind) handler[writeEnvs, []api.EnvironmentVariable] {
	return func(ctx context.Context, p auth.Principal, in writeEnvs) ([]api.EnvironmentVariable, error) {
		envs, err := a.control.BulkEnvs(ctx, p, kind, core.ID(in.UUID), list(in.Body.Data, envInput))
		return list(envs, showEnv), err
	}
}

func (a *API) deleteEnv(kind core.Kind) handler[oneEnv, api.Message] {
	return func(ctx context.Context, p auth.Principal, in oneEnv) (api.Message, error) {
		err := a.control.DeleteEnv(ctx, p, kind, core.ID(in.UUID), core.ID(in.Env))
		return api.Message{Message: "Environment variable deleted."}, err
	}
}

func envInput(w api.EnvWrite) control.EnvInput {
	return control.EnvInput{
		Key: w.Key, Value: secret(w.Value), Comment: w.Comment, IsPreview: w.IsPreview,
		IsLiteral: w.IsLiteral, IsMultiline: w.IsMultiline, IsShownOnce: w.IsShownOnce,
		IsRuntime: w.IsRuntime, IsBuildtime: w.IsBuildtime,
	}
}

func showEnv(e control.Env) api.EnvironmentVariable {
	out := api.EnvironmentVariable{
		ID: e.RowID, UUID: string(e.UUID), Comment: text(e.Comment), IsBuildtime: e.IsBuildtime,
		IsLiteral: e.IsLiteral, IsMultiline: e.IsMultiline, IsPreview: e.IsPreview, IsRequired: e.IsRequired,
		IsRuntime: e.IsRuntime, IsShownOnce: e.IsShownOnce, Key: e.Key,
		ResourceableID: e.Owner.RowID, ResourceableType: e.Owner.Kind.Title(), Version: e.Version,
		CreatedAt: at(e.CreatedAt), UpdatedAt: at(e.UpdatedAt),
	}
	if !e.Hidden {
		value := e.Value.Reveal()
		out.Value, out.RealValue = &value, &value
	}
	return out
}
