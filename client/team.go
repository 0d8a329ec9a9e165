package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/taffrail/taffrail/api"
)

// Version is what the server says of itself: the version of the API contract.
func (c *Client) Version(ctx context.Context) (string, error) {
	return get[string](ctx, c, "/version", nil)
}

// Health returns nil when the server answers that it is well. It needs no token.
func (c *Client) Health(ctx context.Context) error {
	return c.do(ctx, call{method: http.MethodGet, path: "/health"})
}

// GetTeam gets the token's team.
func (c *Client) GetTeam(ctx context.Context) (api.Team, error) {
	return get[api.Team](ctx, c, "/team", nil)
}

// UpdateTeam changes the token's team; nil fields stay as they are.
func (c *Client) UpdateTeam(ctx context.Context, r api.TeamUpdate) (api.Team, error) {
	return patch[api.Team](ctx, c, "/team", r)
}

// ListMembers lists the members of the token's team.
func (c *Client) ListMembers(ctx context.Context) ([]api.User, error) {
	return get[[]api.User](ctx, c, "/team/members", nil)
}

// ListTokens lists the tokens of the team, without their secret parts.
func (c *Client) ListTokens(ctx context.Context) ([]api.Token, error) {
	return get[[]api.Token](ctx, c, "/security/tokens", nil)
}

// CreateToken makes a token, whose secret is in this reply and never again.
func (c *Client) CreateToken(ctx context.Context, r api.TokenCreate) (api.TokenCreated, error) {
	return post[api.TokenCreated](ctx, c, "/security/tokens", r)
}

// DeleteToken revokes a token at once.
func (c *Client) DeleteToken(ctx context.Context, id int64) (api.Message, error) {
	return remove[api.Message](ctx, c, "/security/tokens/"+strconv.FormatInt(id, 10), nil)
}

// GetSettings gets the settings of the instance; only the root team may.
func (c *Client) GetSettings(ctx context.Context) (api.InstanceSettings, error) {
	return get[api.InstanceSettings](ctx, c, "/settings", nil)
}

// UpdateSettings changes them; nil fields stay as they are.
func (c *Client) UpdateSettings(ctx context.Context, r api.InstanceUpdate) (api.InstanceSettings, error) {
	return patch[api.InstanceSettings](ctx, c, "/settings", r)
}

// AuditFilter narrows ListAudit; empty fields do not.
type AuditFilter struct {
	Actor   string // name
	Subject string // uuid
	Action  string
	Cursor  string
	Limit   int
}

// ListAudit is a page of who changed what in the team, newest first.
func (c *Client) ListAudit(ctx context.Context, f AuditFilter) (api.Audit, error) {
	query := url.Values{}
	for key, value := range map[string]string{"actor": f.Actor, "subject": f.Subject, "action": f.Action, "cursor": f.Cursor, "limit": number(f.Limit)} {
		if value != "" {
			query.Set(key, value)
		}
	}
	return get[api.Audit](ctx, c, "/security/audit", query)
}
