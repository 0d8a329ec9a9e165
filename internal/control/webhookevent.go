package control

import (
	"context"
	"fmt"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/webhook"
)

// decision is what an event means for one application.
type decision struct {
	verb     core.Verb // empty: nothing
	revision core.Revision
	reason   string // why nothing
	away     core.Removal
	note     string
}

func nothing(format string, args ...any) decision {
	return decision{reason: "Nothing to deploy: " + fmt.Sprintf(format, args...) + "."}
}

// event queues what an event means for applications that it was proved to be about.
func (c *Control) event(ctx context.Context, d Delivery, e webhook.Event, list []core.Application) ([]HookResult, error) {
	out := make([]HookResult, 0, len(list))
	var asks []core.Deployment
	for _, a := range list {
		does, err := c.decide(ctx, e, a)
		if err != nil {
			return nil, err
		}
		r := HookResult{Application: a.UUID, Name: a.Name, Message: does.reason}
		if does.verb != "" {
			in := Action{Options: core.Options{Remove: does.away}, Note: does.note, revision: does.revision}
			ask := asked(sender(e, a), ofApplication(a), does.verb, in)
			r.Deployment = ask.UUID
			asks = append(asks, ask)
			if begins(does.verb) {
				c.wantProxy(ctx, sender(e, a), a)
			}
		}
		out = append(out, r)
	}
	if len(asks) == 0 {
		return out, nil
	}
	queued, known, err := c.deps.Applications.Revisions.EnqueueDelivery(ctx, string(d.Provider), deliveryOf(e, list), asks)
	if err != nil {
		return nil, err
	}
	defer c.deps.Wake()
	tell(out, asks, queued, known)
	if !known && e.Kind == webhook.Closed {
		return out, c.closed(ctx, e, list, queued)
	}
	return out, nil
}

// sender is whoever pushed, in the team of an application. It may do what the secret is
// for, and only what event asks.
func sender(e webhook.Event, a core.Application) auth.Principal {
	name := e.Author
	if name == "" {
		name = string(e.Provider)
	}
	return auth.Principal{TeamID: a.TeamID, Actor: core.Actor{Kind: "webhook", Name: cut(name, maxText)}, Trigger: core.TriggerWebhook}
}

func cut(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit])
	}
	return text
}

// tell writes what became of it into the results: those that ask for something stand in
// the order of asks.
func tell(results []HookResult, asks, queued []core.Deployment, known bool) {
	of := map[int64]core.Deployment{}
	for _, q := range queued {
		of[q.Resource.RowID] = q
	}
	next := 0
	for i := range results {
		if results[i].Deployment == "" {
			continue
		}
		q, there := of[asks[next].Resource.RowID]
		results[i].Deployment = q.UUID
		switch {
		case !there:
			results[i].Message = "This delivery was taken before."
		case known:
			results[i].Message = "This delivery was taken before: its deployment is " + string(q.UUID) + "."
		case q.UUID != asks[next].UUID:
			results[i].Message = "Deployment already queued for this commit."
		case q.Verb == core.VerbStop:
			results[i].Message = "Preview deletion request queued."
		default:
			results[i].Message = "Deployment queued."
		}
		next++
	}
}

// decide says what an event means for one application.
func (c *Control) decide(ctx context.Context, e webhook.Event, a core.Application) (decision, error) {
	switch e.Kind {
	case webhook.Push:
		return decidePush(e, a), nil
	case webhook.Opened, webhook.Updated, webhook.Closed:
		return c.decidePull(ctx, e, a)
	case webhook.Ping:
		return decision{reason: "The webhook is set up right."}, nil
	case webhook.Ignored:
		return nothing("%s", e.Reason), nil
	default:
		return nothing("Taffrail knows no event %q", e.Kind), nil
	}
}

func decidePush(e webhook.Event, a core.Application) decision {
	if why := quiet(e, a); why != "" {
		return nothing("%s", why)
	}
	revision := core.Revision{Commit: e.After, Message: e.Message, Branch: e.Branch + e.Tag, Provider: providerName(e.Provider)}
	if !fromGit(a) {
		revision.Commit = headCommit
	}
	return decision{verb: core.VerbDeploy, revision: revision, note: "A push to " + cut(e.Branch+e.Tag, maxText) + "."}
}

// providerName is what a deployment says of who pushed; empty for senders of one's own.
func providerName(p webhook.Provider) string {
	if p == webhook.Generic {
		return ""
	}
	return string(p)
}

