package control

import (
	"context"
	"slices"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// Bootstrap makes what a fresh installation needs, and returns the principal of its
// first user: the root team, this machine as server "localhost", and a project
// "default" with an environment "production" when the team has no project at all. What
// is there stays as it is. It authorises nobody: it is for the program itself, at its
// start and on its command line.
func (c *Control) Bootstrap(ctx context.Context, trigger core.Trigger) (auth.Principal, error) {
	team, user, err := c.deps.Teams.EnsureRoot(ctx)
	if err != nil {
		return auth.Principal{}, err
	}
	user.Role = core.RoleOwner
	p := auth.ForUser(team.RowID, user, trigger)
	p.Actor = core.Actor{Kind: "system", ID: user.RowID, Name: "taffrail"}
	if err := c.ensureLocalhost(ctx, p); err != nil {
		return auth.Principal{}, err
	}
	return p, c.ensureProject(ctx, p)
}

func (c *Control) ensureLocalhost(ctx context.Context, p auth.Principal) error {
	list, err := c.deps.Servers.ListServers(ctx, p.TeamID)
	if err != nil || slices.ContainsFunc(list, core.Server.Local) {
		return err
	}
	s := newServer(p.TeamID, ServerInput{
		Name: "localhost", Description: "The machine that Taffrail runs on.", IP: core.LocalhostIP,
	})
	s, err = c.deps.Servers.CreateServer(ctx, s)
	if err != nil {
		return instead(err, core.CodeConflict, nil) // another controller was quicker
	}
	c.did(p, "server created", s.UUID)
	return nil
}

func (c *Control) ensureProject(ctx context.Context, p auth.Principal) error {
	list, err := c.deps.Projects.ListProjects(ctx, p.TeamID)
	if err != nil || len(list) > 0 {
		return err
	}
	_, err = c.CreateProject(ctx, p, ProjectInput{Name: "default"})
	return err
}
