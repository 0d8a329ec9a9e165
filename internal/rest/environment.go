package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// inProject names an environment by its uuid or its name.
type inProject struct {
	UUID        string `path:"uuid"`
	Environment string `path:"environment" doc:"Its uuid or its name."`
}

func (a *API) listEnvironments(ctx context.Context, p auth.Principal, in one) ([]api.Environment, error) {
	environments, err := a.control.ListEnvironments(ctx, p, core.ID(in.UUID))
	return list(environments, showEnvironment), err
}

func (a *API) getEnvironment(ctx context.Context, p auth.Principal, in inProject) (api.EnvironmentDetail, error) {
	e, err := a.control.GetEnvironment(ctx, p, core.ID(in.UUID), in.Environment)
	return api.EnvironmentDetail{
		Environment:  showEnvironment(e.Environment),
		Applications: list(e.Applications, showApplication),
		Services:     list(e.Services, showService),
		Databases:    list(e.Databases, databaseView(p)),
	}, err
}

type createEnvironment struct {
	UUID string                `path:"uuid"`
	Body api.EnvironmentCreate `in:"body"`
}

func (a *API) createEnvironment(ctx context.Context, p auth.Principal, in createEnvironment) (api.UUID, error) {
	e, err := a.control.CreateEnvironment(ctx, p, core.ID(in.UUID), control.EnvironmentInput{
		Name: in.Body.Name, Description: in.Body.Description,
	})
	return api.UUID{UUID: string(e.UUID)}, err
}

type updateEnvironment struct {
	UUID        string                `path:"uuid"`
	Environment string                `path:"environment" doc:"Its uuid or its name."`
	Body        api.EnvironmentUpdate `in:"body"`
}

func (a *API) updateEnvironment(ctx context.Context, p auth.Principal, in updateEnvironment) (api.Named, error) {
	e, err := a.control.UpdateEnvironment(ctx, p, core.ID(in.UUID), in.Environment, control.ProjectPatch{
		Name: in.Body.Name, Description: in.Body.Description,
	})
	return api.Named{UUID: string(e.UUID), Name: e.Name, Description: text(e.Description)}, err
}

func (a *API) deleteEnvironment(ctx context.Context, p auth.Principal, in inProject) (api.Message, error) {
	err := a.control.DeleteEnvironment(ctx, p, core.ID(in.UUID), in.Environment)
	return api.Message{Message: "Environment deleted."}, err
}

func showEnvironment(e core.Environment) api.Environment {
	return api.Environment{
		ID: e.RowID, UUID: string(e.UUID), Description: text(e.Description), Name: e.Name,
		ProjectID: e.ProjectID, CreatedAt: at(e.CreatedAt), UpdatedAt: at(e.UpdatedAt),
	}
}
