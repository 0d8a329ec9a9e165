package control

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// Resource is what all kinds of resources have in common.
type Resource struct {
	RowID         int64
	UUID          core.ID
	Kind          core.Kind
	Type          string // as clients know it: the kind, or "standalone-" and the engine of a database
	Name          string
	Description   string
	Status        string // "<state>:<health>", as last seen
	EnvironmentID int64
	ServerID      int64
	Project       core.ID // filled in by Resources and ServerResources
	Environment   core.ID
	Server        core.ID
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// access is how control reaches the resources of one kind without knowing more of it.
type access struct {
	kind   core.Kind
	get    func(ctx context.Context, team int64, id core.ID) (Resource, error)
	list   func(ctx context.Context, team int64) ([]Resource, error)
	remove func(ctx context.Context, team int64, id core.ID) error
	began  string // what clients show when it is deployed, behind its kind and name
	// ready refuses a verb that cannot be carried out as asked; nil: there is none.
	ready func(ctx context.Context, p auth.Principal, r Resource, verb core.Verb, in Action) error
	// revise fills in what has to be found out before a deployment is queued; nil: nothing.
	revise func(ctx context.Context, p auth.Principal, r Resource, verb core.Verb, in Action) (Action, error)
	// says is what clients show of a verb, "" for what all kinds say; nil: always that.
	says func(r Resource, verb core.Verb, joined bool) string
	// brings is what the kind mounts by itself; nil: what people mount is not stored either.
	brings func(ctx context.Context, team int64, id core.ID) ([]core.Storage, error)
}

func resourcesOf[T any](list []T, of func(T) Resource) []Resource {
	out := make([]Resource, 0, len(list))
	for _, one := range list {
		out = append(out, of(one))
	}
	return out
}

// access finds the access to a kind; CodeNotFound when there is none.
func (c *Control) access(kind core.Kind) (access, error) {
	for _, a := range c.kinds {
		if a.kind == kind {
			return a, nil
		}
	}
	return access{}, core.NotFound(kind.Title())
}

// Resources returns the resources of all kinds of the team.
func (c *Control) Resources(ctx context.Context, p auth.Principal) ([]Resource, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	return c.resources(ctx, p, func(Resource) bool { return true })
}

// ServerResources returns the resources on one server.
func (c *Control) ServerResources(ctx context.Context, p auth.Principal, server core.ID) ([]Resource, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	s, err := c.server(ctx, p, server)
	if err != nil {
		return nil, err
	}
	return c.resources(ctx, p, func(r Resource) bool { return r.ServerID == s.RowID })
}

func (c *Control) resources(ctx context.Context, p auth.Principal, wanted func(Resource) bool) ([]Resource, error) {
	where, err := c.places(ctx, p)
	if err != nil {
		return nil, err
	}
	out := []Resource{}
	for _, a := range c.kinds {
		list, err := a.list(ctx, p.TeamID)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			if wanted(r) {
				out = append(out, where.fill(r))
			}
		}
	}
	return out, nil
}

// resource finds a live resource of one kind.
func (c *Control) resource(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID) (Resource, error) {
	if err := known(id, kind.Title()); err != nil {
		return Resource{}, err
	}
	a, err := c.access(kind)
	if err != nil {
		return Resource{}, err
	}
	r, err := a.get(ctx, p.TeamID, id)
	return r, named(err, kind.Title())
}

// anyResource finds a live resource of whatever kind.
func (c *Control) anyResource(ctx context.Context, p auth.Principal, id core.ID) (Resource, error) {
	for _, a := range c.kinds {
		r, err := c.resource(ctx, p, a.kind, id)
		if core.CodeOf(err) != core.CodeNotFound {
			return r, err
		}
	}
	return Resource{}, core.NotFound("Resource")
}

// places says which row is which environment, project and server.
type places struct {
	projects     map[int64]core.ID // by environment
	environments map[int64]core.ID
	servers      map[int64]core.Server
}

func (c *Control) places(ctx context.Context, p auth.Principal) (places, error) {
	out := places{map[int64]core.ID{}, map[int64]core.ID{}, map[int64]core.Server{}}
	projects, err := c.deps.Projects.ListProjects(ctx, p.TeamID)
	if err != nil {
		return out, err
	}
	servers, err := c.deps.Servers.ListServers(ctx, p.TeamID)
	if err != nil {
		return out, err
	}
	for _, o := range projects {
		for _, e := range o.Environments {
			out.projects[e.RowID], out.environments[e.RowID] = o.UUID, e.UUID
		}
	}
	for _, s := range servers {
		out.servers[s.RowID] = s
	}
	return out, nil
}

func (w places) fill(r Resource) Resource {
	r.Project = w.projects[r.EnvironmentID]
	r.Environment = w.environments[r.EnvironmentID]
	r.Server = w.servers[r.ServerID].UUID
	return r
}
