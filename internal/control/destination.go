package control

import (
	"cmp"
	"context"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// DestinationInput is a Docker network of a server that resources can be put on.
type DestinationInput struct {
	Server  core.ID
	Name    string // empty: that of the network
	Network string // empty: made of a new id
}

// TeamDestination is a destination together with its server.
type TeamDestination struct {
	core.Destination
	Server core.ID
}

// TeamDestinations returns the destinations of all servers of the team.
func (c *Control) TeamDestinations(ctx context.Context, p auth.Principal) ([]TeamDestination, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	servers, err := c.deps.Servers.ListServers(ctx, p.TeamID)
	if err != nil {
		return nil, err
	}
	of := map[int64]core.ID{}
	for _, s := range servers {
		of[s.RowID] = s.UUID
	}
	list, err := c.deps.Setup.Destinations.ListTeamDestinations(ctx, p.TeamID)
	out := make([]TeamDestination, len(list))
	for i, d := range list {
		out[i] = TeamDestination{d, of[d.ServerID]}
	}
	return out, err
}

// GetDestination returns one of them.
func (c *Control) GetDestination(ctx context.Context, p auth.Principal, id core.ID) (TeamDestination, error) {
	list, err := c.TeamDestinations(ctx, p)
	if err != nil {
		return TeamDestination{}, err
	}
	for _, d := range list {
		if d.UUID == id {
			return d, nil
		}
	}
	return TeamDestination{}, core.NotFound("Destination")
}

// CreateDestination adds a network to those that resources of a server can be put on. On
// the server it is made when something is deployed there. CodeConflict when the server
// has one with this network.
func (c *Control) CreateDestination(ctx context.Context, p auth.Principal, in DestinationInput) (TeamDestination, error) {
	if err := p.Require(auth.Write); err != nil {
		return TeamDestination{}, err
	}
	server, err := c.server(ctx, p, in.Server)
	if err != nil {
		return TeamDestination{}, err
	}
	d := core.Destination{UUID: core.NewID(), ServerID: server.RowID, Network: strings.TrimSpace(in.Network)}
	d.Network = cmp.Or(d.Network, string(d.UUID))
	d.Name = cmp.Or(strings.TrimSpace(in.Name), d.Network)
	f := faults{}
	f.name("name", d.Name)
	if f.short("network", d.Network) && !networkPattern.MatchString(d.Network) {
		f.add("network", "The network field may only contain letters, digits and - _ . and begins with a letter or digit.")
	}
	if err := f.err(); err != nil {
		return TeamDestination{}, err
	}
	d, err = c.deps.Setup.Destinations.CreateDestination(ctx, p.TeamID, d)
	if err != nil {
		return TeamDestination{}, named(err, "Server")
	}
	c.did(ctx, p, "destination created", d.UUID)
	return TeamDestination{d, server.UUID}, nil
}

// UpdateDestination renames a destination; its network stays.
func (c *Control) UpdateDestination(ctx context.Context, p auth.Principal, id core.ID, name *string) (TeamDestination, error) {
	if err := p.Require(auth.Write); err != nil {
		return TeamDestination{}, err
	}
	d, err := c.anyDestination(ctx, p, id)
	if err != nil {
		return TeamDestination{}, err
	}
	trim(&d.Name, name)
	f := faults{}
	f.name("name", d.Name)
	if err := f.err(); err != nil {
		return TeamDestination{}, err
	}
	if err := c.deps.Setup.Destinations.UpdateDestination(ctx, p.TeamID, d); err != nil {
		return TeamDestination{}, named(err, "Destination")
	}
	c.did(ctx, p, "destination updated", id)
	s, err := c.serverByRow(ctx, p, d.ServerID)
	return TeamDestination{d, s.UUID}, err
}

// DeleteDestination forgets a destination that has no resources; on the server nothing
// changes.
func (c *Control) DeleteDestination(ctx context.Context, p auth.Principal, id core.ID) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	if err := known(id, "Destination"); err != nil {
		return err
	}
	if err := c.deps.Setup.Destinations.DeleteDestination(ctx, p.TeamID, id); err != nil {
		return named(err, "Destination")
	}
	c.did(ctx, p, "destination deleted", id)
	return nil
}