// quiet says why a push deploys nothing; nothing when it does.
func quiet(e webhook.Event, a core.Application) string {
	watch, err := webhook.ParseWatch("watch_paths", a.Source.WatchPaths)
	switch {
	case !a.AutoDeploy.Enabled:
		return "automatic deployments are off"
	case !a.AutoDeploy.PausedAt.IsZero():
		return "automatic deployments are paused since a rollback by " + a.AutoDeploy.PausedBy + ", until somebody resumes them"
	case !fromGit(a):
		return ""
	case !pushesTo(e, a.Source.Branch):
		return fmt.Sprintf("the push is to %q and the application is deployed from %q", cut(e.Ref, maxText), a.Source.Branch)
	case a.Source.Commit != "" && a.Source.Commit != headCommit:
		return "the application stays at commit " + a.Source.Commit
	case e.Skipped():
		return "the message of the commit says to skip it"
	case err == nil && !watch.Wants(e.Changes):
		return "no watched path was changed"
	default:
		return ""
	}
}

// pushesTo says whether a push is to the branch or tag of an application.
func pushesTo(e webhook.Event, branch string) bool {
	if e.Branch != "" && branch == e.Branch || e.Tag != "" && branch == e.Tag {
		return true
	}
	return branch != "" && branch == e.Ref
}

func (c *Control) decidePull(ctx context.Context, e webhook.Event, a core.Application) (decision, error) {
	p := sender(e, a)
	n := e.Pull.Number
	switch {
	case !fromGit(a):
		return nothing("the application has no repository"), nil
	case e.Kind == webhook.Closed:
		_, err := c.deps.Applications.Revisions.GetPreview(ctx, p.TeamID, a.RowID, n)
		if core.CodeOf(err) == core.CodeNotFound {
			return nothing("pull request %d has no preview", n), nil
		}
		return decision{
			verb: core.VerbStop, away: everything(), note: fmt.Sprintf("Pull request %d was closed.", n),
			revision: core.Revision{PullRequest: n, Provider: providerName(e.Provider)},
		}, err
	case !a.AutoDeploy.Previews:
		return nothing("previews of pull requests are off"), nil
	case !pullsInto(e, a.Source.Branch):
		return nothing("the pull request is for %q and the application is deployed from %q", cut(e.Pull.Base, maxText), a.Source.Branch), nil
	case e.Skipped():
		return nothing("the pull request says to skip it"), nil
	}
	v := core.Preview{
		Application: a.RowID, PullRequest: n, Branch: e.Pull.Branch, URL: e.Pull.URL, Domains: previewDomains(a, n),
		Title: cut(e.Pull.Title, maxText), FromFork: e.Pull.Fork,
	}
	if old, err := c.deps.Applications.Revisions.GetPreview(ctx, p.TeamID, a.RowID, n); err == nil {
		v.UUID, v.CommentID, v.Status = old.UUID, old.CommentID, old.Status
	}
	if _, err := c.deps.Applications.Revisions.PutPreview(ctx, p.TeamID, v); err != nil {
		return decision{}, err
	}
	if v.FromFork && !a.AutoDeploy.PublicPreviews {
		return nothing("pull request %d comes from a fork, and waits for somebody to deploy it by hand", n), nil
	}
	return c.deployPull(ctx, e, a, p)
}

func (c *Control) deployPull(ctx context.Context, e webhook.Event, a core.Application, p auth.Principal) (decision, error) {
	revision := core.Revision{
		Commit: e.After, Message: e.Pull.Title, Branch: e.Pull.Branch, PullRequest: e.Pull.Number, Provider: providerName(e.Provider),
	}
	if revision.Commit == "" { // then the sender says only the beginning of it
		ref, err := git.ParseRef(e.Pull.Branch, "")
		if err != nil || e.Pull.Fork {
			return nothing("where the commits of pull request %d are is not known", e.Pull.Number), nil
		}
		found, err := c.resolve(ctx, p, a, ref)
		if err != nil {
			return decision{}, err
		}
		revision.Commit = found.Commit
	}
	return decision{verb: core.VerbDeploy, revision: revision, note: fmt.Sprintf("Pull request %d.", e.Pull.Number)}, nil
}

// pullsInto says whether a pull request is for the branch of an application.
func pullsInto(e webhook.Event, branch string) bool {
	return e.Pull.Base != "" && (branch == e.Pull.Base || branch == "refs/heads/"+e.Pull.Base)
}

// closed forgets the preview of a pull request whose stop is queued, and cancels what is
// under way for it.
func (c *Control) closed(ctx context.Context, e webhook.Event, list []core.Application, queued []core.Deployment) error {
	for _, q := range queued {
		for _, a := range list {
			if a.RowID != q.Resource.RowID {
				continue
			}
			p := sender(e, a)
			c.cancelOthers(ctx, p, q, laneOf(e.Pull.Number))
			err := c.deps.Applications.Revisions.DeletePreview(ctx, p.TeamID, a.RowID, e.Pull.Number)
			if err != nil && core.CodeOf(err) != core.CodeNotFound {
				return err
			}
		}
	}
	return nil
}
