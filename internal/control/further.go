package control

import (
	"context"
	"slices"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// Place is a destination that an application is deployed to.
type Place struct {
	core.Destination
	Server core.ID
	IsMain bool // it is deployed there first; the others follow when that went well
}

// ListPlaces returns where an application is deployed: first its own destination, then
// the further ones.
func (c *Control) ListPlaces(ctx context.Context, p auth.Principal, id core.ID) ([]Place, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	a, err := c.application(ctx, p, id)
	if err != nil {
		return nil, err
	}
	where, err := c.places(ctx, p)
	if err != nil {
		return nil, err
	}
	main, err := c.deps.Servers.ListDestinations(ctx, p.TeamID, where.servers[a.ServerID].UUID)
	if err != nil {
		return nil, named(err, "Server")
	}
	further, err := c.deps.Applications.Further.ListFurther(ctx, p.TeamID, a.RowID)
	if err != nil {
		return nil, named(err, "Application")
	}
	out := []Place{}
	for _, d := range slices.Concat(main, further) {
		if d.ServerID == a.ServerID && d.RowID != a.DestinationID {
			continue
		}
		out = append(out, Place{Destination: d, Server: where.servers[d.ServerID].UUID, IsMain: d.RowID == a.DestinationID})
	}
	return out, nil
}

// AddPlace has an application deployed to a further destination, from its next
// deployment on. CodeConflict when it is on that server already.
func (c *Control) AddPlace(ctx context.Context, p auth.Principal, id, destination core.ID) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	a, err := c.application(ctx, p, id)
	if err != nil {
		return err
	}
	d, err := c.anyDestination(ctx, p, destination)
	if err != nil {
		return err
	}
	if err := c.deps.Applications.Further.AddFurther(ctx, p.TeamID, a.RowID, d.RowID); err != nil {
		return named(err, "Destination")
	}
	c.did(ctx, p, "further destination added", id)
	return nil
}

// RemovePlace stops the deployments of an application to a further destination. What runs
// there is stopped first by a deployment of its own, unless the server is out of reach.
func (c *Control) RemovePlace(ctx context.Context, p auth.Principal, id, destination core.ID) (Queued, error) {
	if err := p.Require(auth.Write); err != nil {
		return Queued{}, err
	}
	a, err := c.application(ctx, p, id)
	if err != nil {
		return Queued{}, err
	}
	list, err := c.deps.Applications.Further.ListFurther(ctx, p.TeamID, a.RowID)
	if err != nil {
		return Queued{}, named(err, "Application")
	}
	i := slices.IndexFunc(list, func(d core.Destination) bool { return d.UUID == destination })
	if i < 0 {
		return Queued{}, core.NotFound("Destination")
	}
	there := ofApplication(a)
	there.ServerID = list[i].ServerID
	in := Action{Note: "The server is no longer one of the application's.", revision: core.Revision{OnlyHere: true}}
	q, err := c.enqueue(ctx, p, there, core.VerbStop, in)
	if err != nil {
		return Queued{}, err
	}
	if err := c.deps.Applications.Further.RemoveFurther(ctx, p.TeamID, a.RowID, list[i].RowID); err != nil {
		if !q.Joined {
			c.takeBack(ctx, p, q.Deployment)
		}
		return Queued{}, named(err, "Destination")
	}
	c.deps.Wake()
	c.did(ctx, p, "further destination removed", id)
	return q, nil
}

// anyDestination finds a destination of whatever server of the team.
func (c *Control) anyDestination(ctx context.Context, p auth.Principal, id core.ID) (core.Destination, error) {
	if err := known(id, "Destination"); err != nil {
		return core.Destination{}, err
	}
	servers, err := c.deps.Servers.ListServers(ctx, p.TeamID)
	if err != nil {
		return core.Destination{}, err
	}
	for _, s := range servers {
		list, err := c.deps.Servers.ListDestinations(ctx, p.TeamID, s.UUID)
		if err != nil {
			return core.Destination{}, named(err, "Destination")
		}
		if i := slices.IndexFunc(list, func(d core.Destination) bool { return d.UUID == id }); i >= 0 {
			return list[i], nil
		}
	}
	return core.Destination{}, core.NotFound("Destination")
}

// elsewhere are the further servers of an application, by row.
func (c *Control) elsewhere(ctx context.Context, p auth.Principal, r Resource) []int64 {
	list, err := c.deps.Applications.Further.ListFurther(ctx, p.TeamID, r.RowID)
	if err != nil {
		c.log.Error("further servers of an application not found", "uuid", string(r.UUID), "error", err)
	}
	var out []int64
	for _, d := range list {
		out = append(out, d.ServerID)
	}
	return out
}

// stopElsewhere queues stops on the further servers of an application whose own stop is
// queued. What cannot be queued is told to the operator: the stop itself goes on.
func (c *Control) stopElsewhere(ctx context.Context, p auth.Principal, r Resource, servers []int64, away core.Removal, note string) {
	if len(servers) == 0 {
		return
	}
	for _, row := range servers {
		r.ServerID = row
		in := Action{Options: core.Options{Remove: away}, Note: note, revision: core.Revision{OnlyHere: true}}
		if _, err := c.enqueue(ctx, p, r, core.VerbStop, in); err != nil {
			c.log.Error("application not stopped on a further server", "uuid", string(r.UUID), "server", row, "error", err)
		}
	}
	c.deps.Wake()
}
