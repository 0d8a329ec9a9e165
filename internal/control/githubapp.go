package control

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
)

// GitHubAppPatch creates or changes a GitHub App; what is nil stays, or takes its default.
type GitHubAppPatch struct {
	Name, Organization          *string
	APIURL, HTMLURL             *string
	CustomUser                  *string
	CustomPort                  *int
	AppID, InstallationID       *int64
	ClientID                    *string
	ClientSecret, WebhookSecret *core.Secret
	Key                         *core.ID // private key of the team
	IsSystemWide                *bool
}

// ListGitHubApps returns the GitHub Apps of the team. Their secrets are empty unless p may
// see secrets.
func (c *Control) ListGitHubApps(ctx context.Context, p auth.Principal) ([]core.GitHubApp, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	list, err := c.deps.Applications.GitHubApps.ListGitHubApps(ctx, p.TeamID)
	for i := range list {
		list[i] = shownGitHubApp(p, list[i])
	}
	return list, err
}

// GetGitHubApp returns one, named by its uuid or number.
func (c *Control) GetGitHubApp(ctx context.Context, p auth.Principal, app string) (core.GitHubApp, error) {
	if err := p.Require(auth.Read); err != nil {
		return core.GitHubApp{}, err
	}
	g, err := c.gitHubApp(ctx, p, app)
	return shownGitHubApp(p, g), err
}

// CreateGitHubApp stores a GitHub App.
func (c *Control) CreateGitHubApp(ctx context.Context, p auth.Principal, in GitHubAppPatch) (core.GitHubApp, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.GitHubApp{}, err
	}
	g := core.GitHubApp{
		UUID: core.NewID(), TeamID: p.TeamID, APIURL: "https://api.github.com", HTMLURL: "https://github.com", CustomUser: "git", CustomPort: 22,
	}
	g, err := c.patchedGitHubApp(ctx, p, g, in)
	if err != nil {
		return core.GitHubApp{}, err
	}
	g, err = c.deps.Applications.GitHubApps.CreateGitHubApp(ctx, g)
	if err != nil {
		return core.GitHubApp{}, err
	}
	c.did(ctx, p, "GitHub App created", g.UUID)
	return shownGitHubApp(p, g), nil
}

// UpdateGitHubApp changes one, named by its uuid or number.
func (c *Control) UpdateGitHubApp(ctx context.Context, p auth.Principal, app string, in GitHubAppPatch) (core.GitHubApp, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.GitHubApp{}, err
	}
	g, err := c.gitHubApp(ctx, p, app)
	if err != nil {
		return core.GitHubApp{}, err
	}
	if g, err = c.patchedGitHubApp(ctx, p, g, in); err != nil {
		return core.GitHubApp{}, err
	}
	if err := c.deps.Applications.GitHubApps.UpdateGitHubApp(ctx, g); err != nil {
		return core.GitHubApp{}, named(err, gitHubApp)
	}
	c.did(ctx, p, "GitHub App updated", g.UUID)
	g, err = c.gitHubApp(ctx, p, string(g.UUID))
	return shownGitHubApp(p, g), err
}

// DeleteGitHubApp deletes one, named by its uuid or number. CodeBadRequest while an
// application uses it.
func (c *Control) DeleteGitHubApp(ctx context.Context, p auth.Principal, app string) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	g, err := c.gitHubApp(ctx, p, app)
	if err != nil {
		return err
	}
	if err := c.deps.Applications.GitHubApps.DeleteGitHubApp(ctx, p.TeamID, g.UUID); err != nil {
		return named(err, gitHubApp)
	}
	c.did(ctx, p, "GitHub App deleted", g.UUID)
	return nil
}

// ListGitHubRepositories lists what a GitHub App may read.
func (c *Control) ListGitHubRepositories(ctx context.Context, p auth.Principal, app string) ([]git.AppRepository, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	g, err := c.gitHubApp(ctx, p, app)
	if err != nil {
		return nil, err
	}
	return c.deps.Applications.CodeHosts.Repositories(ctx, g)
}

