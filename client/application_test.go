package client_test

import (
	"context"
	"testing"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// TestApplicationRequests holds what each method puts on the wire.
func TestApplicationRequests(t *testing.T) {
	t.Parallel()
	yes := true
	tests := []struct {
		want string
		call func(ctx context.Context, c *client.Client) error
	}{
		{"GET /applications", func(ctx context.Context, c *client.Client) error { return drops(c.ListApplications(ctx)) }},
		{"GET /applications/a%2Fb", func(ctx context.Context, c *client.Client) error { return drops(c.GetApplication(ctx, "a/b")) }},
		{`POST /applications/private-deploy-key {"project_uuid":"p","server_uuid":"s","git_repository":"r","private_key_uuid":"k","health_check_port":"80"}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.CreateApplication(ctx, client.FromDeployKey, api.ApplicationCreate{
				ProjectUUID: "p", ServerUUID: "s", ApplicationSettings: api.ApplicationSettings{
					SourceSettings:            api.SourceSettings{GitRepository: pointer("r"), PrivateKeyUUID: pointer("k")},
					ApplicationHealthSettings: api.ApplicationHealthSettings{Port: pointer("80")},
				},
			}))
		}},
		{`PATCH /applications/a {"docker_compose_domains":[{"name":"web","domain":"d"}],"is_gzip_enabled":true,"custom_labels":"YT1i"}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.UpdateApplication(ctx, "a", api.ApplicationUpdate{ApplicationSettings: api.ApplicationSettings{
				ComposeSettings: api.ComposeSettings{Domains: &[]api.ComposeDomainWrite{{Name: "web", Domain: "d"}}},
				ServeSettings:   api.ServeSettings{Gzip: &yes, Labels: pointer(client.EncodeText([]byte("a=b")))},
			}}))
		}},
		{"DELETE /applications/a?docker_cleanup=true", func(ctx context.Context, c *client.Client) error {
			return drops(c.DeleteApplication(ctx, "a", api.RemoveOptions{DockerCleanup: &yes}))
		}},
		{`POST /applications/a/start {"force":true}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.StartApplication(ctx, "a", api.ApplicationActionRequest{Force: true}))
		}},
		{`POST /applications/a/stop {"docker_cleanup":true}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.StopApplication(ctx, "a", api.ApplicationActionRequest{DockerCleanup: &yes}))
		}},
		{`POST /applications/a/restart {"note":"n"}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.RestartApplication(ctx, "a", api.ApplicationActionRequest{Note: "n"}))
		}},
		{"GET /applications/a/logs?lines=5&service_name=web&show_timestamps=false", func(ctx context.Context, c *client.Client) error {
			return drops(c.ApplicationLogs(ctx, "a", "web", 5, false))
		}},
		{"GET /applications/a/logs?show_timestamps=true", func(ctx context.Context, c *client.Client) error {
			return drops(c.ApplicationLogs(ctx, "a", "", 0, true))
		}},
		{"GET /applications/a/rollback-images", func(ctx context.Context, c *client.Client) error { return drops(c.ListRollbackImages(ctx, "a")) }},
		{`POST /applications/a/rollback {"deployment_uuid":"d","dry_run":true}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.Rollback(ctx, "a", api.RollbackRequest{DeploymentUUID: "d", DryRun: true}))
		}},
		{"POST /applications/a/resume-auto-deploy", func(ctx context.Context, c *client.Client) error { return drops(c.ResumeAutoDeploy(ctx, "a")) }},
		{"GET /applications/a/previews", func(ctx context.Context, c *client.Client) error { return drops(c.ListPreviews(ctx, "a")) }},
		{"DELETE /applications/a/previews/7", func(ctx context.Context, c *client.Client) error { return drops(c.DeletePreview(ctx, "a", 7)) }},
		{"GET /applications/a/destinations", func(ctx context.Context, c *client.Client) error {
			return drops(c.ListApplicationDestinations(ctx, "a"))
		}},
		{`POST /applications/a/destinations {"destination_uuid":"d"}`, func(ctx context.Context, c *client.Client) error { return drops(c.AddDestination(ctx, "a", "d")) }},
		{"DELETE /applications/a/destinations/d", func(ctx context.Context, c *client.Client) error { return drops(c.RemoveDestination(ctx, "a", "d")) }},
		{"GET /applications/a/storages", func(ctx context.Context, c *client.Client) error {
			return drops(c.ListStorages(ctx, client.Applications, "a"))
		}},
		{`POST /applications/a/envs {"key":"A","is_preview":true}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.CreateEnv(ctx, client.Applications, "a", api.EnvWrite{Key: "A", IsPreview: true}))
		}},
	}
	for _, tt := range tests {
		if got := onTheWire(t, tt.call); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestGitHubSharedAndProxyRequests(t *testing.T) {
	t.Parallel()
	tests := []struct {
		want string
		call func(ctx context.Context, c *client.Client) error
	}{
		{"GET /github-apps", func(ctx context.Context, c *client.Client) error { return drops(c.ListGitHubApps(ctx)) }},
		{"GET /github-apps/3", func(ctx context.Context, c *client.Client) error { return drops(c.GetGitHubApp(ctx, "3")) }},
		{`POST /github-apps {"name":"n","app_id":1,"installation_id":2,"private_key_uuid":"k","webhook_secret":"w"}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.CreateGitHubApp(ctx, api.GitHubAppCreate{
				Name: "n", AppID: 1, InstallationID: 2, PrivateKeyUUID: "k", GitHubAppSettings: api.GitHubAppSettings{WebhookSecret: pointer("w")},
			}))
		}},
		{`PATCH /github-apps/g {"app_id":4}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.UpdateGitHubApp(ctx, "g", api.GitHubAppUpdate{AppID: pointer(int64(4))}))
		}},
		{"DELETE /github-apps/g", func(ctx context.Context, c *client.Client) error { return drops(c.DeleteGitHubApp(ctx, "g")) }},
		{"GET /github-apps/g/repositories", func(ctx context.Context, c *client.Client) error { return drops(c.ListGitHubRepositories(ctx, "g")) }},
		{"GET /github-apps/g/repositories/acme/a%2Fb/branches", func(ctx context.Context, c *client.Client) error {
			return drops(c.ListGitHubBranches(ctx, "g", "acme", "a/b"))
		}},
		{"GET /team/envs", func(ctx context.Context, c *client.Client) error { return drops(c.ListShared(ctx, client.Scope{})) }},
		{`POST /projects/p/envs {"key":"A","value":""}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.CreateShared(ctx, client.OfProject("p"), api.SharedEnvCreate{Key: "A", SharedEnvSettings: api.SharedEnvSettings{Value: pointer("")}}))
		}},
		{`PATCH /projects/p/environments/e%2F/envs/3 {"value":"b"}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.UpdateShared(ctx, client.OfEnvironment("p", "e/"), "3", api.SharedEnvUpdate{SharedEnvSettings: api.SharedEnvSettings{Value: pointer("b")}}))
		}},
		{"DELETE /servers/s/envs/v", func(ctx context.Context, c *client.Client) error {
			return drops(c.DeleteShared(ctx, client.OfServer("s"), "v"))
		}},
		{"GET /servers/s/proxy", func(ctx context.Context, c *client.Client) error { return drops(c.GetProxy(ctx, "s")) }},
		{`PATCH /servers/s/proxy {"proxy_type":"caddy"}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.UpdateProxy(ctx, "s", api.ServerProxyUpdate{ProxyType: "caddy"}))
		}},
		{"POST /servers/s/proxy/start", func(ctx context.Context, c *client.Client) error { return drops(c.StartProxy(ctx, "s")) }},
		{"POST /servers/s/proxy/restart", func(ctx context.Context, c *client.Client) error { return drops(c.RestartProxy(ctx, "s")) }},
		{"POST /servers/s/proxy/stop", func(ctx context.Context, c *client.Client) error { return drops(c.StopProxy(ctx, "s")) }},
	}
	for _, tt := range tests {
		if got := onTheWire(t, tt.call); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
