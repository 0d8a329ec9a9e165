package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) listProjects(ctx context.Context, p auth.Principal, _ none) ([]api.Project, error) {
	projects, err := a.control.ListProjects(ctx, p)
	return list(projects, showProject), err
}

func (a *API) getProject(ctx context.Context, p auth.Principal, in one) (api.Project, error) {
	o, err := a.control.GetProject(ctx, p, core.ID(in.UUID))
	return showProject(o), err
}

type createProject struct {
	Body api.ProjectCreate `in:"body"`
}

func (a *API) createProject(ctx context.Context, p auth.Principal, in createProject) (api.UUID, error) {
	o, err := a.control.CreateProject(ctx, p, control.ProjectInput{Name: in.Body.Name, Description: in.Body.Description})
	return api.UUID{UUID: string(o.UUID)}, err
}

type updateProject struct {
	UUID string            `path:"uuid"`
	Body api.ProjectUpdate `in:"body"`
}

func (a *API) updateProject(ctx context.Context, p auth.Principal, in updateProject) (api.Named, error) {
	o, err := a.control.UpdateProject(ctx, p, core.ID(in.UUID), control.ProjectPatch{Name: in.Body.Name, Description: in.Body.Description})
	return api.Named{UUID: string(o.UUID), Name: o.Name, Description: text(o.Description)}, err
}

func (a *API) deleteProject(ctx context.Context, p auth.Principal, in one) (api.Message, error) {
	err := a.control.DeleteProject(ctx, p, core.ID(in.UUID))
	return api.Message{Message: "Project deleted."}, err
}

func showProject(o core.Project) api.Project {
	return api.Project{
		ID: o.RowID, UUID: string(o.UUID), Description: text(o.Description), Name: o.Name,
		Environments: list(o.Environments, showEnvironment),
		CreatedAt:    at(o.CreatedAt), UpdatedAt: at(o.UpdatedAt),
	}
}
