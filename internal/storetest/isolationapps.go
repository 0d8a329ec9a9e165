package storetest

import (
	"github.com/taffrail/taffrail/internal/core"
)

// sources is what a team has of applications.
type sources struct {
	Application core.Application
	GitHub      core.GitHubApp
	Preview     core.Preview
	Further     core.Destination
	Shared      map[string]core.EnvVar
	Pushed      core.Deployment
}

// sources makes one of each.
func (w *world) sources(key core.PrivateKey) sources {
	w.t.Helper()
	it := sources{Further: w.onServer("further", 1, 9).to}
	var err error
	ctx := w.t.Context()
	it.GitHub, err = w.db.CreateGitHubApp(ctx, core.GitHubApp{TeamID: w.team, Name: "g", WebhookSecret: core.NewSecret("s"), IsSystemWide: true})
	ok(w.t, err)
	a := w.sketch("app")
	a.Source = core.Source{KeyID: key.RowID, GitHubApp: it.GitHub.RowID, Key: "git.example/a/b"}
	it.Application, err = w.db.CreateApplication(ctx, a, nil)
	ok(w.t, err)
	it.Preview, err = w.db.PutPreview(ctx, w.team, core.Preview{Application: it.Application.RowID, PullRequest: 1})
	ok(w.t, err)
	ok(w.t, w.db.AddFurther(ctx, w.team, it.Application.RowID, it.Further.RowID))
	it.Shared = map[string]core.EnvVar{}
	for scope, row := range w.sharing() {
		put, err := w.db.PutShared(ctx, w.team, scope, row, []core.EnvVar{{Key: "K", Value: core.NewSecret("v")}})
		ok(w.t, err)
		it.Shared[scope] = put[0]
	}
	queued, _ := w.deliver("theirs", w.push(it.Application, "c"))
	it.Pushed = queued[0]
	return it
}

// sharing are the places where variables are shared.
func (w *world) sharing() map[string]int64 {
	return map[string]int64{"team": w.team, "project": w.project.RowID, "environment": w.project.Environments[0].RowID, "server": w.server.RowID}
}

// sourcesAgain reads all of it.
func (w *world) sourcesAgain(was sources) sources {
	w.t.Helper()
	ctx, db, row := w.t.Context(), w.db, was.Application.RowID
	it := sources{Shared: map[string]core.EnvVar{}, Pushed: w.get(was.Pushed.UUID)}
	var err error
	it.Application, err = db.GetApplication(ctx, w.team, was.Application.UUID)
	ok(w.t, err)
	it.GitHub, err = db.GetGitHubApp(ctx, w.team, was.GitHub.UUID)
	ok(w.t, err)
	it.Preview, err = db.GetPreview(ctx, w.team, row, 1)
	ok(w.t, err)
	further, err := db.ListFurther(ctx, w.team, row)
	ok(w.t, err)
	it.Further = further[0]
	for scope, row := range w.sharing() {
		all, err := db.ListShared(ctx, w.team, scope, row)
		ok(w.t, err)
		it.Shared[scope] = all[0]
	}
	return it
}

// reachesForApplications are the ways to applications and their servers.
func (w *world) reachesForApplications(it prey) map[string]func() error {
	db, us, ctx := w.db, w.team, w.t.Context()
	a, row := it.Application, it.Application.RowID
	ours := w.newApplication("ours")
	change := func(do func(core.Application) error, change func(*core.Application)) func() error {
		return func() error { v := ours; change(&v); return do(v) }
	}
	create := func(v core.Application) error { v.UUID = ""; _, err := db.CreateApplication(ctx, v, nil); return err }
	update := func(v core.Application) error { return db.UpdateApplication(ctx, v) }
	owner := core.Owner{Kind: core.KindApplication, RowID: row}
	return map[string]func() error{
		"application, environment": change(create, func(v *core.Application) { v.EnvironmentID = it.project.Environments[0].RowID }),
		"application, server":      change(create, func(v *core.Application) { v.ServerID, v.DestinationID = it.server.RowID, it.to.RowID }),
		"application, destination": change(create, func(v *core.Application) { v.DestinationID = it.to.RowID }),
		"application, key":         change(create, func(v *core.Application) { v.Source.KeyID = it.key.RowID }),
		"application, GitHub App":  change(create, func(v *core.Application) { v.Source.GitHubApp = it.GitHub.RowID }),
		"UpdateApplication, key":   change(update, func(v *core.Application) { v.Source.KeyID = it.key.RowID }),
		"UpdateApplication, app":   change(update, func(v *core.Application) { v.Source.GitHubApp = it.GitHub.RowID }),
		"UpdateApplication": change(update, func(v *core.Application) {
			*v = a
			v.TeamID, v.Source.KeyID, v.Source.GitHubApp = us, 0, 0
		}),
		"GetApplication":              func() error { _, err := db.GetApplication(ctx, us, a.UUID); return err },
		"DeleteApplication":           func() error { return db.DeleteApplication(ctx, us, a.UUID) },
		"PurgeApplication":            func() error { return db.PurgeApplication(ctx, us, a.UUID) },
		"ListFurther":                 func() error { _, err := db.ListFurther(ctx, us, row); return err },
		"AddFurther":                  func() error { return db.AddFurther(ctx, us, row, w.to.RowID) },
		"AddFurther, destination":     func() error { return db.AddFurther(ctx, us, ours.RowID, it.to.RowID) },
		"RemoveFurther":               func() error { return db.RemoveFurther(ctx, us, row, it.Further.RowID) },
		"RemoveFurther, by ours":      func() error { return db.RemoveFurther(ctx, us, ours.RowID, it.Further.RowID) },
		"ListEnvs, application":       func() error { _, err := db.ListEnvs(ctx, us, owner); return err },
		"ListStorages, application":   func() error { _, err := db.ListStorages(ctx, us, owner); return err },
		"PutPreview":                  func() error { _, err := db.PutPreview(ctx, us, it.Preview); return err },
		"GetPreview":                  func() error { _, err := db.GetPreview(ctx, us, row, 1); return err },
		"ListPreviews":                func() error { _, err := db.ListPreviews(ctx, us, row); return err },
		"DeletePreview":               func() error { return db.DeletePreview(ctx, us, row, 1) },
		"ListByResource, application": func() error { _, _, err := db.ListByResource(ctx, us, core.KindApplication, row, 0, 1); return err },
	}
}

