package storetest

import (
	"maps"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// exerciseIsolation: to one team everything of another is missing, by every way in.
func exerciseIsolation(t *testing.T, db *sqlstore.DB) {
	theirs, ours := newWorld(t, db), anotherWorld(t, db)
	key, err := db.CreateKey(t.Context(), core.PrivateKey{TeamID: theirs.team, Name: "k", Fingerprint: "f", PrivateKey: core.NewSecret("p")})
	ok(t, err)
	token, err := db.CreateToken(t.Context(), core.Token{TeamID: theirs.team, UserID: theirs.user, Name: "t", Hash: "h"})
	ok(t, err)
	owner := core.Owner{Kind: core.KindService, RowID: theirs.service.RowID}
	env, err := db.CreateEnv(t.Context(), theirs.team, core.EnvVar{Owner: owner, Key: "K", Value: core.NewSecret("v")})
	ok(t, err)
	d := theirs.enqueue(theirs.ask(theirs.service, core.VerbDeploy))

	it := prey{theirs, key, token, env, d, theirs.storedData(), theirs.sources(key)}
	reaches := ours.reachesForPlaces(it)
	maps.Copy(reaches, ours.reachesForResources(it))
	maps.Copy(reaches, ours.reachesForDatabases(it))
	maps.Copy(reaches, ours.reachesForBackups(it))
	maps.Copy(reaches, ours.reachesForApplications(it))
	maps.Copy(reaches, ours.reachesForRevisions(it))
	maps.Copy(reaches, ours.reachesForSources(it))
	maps.Copy(reaches, ours.reachesForTags(it))
	for what, reach := range reaches {
		wantCode(t, what, reach(), core.CodeNotFound)
	}
	ours.seesNothingOf(theirs)
	ours.seesNoDataOf(it.stored)
	ours.seesNoSourcesOf(it)
	same(t, "their deployment after all that", theirs.get(d.UUID), d)
	got, err := db.GetService(t.Context(), theirs.team, theirs.service.UUID)
	ok(t, err)
	same(t, "their service after all that", got, theirs.service)
	same(t, "their databases after all that", theirs.storedAgain(it.stored), it.stored)
	same(t, "their applications after all that", theirs.sourcesAgain(it.sources), it.sources)
}

// prey is what a team has that another tries to reach.
type prey struct {
	*world
	key   core.PrivateKey
	token core.Token
	env   core.EnvVar
	d     core.Deployment
	stored
	sources
}

// reachesForPlaces are the ways to servers, keys, tokens, projects and environments.
func (w *world) reachesForPlaces(it prey) map[string]func() error {
	db, us, ctx, production := w.db, w.team, w.t.Context(), it.project.Environments[0]
	return map[string]func() error{
		"GetServer":      func() error { _, err := db.GetServer(ctx, us, it.server.UUID); return err },
		"UpdateServer":   func() error { v := it.server; v.TeamID = us; return db.UpdateServer(ctx, v) },
		"SetServerFacts": func() error { return db.SetServerFacts(ctx, us, it.server.RowID, core.ServerFacts{}) },
		"PinHostKey":     func() error { return db.PinHostKey(ctx, us, it.server.RowID, "k") },
		"DeleteServer":   func() error { return db.DeleteServer(ctx, us, it.server.UUID) },
		"CreateDestination": func() error {
			_, err := db.CreateDestination(ctx, us, core.Destination{ServerID: it.server.RowID, Network: "n"})
			return err
		},
		"UpdateDestination": func() error { return db.UpdateDestination(ctx, us, it.to) },
		"DeleteDestination": func() error { return db.DeleteDestination(ctx, us, it.to.UUID) },
		"ListDestinations":  func() error { _, err := db.ListDestinations(ctx, us, it.server.UUID); return err },
		"server with a key": func() error {
			_, err := db.CreateServer(ctx, core.Server{TeamID: us, IP: "x", KeyID: it.key.RowID})
			return err
		},
		"ListServerResource": func() error { _, err := db.ListServerResources(ctx, us, it.server.UUID); return err },
		"GetKey":             func() error { _, err := db.GetKey(ctx, us, it.key.UUID); return err },
		"GetKeyByRow":        func() error { _, err := db.GetKeyByRow(ctx, us, it.key.RowID); return err },
		"UpdateKey":          func() error { k := it.key; k.TeamID = us; return db.UpdateKey(ctx, k) },
		"DeleteKey":          func() error { return db.DeleteKey(ctx, us, it.key.UUID) },
		"DeleteToken":        func() error { return db.DeleteToken(ctx, us, it.token.RowID) },
		"foreign member": func() error {
			_, err := db.CreateToken(ctx, core.Token{TeamID: us, UserID: it.user, Hash: "x"})
			return err
		},
		"GetProject":    func() error { _, err := db.GetProject(ctx, us, it.project.UUID); return err },
		"UpdateProject": func() error { p := it.project; p.TeamID = us; return db.UpdateProject(ctx, p) },
		"DeleteProject": func() error { return db.DeleteProject(ctx, us, it.project.UUID) },
		"CreateEnvironment": func() error {
			_, err := db.CreateEnvironment(ctx, us, core.Environment{ProjectID: it.project.RowID, Name: "x"})
			return err
		},
		"UpdateEnvironment": func() error { return db.UpdateEnvironment(ctx, us, production) },
		"DeleteEnvironment": func() error { return db.DeleteEnvironment(ctx, us, it.project.UUID, production.UUID) },
	}
}

// reachesForResources are the ways to services, variables and deployments.
func (w *world) reachesForResources(it prey) map[string]func() error {
	db, us, ctx, d := w.db, w.team, w.t.Context(), it.d
	owner := core.Owner{Kind: core.KindService, RowID: it.service.RowID}
	stolen := it.ask(it.service, core.VerbDeploy)
	stolen.TeamID = us
	foreignServer := w.ask(w.service, core.VerbDeploy)
	foreignServer.Server = it.server.Ref()
	foreignPosition := d
	foreignPosition.TeamID = us
	return map[string]func() error{
		"service, environment": func() error { return createAt(w, it.project.Environments[0].RowID, w.server.RowID, w.to.RowID) },
		"service, server": func() error {
			return createAt(w, w.project.Environments[0].RowID, it.server.RowID, it.to.RowID)
		},
		"service, destination": func() error {
			return createAt(w, w.project.Environments[0].RowID, w.server.RowID, it.to.RowID)
		},
		"GetService":       func() error { _, err := db.GetService(ctx, us, it.service.UUID); return err },
		"UpdateService":    func() error { v := it.service; v.TeamID = us; return db.UpdateService(ctx, v, nil) },
		"DeleteService":    func() error { return db.DeleteService(ctx, us, it.service.UUID) },
		"PurgeService":     func() error { return db.PurgeService(ctx, us, it.service.UUID) },
		"SetServiceStatus": func() error { return db.SetServiceStatus(ctx, us, it.service.RowID, "x", "", "", nil) },
		"LoadService":      func() error { _, _, _, _, err := db.LoadService(ctx, stolen); return err },
		"ListEnvs":         func() error { _, err := db.ListEnvs(ctx, us, owner); return err },
		"CreateEnv":        func() error { _, err := db.CreateEnv(ctx, us, core.EnvVar{Owner: owner, Key: "X"}); return err },
		"UpdateEnv":        func() error { _, err := db.UpdateEnv(ctx, us, core.EnvVar{Owner: owner, Key: "K"}); return err },
		"AddEnvs":          func() error { _, err := db.AddEnvs(ctx, us, owner, []core.EnvVar{{Key: "K"}}); return err },
		"UpsertEnvs":       func() error { _, err := db.UpsertEnvs(ctx, us, owner, []core.EnvVar{{Key: "K"}}); return err },
		"DeleteEnv":        func() error { return db.DeleteEnv(ctx, us, owner, it.env.UUID) },
		"DeleteEnv by ours": func() error {
			return db.DeleteEnv(ctx, us, core.Owner{Kind: core.KindService, RowID: w.service.RowID}, it.env.UUID)
		},
		"GetDeployment":    func() error { _, err := db.GetDeployment(ctx, us, d.UUID); return err },
		"CancelDeployment": func() error { _, err := db.CancelDeployment(ctx, us, d.UUID, core.Actor{}); return err },
		"PinDeployment":    func() error { _, err := db.PinDeployment(ctx, us, d.UUID, true); return err },
		"NoteDeployment":   func() error { _, err := db.NoteDeployment(ctx, us, d.UUID, "x"); return err },
		"DropLog":          func() error { return db.DropLog(ctx, us, d.UUID, core.Actor{}) },
		"ListByResource": func() error {
			_, _, err := db.ListByResource(ctx, us, core.KindService, it.service.RowID, 0, 1)
			return err
		},
		"EnqueueDeployment":        func() error { _, _, err := db.EnqueueDeployment(ctx, stolen); return err },
		"EnqueueDeployment, where": func() error { _, _, err := db.EnqueueDeployment(ctx, foreignServer); return err },
		"QueuePosition":            func() error { _, _, err := db.QueuePosition(ctx, foreignPosition); return err },
	}
}

func createAt(w *world, environment, server, destination int64) error {
	_, err := w.db.CreateService(w.t.Context(), core.Service{TeamID: w.team, Name: "x", EnvironmentID: environment, ServerID: server, DestinationID: destination}, nil)
	return err
}

// seesNothingOf checks the lists, which have no id to be wrong.
func (w *world) seesNothingOf(theirs *world) {
	w.t.Helper()
	ctx := w.t.Context()
	servers, err := w.db.ListServers(ctx, w.team)
	ok(w.t, err)
	projects, err := w.db.ListProjects(ctx, w.team)
	ok(w.t, err)
	services, err := w.db.ListServices(ctx, w.team)
	ok(w.t, err)
	resources, err := w.db.ListResources(ctx, w.team)
	ok(w.t, err)
	if len(servers) != 1 || len(projects) != 1 || len(services) != 1 || len(resources) != 4 || resources[3].UUID != w.service.UUID {
		w.t.Errorf("a team with one of each, and an application more, sees %d servers, %d projects, %d services, %d resources", len(servers), len(projects), len(services), len(resources))
	}
	keys, err := w.db.ListKeys(ctx, w.team)
	ok(w.t, err)
	tokens, err := w.db.ListTokens(ctx, w.team)
	ok(w.t, err)
	active, err := w.db.ListActive(ctx, w.team)
	ok(w.t, err)
	there, err := w.db.ListActiveOfServer(ctx, w.team, theirs.server.RowID)
	ok(w.t, err)
	history, _, err := w.db.ListHistory(ctx, w.team, core.HistoryFilter{})
	ok(w.t, err)
	if n := len(keys) + len(tokens) + len(active) + len(there) + len(history); n != 0 {
		w.t.Errorf("a team sees %d keys, %d tokens, %d active deployments, %d on the other's server, %d in history of another", len(keys), len(tokens), len(active), len(there), len(history))
	}
	members, err := w.db.ListMembers(ctx, w.team)
	ok(w.t, err)
	if len(members) != 1 || members[0].RowID != w.user {
		w.t.Errorf("members are %+v", members)
	}
}
