package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) listDestinations(ctx context.Context, p auth.Principal, in one) ([]api.Destination, error) {
	found, err := a.control.ListDestinations(ctx, p, core.ID(in.UUID))
	return list(found, func(d core.Destination) api.Destination { return showDestination(d, core.ID(in.UUID)) }), err
}

func (a *API) teamDestinations(ctx context.Context, p auth.Principal, _ none) ([]api.Destination, error) {
	found, err := a.control.TeamDestinations(ctx, p)
	return list(found, showTeamDestination), err
}

func (a *API) getDestination(ctx context.Context, p auth.Principal, in one) (api.Destination, error) {
	d, err := a.control.GetDestination(ctx, p, core.ID(in.UUID))
	return showTeamDestination(d), err
}

type createDestination struct {
	UUID string                `path:"uuid"`
	Body api.DestinationCreate `in:"body"`
}

func (a *API) createDestination(ctx context.Context, p auth.Principal, in createDestination) (api.Destination, error) {
	d, err := a.control.CreateDestination(ctx, p, control.DestinationInput{
		Server: core.ID(in.UUID), Name: in.Body.Name, Network: in.Body.Network,
	})
	return showTeamDestination(d), err
}

type updateDestination struct {
	UUID string                `path:"uuid"`
	Body api.DestinationUpdate `in:"body"`
}

func (a *API) updateDestination(ctx context.Context, p auth.Principal, in updateDestination) (api.Destination, error) {
	d, err := a.control.UpdateDestination(ctx, p, core.ID(in.UUID), in.Body.Name)
	return showTeamDestination(d), err
}

func (a *API) deleteDestination(ctx context.Context, p auth.Principal, in one) (api.Message, error) {
	err := a.control.DeleteDestination(ctx, p, core.ID(in.UUID))
	return api.Message{Message: "Destination deleted."}, err
}

func showTeamDestination(d control.TeamDestination) api.Destination {
	return showDestination(d.Destination, d.Server)
}

func showDestination(d core.Destination, server core.ID) api.Destination {
	return api.Destination{
		UUID: string(d.UUID), Name: d.Name, Network: d.Network, ServerUUID: string(server), Type: "standalone",
		CreatedAt: at(d.CreatedAt), UpdatedAt: at(d.UpdatedAt),
	}
}
