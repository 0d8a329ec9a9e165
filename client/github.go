package client

import (
	"context"

	"github.com/taffrail/taffrail/api"
)

const gitHubApps = "/github-apps"

// ListGitHubApps lists the GitHub Apps of the team.
func (c *Client) ListGitHubApps(ctx context.Context) ([]api.GitHubApp, error) {
	return get[[]api.GitHubApp](ctx, c, gitHubApps, nil)
}

// GetGitHubApp gets a GitHub App, by its uuid or number.
func (c *Client) GetGitHubApp(ctx context.Context, app string) (api.GitHubApp, error) {
	return get[api.GitHubApp](ctx, c, gitHubApps+"/"+esc(app), nil)
}

// CreateGitHubApp adds a GitHub App.
func (c *Client) CreateGitHubApp(ctx context.Context, r api.GitHubAppCreate) (api.GitHubApp, error) {
	return post[api.GitHubApp](ctx, c, gitHubApps, r)
}

// UpdateGitHubApp changes a GitHub App; nil fields stay as they are.
func (c *Client) UpdateGitHubApp(ctx context.Context, app string, r api.GitHubAppUpdate) (api.GitHubAppUpdated, error) {
	return patch[api.GitHubAppUpdated](ctx, c, gitHubApps+"/"+esc(app), r)
}

// DeleteGitHubApp removes a GitHub App that no application uses.
func (c *Client) DeleteGitHubApp(ctx context.Context, app string) (api.Message, error) {
	return remove[api.Message](ctx, c, gitHubApps+"/"+esc(app), nil)
}

// ListGitHubRepositories lists the repositories that a GitHub App may read.
func (c *Client) ListGitHubRepositories(ctx context.Context, app string) (api.GitHubRepositories, error) {
	return get[api.GitHubRepositories](ctx, c, gitHubApps+"/"+esc(app)+"/repositories", nil)
}

// ListGitHubBranches lists the branches of a repository.
func (c *Client) ListGitHubBranches(ctx context.Context, app, owner, repo string) (api.GitHubBranches, error) {
	path := gitHubApps + "/" + esc(app) + "/repositories/" + esc(owner) + "/" + esc(repo) + "/branches"
	return get[api.GitHubBranches](ctx, c, path, nil)
}
