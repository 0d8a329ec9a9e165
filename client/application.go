package client

import (
	"context"
	"strconv"

	"github.com/taffrail/taffrail/api"
)

// Source is where a new application comes from, as it stands in paths. It decides what
// an api.ApplicationCreate must have.
type Source string

// The sources.
const (
	FromPublic    Source = "public"             // GitRepository, GitBranch, BuildPack
	FromDeployKey Source = "private-deploy-key" // as FromPublic, and PrivateKeyUUID
	FromGitHubApp Source = "private-github-app" // as FromPublic, and GitHubAppUUID
	FromText      Source = "dockerfile"         // Dockerfile
	FromImage     Source = "dockerimage"        // ImageName
)

// ListApplications lists the applications of the team.
func (c *Client) ListApplications(ctx context.Context) ([]api.Application, error) {
	return get[[]api.Application](ctx, c, "/applications", nil)
}

// GetApplication gets an application.
func (c *Client) GetApplication(ctx context.Context, uuid string) (api.Application, error) {
	return get[api.Application](ctx, c, Applications.path(uuid), nil)
}

// CreateApplication makes an application. r.Labels and r.NginxConf are base64: see
// EncodeText. CodeConflict when another resource has one of its domains.
func (c *Client) CreateApplication(ctx context.Context, from Source, r api.ApplicationCreate) (api.ApplicationSaved, error) {
	return post[api.ApplicationSaved](ctx, c, Applications.path(string(from)), r)
}

// UpdateApplication changes an application; nil fields stay as they are. What is base64 in
// CreateApplication is so here.
func (c *Client) UpdateApplication(ctx context.Context, uuid string, r api.ApplicationUpdate) (api.ApplicationSaved, error) {
	return patch[api.ApplicationSaved](ctx, c, Applications.path(uuid), r)
}

// DeleteApplication stops an application and deletes it; its history stays.
func (c *Client) DeleteApplication(ctx context.Context, uuid string, o api.RemoveOptions) (api.Message, error) {
	return remove[api.Message](ctx, c, Applications.path(uuid), removal(o))
}

// StartApplication queues a deployment: what is built already is not built again unless r
// forces it.
func (c *Client) StartApplication(ctx context.Context, uuid string, r api.ApplicationActionRequest) (api.Accepted, error) {
	return c.act(ctx, Applications, uuid, "start", r)
}

// StopApplication queues a stop.
func (c *Client) StopApplication(ctx context.Context, uuid string, r api.ApplicationActionRequest) (api.Accepted, error) {
	return c.act(ctx, Applications, uuid, "stop", r)
}

// RestartApplication queues a restart, which never builds.
func (c *Client) RestartApplication(ctx context.Context, uuid string, r api.ApplicationActionRequest) (api.Accepted, error) {
	return c.act(ctx, Applications, uuid, "restart", r)
}

// ApplicationLogs gets the last lines that a running application wrote. part is a service
// of its compose file; empty: all that it has.
func (c *Client) ApplicationLogs(ctx context.Context, uuid, part string, lines int, timestamps bool) (api.Logs, error) {
	query := tail(lines, timestamps)
	if part != "" {
		query.Set("service_name", part)
	}
	return get[api.Logs](ctx, c, Applications.path(uuid, "logs"), query)
}

// ListRollbackImages lists what an application can go back to, newest first.
func (c *Client) ListRollbackImages(ctx context.Context, uuid string) (api.RollbackImages, error) {
	return get[api.RollbackImages](ctx, c, Applications.path(uuid, "rollback-images"), nil)
}

// Rollback queues the return to an earlier deployment; with r.DryRun it only tells what
// would change. Pushes do not deploy any more until ResumeAutoDeploy.
func (c *Client) Rollback(ctx context.Context, uuid string, r api.RollbackRequest) (api.RolledBack, error) {
	return post[api.RolledBack](ctx, c, Applications.path(uuid, "rollback"), r)
}

// ResumeAutoDeploy lets pushes deploy again.
func (c *Client) ResumeAutoDeploy(ctx context.Context, uuid string) (api.Message, error) {
	return post[api.Message](ctx, c, Applications.path(uuid, "resume-auto-deploy"), nil)
}

// ListPreviews lists the pull requests of an application that have a deployment of their own.
func (c *Client) ListPreviews(ctx context.Context, uuid string) ([]api.Preview, error) {
	return get[[]api.Preview](ctx, c, Applications.path(uuid, "previews"), nil)
}

// DeletePreview stops and deletes the deployment of a pull request.
func (c *Client) DeletePreview(ctx context.Context, uuid string, pullRequest int) (api.Accepted, error) {
	return remove[api.Accepted](ctx, c, Applications.path(uuid, "previews", strconv.Itoa(pullRequest)), nil)
}

// ListApplicationDestinations lists where an application is deployed, the main one first.
func (c *Client) ListApplicationDestinations(ctx context.Context, uuid string) ([]api.ApplicationDestination, error) {
	return get[[]api.ApplicationDestination](ctx, c, Applications.path(uuid, "destinations"), nil)
}

// AddDestination has an application deployed to a further server from its next deployment
// on. CodeConflict when it is there already.
func (c *Client) AddDestination(ctx context.Context, uuid, destination string) (api.Message, error) {
	return post[api.Message](ctx, c, Applications.path(uuid, "destinations"), api.DestinationRequest{DestinationUUID: destination})
}

// RemoveDestination stops an application on a further server, and deploys there no more.
func (c *Client) RemoveDestination(ctx context.Context, uuid, destination string) (api.Accepted, error) {
	return remove[api.Accepted](ctx, c, Applications.path(uuid, "destinations", destination), nil)
}
