package rest

import (
	"context"
	"regexp"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func applicationAction(b api.ApplicationActionRequest) control.Action {
	return control.Action{
		Options: core.Options{PullLatest: b.Latest, Force: b.Force, Remove: cleanup(b.DockerCleanup)},
		Note:    b.Note,
	}
}

// saying makes a verb answer in the words that clients know, unless there was nothing to do.
func saying(message string, do verb) verb {
	return func(ctx context.Context, p auth.Principal, id core.ID, in control.Action) (control.Queued, error) {
		q, err := do(ctx, p, id, in)
		if !q.Joined {
			q.Message = message
		}
		return q, err
	}
}

type applicationLogs struct {
	UUID       string `path:"uuid"`
	Part       string `query:"service_name" doc:"Service of its compose file; empty: all that it has."`
	Lines      int    `query:"lines" default:"100" rule:"min=1,max=10000"`
	Timestamps bool   `query:"show_timestamps"`
}

func (a *API) applicationLogs(ctx context.Context, p auth.Principal, in applicationLogs) (api.Logs, error) {
	out, err := a.control.ApplicationLogs(ctx, p, core.ID(in.UUID), in.Part, in.Lines, in.Timestamps)
	return api.Logs{Logs: out}, err
}

func (a *API) rollbackImages(ctx context.Context, p auth.Principal, in one) (api.RollbackImages, error) {
	found, err := a.control.ListRollbackTargets(ctx, p, core.ID(in.UUID))
	return api.RollbackImages{Current: text(found.Current), Images: list(found.Images, showTarget)}, err
}

type rollback struct {
	UUID string              `path:"uuid"`
	Body api.RollbackRequest `in:"query"`
}

// refForm is what a commit or an image's tag can look like.
var refForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]*$`)

func (a *API) rollback(ctx context.Context, p auth.Principal, in rollback) (api.RolledBack, error) {
	b := in.Body
	switch {
	case b.DeploymentUUID == "" && b.Commit == "":
		return api.RolledBack{}, core.Invalid("commit", "This field is required when deployment_uuid is absent.")
	case b.DeploymentUUID == "" && !refForm.MatchString(b.Commit):
		return api.RolledBack{}, core.Invalid("commit", "The commit field must be one of the tags of rollback-images.")
	}
	to := control.RollbackInput{Deployment: core.ID(b.DeploymentUUID), Commit: b.Commit, Note: b.Note}
	if b.DryRun {
		return planned(a.control.PlanRollback(ctx, p, core.ID(in.UUID), to))
	}
	return rolledBack(a.control.Rollback(ctx, p, core.ID(in.UUID), to))
}

func showTarget(t control.RollbackTarget) api.RollbackImage {
	return api.RollbackImage{
		Tag: t.Tag, Branch: text(t.Branch), CommitMessage: text(t.Message), DeploymentUUID: string(t.Deployment),
		IsCurrent: t.IsCurrent, Pinned: t.Pinned, CreatedAt: at(t.CreatedAt),
	}
}

func showPlan(plan control.RollbackPlan) *api.RollbackPlan {
	out := &api.RollbackPlan{
		Target: showTarget(plan.Target),
		Changes: list(plan.Changes, func(d control.Difference) api.ConfigChange {
			return api.ConfigChange{Field: d.Field, Old: text(d.Old), New: text(d.New)}
		}),
	}
	if plan.Current.Deployment != "" {
		current := showTarget(plan.Current)
		out.Current = &current
	}
	return out
}

func (a *API) resumeAutoDeploy(ctx context.Context, p auth.Principal, in one) (api.Message, error) {
	_, err := a.control.ResumeAutoDeploy(ctx, p, core.ID(in.UUID))
	return api.Message{Message: "Automatic deployments resumed."}, err
}

func (a *API) listPreviews(ctx context.Context, p auth.Principal, in one) ([]api.Preview, error) {
	found, err := a.control.ListPreviews(ctx, p, core.ID(in.UUID))
	return list(found, showPreview), err
}

type onePreview struct {
	UUID        string `path:"uuid"`
	PullRequest int    `path:"pull_request_id"`
}

func (a *API) deletePreview(ctx context.Context, p auth.Principal, in onePreview) (api.Accepted, error) {
	q, err := a.control.DeletePreview(ctx, p, core.ID(in.UUID), in.PullRequest)
	return api.Accepted{Message: "Preview deletion request queued.", DeploymentUUID: string(q.Deployment.UUID)}, err
}

func showPreview(v core.Preview) api.Preview {
	return api.Preview{
		ID: v.RowID, UUID: string(v.UUID), ApplicationID: v.Application, Branch: v.Branch, Fqdn: text(v.Domains),
		IsFork: v.FromFork, PullRequestID: v.PullRequest, PullRequestURL: text(v.URL), Status: statusText(v.Status),
		Title: text(v.Title), CreatedAt: at(v.CreatedAt), UpdatedAt: at(v.UpdatedAt),
	}
}

func (a *API) listPlaces(ctx context.Context, p auth.Principal, in one) ([]api.ApplicationDestination, error) {
	found, err := a.control.ListPlaces(ctx, p, core.ID(in.UUID))
	return list(found, func(o control.Place) api.ApplicationDestination {
		return api.ApplicationDestination{Destination: showDestination(o.Destination, o.Server), IsMain: o.IsMain}
	}), err
}

type addPlace struct {
	UUID string                 `path:"uuid"`
	Body api.DestinationRequest `in:"body"`
}

func (a *API) addPlace(ctx context.Context, p auth.Principal, in addPlace) (api.Message, error) {
	err := a.control.AddPlace(ctx, p, core.ID(in.UUID), core.ID(in.Body.DestinationUUID))
	return api.Message{Message: "Destination added: the next deployment goes there, too."}, err
}

type onePlace struct {
	UUID        string `path:"uuid"`
	Destination string `path:"destination_uuid"`
}

func (a *API) removePlace(ctx context.Context, p auth.Principal, in onePlace) (api.Accepted, error) {
	q, err := a.control.RemovePlace(ctx, p, core.ID(in.UUID), core.ID(in.Destination))
	return api.Accepted{Message: "Destination removed: what runs there is being stopped.", DeploymentUUID: string(q.Deployment.UUID)}, err
}
