package rest

import (
	"context"
	"slices"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) listResources(ctx context.Context, p auth.Principal, _ none) ([]api.Resource, error) {
	found, err := a.control.Resources(ctx, p)
	return list(found, showResource), err
}

func (a *API) serverResources(ctx context.Context, p auth.Principal, in one) ([]api.Resource, error) {
	found, err := a.control.ServerResources(ctx, p, core.ID(in.UUID))
	return list(found, showResource), err
}

// listApplications and listDatabases show what the team has of a kind. Clients in the
// wild ask for these lists whatever they are about.
func (a *API) listApplications(ctx context.Context, p auth.Principal, _ none) ([]api.Resource, error) {
	return a.resourcesOf(ctx, p, core.KindApplication)
}

func (a *API) listDatabases(ctx context.Context, p auth.Principal, _ none) ([]api.Resource, error) {
	return a.resourcesOf(ctx, p, core.KindDatabase)
}

func (a *API) resourcesOf(ctx context.Context, p auth.Principal, kind core.Kind) ([]api.Resource, error) {
	found, err := a.control.Resources(ctx, p)
	found = slices.DeleteFunc(found, func(r control.Resource) bool { return r.Kind != kind })
	return list(found, showResource), err
}

func showResource(r control.Resource) api.Resource {
	return api.Resource{
		ID: r.RowID, UUID: string(r.UUID), Description: text(r.Description), Name: r.Name, Type: r.Type,
		Status: statusText(r.Status), ServerUUID: string(r.Server), EnvironmentUUID: string(r.Environment),
		ProjectUUID: string(r.Project), CreatedAt: at(r.CreatedAt), UpdatedAt: at(r.UpdatedAt),
	}
}
