package client

import (
	"context"

	"github.com/taffrail/taffrail/api"
)

// GetRetention returns how long deployments are kept.
func (c *Client) GetRetention(ctx context.Context) (api.HistoryLimits, error) {
	return get[api.HistoryLimits](ctx, c, "/retention", nil)
}

// UpdateRetention changes how long deployments are kept. The token must be of root.
func (c *Client) UpdateRetention(ctx context.Context, r api.HistoryLimitsUpdate) (api.HistoryLimits, error) {
	return patch[api.HistoryLimits](ctx, c, "/retention", r)
}

// PlanRetention lists what would be taken away now, and why.
func (c *Client) PlanRetention(ctx context.Context) (api.RetentionPlan, error) {
	return get[api.RetentionPlan](ctx, c, "/retention/plan", nil)
}

// Prune has old deployments taken away now. The token must be of root.
func (c *Client) Prune(ctx context.Context) (api.Message, error) {
	return post[api.Message](ctx, c, "/retention/prune", nil)
}
