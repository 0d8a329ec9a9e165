package storetest

import (
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
	production := theirs.project.Environments[0]

	us, ctx := ours.team, t.Context()
	stolen := theirs.ask(theirs.service, core.VerbDeploy)
	stolen.TeamID = us
	foreignServer := ours.ask(ours.service, core.VerbDeploy)
	foreignServer.Server = theirs.server.Ref()
	foreignPosition := d
	foreignPosition.TeamID = us
	reaches := map[string]func() error{
		"GetServer":        func() error { _, err := db.GetServer(ctx, us, theirs.server.UUID); return err },
		"UpdateServer":     func() error { v := theirs.server; v.TeamID = us; return db.UpdateServer(ctx, v) },
		"SetServerFacts":   func() error { return db.SetServerFacts(ctx, us, theirs.server.RowID, core.ServerFacts{}) },
		"PinHostKey":       func() error { return db.PinHostKey(ctx, us, theirs.server.RowID, "k") },
		"DeleteServer":     func() error { return db.DeleteServer(ctx, us, theirs.server.UUID) },
		"ListDestinations": func() error { _, err := db.ListDestinations(ctx, us, theirs.server.UUID); return err },
		"server with a key": func() error {
			_, err := db.CreateServer(ctx, core.Server{TeamID: us, IP: "x", KeyID: key.RowID})
			return err
		},
		"ListServerResource": func() error { _, err := db.ListServerResources(ctx, us, theirs.server.UUID); return err },
		"GetKey":             func() error { _, err := db.GetKey(ctx, us, key.UUID); return err },
		"GetKeyByRow":        func() error { _, err := db.GetKeyByRow(ctx, us, key.RowID); return err },
		"UpdateKey":          func() error { k := key; k.TeamID = us; return db.UpdateKey(ctx, k) },
		"DeleteKey":          func() error { return db.DeleteKey(ctx, us, key.UUID) },
		"DeleteToken":        func() error { return db.DeleteToken(ctx, us, token.RowID) },
		"foreign member": func() error {
			_, err := db.CreateToken(ctx, core.Token{TeamID: us, UserID: theirs.user, Hash: "x"})
			return err
		},
		"GetProject":    func() error { _, err := db.GetProject(ctx, us, theirs.project.UUID); return err },
		"UpdateProject": func() error { p := theirs.project; p.TeamID = us; return db.UpdateProject(ctx, p) },
		"DeleteProject": func() error { return db.DeleteProject(ctx, us, theirs.project.UUID) },
		"CreateEnvironment": func() error {
			_, err := db.CreateEnvironment(ctx, us, core.Environment{ProjectID: theirs.project.RowID, Name: "x"})
			return err
		},
		"UpdateEnvironment":    func() error { return db.UpdateEnvironment(ctx, us, production) },
		"DeleteEnvironment":    func() error { return db.DeleteEnvironment(ctx, us, theirs.project.UUID, production.UUID) },
		"service, environment": func() error { return createAt(ours, production.RowID, ours.server.RowID, ours.to.RowID) },
		"service, server": func() error {
			return createAt(ours, ours.project.Environments[0].RowID, theirs.server.RowID, theirs.to.RowID)
		},
		"service, destination": func() error {
			return createAt(ours, ours.project.Environments[0].RowID, ours.server.RowID, theirs.to.RowID)
		},
		"GetService":       func() error { _, err := db.GetService(ctx, us, theirs.service.UUID); return err },
		"UpdateService":    func() error { v := theirs.service; v.TeamID = us; return db.UpdateService(ctx, v, nil) },
		"DeleteService":    func() error { return db.DeleteService(ctx, us, theirs.service.UUID) },
		"PurgeService":     func() error { return db.PurgeService(ctx, us, theirs.service.UUID) },
		"SetServiceStatus": func() error { return db.SetServiceStatus(ctx, us, theirs.service.RowID, "x", "", "", nil) },
		"LoadService":      func() error { _, _, _, _, err := db.LoadService(ctx, stolen); return err },
		"ListEnvs":         func() error { _, err := db.ListEnvs(ctx, us, owner); return err },
		"CreateEnv":        func() error { _, err := db.CreateEnv(ctx, us, core.EnvVar{Owner: owner, Key: "X"}); return err },
		"UpdateEnv":        func() error { _, err := db.UpdateEnv(ctx, us, core.EnvVar{Owner: owner, Key: "K"}); return err },
		"UpsertEnvs":       func() error { _, err := db.UpsertEnvs(ctx, us, owner, []core.EnvVar{{Key: "K"}}); return err },
		"DeleteEnv":        func() error { return db.DeleteEnv(ctx, us, owner, env.UUID) },
		"DeleteEnv by ours": func() error {
			return db.DeleteEnv(ctx, us, core.Owner{Kind: core.KindService, RowID: ours.service.RowID}, env.UUID)
		},
		"GetDeployment":    func() error { _, err := db.GetDeployment(ctx, us, d.UUID); return err },
		"CancelDeployment": func() error { _, err := db.CancelDeployment(ctx, us, d.UUID, core.Actor{}); return err },
		"ListByResource": func() error {
			_, _, err := db.ListByResource(ctx, us, core.KindService, theirs.service.RowID, 0, 1)
			return err
		},
		"EnqueueDeployment":        func() error { _, _, err := db.EnqueueDeployment(ctx, stolen); return err },
		"EnqueueDeployment, where": func() error { _, _, err := db.EnqueueDeployment(ctx, foreignServer); return err },
		"QueuePosition":            func() error { _, _, err := db.QueuePosition(ctx, foreignPosition); return err },
	}
	for what, reach := range reaches {
		wantCode(t, what, reach(), core.CodeNotFound)
	}
	ours.seesNothingOf(theirs)
	same(t, "their deployment after all that", theirs.get(d.UUID), d)
	got, err := db.GetService(ctx, theirs.team, theirs.service.UUID)
	ok(t, err)
	same(t, "their service after all that", got, theirs.service)
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
	if len(servers) != 1 || len(projects) != 1 || len(services) != 1 || len(resources) != 1 || resources[0].UUID != w.service.UUID {
		w.t.Errorf("a team with one of each sees %d servers, %d projects, %d services, %d resources", len(servers), len(projects), len(services), len(resources))
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
