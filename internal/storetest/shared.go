package storetest

import (
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// exerciseShared: a team, a project, an environment and a server each have variables of
// their own, and a key once.
func exerciseShared(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	project, err := db.CreateProject(t.Context(), core.Project{TeamID: w.team, Name: "shop"})
	ok(t, err)
	there := w.onServer("there", 1, 1)
	owners := map[string]int64{"team": w.team, "project": project.RowID, "environment": project.Environments[0].RowID, "server": there.server.RowID}
	for scope, row := range owners {
		want := core.EnvVar{Key: "A", Value: core.NewSecret(odd), Comment: scope, IsLiteral: true, IsMultiline: true, IsShownOnce: true, Version: "v"}
		put, err := db.PutShared(t.Context(), w.team, scope, row, []core.EnvVar{want, {Key: "B"}})
		ok(t, err)
		recent(t, "creation of the shared variable", put[0].CreatedAt)
		want.RowID, want.UUID, want.CreatedAt, want.UpdatedAt = put[0].RowID, put[0].UUID, put[0].CreatedAt, put[0].CreatedAt
		same(t, "shared variable", put[0], want)

		changed, err := db.PutShared(t.Context(), w.team, scope, row, []core.EnvVar{{Key: "C"}, {Key: "A", Value: core.NewSecret("2"), UUID: core.NewID()}})
		ok(t, err)
		same(t, "changed variable", changed[1], core.EnvVar{RowID: want.RowID, UUID: want.UUID, Key: "A", Value: core.NewSecret("2"),
			CreatedAt: want.CreatedAt, UpdatedAt: changed[1].UpdatedAt})
		all, err := db.ListShared(t.Context(), w.team, scope, row)
		ok(t, err)
		same(t, "shared in the "+scope, all, []core.EnvVar{changed[1], put[1], changed[0]})
		ok(t, db.DeleteShared(t.Context(), w.team, scope, row, put[1].UUID))
		wantCode(t, "second deletion", db.DeleteShared(t.Context(), w.team, scope, row, put[1].UUID), core.CodeNotFound)
		for other, row := range owners {
			if other != scope {
				wantCode(t, "deletion in another place", db.DeleteShared(t.Context(), w.team, other, row, want.UUID), core.CodeNotFound)
			}
		}
		_, err = db.ListShared(t.Context(), w.team, scope, 999)
		wantCode(t, "shared in an unknown "+scope, err, core.CodeNotFound)
	}
	none, err := db.PutShared(t.Context(), w.team, "server", w.server.RowID, nil)
	ok(t, err)
	same(t, "nothing to write", none, []core.EnvVar{})
	_, err = db.PutShared(t.Context(), w.team, "galaxy", 1, nil)
	wantCode(t, "unknown scope", err, core.CodeBadRequest)

	if n := count(t, db, "shared_variables"); n != 8 {
		t.Errorf("%d variables are shared, want 2 in each of 4 places", n)
	}
	_, err = db.Raw().ExecContext(t.Context(), `UPDATE shared_variables SET project_id = $1 WHERE environment_id IS NOT NULL`, project.RowID)
	wantError(t, "a variable of two places", err)
	ok(t, db.DeleteProject(t.Context(), w.team, project.UUID))
	ok(t, db.PurgeService(t.Context(), w.team, there.service.UUID))
	ok(t, db.DeleteServer(t.Context(), w.team, there.server.UUID))
	left, err := db.ListShared(t.Context(), w.team, "team", w.team)
	ok(t, err)
	if n := count(t, db, "shared_variables"); n != 2 || len(left) != 2 {
		t.Errorf("%d variables are left, %d of the team; those of a project and a server go with it", n, len(left))
	}
}

// exercisePreviews: a pull request of an application has one preview.
func exercisePreviews(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	of, other := w.newApplication("app"), w.newApplication("other")
	want := core.Preview{Application: of.RowID, PullRequest: 12, Branch: "b;rm -rf", URL: "https://git.example/pull/12", Domains: "https://12.example",
		Title: "títle", FromFork: true, CommentID: 1 << 40, Status: "running:healthy"}
	made, err := db.PutPreview(t.Context(), w.team, want)
	ok(t, err)
	recent(t, "creation of the preview", made.CreatedAt)
	want.RowID, want.UUID, want.CreatedAt, want.UpdatedAt = made.RowID, made.UUID, made.CreatedAt, made.CreatedAt
	if !made.UUID.Valid() {
		t.Errorf("the preview is %q", made.UUID)
	}
	same(t, "made preview", made, want)

	change := core.Preview{UUID: core.NewID(), Application: of.RowID, PullRequest: 12, Branch: "b2", Title: "bad\x00\xff", Status: "x"}
	changed, err := db.PutPreview(t.Context(), w.team, change)
	ok(t, err)
	same(t, "changed preview", changed, core.Preview{RowID: made.RowID, UUID: made.UUID, Application: of.RowID, PullRequest: 12, Branch: "b2", Title: "bad\uFFFD",
		Status: "running:healthy", CreatedAt: made.CreatedAt, UpdatedAt: changed.UpdatedAt})
	second, err := db.PutPreview(t.Context(), w.team, core.Preview{Application: of.RowID, PullRequest: 3})
	ok(t, err)
	if second.Status != "exited" {
		t.Errorf("a new preview is %s", second.Status)
	}
	_, err = db.PutPreview(t.Context(), w.team, core.Preview{Application: other.RowID, PullRequest: 12})
	ok(t, err)
	list := func(want ...core.Preview) {
		t.Helper()
		got, err := db.ListPreviews(t.Context(), w.team, of.RowID)
		ok(t, err)
		same(t, "previews", got, append([]core.Preview{}, want...))
	}
	list(changed, second)
	got, err := db.GetPreview(t.Context(), w.team, of.RowID, 12)
	ok(t, err)
	same(t, "preview", got, changed)
	_, err = db.GetPreview(t.Context(), w.team, of.RowID, 99)
	wantCode(t, "unknown preview", err, core.CodeNotFound)
	_, err = db.ListPreviews(t.Context(), w.team, 999)
	wantCode(t, "previews of an unknown application", err, core.CodeNotFound)

	ok(t, db.DeletePreview(t.Context(), w.team, of.RowID, 3))
	wantCode(t, "second deletion", db.DeletePreview(t.Context(), w.team, of.RowID, 3), core.CodeNotFound)
	ok(t, db.DeleteApplication(t.Context(), w.team, of.UUID))
	list(changed) // until its containers are gone
	_, err = db.PutPreview(t.Context(), w.team, second)
	wantCode(t, "preview of a deleted application", err, core.CodeNotFound)
	ok(t, db.DeletePreview(t.Context(), w.team, of.RowID, 12))
	won := winners(t, 8, func() (bool, error) {
		p, err := db.PutPreview(background(t), w.team, core.Preview{Application: other.RowID, PullRequest: 5, UUID: core.NewID()})
		return err == nil && p.PullRequest == 5, err
	})
	if n := count(t, db, "application_previews"); won != 8 || n != 2 {
		t.Errorf("%d of 8 writes of a preview at once came through and left %d previews, want 2", won, n)
	}
}

// exerciseGitHubApps: GitHub Apps and keys stay as long as a live application uses them.
func exerciseGitHubApps(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	key, _ := w.newSource("first")
	want := core.GitHubApp{TeamID: w.team, Name: "n", Organization: "o", APIURL: "https://api", HTMLURL: "https://html", CustomUser: "git", CustomPort: 22,
		AppID: 1 << 40, InstallationID: 1 << 41, ClientID: "c", ClientSecret: core.NewSecret(odd), WebhookSecret: core.NewSecret("w"), KeyID: key.RowID,
		IsPublic: true, IsSystemWide: true}
	made, err := db.CreateGitHubApp(t.Context(), want)
	ok(t, err)
	recent(t, "creation of the GitHub App", made.CreatedAt)
	want.RowID, want.UUID, want.CreatedAt, want.UpdatedAt = made.RowID, made.UUID, made.CreatedAt, made.CreatedAt
	same(t, "made GitHub App", made, want)
	change := core.GitHubApp{RowID: made.RowID, UUID: made.UUID, TeamID: w.team, Name: "m", ClientSecret: core.NewSecret("x"), CreatedAt: made.CreatedAt}
	ok(t, db.UpdateGitHubApp(t.Context(), change))
	got, err := db.GetGitHubApp(t.Context(), w.team, made.UUID)
	ok(t, err)
	change.UpdatedAt = got.UpdatedAt
	same(t, "changed GitHub App", got, change)
	for _, team := range []int64{w.team, 0} {
		got, err := db.GetGitHubAppByRow(t.Context(), team, made.RowID)
		ok(t, err)
		same(t, "GitHub App by row", got, change)
	}
	all, err := db.ListGitHubApps(t.Context(), w.team)
	ok(t, err)
	if len(all) != 2 || all[0].Name != "first" {
		t.Errorf("GitHub Apps are %+v", all)
	}
	same(t, "second GitHub App", all[1], change)
	change.KeyID = 999
	wantCode(t, "update to an unknown key", db.UpdateGitHubApp(t.Context(), change), core.CodeNotFound)
	_, err = db.CreateGitHubApp(t.Context(), change)
	wantCode(t, "GitHub App with an unknown key", err, core.CodeNotFound)
	change.KeyID, change.UUID = 0, core.NewID()
	wantCode(t, "update of an unknown one", db.UpdateGitHubApp(t.Context(), change), core.CodeNotFound)

	wantCode(t, "deletion of a GitHub App's key", db.DeleteKey(t.Context(), w.team, key.UUID), core.CodeInvalid)
	own, _ := w.newSource("own")
	a := w.sketch("a")
	a.Source = core.Source{KeyID: own.RowID, GitHubApp: made.RowID}
	a, err = db.CreateApplication(t.Context(), a, nil)
	ok(t, err)
	ok(t, db.DeleteGitHubApp(t.Context(), w.team, all[0].UUID))
	ok(t, db.DeleteKey(t.Context(), w.team, key.UUID))
	w.deleteSource(a, own, made)
}

// deleteSource deletes what an application comes from, which works once that is deleted.
func (w *world) deleteSource(a core.Application, key core.PrivateKey, app core.GitHubApp) {
	t, db := w.t, w.db
	t.Helper()
	apps, err := db.ListGitHubApps(t.Context(), w.team)
	ok(t, err)
	for _, g := range apps {
		if g.KeyID == key.RowID {
			ok(t, db.DeleteGitHubApp(t.Context(), w.team, g.UUID))
		}
	}
	wantCode(t, "deletion of an application's key", db.DeleteKey(t.Context(), w.team, key.UUID), core.CodeInvalid)
	wantCode(t, "deletion of an application's GitHub App", db.DeleteGitHubApp(t.Context(), w.team, app.UUID), core.CodeBadRequest)
	ok(t, db.DeleteApplication(t.Context(), w.team, a.UUID))
	ok(t, db.DeleteKey(t.Context(), w.team, key.UUID))
	ok(t, db.DeleteGitHubApp(t.Context(), w.team, app.UUID))
	wantCode(t, "second deletion of a key", db.DeleteKey(t.Context(), w.team, key.UUID), core.CodeNotFound)
	wantCode(t, "second deletion of a GitHub App", db.DeleteGitHubApp(t.Context(), w.team, app.UUID), core.CodeNotFound)
	left, err := db.LoadApplication(t.Context(), w.push(a, "c")) // to be stopped
	ok(t, err)
	if from := left.Application.Source; from.KeyID != 0 || from.GitHubApp != 0 {
		t.Errorf("the source of the deleted application is %+v", from)
	}
}