// reachesForRevisions are the ways to what is deployed of applications.
func (w *world) reachesForRevisions(it prey) map[string]func() error {
	db, us, ctx := w.db, w.team, w.t.Context()
	ours := w.newApplication("deployed")
	stolen := it.Pushed
	stolen.TeamID = us
	ask := w.push(it.Application, "c")
	elsewhere := w.push(ours, "c")
	elsewhere.Server = it.server.Ref()
	back := w.push(ours, "c")
	back.RollbackOf = it.Pushed.UUID
	load := func(d core.Deployment) func() error {
		return func() error { _, err := db.LoadApplication(ctx, d); return err }
	}
	deliver := func(d core.Deployment) func() error {
		return func() error { _, _, err := db.EnqueueDelivery(ctx, "github", "ours", []core.Deployment{d}); return err }
	}
	return map[string]func() error{
		"LoadApplication":           load(stolen),
		"LoadApplication, server":   load(elsewhere),
		"LoadApplication, rollback": load(back),
		"SetApplicationStatus":      func() error { return db.SetApplicationStatus(ctx, stolen, "x", "x", &core.ApplicationRan{}) },
		"SetRevision":               func() error { return db.SetRevision(ctx, stolen) },
		"EnqueueFurther":            func() error { return db.EnqueueFurther(ctx, stolen) },
		"ListRollbackTargets":       func() error { _, err := db.ListRollbackTargets(ctx, us, it.Application.RowID, 1); return err },
		"EnqueueDelivery":           deliver(ask),
		"EnqueueDelivery, server":   deliver(elsewhere),
		"CancelDeployment, pushed":  func() error { _, err := db.CancelDeployment(ctx, us, it.Pushed.UUID, core.Actor{}); return err },
	}
}

// reachesForSources are the ways to GitHub Apps and to what is shared.
func (w *world) reachesForSources(it prey) map[string]func() error {
	db, us, ctx := w.db, w.team, w.t.Context()
	all := map[string]func() error{
		"GetGitHubApp":      func() error { _, err := db.GetGitHubApp(ctx, us, it.GitHub.UUID); return err },
		"GetGitHubAppByRow": func() error { _, err := db.GetGitHubAppByRow(ctx, us, it.GitHub.RowID); return err },
		"UpdateGitHubApp":   func() error { g := it.GitHub; g.TeamID = us; return db.UpdateGitHubApp(ctx, g) },
		"DeleteGitHubApp":   func() error { return db.DeleteGitHubApp(ctx, us, it.GitHub.UUID) },
		"CreateGitHubApp, key": func() error {
			_, err := db.CreateGitHubApp(ctx, core.GitHubApp{TeamID: us, Name: "x", KeyID: it.key.RowID})
			return err
		},
	}
	here := w.sharing()
	for scope, row := range it.sharing() {
		all["ListShared, "+scope] = func() error { _, err := db.ListShared(ctx, us, scope, row); return err }
		all["PutShared, "+scope] = func() error { _, err := db.PutShared(ctx, us, scope, row, []core.EnvVar{{Key: "K"}}); return err }
		all["DeleteShared, "+scope] = func() error { return db.DeleteShared(ctx, us, scope, row, it.Shared[scope].UUID) }
		all["DeleteShared by ours, "+scope] = func() error { return db.DeleteShared(ctx, us, scope, here[scope], it.Shared[scope].UUID) }
	}
	return all
}

// seesNoSourcesOf checks the lists of applications and what belongs to them, and that a
// delivery says nothing of what it queued for others.
func (w *world) seesNoSourcesOf(it prey) {
	w.t.Helper()
	ctx := w.t.Context()
	all, err := w.db.ListApplications(ctx, w.team)
	ok(w.t, err)
	apps, err := w.db.ListGitHubApps(ctx, w.team)
	ok(w.t, err)
	if len(all) != 2 || len(apps) != 0 {
		w.t.Errorf("a team sees %d applications and %d GitHub Apps, want its 2 and none", len(all), len(apps))
	}
	told, known := w.deliver("theirs", w.push(all[0], "c"))
	if !known || len(told) != 0 {
		w.t.Errorf("another team's delivery gave %+v (known %v)", told, known)
	}
}
