package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

type oneGitHubApp struct {
	App string `path:"github_app_id" doc:"Its uuid or its number here."`
}

func (a *API) listGitHubApps(ctx context.Context, p auth.Principal, _ none) ([]api.GitHubApp, error) {
	found, err := a.control.ListGitHubApps(ctx, p)
	return list(found, showGitHubApp), err
}

func (a *API) getGitHubApp(ctx context.Context, p auth.Principal, in oneGitHubApp) (api.GitHubApp, error) {
	g, err := a.control.GetGitHubApp(ctx, p, in.App)
	return showGitHubApp(g), err
}

type createGitHubApp struct {
	Body api.GitHubAppCreate `in:"body"`
}

func (a *API) createGitHubApp(ctx context.Context, p auth.Principal, in createGitHubApp) (api.GitHubApp, error) {
	b := in.Body
	change := gitHubAppPatch(b.GitHubAppSettings)
	change.Name, change.AppID, change.InstallationID, change.Key = &b.Name, &b.AppID, &b.InstallationID, newID(&b.PrivateKeyUUID)
	g, err := a.control.CreateGitHubApp(ctx, p, change)
	return showGitHubApp(g), err
}

type updateGitHubApp struct {
	App  string              `path:"github_app_id" doc:"Its uuid or its number here."`
	Body api.GitHubAppUpdate `in:"body"`
}

func (a *API) updateGitHubApp(ctx context.Context, p auth.Principal, in updateGitHubApp) (api.GitHubAppUpdated, error) {
	b := in.Body
	change := gitHubAppPatch(b.GitHubAppSettings)
	change.Name, change.AppID, change.InstallationID, change.Key = b.Name, b.AppID, b.InstallationID, newID(b.PrivateKeyUUID)
	g, err := a.control.UpdateGitHubApp(ctx, p, in.App, change)
	return api.GitHubAppUpdated{Message: "GitHub app updated successfully.", Data: showGitHubApp(g)}, err
}

func (a *API) deleteGitHubApp(ctx context.Context, p auth.Principal, in oneGitHubApp) (api.Message, error) {
	err := a.control.DeleteGitHubApp(ctx, p, in.App)
	return api.Message{Message: "GitHub app deleted successfully."}, err
}

func (a *API) listGitHubRepositories(ctx context.Context, p auth.Principal, in oneGitHubApp) (api.GitHubRepositories, error) {
	found, err := a.control.ListGitHubRepositories(ctx, p, in.App)
	out := api.GitHubRepositories{Repositories: make([]api.GitHubRepository, 0, len(found))}
	for _, o := range found {
		out.Repositories = append(out.Repositories, api.GitHubRepository{
			ID: o.ID, Name: o.Name, FullName: o.FullName, Description: text(o.Description), CloneURL: o.CloneURL,
			DefaultBranch: o.DefaultBranch, HTMLURL: o.HTMLURL, Private: o.Private,
		})
	}
	return out, err
}

type gitHubRepository struct {
	App   string `path:"github_app_id" doc:"Its uuid or its number here."`
	Owner string `path:"owner"`
	Repo  string `path:"repo"`
}

func (a *API) listGitHubBranches(ctx context.Context, p auth.Principal, in gitHubRepository) (api.GitHubBranches, error) {
	found, err := a.control.ListGitHubBranches(ctx, p, in.App, in.Owner+"/"+in.Repo)
	out := api.GitHubBranches{Branches: make([]api.GitHubBranch, 0, len(found))}
	for _, o := range found {
		out.Branches = append(out.Branches, api.GitHubBranch{
			Name: o.Name, Commit: api.GitHubCommit{SHA: o.Commit.SHA, URL: o.Commit.URL}, Protected: o.Protected,
		})
	}
	return out, err
}

func gitHubAppPatch(s api.GitHubAppSettings) control.GitHubAppPatch {
	return control.GitHubAppPatch{
		Organization: s.Organization, APIURL: s.APIURL, HTMLURL: s.HTMLURL, CustomUser: s.CustomUser, CustomPort: s.CustomPort,
		ClientID: s.ClientID, ClientSecret: secret(s.ClientSecret), WebhookSecret: secret(s.WebhookSecret),
		IsSystemWide: s.IsSystemWide,
	}
}

func showGitHubApp(g core.GitHubApp) api.GitHubApp {
	return api.GitHubApp{
		ID: g.RowID, UUID: string(g.UUID), Name: g.Name, APIURL: g.APIURL, AppID: row(g.AppID), ClientID: text(g.ClientID),
		ClientSecret: reveal(g.ClientSecret), CustomPort: g.CustomPort, CustomUser: g.CustomUser, HTMLURL: g.HTMLURL,
		InstallationID: row(g.InstallationID), IsPublic: g.IsPublic, IsSystemWide: g.IsSystemWide,
		Organization: text(g.Organization), PrivateKeyID: row(g.KeyID), TeamID: g.TeamID, WebhookSecret: reveal(g.WebhookSecret),
		CreatedAt: at(g.CreatedAt), UpdatedAt: at(g.UpdatedAt),
	}
}
