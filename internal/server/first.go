package server

import (
	"context"
	"os"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// What a first start makes.
const (
	localName      = "localhost"
	defaultProject = "default"
)

// prepare makes the root team with its first user, and for a team that has nothing yet
// the machine itself as a server and a project to put things in. It says whether that
// was the first start. Of several controllers that start at once, one does it.
func prepare(ctx context.Context, db *sqlstore.DB) (team core.Team, user core.User, first bool, err error) {
	team, user, err = db.EnsureRoot(ctx)
	if err != nil {
		return team, user, false, err
	}
	servers, err := db.ListServers(ctx, team.RowID)
	if err != nil || len(servers) > 0 {
		return team, user, false, err
	}
	projects, err := db.ListProjects(ctx, team.RowID)
	if err != nil || len(projects) > 0 {
		return team, user, false, err
	}
	// An address is there once: whoever gets it makes the rest.
	switch _, err = db.CreateServer(ctx, localServer(team)); {
	case core.CodeOf(err) == core.CodeConflict:
		return team, user, false, nil
	case err != nil:
		return team, user, false, err
	}
	_, err = db.CreateProject(ctx, core.Project{UUID: core.NewID(), TeamID: team.RowID, Name: defaultProject})
	return team, user, true, err
}

func localServer(team core.Team) core.Server {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return core.Server{
		UUID: core.NewID(), TeamID: team.RowID, Name: localName, Description: "The controller's own machine, " + host,
		IP: core.LocalhostIP, ProxyType: "none",
	}
}
