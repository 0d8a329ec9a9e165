package storetest

import (
	"fmt"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// exerciseApplicationLoading: a deployment of an application finds everything it needs.
func exerciseApplicationLoading(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	key, app := w.newSource("source")
	of, err := db.CreateApplication(t.Context(), w.fullApplication(key, app), []core.EnvVar{{Key: "A"}, {Key: "A", IsPreview: true}})
	ok(t, err)
	owner := core.Owner{Kind: core.KindApplication, RowID: of.RowID}
	_, err = db.CreateStorage(t.Context(), w.team, core.Storage{Owner: owner, MountPath: "/x", Content: core.NewSecret("c")})
	ok(t, err)
	want := core.LoadedApplication{Application: of, Server: w.server, Destination: w.to, Key: key, GitHub: app, Project: "default", Environment: "production",
		Kept: []core.Deployment{}}
	want.Envs, err = db.ListEnvs(t.Context(), w.team, owner)
	ok(t, err)
	want.Storages, err = db.ListStorages(t.Context(), w.team, owner)
	ok(t, err)
	if len(want.Envs) != 2 || len(want.Storages) != 1 {
		t.Fatalf("%d variables and %d storages", len(want.Envs), len(want.Storages))
	}
	want.Shared = w.sharedEverywhere()
	load := func(what string, change func(*core.Deployment)) {
		t.Helper()
		d := w.push(of, "c")
		change(&d)
		got, err := db.LoadApplication(t.Context(), d)
		ok(t, err)
		same(t, what, got, want)
	}
	load("loaded application", func(*core.Deployment) {})
	team, err := db.GetTeam(t.Context(), w.team)
	ok(t, err)
	team.AllowHostAccess = true
	ok(t, db.UpdateTeam(t.Context(), team))
	want.AllowHost = true
	load("application of a team that may use the host", func(*core.Deployment) {})

	second, _ := w.newSource("second")
	for what, c := range map[string]struct {
		from   core.Source
		key    core.PrivateKey
		gitHub core.GitHubApp
	}{
		"without either":     {core.Source{}, core.PrivateKey{}, core.GitHubApp{}},
		"by key":             {core.Source{KeyID: second.RowID}, second, core.GitHubApp{}},
		"by app":             {core.Source{GitHubApp: app.RowID}, key, app},
		"by key, with app":   {core.Source{KeyID: second.RowID, GitHubApp: app.RowID}, second, app},
		"by app, key of app": {core.Source{KeyID: key.RowID, GitHubApp: app.RowID}, key, app},
	} {
		of.Source = c.from
		ok(t, db.UpdateApplication(t.Context(), of))
		of, err = db.GetApplication(t.Context(), w.team, of.UUID)
		ok(t, err)
		want.Application, want.Key, want.GitHub = of, c.key, c.gitHub
		load("application "+what, func(*core.Deployment) {})
	}

	preview, err := db.PutPreview(t.Context(), w.team, core.Preview{Application: of.RowID, PullRequest: 3})
	ok(t, err)
	load("preview that is gone", func(d *core.Deployment) { d.Revision.PullRequest = 4 })
	want.Preview = preview
	load("preview", func(d *core.Deployment) { d.Revision.PullRequest = 3 })
	want.Preview = core.Preview{}
	there := w.onServer("there", 2, 25)
	ok(t, db.AddFurther(t.Context(), w.team, of.RowID, there.to.RowID))
	want.Server, want.Destination = there.server, there.to
	want.Shared = append(want.Shared[:3:3], w.share("server", there.server.RowID, "THERE"))
	load("application on a further server", func(d *core.Deployment) { d.Server = there.server.Ref() })
	elsewhere := w.onServer("elsewhere", 2, 25)
	want.Server, want.Destination, want.Shared = elsewhere.server, core.Destination{}, want.Shared[:3]
	load("application on a server that it left", func(d *core.Deployment) { d.Server = elsewhere.server.Ref() })

	ok(t, db.DeleteApplication(t.Context(), w.team, of.UUID))
	w.loadDeleted(w.push(of, "c"))
}

// loadDeleted: what is deleted can still be loaded, to be stopped.
func (w *world) loadDeleted(d core.Deployment) {
	t, db := w.t, w.db
	t.Helper()
	got, err := db.LoadApplication(t.Context(), d)
	ok(t, err)
	recent(t, "deletion of the loaded application", got.Application.DeletedAt)
	d.RollbackOf = core.NewID()
	_, err = db.LoadApplication(t.Context(), d)
	wantCode(t, "rollback to an unknown deployment", err, core.CodeNotFound)
	d.Resource.RowID = 999
	_, err = db.LoadApplication(t.Context(), d)
	wantCode(t, "unknown application", err, core.CodeNotFound)
}

// share shares a variable, and returns it as an application hears of it.
func (w *world) share(scope string, row int64, key string) core.EnvVar {
	w.t.Helper()
	put, err := w.db.PutShared(w.t.Context(), w.team, scope, row, []core.EnvVar{{Key: key, Value: core.NewSecret(scope)}})
	ok(w.t, err)
	put[0].Key = scope + "." + key
	return put[0]
}

// sharedEverywhere shares a variable in each place around an application, and some
// beside it, which it must not see.
func (w *world) sharedEverywhere() []core.EnvVar {
	w.t.Helper()
	production := w.project.Environments[0]
	staging, err := w.db.CreateEnvironment(w.t.Context(), w.team, core.Environment{ProjectID: w.project.RowID, Name: "staging"})
	ok(w.t, err)
	project, err := w.db.CreateProject(w.t.Context(), core.Project{TeamID: w.team, Name: "other"})
	ok(w.t, err)
	seen := []core.EnvVar{w.share("team", w.team, "K"), w.share("project", w.project.RowID, "K"), w.share("environment", production.RowID, "K")}
	w.share("project", project.RowID, "K")
	w.share("environment", staging.RowID, "K")
	w.share("server", w.onServer("beside", 1, 1).server.RowID, "K")
	return append(seen, w.share("server", w.server.RowID, "K"))
}

// past makes deployments of an application, in order, as they ended.
func (w *world) past(of core.Application, how []pastDeployment) map[string]core.Deployment {
	w.t.Helper()
	all := map[string]core.Deployment{}
	for _, p := range how {
		ask := w.push(of, p.name)
		ask.Trigger, ask.Options.Force, ask.Pinned, ask.Revision.PullRequest = core.TriggerAPI, true, p.pinned, p.pr
		if p.verb != "" {
			ask.Verb = p.verb
		}
		if p.rollbackOf != "" {
			ask.RollbackOf = all[p.rollbackOf].UUID
		}
		w.enqueue(ask)
		d := w.claim("a")
		if !p.unplanned {
			d.Config.Hash, d.Config.Snapshot = "h", core.NewSecret("plan of "+p.name)
			ok(w.t, w.db.SetConfig(w.t.Context(), d))
		}
		if !p.bare {
			d.Config.Digests = map[string]string{"image": p.name}
		}
		d.Status = core.StatusFinished
		if p.failed {
			d.Status = core.StatusFailed
		}
		ok(w.t, w.db.Settle(w.t.Context(), d, core.Batch{}))
		all[p.name] = w.get(d.UUID)
	}
	return all
}

type pastDeployment struct {
	name, rollbackOf                string
	verb                            core.Verb
	pr                              int
	pinned, failed, bare, unplanned bool
}

// exerciseKept: which earlier deployments keep their images, and which can be gone back to.
func exerciseKept(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("history", 9, 99)
	of := w.newApplication("app")
	of.Build.KeepImages = 2
	ok(t, db.UpdateApplication(t.Context(), of))
	all := w.past(of, []pastDeployment{
		{name: "target"}, {name: "old"}, {name: "pinned", pinned: true}, {name: "pinned, failed", pinned: true, failed: true},
		{name: "wanted"}, {name: "ran", verb: core.VerbRollback, rollbackOf: "target"}, {name: "former", verb: core.VerbRollback, rollbackOf: "old"},
		{name: "preview 1", pr: 5}, {name: "one"}, {name: "two", verb: core.VerbStart}, {name: "failed", failed: true}, {name: "stop", verb: core.VerbStop},
		{name: "bare", bare: true}, {name: "restart", verb: core.VerbRestart}, {name: "unplanned", unplanned: true}, {name: "preview 2", pr: 5, pinned: true},
	})
	other := w.past(w.newApplication("other"), []pastDeployment{{name: "x"}})
	d := w.push(of, "c")
	ok(t, db.SetApplicationStatus(t.Context(), d, "", "", &core.ApplicationRan{Deployment: all["ran"].UUID}))
	back := w.push(of, "wanted") // is under way, and keeps what it is to bring back
	back.Verb, back.RollbackOf = core.VerbRollback, all["wanted"].UUID
	w.enqueue(back)

	load := func(what string, change func(*core.Deployment), names ...string) core.LoadedApplication {
		t.Helper()
		d := d
		change(&d)
		got, err := db.LoadApplication(t.Context(), d)
		ok(t, err)
		same(t, "kept "+what, commits(got.Kept), append([]string{}, names...))
		return got
	}
	kept := load("of the application", func(*core.Deployment) {}, "unplanned", "two", "one", "ran", "wanted", "pinned", "target")
	for _, k := range kept.Kept {
		if !k.Config.Snapshot.Empty() || k.Config.Digests["image"] != k.Revision.Commit {
			t.Errorf("kept is %+v", k)
		}
	}
	load("of the preview", func(d *core.Deployment) { d.Revision.PullRequest = 5 }, "preview 2", "preview 1")
	load("on another server", func(d *core.Deployment) { d.Server = w.onServer("empty", 1, 1).server.Ref() })
	few := []string{"unplanned", "ran", "wanted", "pinned", "target"}
	for _, c := range []struct {
		keep int
		want []string
	}{{0, few}, {-5, few}, {99, []string{"unplanned", "two", "one", "former", "ran", "wanted", "pinned", "old", "target"}}} {
		of.Build.KeepImages = c.keep
		ok(t, db.UpdateApplication(t.Context(), of))
		load(fmt.Sprintf("with %d images", c.keep), func(*core.Deployment) {}, c.want...)
	}
	rolled := load("in a rollback", func(d *core.Deployment) { d.RollbackOf = all["old"].UUID },
		"unplanned", "two", "one", "former", "ran", "wanted", "pinned", "old", "target")
	same(t, "what is brought back", rolled.RollbackOf, all["old"])
	if rolled.RollbackOf.Config.Snapshot.Reveal() != "plan of old" {
		t.Error("what is brought back has no snapshot")
	}
	d.RollbackOf = other["x"].UUID
	_, err := db.LoadApplication(t.Context(), d)
	wantCode(t, "rollback to another application's deployment", err, core.CodeNotFound)
	w.rollbackTargets(of)
}

func (w *world) rollbackTargets(of core.Application) {
	t := w.t
	t.Helper()
	targets, err := w.db.ListRollbackTargets(t.Context(), w.team, of.RowID, 99)
	ok(t, err)
	same(t, "rollback targets", commits(targets), []string{"bare", "two", "one", "former", "ran", "wanted", "pinned", "old", "target"})
	targets, err = w.db.ListRollbackTargets(t.Context(), w.team, of.RowID, 2)
	ok(t, err)
	same(t, "the newest two", commits(targets), []string{"bare", "two"})
	if !targets[0].Config.Snapshot.Empty() {
		t.Error("a listing has snapshots")
	}
	targets, err = w.db.ListRollbackTargets(t.Context(), w.team, of.RowID, -1)
	ok(t, err)
	same(t, "less than none", targets, []core.Deployment{})
	_, err = w.db.ListRollbackTargets(t.Context(), w.team, 999, 1)
	wantCode(t, "targets of an unknown application", err, core.CodeNotFound)
}

func commits(all []core.Deployment) []string {
	out := make([]string, len(all))
	for i, d := range all {
		out[i] = d.Revision.Commit
	}
	return out
}
