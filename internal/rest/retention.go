package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) getRetention(ctx context.Context, p auth.Principal, _ none) (api.HistoryLimits, error) {
	r, err := a.control.GetRetention(ctx, p)
	return showRetention(r), err
}

type updateRetention struct {
	Body api.HistoryLimitsUpdate `in:"body"`
}

func (a *API) updateRetention(ctx context.Context, p auth.Principal, in updateRetention) (api.HistoryLimits, error) {
	r, err := a.control.UpdateRetention(ctx, p, control.HistoryLimitsPatch(in.Body))
	return showRetention(r), err
}

func showRetention(r core.HistoryLimits) api.HistoryLimits {
	return api.HistoryLimits{Days: r.Days, FailedDays: r.FailedDays, CancelledDays: r.CancelledDays, Count: r.Count, Bytes: r.Bytes}
}

func (a *API) planRetention(ctx context.Context, p auth.Principal, _ none) (api.RetentionPlan, error) {
	plan, more, err := a.control.PlanRetention(ctx, p)
	out := api.RetentionPlan{Deployments: []api.Doomed{}, More: more}
	for _, d := range plan {
		out.Deployments = append(out.Deployments, api.Doomed{
			DeploymentUUID: string(d.UUID), Kind: string(d.Kind), ResourceUUID: string(d.Resource.UUID), ResourceName: d.Resource.Name,
			Verb: string(d.Verb), Status: api.Status(d.Status), EndedAt: at(d.EndedAt), Size: d.Size, Reason: d.Reason,
		})
	}
	return out, err
}

func (a *API) prune(ctx context.Context, p auth.Principal, _ none) (api.Message, error) {
	return api.Message{Message: "Old deployments will be taken away."}, a.control.Prune(ctx, p)
}
