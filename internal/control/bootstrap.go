package control

import (
	"context"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// Bootstrap makes what a fresh installation needs, and returns the principal of its
// first user, and this machine as a server: the root team, the server "localhost", and
// with that a project "default" with an environment "production". What is there stays
// as it is. It authorises nobody: it is for the program itself, at its start and on its
// command line.
func (c *Control) Bootstrap(ctx context.Context, trigger core.Trigger) (auth.Principal, core.Server, error) {
	team, user, err := c.deps.Teams.EnsureRoot(ctx)
	if err != nil {
		return auth.Principal{}, core.Server{}, err
	}
	user.Role = core.RoleOwner
	p := auth.ForUser(team.RowID, user, trigger)
	local, err := c.deps.Teams.EnsureLocalhost(ctx, team.RowID)
	return p, local, err
}
