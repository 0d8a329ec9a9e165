package server

import (
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

func TestGitHubAppsKeepTheirTokens(t *testing.T) {
	t.Parallel()
	g := newFakeGitHub(t)
	k := &keys{leave: true, text: rsaPEM()}
	apps := newGitHubApps(k)
	ctx := t.Context()
	row := core.GitHubApp{RowID: 1, TeamID: 2, Name: "our app", APIURL: g.URL, AppID: 7, InstallationID: 8, KeyID: 9}
	token := func(want int) {
		t.Helper()
		got, err := apps.Token(ctx, row, "acme/shop")
		if err != nil || got.Reveal() != "ghs_ofTheFake" || g.counted() != want {
			t.Errorf("token %q after %d requests, %v", got.Reveal(), g.counted(), err)
		}
	}
	token(1)
	token(1)
	row.UpdatedAt = time.Unix(1, 0)
	token(2)
	k.changed = time.Unix(1, 0)
	token(3)
	row.RowID = 2
	token(4)
	repositories, err := apps.Repositories(ctx, row)
	if err != nil || len(repositories) != 1 || repositories[0].FullName != "acme/shop" {
		t.Errorf("repositories %+v, %v", repositories, err)
	}
	branches, err := apps.Branches(ctx, row, "acme/shop")
	if err != nil || len(branches) != 1 || branches[0].Name != "main" {
		t.Errorf("branches %+v, %v", branches, err)
	}
	if g.counted() != 4 {
		t.Errorf("%d tokens", g.counted())
	}
}

// TestGitHubAppsOfOthers: without the leave to use the host nothing in our own network is
// reached, whatever it is called.
func TestGitHubAppsOfOthers(t *testing.T) {
	t.Parallel()
	g := newFakeGitHub(t)
	k := &keys{text: rsaPEM()}
	apps := newGitHubApps(k)
	row := core.GitHubApp{RowID: 1, Name: "our app", AppID: 7, InstallationID: 8, KeyID: 9}
	for _, api := range []string{g.URL, strings.Replace(g.URL, "http:", "https:", 1), "https://localhost", "https://[::1]", "https://169.254.169.254/latest"} {
		row.APIURL = api
		if _, err := apps.Token(t.Context(), row, ""); err == nil {
			t.Errorf("%s was reached", api)
		}
	}
	g.none(t)
	if g.counted() != 0 {
		t.Error("a token was asked for")
	}
	for what, change := range map[string]func(*core.GitHubApp){
		"public": func(r *core.GitHubApp) { r.IsPublic = true }, "no key": func(r *core.GitHubApp) { r.KeyID = 0 },
		"not set up": func(r *core.GitHubApp) { r.AppID = 0 },
	} {
		row := row
		row.APIURL = "https://api.github.com"
		change(&row)
		if _, err := apps.Token(t.Context(), row, ""); core.CodeOf(err) != core.CodeBadRequest {
			t.Errorf("%s: %v", what, err)
		}
	}
}