// ListGitHubBranches lists the branches of a repository ("owner/name").
func (c *Control) ListGitHubBranches(ctx context.Context, p auth.Principal, app, repository string) ([]git.AppBranch, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	g, err := c.gitHubApp(ctx, p, app)
	if err != nil {
		return nil, err
	}
	return c.deps.Applications.CodeHosts.Branches(ctx, g, repository)
}

// gitHubApp is what messages call it.
const gitHubApp = "Github App"

// gitHubApp finds one by its uuid, or by its number, as clients know it.
func (c *Control) gitHubApp(ctx context.Context, p auth.Principal, app string) (core.GitHubApp, error) {
	list, err := c.deps.Applications.GitHubApps.ListGitHubApps(ctx, p.TeamID)
	if err != nil {
		return core.GitHubApp{}, err
	}
	i := slices.IndexFunc(list, func(g core.GitHubApp) bool {
		return string(g.UUID) == app || strconv.FormatInt(g.RowID, 10) == app
	})
	if i < 0 {
		return core.GitHubApp{}, core.NotFound(gitHubApp)
	}
	return list[i], nil
}

func (c *Control) patchedGitHubApp(ctx context.Context, p auth.Principal, g core.GitHubApp, in GitHubAppPatch) (core.GitHubApp, error) {
	trim(&g.Name, in.Name)
	trim(&g.Organization, in.Organization)
	trim(&g.APIURL, in.APIURL)
	trim(&g.HTMLURL, in.HTMLURL)
	trim(&g.CustomUser, in.CustomUser)
	set(&g.CustomPort, in.CustomPort)
	set(&g.AppID, in.AppID)
	set(&g.InstallationID, in.InstallationID)
	trim(&g.ClientID, in.ClientID)
	set(&g.ClientSecret, in.ClientSecret)
	set(&g.WebhookSecret, in.WebhookSecret)
	set(&g.IsSystemWide, in.IsSystemWide)
	team, err := c.deps.Teams.GetTeam(ctx, p.TeamID)
	if err != nil {
		return g, err
	}
	f := faults{}
	f.gitHubApp(g, team.AllowHostAccess)
	if err := f.err(); err != nil {
		return g, err
	}
	if in.Key == nil {
		return g, nil
	}
	key, err := c.key(ctx, p, *in.Key)
	g.KeyID = key.RowID
	return g, err
}

// gitHubApp checks a GitHub App. That its addresses lead nowhere else is checked whenever
// they are dialled.
func (f faults) gitHubApp(g core.GitHubApp, allowHost bool) {
	f.name("name", g.Name)
	f.text("organization", g.Organization, maxText)
	f.text("client_id", g.ClientID, maxText)
	for field, text := range map[string]string{"api_url": g.APIURL, "html_url": g.HTMLURL} {
		if !validURL(text) || !allowHost && !strings.HasPrefix(text, "https://") {
			f.add(field, "The %s field must be like https://api.github.com.", words(field))
		}
	}
	if !userPattern.MatchString(g.CustomUser) || len(g.CustomUser) > maxText {
		f.add("custom_user", "The custom user field must be the name of a login, like git.")
	}
	f.between("custom_port", g.CustomPort, 1, maxPort)
	for field, id := range map[string]int64{"app_id": g.AppID, "installation_id": g.InstallationID} {
		if id < 0 {
			f.add(field, "The %s field must be at least 0.", words(field))
		}
	}
	f.hookSecret("client_secret", g.ClientSecret)
	f.hookSecret("webhook_secret", g.WebhookSecret)
}

func shownGitHubApp(p auth.Principal, g core.GitHubApp) core.GitHubApp {
	if !p.SeesSecrets() {
		g.ClientSecret, g.WebhookSecret = core.Secret{}, core.Secret{}
	}
	return g
}
