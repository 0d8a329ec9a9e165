package control

import (
	"context"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// TeamPatch changes a team; what is nil stays.
type TeamPatch struct {
	Name            *string
	Description     *string
	AllowHostAccess *bool // see core.Team; only an owner may change it
}

// ListTeams returns the teams that p can see: its own.
func (c *Control) ListTeams(ctx context.Context, p auth.Principal) ([]core.Team, error) {
	t, err := c.CurrentTeam(ctx, p)
	if err != nil {
		return nil, err
	}
	return []core.Team{t}, nil
}

// CurrentTeam returns the team that p works for.
func (c *Control) CurrentTeam(ctx context.Context, p auth.Principal) (core.Team, error) {
	return c.GetTeam(ctx, p, p.TeamID)
}

// GetTeam returns a team by row id; any other than p's own is missing.
func (c *Control) GetTeam(ctx context.Context, p auth.Principal, row int64) (core.Team, error) {
	if err := p.Require(auth.Read); err != nil {
		return core.Team{}, err
	}
	if row != p.TeamID {
		return core.Team{}, core.NotFound("Team")
	}
	t, err := c.deps.Teams.GetTeam(ctx, row)
	return t, named(err, "Team")
}

// UpdateTeam changes the team that p works for.
func (c *Control) UpdateTeam(ctx context.Context, p auth.Principal, in TeamPatch) (core.Team, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.Team{}, err
	}
	if in.AllowHostAccess != nil && p.Role != core.RoleOwner {
		return core.Team{}, core.Errorf(core.CodeForbidden, "Missing required team role.")
	}
	if in.AllowHostAccess != nil {
		if err := p.Require(auth.Root); err != nil {
			return core.Team{}, err
		}
	}
	t, err := c.GetTeam(ctx, p, p.TeamID)
	if err != nil {
		return core.Team{}, err
	}
	trim(&t.Name, in.Name)
	trim(&t.Description, in.Description)
	set(&t.AllowHostAccess, in.AllowHostAccess)
	f := faults{}
	f.name("name", t.Name)
	f.description(t.Description)
	if err := f.err(); err != nil {
		return core.Team{}, err
	}
	if err := c.deps.Teams.UpdateTeam(ctx, t); err != nil {
		return core.Team{}, named(err, "Team")
	}
	c.did(ctx, p, "team updated", "")
	return c.GetTeam(ctx, p, p.TeamID)
}

// CurrentMembers returns the members of the team that p works for.
func (c *Control) CurrentMembers(ctx context.Context, p auth.Principal) ([]core.User, error) {
	return c.ListMembers(ctx, p, p.TeamID)
}

// ListMembers returns the members of a team by row id; any other than p's own is
// missing. Passwords are left out.
func (c *Control) ListMembers(ctx context.Context, p auth.Principal, row int64) ([]core.User, error) {
	if _, err := c.GetTeam(ctx, p, row); err != nil {
		return nil, err
	}
	list, err := c.deps.Teams.ListMembers(ctx, row)
	for i := range list {
		list[i].Password = core.Secret{}
	}
	return list, err
}
