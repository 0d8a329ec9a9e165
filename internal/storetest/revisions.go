package storetest

import (
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// exerciseRevisions: what of an application is deployed is kept with the deployment,
// and known better later.
func exerciseRevisions(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("builds", 9, 25)
	of := w.newApplication("app")
	ask := w.push(of, "c1")
	ask.Revision = core.Revision{Commit: "c1", Message: "fix: 日\x00\n\nbody\xff", Branch: "feature/$(touch x)", PullRequest: 7, Tag: "v1", Provider: "gitea", OnlyHere: true}
	d := w.enqueue(ask)
	want := ask.Revision
	want.Message = "fix: 日\n\nbody\uFFFD"
	same(t, "revision of the queued deployment", d.Revision, want)
	same(t, "revision as read", w.get(d.UUID).Revision, want)
	for what, list := range map[string]func() ([]core.Deployment, error){
		"active": func() ([]core.Deployment, error) { return db.ListActive(t.Context(), w.team) },
		"page": func() ([]core.Deployment, error) {
			page, _, err := db.ListByResource(t.Context(), w.team, core.KindApplication, of.RowID, 0, 1)
			return page, err
		},
		"history": func() ([]core.Deployment, error) {
			page, _, err := db.ListHistory(t.Context(), w.team, core.HistoryFilter{})
			return page, err
		},
	} {
		all, err := list()
		ok(t, err)
		same(t, "what the "+what+" listing says", all, []core.Deployment{d})
	}
	var commit, message, tag, provider string
	var pr int
	var only bool
	ok(t, db.Raw().QueryRowContext(t.Context(), `SELECT "commit", commit_message, docker_registry_image_tag, git_type, pull_request_id, only_this_server
		FROM application_deployment_queues`).Scan(&commit, &message, &tag, &provider, &pr, &only))
	same(t, "columns", core.Revision{Commit: commit, Message: message, Tag: tag, Provider: provider, PullRequest: pr, OnlyHere: only, Branch: want.Branch}, want)

	claimed := w.claim("a")
	same(t, "revision of the claimed deployment", claimed.Revision, want)
	claimed.Revision = core.Revision{Commit: "c2", Message: "m2\x00", Branch: "b2", Tag: "t2", Provider: "github", PullRequest: 99}
	ok(t, db.SetRevision(t.Context(), claimed))
	w.finish(claimed)
	ok(t, db.SetRevision(t.Context(), claimed)) // whatever the status
	same(t, "revision that is known better", w.get(d.UUID).Revision,
		core.Revision{Commit: "c2", Message: "m2", Branch: "b2", Tag: "t2", Provider: "github", PullRequest: 7, OnlyHere: true})
	claimed.RowID = 999
	wantCode(t, "revision of an unknown deployment", db.SetRevision(t.Context(), claimed), core.CodeNotFound)
	other := w.enqueue(w.ask(w.service, core.VerbDeploy))
	same(t, "revision of a service", w.get(other.UUID).Revision, core.Revision{})
}

// exerciseRevisionsJoin: which requests come to the same deployment, one after another.
func exerciseRevisionsJoin(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("builds", 9, 99)
	set := func(change func(*core.Deployment)) func(core.Application) core.Deployment {
		return func(of core.Application) core.Deployment {
			d := w.push(of, "c1")
			d.Trigger = core.TriggerAPI
			change(&d)
			return d
		}
	}
	target := core.NewID()
	for what, c := range map[string]struct {
		first, second func(*core.Deployment)
		joins         bool
	}{
		"the same":              {func(*core.Deployment) {}, func(*core.Deployment) {}, true},
		"another trigger":       {func(*core.Deployment) {}, func(d *core.Deployment) { d.Trigger, d.Actor.Name = core.TriggerWebhook, "x" }, true},
		"another message":       {func(*core.Deployment) {}, func(d *core.Deployment) { d.Revision.Message, d.Revision.Provider = "m", "gitea" }, true},
		"another commit":        {func(*core.Deployment) {}, func(d *core.Deployment) { d.Revision.Commit = "c2" }, false},
		"another tag":           {func(*core.Deployment) {}, func(d *core.Deployment) { d.Revision.Tag = "t" }, false},
		"a pull request":        {func(*core.Deployment) {}, func(d *core.Deployment) { d.Revision.PullRequest = 1 }, false},
		"another pull request":  {func(d *core.Deployment) { d.Revision.PullRequest = 1 }, func(d *core.Deployment) { d.Revision.PullRequest = 2 }, false},
		"the same pull request": {func(d *core.Deployment) { d.Revision.PullRequest = 1 }, func(d *core.Deployment) { d.Revision.PullRequest = 1 }, true},
		"one server only":       {func(*core.Deployment) {}, func(d *core.Deployment) { d.Revision.OnlyHere = true }, false},
		"force":                 {func(*core.Deployment) {}, func(d *core.Deployment) { d.Options.Force = true }, false},
		"force twice":           {func(d *core.Deployment) { d.Options.Force = true }, func(d *core.Deployment) { d.Options.Force = true }, false},
		"restart":               {func(*core.Deployment) {}, func(d *core.Deployment) { d.Verb = core.VerbRestart }, false},
		"deploy for restart":    {func(d *core.Deployment) { d.Verb = core.VerbRestart }, func(*core.Deployment) {}, false},
		"restart twice": {func(d *core.Deployment) { d.Verb = core.VerbRestart }, func(d *core.Deployment) { d.Verb = core.VerbRestart },
			true},
		"rollback to the commit": {func(*core.Deployment) {}, func(d *core.Deployment) { d.Verb, d.RollbackOf = core.VerbRollback, target }, false},
		"another rollback": {func(d *core.Deployment) { d.Verb, d.RollbackOf = core.VerbRollback, target },
			func(d *core.Deployment) { d.Verb, d.RollbackOf = core.VerbRollback, core.NewID() }, false},
	} {
		of := w.newApplication(what)
		first := w.enqueue(set(c.first)(of))
		second, joined, err := db.EnqueueDeployment(t.Context(), set(c.second)(of))
		ok(t, err)
		if joined != c.joins || joined != (second.UUID == first.UUID) {
			t.Errorf("%s: joined %v, want %v", what, joined, c.joins)
		}
		if w.get(first.UUID).Status != core.StatusQueued {
			t.Errorf("%s: the first did not stay in the queue", what)
		}
	}
}

// exerciseLanes: the pull requests of an application are in nobody's way, and within
// each one deployment follows another.
func exerciseLanes(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("lanes", 3, 25)
	of := w.newApplication("app")
	ask := func(pr int, commit string) core.Deployment {
		d := w.push(of, commit)
		d.Trigger, d.Revision.PullRequest = core.TriggerAPI, pr
		return w.enqueue(d)
	}
	main1, one1, main2, one2, two1 := ask(0, "a"), ask(1, "a"), ask(0, "b"), ask(1, "b"), ask(2, "a")
	first, second := w.claim("x"), w.claim("x")
	same(t, "claimed side by side", uuids([]core.Deployment{first, second, w.claim("x")}), uuids([]core.Deployment{main1, one1, two1}))
	w.expectWait(main2, "waiting for the running deployment "+string(main1.UUID)+" of this application", 0)
	w.expectWait(one2, "waiting for the running deployment "+string(one1.UUID)+" of this application", 1)
	w.noClaim()
	w.finish(second)
	same(t, "next of the first pull request", w.claim("x").UUID, one2.UUID)
	w.finish(first)
	same(t, "next of the application itself", w.claim("x").UUID, main2.UUID)
	w.noClaim()

	page, n, err := db.ListByResource(t.Context(), w.team, core.KindApplication, of.RowID, 0, 10)
	ok(t, err)
	same(t, "history of all lanes", uuids(page), uuids([]core.Deployment{two1, one2, main2, one1, main1}))
	if n != 5 {
		t.Errorf("the application counts %d deployments, want 5", n)
	}
	three := ask(3, "a")
	_, err = db.Raw().ExecContext(t.Context(), `UPDATE application_deployment_queues SET status = 'in_progress', pull_request_id = 2 WHERE id = $1`, three.RowID)
	wantError(t, "two deployments in progress in a lane, past the queue", err)
}

// exerciseApplicationStatuses: what is under way for a preview hides nothing of its
// application, and what is seen of one is not the other's.
func exerciseApplicationStatuses(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	of := w.newApplication("app")
	preview, err := db.PutPreview(t.Context(), w.team, core.Preview{Application: of.RowID, PullRequest: 4})
	ok(t, err)
	rest := func(what string, want ...core.Resting) {
		t.Helper()
		all, err := db.ListResting(t.Context())
		ok(t, err)
		same(t, "resources at rest "+what, all, append(want, restingOf(w.service)))
	}
	read := func() core.Application {
		t.Helper()
		got, err := db.GetApplication(t.Context(), w.team, of.UUID)
		ok(t, err)
		return got
	}
	see := func(what string, a core.Application, status string, want bool) {
		t.Helper()
		changed, err := db.SeeResource(t.Context(), restingApplication(a), core.Condition{Status: status})
		ok(t, err)
		if changed != want {
			t.Errorf("%s: changed %v, want %v", what, changed, want)
		}
	}
	rest("first", restingApplication(of))
	ask := w.push(of, "c")
	ask.Revision.PullRequest = 4
	queued := w.enqueue(ask)
	rest("beside a preview's deployment", restingApplication(of))
	see("beside a preview's deployment", of, "running:healthy", true)
	see("of a former state", of, "exited", false)
	w.claim("a")
	ok(t, db.SetApplicationStatus(t.Context(), ask, "running:unhealthy", "h", &core.ApplicationRan{Image: "i"}))
	if got := read(); got.Status != "running:healthy" || got.ConfigHash != "" || got.Ran.Image != "" {
		t.Errorf("what was seen of a preview made the application %+v", got)
	}
	preview.Status = "running:unhealthy"
	got, err := db.GetPreview(t.Context(), w.team, of.RowID, 4)
	ok(t, err)
	preview.UpdatedAt = got.UpdatedAt
	same(t, "preview that was seen", got, preview)
	w.finish(w.get(queued.UUID))
	ok(t, db.DeletePreview(t.Context(), w.team, of.RowID, 4))
	ok(t, db.SetApplicationStatus(t.Context(), ask, "exited", "", nil)) // its containers go after it

	now := read()
	w.enqueue(w.push(of, "d"))
	rest("beside its own deployment")
	see("beside its own deployment", now, "exited", false)
}

func restingApplication(v core.Application) core.Resting {
	return core.Resting{Kind: core.KindApplication, RowID: v.RowID, UUID: v.UUID, TeamID: v.TeamID, ServerID: v.ServerID,
		Status: v.Status, UpdatedAt: v.UpdatedAt}
}
