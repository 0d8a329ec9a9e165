package rest

import (
	"context"

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

func showResource(r control.Resource) api.Resource {
	return api.Resource{
		ID: r.RowID, UUID: string(r.UUID), Description: text(r.Description), Name: r.Name, Type: r.Type,
		Status: statusText(r.Status), ServerUUID: string(r.Server), EnvironmentUUID: string(r.Environment),
		ProjectUUID: string(r.Project), CreatedAt: at(r.CreatedAt), UpdatedAt: at(r.UpdatedAt),
	}
}

func (a *API) getQueue(ctx context.Context, p auth.Principal, in one) (api.QueuePolicy, error) {
	policy, err := a.control.GetOverlap(ctx, p, core.ID(in.UUID))
	return api.QueuePolicy{Overlap: string(policy)}, err
}

type updateQueue struct {
	UUID string          `path:"uuid"`
	Body api.QueuePolicy `in:"body"`
}

func (a *API) updateQueue(ctx context.Context, p auth.Principal, in updateQueue) (api.QueuePolicy, error) {
	return in.Body, a.control.SetOverlap(ctx, p, core.ID(in.UUID), core.Overlap(in.Body.Overlap))
}
