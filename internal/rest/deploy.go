package rest

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

type deploy struct {
	Body api.DeployRequest `in:"query"`
}

func (a *API) deploy(ctx context.Context, p auth.Principal, in deploy) (api.Deployed, error) {
	b := in.Body
	if err := checkDeploy(b); err != nil {
		return api.Deployed{}, err
	}
	how := control.Action{
		Options: core.Options{
			PullLatest: b.PullLatest, StopBeforeStart: b.StopBeforeStart, Force: b.Force, ForceVersion: b.ForceVersion,
		},
		BackupBefore: b.BackupBefore,
		PullRequest:  int(b.PullRequestID),
		DockerTag:    b.DockerTag,
		Note:         b.Note,
	}
	if b.Tag != "" {
		return a.deployTagged(ctx, p, b.Tag, how)
	}
	queued, err := a.control.Deploy(ctx, p, splitIDs(b.UUID), how)
	return api.Deployed{Deployments: list(queued, showDeployed)}, err
}

// checkDeploy refuses what contradicts itself, in the words that clients know.
func checkDeploy(b api.DeployRequest) error {
	fault := ""
	switch {
	case b.UUID != "" && b.Tag != "":
		fault = "You can only use uuid or tag, not both."
	case b.Tag != "" && b.PullRequestID != 0:
		fault = "You can only use tag or pr, not both."
	case b.Tag != "" && b.DockerTag != "":
		fault = "You can only use tag or docker_tag, not both."
	case b.DockerTag != "" && b.PullRequestID == 0:
		fault = "docker_tag requires pull_request_id."
	case b.UUID == "" && b.Tag == "":
		fault = "You must provide uuid or tag."
	}
	if fault == "" {
		return nil
	}
	return core.Errorf(core.CodeBadRequest, "%s", fault)
}

func splitIDs(csv string) []core.ID {
	var out []core.ID
	for part := range strings.SplitSeq(csv, ",") {
		id := core.ID(strings.TrimSpace(part))
		if id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func showDeployed(q control.Queued) api.DeployedItem {
	return api.DeployedItem{
		Message: q.Message, ResourceUUID: string(q.Resource.UUID), DeploymentUUID: string(q.Deployment.UUID),
	}
}

// deployRefusals are the statuses that POST /deploy has beyond the usual ones.
func deployRefusals() []int {
	return []int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests}
}
