package control

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// maxTargets is how many deployments back one can go.
const maxTargets = 50

// RollbackTargets are the deployments that an application can go back to.
type RollbackTargets struct {
	Current string           // Tag of the one that runs; empty when nothing does
	Images  []RollbackTarget // newest first
}

// RollbackTarget is a deployment to go back to.
type RollbackTarget struct {
	Tag        string // commit, or image tag where there is no git
	Deployment core.ID
	Message    string // of the commit
	Branch     string
	CreatedAt  time.Time
	IsCurrent  bool
	Pinned     bool
}

// RollbackInput says where to go back to: Deployment, or else the newest one of Commit,
// which is a Tag of RollbackTargets.
type RollbackInput struct {
	Deployment core.ID
	Commit     string
	Note       string
}

// RollbackPlan is what a rollback would change.
type RollbackPlan struct {
	Target  RollbackTarget
	Current RollbackTarget // zero when nothing runs
	Changes []Difference
}

// ListRollbackTargets returns what an application can go back to.
func (c *Control) ListRollbackTargets(ctx context.Context, p auth.Principal, id core.ID) (RollbackTargets, error) {
	if err := p.Require(auth.Read); err != nil {
		return RollbackTargets{}, err
	}
	a, err := c.application(ctx, p, id)
	if err != nil {
		return RollbackTargets{}, err
	}
	list, err := c.deps.Applications.Revisions.ListRollbackTargets(ctx, p.TeamID, a.RowID, maxTargets)
	if err != nil {
		return RollbackTargets{}, named(err, "Application")
	}
	out := RollbackTargets{Images: []RollbackTarget{}}
	for _, d := range list {
		t := targetOf(a, d)
		if t.IsCurrent {
			out.Current = t.Tag
		}
		out.Images = append(out.Images, t)
	}
	return out, nil
}

// Rollback queues the return to an earlier deployment: its image and its configuration.
// Pushes deploy nothing any more until ResumeAutoDeploy.
func (c *Control) Rollback(ctx context.Context, p auth.Principal, id core.ID, in RollbackInput) (Queued, error) {
	if err := p.Require(auth.Deploy); err != nil {
		return Queued{}, err
	}
	a, target, err := c.rollbackTarget(ctx, p, id, in)
	if err != nil {
		return Queued{}, err
	}
	do := Action{Note: in.Note, revision: target.Revision, rollbackOf: target.UUID}
	do.revision.OnlyHere, do.revision.Provider = false, ""
	f := faults{}
	f.text("note", in.Note, maxNote)
	if err := f.err(); err != nil {
		return Queued{}, err
	}
	q, err := c.enqueue(ctx, p, ofApplication(a), core.VerbRollback, do)
	if err != nil {
		return Queued{}, err
	}
	if err := c.pause(ctx, p, id, q.Deployment); err != nil {
		if !q.Joined {
			c.takeBack(ctx, p, q.Deployment)
		}
		return Queued{}, err
	}
	c.wantProxy(ctx, p, a)
	c.deps.Wake()
	return q, nil
}

// pause keeps pushes from undoing a rollback.
func (c *Control) pause(ctx context.Context, p auth.Principal, id core.ID, d core.Deployment) error {
	a, err := c.application(ctx, p, id) // as it is now
	if err != nil {
		return err
	}
	a.AutoDeploy.PausedAt, a.AutoDeploy.PausedBy, a.AutoDeploy.PausedFor = c.deps.Now().UTC(), p.Actor.Name, d.UUID
	return named(c.deps.Applications.Store.UpdateApplication(ctx, a), "Application")
}

// PlanRollback says what a rollback would change, and changes nothing.
func (c *Control) PlanRollback(ctx context.Context, p auth.Principal, id core.ID, in RollbackInput) (RollbackPlan, error) {
	if err := p.Require(auth.Read); err != nil {
		return RollbackPlan{}, err
	}
	a, target, err := c.rollbackTarget(ctx, p, id, in)
	if err != nil {
		return RollbackPlan{}, err
	}
	out := RollbackPlan{Target: targetOf(a, target), Changes: []Difference{}}
	if a.Ran.Deployment == "" {
		return out, nil
	}
	now, err := c.deps.Deployments.GetDeployment(ctx, p.TeamID, a.Ran.Deployment)
	if core.CodeOf(err) == core.CodeNotFound {
		return out, nil // its history was tidied away
	}
	if err != nil {
		return RollbackPlan{}, err
	}
	if target, err = c.deps.Deployments.GetDeployment(ctx, p.TeamID, target.UUID); err != nil {
		return RollbackPlan{}, named(err, "Deployment")
	}
	out.Current = targetOf(a, now)
	changes, err := c.deps.Applications.Snapshots.Compare(now, target)
	if err != nil {
		return RollbackPlan{}, err
	}
	out.Changes = append(out.Changes, shownChanges(p, changes)...)
	return out, nil
}

// ResumeAutoDeploy lets pushes deploy again after a rollback.
func (c *Control) ResumeAutoDeploy(ctx context.Context, p auth.Principal, id core.ID) (Application, error) {
	if err := p.Require(auth.Deploy); err != nil {
		return Application{}, err
	}
	a, err := c.application(ctx, p, id)
	if err != nil {
		return Application{}, err
	}
	a.AutoDeploy.PausedAt, a.AutoDeploy.PausedBy, a.AutoDeploy.PausedFor = time.Time{}, "", ""
	if err := c.deps.Applications.Store.UpdateApplication(ctx, a); err != nil {
		return Application{}, named(err, "Application")
	}
	c.did(ctx, p, "automatic deployments resumed", id)
	return c.shownApplication(ctx, p, a)
}

func (c *Control) rollbackTarget(ctx context.Context, p auth.Principal, id core.ID, in RollbackInput) (core.Application, core.Deployment, error) {
	a, err := c.application(ctx, p, id)
	if err != nil {
		return a, core.Deployment{}, err
	}
	if in.Deployment == "" && in.Commit == "" {
		return a, core.Deployment{}, core.Invalid("commit", "The commit field is required.")
	}
	list, err := c.deps.Applications.Revisions.ListRollbackTargets(ctx, p.TeamID, a.RowID, maxTargets)
	if err != nil {
		return a, core.Deployment{}, named(err, "Application")
	}
	for _, d := range list {
		if d.UUID == in.Deployment || in.Deployment == "" && targetOf(a, d).Tag == in.Commit {
			return a, d, nil
		}
	}
	return a, core.Deployment{}, core.NotFound("Deployment")
}

func targetOf(a core.Application, d core.Deployment) RollbackTarget {
	t := RollbackTarget{
		Tag: d.Revision.Commit, Deployment: d.UUID, Message: d.Revision.Message, Branch: d.Revision.Branch,
		CreatedAt: d.CreatedAt, IsCurrent: d.UUID == a.Ran.Deployment, Pinned: d.Pinned,
	}
	if a.Build.Pack == core.PackImage && d.Revision.Tag != "" {
		t.Tag = d.Revision.Tag
	}
	return t
}
