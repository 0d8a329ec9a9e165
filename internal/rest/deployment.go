package rest

import (
	"context"
	"net/http"
	"strconv"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
)

func (a *API) listDeployments(ctx context.Context, p auth.Principal, _ none) ([]api.Deployment, error) {
	active, err := a.control.ListDeployments(ctx, p)
	if err != nil {
		return nil, err
	}
	return a.showWaiting(ctx, p, active)
}

// showWaiting shows a list of deployments, with what the queued ones wait for.
func (a *API) showWaiting(ctx context.Context, p auth.Principal, found []core.Deployment) ([]api.Deployment, error) {
	waits, err := a.control.Waits(ctx, p, found)
	return list(found, func(d core.Deployment) api.Deployment {
		out := showDeployment(d)
		out.Waiting = text(waits[d.UUID].Reason)
		return out
	}), err
}

func (a *API) getDeployment(ctx context.Context, p auth.Principal, in one) (api.Deployment, error) {
	d, err := a.control.GetDeployment(ctx, p, core.ID(in.UUID))
	if err != nil {
		return api.Deployment{}, err
	}
	return a.wholeDeployment(ctx, p, d)
}

func (a *API) getServiceDeployment(ctx context.Context, p auth.Principal, in one) (api.Deployment, error) {
	return a.deploymentOf(ctx, p, in, core.KindService)
}

func (a *API) getDatabaseDeployment(ctx context.Context, p auth.Principal, in one) (api.Deployment, error) {
	return a.deploymentOf(ctx, p, in, core.KindDatabase)
}

// deploymentOf finds a deployment of one kind: those of others are missing here.
func (a *API) deploymentOf(ctx context.Context, p auth.Principal, in one, kind core.Kind) (api.Deployment, error) {
	d, err := a.control.GetDeployment(ctx, p, core.ID(in.UUID))
	if err != nil {
		return api.Deployment{}, err
	}
	if d.Kind != kind {
		return api.Deployment{}, core.NotFound("Deployment")
	}
	return a.wholeDeployment(ctx, p, d)
}

// wholeDeployment is a deployment as a route about a single one shows it.
func (a *API) wholeDeployment(ctx context.Context, p auth.Principal, d core.Deployment) (api.Deployment, error) {
	out := showDeployment(d)
	if d.Status == core.StatusQueued {
		wait, err := a.control.WaitReason(ctx, p, d.UUID)
		if err != nil {
			return out, err
		}
		out.Waiting = text(wait.Reason)
	}
	if !p.SeesSecrets() {
		return out, nil
	}
	logs, err := a.renderLog(ctx, d)
	out.Logs = &logs
	return out, err
}

type pageOf struct {
	UUID string `path:"uuid"`
	Skip int    `query:"skip" default:"0" rule:"min=0"`
	Take int    `query:"take" default:"10" rule:"min=1,max=100"`
}

func (a *API) listServiceDeployments(w http.ResponseWriter, r *http.Request, p auth.Principal, in pageOf) error {
	return a.listKind(w, r, p, in, core.KindService)
}

func (a *API) listDatabaseDeployments(w http.ResponseWriter, r *http.Request, p auth.Principal, in pageOf) error {
	return a.listKind(w, r, p, in, core.KindDatabase)
}

// listKind answers with a bare array; how many there are is in a header.
func (a *API) listKind(w http.ResponseWriter, r *http.Request, p auth.Principal, in pageOf, kind core.Kind) error {
	found, count, err := a.control.ListResourceDeployments(r.Context(), p, kind, core.ID(in.UUID), in.Skip, in.Take)
	if err != nil {
		return err
	}
	shown, err := a.showWaiting(r.Context(), p, found)
	if err != nil {
		return err
	}
	w.Header().Set("X-Total-Count", strconv.Itoa(count))
	return httpio.WriteJSON(w, http.StatusOK, shown)
}

func (a *API) listApplicationDeployments(ctx context.Context, p auth.Principal, in pageOf) (api.DeploymentPage, error) {
	found, count, err := a.control.ListResourceDeployments(ctx, p, core.KindApplication, core.ID(in.UUID), in.Skip, in.Take)
	if err != nil {
		return api.DeploymentPage{}, err
	}
	shown, err := a.showWaiting(ctx, p, found)
	return api.DeploymentPage{Count: count, Deployments: shown}, err
}

func (a *API) cancelDeployment(ctx context.Context, p auth.Principal, in one) (api.Cancelled, error) {
	d, err := a.control.CancelDeployment(ctx, p, core.ID(in.UUID))
	if err != nil {
		return api.Cancelled{}, err
	}
	message := "Deployment cancelled successfully."
	if !d.Status.Terminal() {
		message = "Deployment is being cancelled."
	}
	return api.Cancelled{Message: message, DeploymentUUID: string(d.UUID), Status: api.Status(d.Status)}, nil
}

func (a *API) listSteps(ctx context.Context, p auth.Principal, in one) ([]api.Step, error) {
	steps, err := a.control.Steps(ctx, p, core.ID(in.UUID))
	return list(steps, func(s core.Step) api.Step {
		return api.Step{
			Number: s.Number, Name: s.Name, Title: s.Title, Command: text(s.Command), State: s.State,
			ExitCode: s.ExitCode, StartedAt: at(s.StartedAt), EndedAt: at(s.EndedAt),
		}
	}), err
}
