package client

import (
	"context"

	"github.com/taffrail/taffrail/api"
)

// ListTags lists the tags of the team.
func (c *Client) ListTags(ctx context.Context) ([]api.Tag, error) {
	return get[[]api.Tag](ctx, c, "/tags", nil)
}

// CreateTag makes a tag; CodeConflict when there is one of this name.
func (c *Client) CreateTag(ctx context.Context, name string) (api.Tag, error) {
	return post[api.Tag](ctx, c, "/tags", api.TagWrite{Name: name})
}

// RenameTag gives a tag another name.
func (c *Client) RenameTag(ctx context.Context, uuid, name string) (api.Tag, error) {
	return patch[api.Tag](ctx, c, "/tags/"+esc(uuid), api.TagWrite{Name: name})
}

// DeleteTag removes a tag, from everything that has it, too.
func (c *Client) DeleteTag(ctx context.Context, uuid string) (api.Message, error) {
	return remove[api.Message](ctx, c, "/tags/"+esc(uuid), nil)
}

// ListResourceTags lists the tags of a resource.
func (c *Client) ListResourceTags(ctx context.Context, kind Kind, uuid string) ([]api.Tag, error) {
	return get[[]api.Tag](ctx, c, kind.path(uuid, "tags"), nil)
}

// AddTags gives a resource tags, and lists all that it has then.
func (c *Client) AddTags(ctx context.Context, kind Kind, uuid string, names ...string) ([]api.Tag, error) {
	return post[[]api.Tag](ctx, c, kind.path(uuid, "tags"), api.TagAdd{TagNames: names})
}

// RemoveTag takes a tag away from a resource.
func (c *Client) RemoveTag(ctx context.Context, kind Kind, uuid, tag string) (api.Message, error) {
	return remove[api.Message](ctx, c, kind.path(uuid, "tags", tag), nil)
}
