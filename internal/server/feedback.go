package server

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/logs"
	"github.com/taffrail/taffrail/internal/supervise"
)

const (
	// tellLimit is how long a code host may take to be told something.
	tellLimit = 20 * time.Second
	// feedbackMark finds our own comment again.
	feedbackMark = "taffrail-deployment"
)

// told is what feedback reads and writes.
type told interface {
	GetDeployment(ctx context.Context, team int64, id core.ID) (core.Deployment, error)
	LoadApplication(ctx context.Context, d core.Deployment) (core.LoadedApplication, error)
	GetPreview(ctx context.Context, team, application int64, pullRequest int) (core.Preview, error)
	PutPreview(ctx context.Context, team int64, p core.Preview) (core.Preview, error)
}

// feedback tells code hosts how deployments of what they pushed stand: as the status of
// the commit, and as one comment on a pull request. It listens only, and works behind
// everything: nothing that goes wrong here changes a deployment.
type feedback struct {
	supervise.Service
	hub   *logs.Hub
	store told
	apps  *gitHubApps
	base  string // address of the web interface
	log   *slog.Logger
}

func newFeedback(hub *logs.Hub, store told, apps *gitHubApps, base string, log *slog.Logger) *feedback {
	f := &feedback{hub: hub, store: store, apps: apps, base: base, log: log}
	f.Service = supervise.Loop(f.serve)
	return f
}

func (f *feedback) serve(ctx context.Context) {
	for ctx.Err() == nil {
		events, done := f.hub.All()
		f.listen(ctx, events)
		done()
	}
}

// listen ends with ctx, or when it fell behind: what was missed is not told then, but for
// what comes next.
func (f *feedback) listen(ctx context.Context, events <-chan logs.Event) {
	for {
		select {
		case <-ctx.Done():
			return
		case e, open := <-events:
			if !open {
				f.log.Warn("code hosts were not told of all deployments: there were too many at a time")
				return
			}
			if e.Kind != core.KindApplication {
				continue
			}
			if err := f.tell(ctx, e); err != nil && ctx.Err() == nil {
				f.log.Warn("code host not told of a deployment", "deployment", string(e.Deployment), "error", err)
			}
		}
	}
}

// tell tells one change of one deployment, where there is somebody to tell.
func (f *feedback) tell(ctx context.Context, e logs.Event) error {
	ctx, cancel := context.WithTimeout(ctx, tellLimit)
	defer cancel()
	d, err := f.store.GetDeployment(ctx, e.TeamID, e.Deployment)
	if err != nil {
		return err
	}
	d.Status = e.Status
	if d.Verb == core.VerbStop || d.Revision.OnlyHere || !git.IsCommit(d.Revision.Commit) {
		return nil
	}
	v, err := f.store.LoadApplication(ctx, d)
	if err != nil || v.GitHub.RowID == 0 || v.GitHub.IsPublic {
		return err
	}
	repository, err := git.Parse(v.Application.Source.Repository, git.Options{Base: v.GitHub.HTMLURL, Plain: true})
	if err != nil {
		return err
	}
	app, err := f.apps.app(ctx, v.GitHub)
	if err != nil {
		return err
	}
	if err := app.SetStatus(ctx, repository.FullName(), d.Revision.Commit, f.status(d)); err != nil {
		return err
	}
	if d.Revision.PullRequest == 0 {
		return nil
	}
	return f.comment(ctx, app, repository.FullName(), d, v.Preview)
}

func (f *feedback) status(d core.Deployment) git.CommitStatus {
	name := "taffrail/" + d.Resource.Name
	if d.Revision.PullRequest != 0 {
		name += " (preview)"
	}
	return git.CommitStatus{State: stateOf(d.Status), Context: name, Description: sentence(d), TargetURL: f.url(d)}
}

// url is the page of a deployment; empty when nobody said under which address people see it.
func (f *feedback) url(d core.Deployment) string {
	if f.base == "" {
		return ""
	}
	return strings.TrimRight(f.base, "/") + control.DeploymentPath(d)
}

// stateOf is a status in the words of GitHub.
func stateOf(s core.Status) string {
	switch s {
	case core.StatusFinished:
		return "success"
	case core.StatusFailed:
		return "failure"
	case core.StatusCancelled:
		return "error"
	default:
		return "pending"
	}
}

// sentence says how a deployment stands. What failed is only named: a log may hold what
// not everybody who reads the repository may know.
func sentence(d core.Deployment) string {
	switch d.Status {
	case core.StatusFinished:
		return "Deployed."
	case core.StatusFailed:
		if d.Outcome.Step != "" {
			return fmt.Sprintf("Deployment failed at %q.", d.Outcome.Step)
		}
		return "Deployment failed."
	case core.StatusCancelled:
		return "Deployment cancelled."
	default:
		return "Deployment in progress."
	}
}

// comment keeps one comment on the pull request up to date.
func (f *feedback) comment(ctx context.Context, app *git.App, repository string, d core.Deployment, v core.Preview) error {
	marker := feedbackMark + " " + string(d.Resource.UUID)
	id, err := app.Comment(ctx, repository, d.Revision.PullRequest, v.CommentID, marker, f.body(d, v))
	if err != nil || v.RowID == 0 || id == v.CommentID {
		return err
	}
	now, err := f.store.GetPreview(ctx, d.TeamID, v.Application, v.PullRequest) // as it is by now
	if core.CodeOf(err) == core.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	now.CommentID = id
	_, err = f.store.PutPreview(ctx, d.TeamID, now)
	return err
}

func (f *feedback) body(d core.Deployment, v core.Preview) string {
	var b strings.Builder
	fmt.Fprintf(&b, "`%s`: %s (commit `%s`)\n", d.Resource.Name, sentence(d), d.Revision.Commit[:12])
	if d.Status == core.StatusFinished {
		for one := range strings.SplitSeq(v.Domains, ",") {
			if one != "" {
				fmt.Fprintf(&b, "\nPreview: %s\n", one)
			}
		}
	}
	if page := f.url(d); page != "" {
		fmt.Fprintf(&b, "\n[Log of the deployment](%s)\n", page)
	}
	return b.String()
}
