package client

import (
	"context"

	"github.com/taffrail/taffrail/api"
)

// ListDatabases lists the databases of the team.
func (c *Client) ListDatabases(ctx context.Context) ([]api.Database, error) {
	return get[[]api.Database](ctx, c, "/databases", nil)
}

// GetDatabase gets a database.
func (c *Client) GetDatabase(ctx context.Context, uuid string) (api.Database, error) {
	return get[api.Database](ctx, c, Databases.path(uuid), nil)
}

// CreateDatabase makes a database of an engine, which is named as clients know it.
// Configurations in r.Fields and the contents of scripts are base64: see EncodeText.
func (c *Client) CreateDatabase(ctx context.Context, engine string, r api.DatabaseCreate) (api.DatabaseCreated, error) {
	return post[api.DatabaseCreated](ctx, c, Databases.path(engine), r)
}

// UpdateDatabase changes a database; nil fields stay as they are. What is base64 in
// CreateDatabase is so here.
func (c *Client) UpdateDatabase(ctx context.Context, uuid string, r api.DatabaseUpdate) (api.DatabaseUpdated, error) {
	return patch[api.DatabaseUpdated](ctx, c, Databases.path(uuid), r)
}

// DeleteDatabase stops a database and deletes it; its history stays.
func (c *Client) DeleteDatabase(ctx context.Context, uuid string, o api.RemoveOptions) (api.Message, error) {
	return remove[api.Message](ctx, c, Databases.path(uuid), removal(o))
}

// StartDatabase queues a start. CodeConflict when its image may not read the data volume
// and r does not force it.
func (c *Client) StartDatabase(ctx context.Context, uuid string, r api.DatabaseActionRequest) (api.Accepted, error) {
	return c.act(ctx, Databases, uuid, "start", r)
}

// StopDatabase queues a stop.
func (c *Client) StopDatabase(ctx context.Context, uuid string, r api.DatabaseActionRequest) (api.Accepted, error) {
	return c.act(ctx, Databases, uuid, "stop", r)
}

// RestartDatabase queues a restart. CodeConflict as with StartDatabase.
func (c *Client) RestartDatabase(ctx context.Context, uuid string, r api.DatabaseActionRequest) (api.Accepted, error) {
	return c.act(ctx, Databases, uuid, "restart", r)
}

// DatabaseLogs gets the last lines that a running database wrote.
func (c *Client) DatabaseLogs(ctx context.Context, uuid string, lines int, timestamps bool) (api.Logs, error) {
	return get[api.Logs](ctx, c, Databases.path(uuid, "logs"), tail(lines, timestamps))
}
