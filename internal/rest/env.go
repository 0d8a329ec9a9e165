package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) listEnvs(ctx context.Context, p auth.Principal, in one) ([]api.EnvironmentVariable, error) {
	envs, err := a.control.ListEnvs(ctx, p, core.KindService, core.ID(in.UUID))
	return list(envs, showEnv), err
}

type writeEnv struct {
	UUID string       `path:"uuid"`
	Body api.EnvWrite `in:"body"`
}

func (a *API) createEnv(ctx context.Context, p auth.Principal, in writeEnv) (api.UUID, error) {
	e, err := a.control.CreateEnv(ctx, p, core.KindService, core.ID(in.UUID), envInput(in.Body))
	return api.UUID{UUID: string(e.UUID)}, err
}

func (a *API) updateEnv(ctx context.Context, p auth.Principal, in writeEnv) (api.EnvironmentVariable, error) {
	e, err := a.control.UpdateEnv(ctx, p, core.KindService, core.ID(in.UUID), envInput(in.Body))
	return showEnv(e), err
}

type writeEnvs struct {
	UUID string      `path:"uuid"`
	Body api.EnvBulk `in:"body"`
}

func (a *API) upsertEnvs(ctx context.Context, p auth.Principal, in writeEnvs) ([]api.EnvironmentVariable, error) {
	envs, err := a.control.BulkEnvs(ctx, p, core.KindService, core.ID(in.UUID), list(in.Body.Data, envInput))
	return list(envs, showEnv), err
}

type oneEnv struct {
	UUID string `path:"uuid"`
	Env  string `path:"env"`
}

func (a *API) deleteEnv(ctx context.Context, p auth.Principal, in oneEnv) (api.Message, error) {
	err := a.control.DeleteEnv(ctx, p, core.KindService, core.ID(in.UUID), core.ID(in.Env))
	return api.Message{Message: "Environment variable deleted."}, err
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
