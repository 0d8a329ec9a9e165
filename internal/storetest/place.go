package storetest

import (
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// Place is what a test of another package needs around a resource: the root team, this
// machine as its server, and the default project.
type Place struct {
	DB     *sqlstore.DB
	Team   int64
	Server core.Server

	tb          testing.TB
	environment int64
	destination int64
}

// NewPlace makes the place in a fresh database.
func NewPlace(tb testing.TB, db *sqlstore.DB) *Place {
	tb.Helper()
	team, _, err := db.EnsureRoot(tb.Context())
	ok(tb, err)
	server, err := db.EnsureLocalhost(tb.Context(), team.RowID)
	ok(tb, err)
	to, err := db.ListDestinations(tb.Context(), team.RowID, server.UUID)
	ok(tb, err)
	projects, err := db.ListProjects(tb.Context(), team.RowID)
	ok(tb, err)
	return &Place{
		DB: db, Team: team.RowID, Server: server,
		tb: tb, environment: projects[0].Environments[0].RowID, destination: to[0].RowID,
	}
}

// Service makes a service without parts.
func (p *Place) Service(name string) core.Service {
	p.tb.Helper()
	s, err := p.DB.CreateService(p.tb.Context(), core.Service{
		TeamID: p.Team, Name: name, EnvironmentID: p.environment, ServerID: p.Server.RowID, DestinationID: p.destination,
		ComposeRaw: core.NewSecret("services: {}"),
	}, nil)
	ok(p.tb, err)
	return s
}

// Database makes a database of an engine. Change it by DB.UpdateDatabase.
func (p *Place) Database(name, engine string) core.Database {
	p.tb.Helper()
	d, err := p.DB.CreateDatabase(p.tb.Context(), core.Database{
		TeamID: p.Team, Name: name, Type: engine, EnvironmentID: p.environment, ServerID: p.Server.RowID, DestinationID: p.destination,
	}, nil)
	ok(p.tb, err)
	return d
}

// Application makes an application of a build pack from a public repository; an empty
// repository is none. Change it by DB.UpdateApplication.
func (p *Place) Application(name string, pack core.BuildPack, repository string) core.Application {
	p.tb.Helper()
	a, err := p.DB.CreateApplication(p.tb.Context(), core.Application{
		TeamID: p.Team, Name: name, EnvironmentID: p.environment, ServerID: p.Server.RowID, DestinationID: p.destination,
		Source: core.Source{Repository: repository, Key: repository, Branch: "main", Commit: "HEAD"}, Build: core.Build{Pack: pack, KeepImages: 2},
	}, nil)
	ok(p.tb, err)
	return a
}

// Enqueue asks for a deployment of a service.
func (p *Place) Enqueue(of core.Service) core.Deployment {
	p.tb.Helper()
	d, _, err := p.DB.EnqueueDeployment(p.tb.Context(), core.Deployment{
		Kind: core.KindService, TeamID: p.Team, Verb: core.VerbDeploy, Server: p.Server.Ref(),
		Resource: core.Resource{RowID: of.RowID}, Actor: core.Actor{Kind: "token", Name: "ci"}, Trigger: core.TriggerAPI,
	})
	ok(p.tb, err)
	return d
}

// Get reads a deployment.
func (p *Place) Get(id core.ID) core.Deployment {
	p.tb.Helper()
	d, err := p.DB.GetDeployment(p.tb.Context(), p.Team, id)
	ok(p.tb, err)
	return d
}
