package client

import (
	"context"
	"net/url"
	"strconv"

	"github.com/taffrail/taffrail/api"
)

// Kind is a sort of resources, as it stands in paths. What all sorts have is one method
// here that takes it.
type Kind string

// The sorts.
const (
	Applications Kind = "applications"
	Services     Kind = "services"
	Databases    Kind = "databases"
)

// path is that of a resource, or of what lies below it.
func (k Kind) path(uuid string, below ...string) string {
	out := "/" + string(k) + "/" + esc(uuid)
	for _, segment := range below {
		out += "/" + esc(segment)
	}
	return out
}

// ListEnvs lists the variables of a resource.
func (c *Client) ListEnvs(ctx context.Context, kind Kind, uuid string) ([]api.EnvironmentVariable, error) {
	return get[[]api.EnvironmentVariable](ctx, c, kind.path(uuid, "envs"), nil)
}

// CreateEnv adds a variable; CodeConflict when its key is there.
func (c *Client) CreateEnv(ctx context.Context, kind Kind, uuid string, r api.EnvWrite) (api.UUID, error) {
	return post[api.UUID](ctx, c, kind.path(uuid, "envs"), r)
}

// UpdateEnv changes the variable with r's key.
func (c *Client) UpdateEnv(ctx context.Context, kind Kind, uuid string, r api.EnvWrite) (api.EnvironmentVariable, error) {
	return patch[api.EnvironmentVariable](ctx, c, kind.path(uuid, "envs"), r)
}

// UpsertEnvs makes or changes many variables: all or none.
func (c *Client) UpsertEnvs(ctx context.Context, kind Kind, uuid string, r api.EnvBulk) ([]api.EnvironmentVariable, error) {
	return patch[[]api.EnvironmentVariable](ctx, c, kind.path(uuid, "envs", "bulk"), r)
}

// DeleteEnv removes a variable by its uuid.
func (c *Client) DeleteEnv(ctx context.Context, kind Kind, uuid, env string) (api.Message, error) {
	return remove[api.Message](ctx, c, kind.path(uuid, "envs", env), nil)
}

// ListStorages lists what a resource mounts.
func (c *Client) ListStorages(ctx context.Context, kind Kind, uuid string) (api.Storages, error) {
	return get[api.Storages](ctx, c, kind.path(uuid, "storages"), nil)
}

// CreateStorage mounts something into a resource from its next start on.
func (c *Client) CreateStorage(ctx context.Context, kind Kind, uuid string, r api.StorageCreate) (api.Storage, error) {
	return post[api.Storage](ctx, c, kind.path(uuid, "storages"), r)
}

// UpdateStorage changes the storage that r names.
func (c *Client) UpdateStorage(ctx context.Context, kind Kind, uuid string, r api.StorageUpdate) (api.Storage, error) {
	return patch[api.Storage](ctx, c, kind.path(uuid, "storages"), r)
}

// DeleteStorage takes a storage away from the next start on; a volume's data stays.
func (c *Client) DeleteStorage(ctx context.Context, kind Kind, uuid, storage string) (api.Message, error) {
	return remove[api.Message](ctx, c, kind.path(uuid, "storages", storage), nil)
}

func (c *Client) act(ctx context.Context, kind Kind, uuid, verb string, r any) (api.Accepted, error) {
	return post[api.Accepted](ctx, c, kind.path(uuid, verb), r)
}

// tail is the query for the last lines of a container; 0 lines is the server's default.
func tail(lines int, timestamps bool) url.Values {
	query := url.Values{"show_timestamps": {strconv.FormatBool(timestamps)}}
	if lines > 0 {
		query.Set("lines", strconv.Itoa(lines))
	}
	return query
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
