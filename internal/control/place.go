package control

import (
	"context"
	"slices"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// place is where a new resource is to go, as people name it.
type place struct {
	project     core.ID
	environment string // id or name
	server      core.ID
	destination core.ID // may be empty when the server has only one
}

// site is what a place turned out to be.
type site struct {
	environment core.Environment
	server      core.Server
	destination core.Destination
}

// place checks that what must be named is named.
func (f faults) place(at place) {
	f.required("project_uuid", string(at.project))
	f.required("server_uuid", string(at.server))
	if at.environment == "" {
		const text = "You need to provide at least one of environment_name or environment_uuid."
		f.add("environment_name", text)
		f.add("environment_uuid", text)
	}
}

// locate finds where a new resource goes: every id is looked up among the team's own.
func (c *Control) locate(ctx context.Context, p auth.Principal, at place) (site, error) {
	e, err := c.environment(ctx, p, at.project, at.environment)
	if err != nil {
		return site{}, err
	}
	server, err := c.server(ctx, p, at.server)
	if err != nil {
		return site{}, err
	}
	destination, err := c.destination(ctx, p, server, at.destination)
	return site{environment: e, server: server, destination: destination}, err
}

func (c *Control) destination(ctx context.Context, p auth.Principal, s core.Server, id core.ID) (core.Destination, error) {
	list, err := c.deps.Servers.ListDestinations(ctx, p.TeamID, s.UUID)
	if err != nil {
		return core.Destination{}, named(err, "Server")
	}
	if id != "" {
		i := slices.IndexFunc(list, func(d core.Destination) bool { return d.UUID == id })
		if i < 0 {
			return core.Destination{}, core.NotFound("Destination")
		}
		return list[i], nil
	}
	switch len(list) {
	case 0:
		return core.Destination{}, core.Errorf(core.CodeBadRequest, "Server has no destinations.")
	case 1:
		return list[0], nil
	default:
		return core.Destination{}, core.Errorf(core.CodeBadRequest,
			"Server has multiple destinations and you do not set destination_uuid.")
	}
}
