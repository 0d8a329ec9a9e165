package client

import (
	"context"
	"net/url"
	"strconv"

	"github.com/taffrail/taffrail/api"
)

// ListServices lists the services of the team.
func (c *Client) ListServices(ctx context.Context) ([]api.Service, error) {
	return get[[]api.Service](ctx, c, "/services", nil)
}

// GetService gets a service.
func (c *Client) GetService(ctx context.Context, uuid string) (api.Service, error) {
	return get[api.Service](ctx, c, "/services/"+esc(uuid), nil)
}

// CreateService makes a service. r.DockerComposeRaw is base64: see EncodeCompose.
func (c *Client) CreateService(ctx context.Context, r api.ServiceCreate) (api.ServiceCreated, error) {
	return post[api.ServiceCreated](ctx, c, "/services", r)
}

// UpdateService changes a service; nil fields stay as they are.
func (c *Client) UpdateService(ctx context.Context, uuid string, r api.ServiceUpdate) (api.ServiceCreated, error) {
	return patch[api.ServiceCreated](ctx, c, "/services/"+esc(uuid), r)
}

// DeleteService stops a service and deletes it; its history stays.
func (c *Client) DeleteService(ctx context.Context, uuid string, o api.RemoveOptions) (api.Message, error) {
	return remove[api.Message](ctx, c, "/services/"+esc(uuid), removal(o))
}

// StartService queues a start.
func (c *Client) StartService(ctx context.Context, uuid string, r api.ActionRequest) (api.Accepted, error) {
	return c.act(ctx, uuid, "start", r)
}

// StopService queues a stop.
func (c *Client) StopService(ctx context.Context, uuid string, r api.ActionRequest) (api.Accepted, error) {
	return c.act(ctx, uuid, "stop", r)
}

// RestartService queues a restart.
func (c *Client) RestartService(ctx context.Context, uuid string, r api.ActionRequest) (api.Accepted, error) {
	return c.act(ctx, uuid, "restart", r)
}

func (c *Client) act(ctx context.Context, uuid, verb string, r api.ActionRequest) (api.Accepted, error) {
	return post[api.Accepted](ctx, c, "/services/"+esc(uuid)+"/"+verb, r)
}

// ServiceLogs gets the last lines that a running container of a service wrote.
func (c *Client) ServiceLogs(ctx context.Context, uuid, part string, lines int, timestamps bool) (api.Logs, error) {
	query := url.Values{"sub_service_name": {part}, "show_timestamps": {strconv.FormatBool(timestamps)}}
	if lines > 0 {
		query.Set("lines", strconv.Itoa(lines))
	}
	return get[api.Logs](ctx, c, "/services/"+esc(uuid)+"/logs", query)
}

// ListServiceEnvs lists the variables of a service.
func (c *Client) ListServiceEnvs(ctx context.Context, uuid string) ([]api.EnvironmentVariable, error) {
	return get[[]api.EnvironmentVariable](ctx, c, "/services/"+esc(uuid)+"/envs", nil)
}

// CreateServiceEnv adds a variable; CodeConflict when its key is there.
func (c *Client) CreateServiceEnv(ctx context.Context, uuid string, r api.EnvWrite) (api.UUID, error) {
	return post[api.UUID](ctx, c, "/services/"+esc(uuid)+"/envs", r)
}

// UpdateServiceEnv changes the variable with r's key.
func (c *Client) UpdateServiceEnv(ctx context.Context, uuid string, r api.EnvWrite) (api.EnvironmentVariable, error) {
	return patch[api.EnvironmentVariable](ctx, c, "/services/"+esc(uuid)+"/envs", r)
}

// UpsertServiceEnvs makes or changes many variables: all or none.
func (c *Client) UpsertServiceEnvs(ctx context.Context, uuid string, r api.EnvBulk) ([]api.EnvironmentVariable, error) {
	return patch[[]api.EnvironmentVariable](ctx, c, "/services/"+esc(uuid)+"/envs/bulk", r)
}

// DeleteServiceEnv removes a variable by its uuid.
func (c *Client) DeleteServiceEnv(ctx context.Context, uuid, env string) (api.Message, error) {
	return remove[api.Message](ctx, c, "/services/"+esc(uuid)+"/envs/"+esc(env), nil)
}

func removal(o api.RemoveOptions) url.Values {
	query := url.Values{}
	for key, value := range map[string]*bool{
		"delete_configurations": o.DeleteConfigurations, "delete_volumes": o.DeleteVolumes,
		"docker_cleanup": o.DockerCleanup, "delete_connected_networks": o.DeleteConnectedNetworks,
	} {
		if value != nil {
			query.Set(key, strconv.FormatBool(*value))
		}
	}
	return query
}
