package client

import (
	"context"

	"github.com/taffrail/taffrail/api"
)

// GetProxy gets the reverse proxy of a server.
func (c *Client) GetProxy(ctx context.Context, server string) (api.ServerProxy, error) {
	return get[api.ServerProxy](ctx, c, "/servers/"+esc(server)+"/proxy", nil)
}

// UpdateProxy chooses the reverse proxy of a server.
func (c *Client) UpdateProxy(ctx context.Context, server string, r api.ServerProxyUpdate) (api.ServerProxy, error) {
	return patch[api.ServerProxy](ctx, c, "/servers/"+esc(server)+"/proxy", r)
}

// StartProxy starts the reverse proxy of a server.
func (c *Client) StartProxy(ctx context.Context, server string) (api.Message, error) {
	return post[api.Message](ctx, c, "/servers/"+esc(server)+"/proxy/start", nil)
}

// RestartProxy starts the reverse proxy of a server anew.
func (c *Client) RestartProxy(ctx context.Context, server string) (api.Message, error) {
	return post[api.Message](ctx, c, "/servers/"+esc(server)+"/proxy/restart", nil)
}

// StopProxy stops the reverse proxy of a server: what is behind it cannot be reached then.
func (c *Client) StopProxy(ctx context.Context, server string) (api.Message, error) {
	return post[api.Message](ctx, c, "/servers/"+esc(server)+"/proxy/stop", nil)
}
