package client

import (
	"context"
	"net/url"

	"github.com/taffrail/taffrail/api"
)

// ListServers lists the servers of the team.
func (c *Client) ListServers(ctx context.Context) ([]api.Server, error) {
	return get[[]api.Server](ctx, c, "/servers", nil)
}

// GetServer gets a server.
func (c *Client) GetServer(ctx context.Context, uuid string) (api.Server, error) {
	return get[api.Server](ctx, c, "/servers/"+esc(uuid), nil)
}

// CreateServer adds a server.
func (c *Client) CreateServer(ctx context.Context, r api.ServerCreate) (api.UUID, error) {
	return post[api.UUID](ctx, c, "/servers", r)
}

// UpdateServer changes a server; nil fields stay as they are.
func (c *Client) UpdateServer(ctx context.Context, uuid string, r api.ServerUpdate) (api.UUID, error) {
	return patch[api.UUID](ctx, c, "/servers/"+esc(uuid), r)
}

// DeleteServer removes a server that nothing runs on.
func (c *Client) DeleteServer(ctx context.Context, uuid string) (api.Message, error) {
	return remove[api.Message](ctx, c, "/servers/"+esc(uuid), nil)
}

// ValidateServer starts a check of a server. GetServer tells what was found, once its
// facts are newer than the call.
func (c *Client) ValidateServer(ctx context.Context, uuid string, r api.ValidateRequest) (api.Message, error) {
	return post[api.Message](ctx, c, "/servers/"+esc(uuid)+"/validate", r)
}

// ListServerResources lists what is deployed on a server.
func (c *Client) ListServerResources(ctx context.Context, uuid string) ([]api.Resource, error) {
	return get[[]api.Resource](ctx, c, "/servers/"+esc(uuid)+"/resources", nil)
}

// ListServerDomains lists the domains that lead to a server.
func (c *Client) ListServerDomains(ctx context.Context, uuid string) ([]api.Domains, error) {
	return get[[]api.Domains](ctx, c, "/servers/"+esc(uuid)+"/domains", nil)
}

// ListDestinations lists the Docker networks of a server that resources may be attached to.
func (c *Client) ListDestinations(ctx context.Context, server string) ([]api.Destination, error) {
	return get[[]api.Destination](ctx, c, "/servers/"+esc(server)+"/destinations", nil)
}

// ListResources lists all resources of the team.
func (c *Client) ListResources(ctx context.Context) ([]api.Resource, error) {
	return get[[]api.Resource](ctx, c, "/resources", nil)
}

// GetQueue tells how deployments of a resource queue.
func (c *Client) GetQueue(ctx context.Context, resource string) (api.QueuePolicy, error) {
	return get[api.QueuePolicy](ctx, c, "/resources/"+esc(resource)+"/queue", nil)
}

// UpdateQueue changes how deployments of a resource queue, from now on.
func (c *Client) UpdateQueue(ctx context.Context, resource string, to api.QueuePolicy) (api.QueuePolicy, error) {
	return patch[api.QueuePolicy](ctx, c, "/resources/"+esc(resource)+"/queue", to)
}

// ListKeys lists the private keys of the team.
func (c *Client) ListKeys(ctx context.Context) ([]api.PrivateKey, error) {
	return get[[]api.PrivateKey](ctx, c, "/security/keys", nil)
}

// GetKey gets a private key.
func (c *Client) GetKey(ctx context.Context, uuid string) (api.PrivateKey, error) {
	return get[api.PrivateKey](ctx, c, "/security/keys/"+esc(uuid), nil)
}

// CreateKey adds a private key.
func (c *Client) CreateKey(ctx context.Context, r api.KeyCreate) (api.UUID, error) {
	return post[api.UUID](ctx, c, "/security/keys", r)
}

// UpdateKey changes a private key; nil fields stay as they are.
func (c *Client) UpdateKey(ctx context.Context, uuid string, r api.KeyUpdate) (api.UUID, error) {
	return patch[api.UUID](ctx, c, "/security/keys/"+esc(uuid), r)
}

// DeleteKey removes a private key that nothing uses.
func (c *Client) DeleteKey(ctx context.Context, uuid string) (api.Message, error) {
	return remove[api.Message](ctx, c, "/security/keys/"+esc(uuid), url.Values{})
}

// ListAllDestinations lists the Docker networks of all servers.
func (c *Client) ListAllDestinations(ctx context.Context) ([]api.Destination, error) {
	return get[[]api.Destination](ctx, c, "/destinations", nil)
}

// CreateDestination adds a Docker network to those that resources of a server can be put on.
func (c *Client) CreateDestination(ctx context.Context, server string, r api.DestinationCreate) (api.Destination, error) {
	return post[api.Destination](ctx, c, "/servers/"+esc(server)+"/destinations", r)
}

// UpdateDestination renames one.
func (c *Client) UpdateDestination(ctx context.Context, uuid string, r api.DestinationUpdate) (api.Destination, error) {
	return patch[api.Destination](ctx, c, "/destinations/"+esc(uuid), r)
}

// DeleteDestination forgets one that nothing is on.
func (c *Client) DeleteDestination(ctx context.Context, uuid string) (api.Message, error) {
	return remove[api.Message](ctx, c, "/destinations/"+esc(uuid), nil)
}
