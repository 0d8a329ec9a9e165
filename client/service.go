package client

import (
	"context"

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

// ListServiceTemplates lists the one-click services.
func (c *Client) ListServiceTemplates(ctx context.Context) ([]api.ServiceTemplate, error) {
	return get[[]api.ServiceTemplate](ctx, c, "/services/templates", nil)
}

// GetServiceTemplate gets a one-click service by its type, with its compose text.
func (c *Client) GetServiceTemplate(ctx context.Context, key string) (api.ServiceTemplate, error) {
	return get[api.ServiceTemplate](ctx, c, "/services/templates/"+esc(key), nil)
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

// UpdateServicePart changes a container of a service that is no database; nil fields stay
// as they are.
func (c *Client) UpdateServicePart(ctx context.Context, uuid, part string, r api.ServicePartUpdate) (api.ServicePart, error) {
	return patch[api.ServicePart](ctx, c, "/services/"+esc(uuid)+"/applications/"+esc(part), r)
}

// StartService queues a start.
func (c *Client) StartService(ctx context.Context, uuid string, r api.ActionRequest) (api.Accepted, error) {
	return c.act(ctx, Services, uuid, "start", r)
}

// StopService queues a stop.
func (c *Client) StopService(ctx context.Context, uuid string, r api.ActionRequest) (api.Accepted, error) {
	return c.act(ctx, Services, uuid, "stop", r)
}

// RestartService queues a restart.
func (c *Client) RestartService(ctx context.Context, uuid string, r api.ActionRequest) (api.Accepted, error) {
	return c.act(ctx, Services, uuid, "restart", r)
}

// ServiceLogs gets the last lines that a running container of a service wrote.
func (c *Client) ServiceLogs(ctx context.Context, uuid, part string, lines int, timestamps bool) (api.Logs, error) {
	query := tail(lines, timestamps)
	query.Set("sub_service_name", part)
	return get[api.Logs](ctx, c, "/services/"+esc(uuid)+"/logs", query)
}
