package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) pinDeployment(ctx context.Context, p auth.Principal, in actOn[api.PinRequest]) (api.Deployment, error) {
	d, err := a.control.PinDeployment(ctx, p, core.ID(in.UUID), unlessFalse(in.Body.Pinned))
	if err != nil {
		return api.Deployment{}, err
	}
	return showDeployment(d), nil
}

func (a *API) noteDeployment(ctx context.Context, p auth.Principal, in actOn[api.NoteRequest]) (api.Deployment, error) {
	d, err := a.control.NoteDeployment(ctx, p, core.ID(in.UUID), in.Body.Note)
	if err != nil {
		return api.Deployment{}, err
	}
	return showDeployment(d), nil
}

func (a *API) deleteLog(ctx context.Context, p auth.Principal, in one) (api.Message, error) {
	return api.Message{Message: "Log deleted."}, a.control.DeleteLog(ctx, p, core.ID(in.UUID))
}

func (a *API) rescrub(ctx context.Context, p auth.Principal, in one) (api.Message, error) {
	return api.Message{Message: "Log will be gone over for what is secret now."}, a.control.RescrubDeployment(ctx, p, core.ID(in.UUID))
}

func (a *API) retryDeployment(ctx context.Context, p auth.Principal, in actOn[api.RetryRequest]) (api.Accepted, error) {
	q, err := a.control.Retry(ctx, p, core.ID(in.UUID), in.Body.Note)
	return api.Accepted{Message: q.Message, DeploymentUUID: string(q.Deployment.UUID)}, err
}

func (a *API) rollbackDeployment(ctx context.Context, p auth.Principal, in actOn[api.ReturnRequest]) (api.RolledBack, error) {
	if in.Body.DryRun {
		return planned(a.control.PlanRollbackDeployment(ctx, p, core.ID(in.UUID)))
	}
	return rolledBack(a.control.RollbackDeployment(ctx, p, core.ID(in.UUID), in.Body.Note))
}

func planned(plan control.RollbackPlan, err error) (api.RolledBack, error) {
	return api.RolledBack{Message: "Nothing was changed: this is what the rollback would do.", Plan: showPlan(plan)}, err
}

func rolledBack(q control.Queued, err error) (api.RolledBack, error) {
	message := "Rollback deployment queued."
	if q.Joined {
		message = q.Message
	}
	return api.RolledBack{Message: message, DeploymentUUID: string(q.Deployment.UUID)}, err
}

type compare struct {
	From string `query:"from" rule:"required" doc:"uuid of a deployment."`
	To   string `query:"to" rule:"required" doc:"uuid of another deployment of the same kind."`
}

func (a *API) compareDeployments(ctx context.Context, p auth.Principal, in compare) (api.Comparison, error) {
	o, err := a.control.CompareDeployments(ctx, p, core.ID(in.From), core.ID(in.To))
	if err != nil {
		return api.Comparison{}, err
	}
	return api.Comparison{
		From: showDeployment(o.From), To: showDeployment(o.To), Known: o.Known,
		Changes: list(o.Changes, func(d control.Difference) api.Difference {
			return api.Difference{Field: d.Field, How: d.How, Old: text(d.Old), New: text(d.New)}
		}),
	}, nil
}
