package control

import (
	"context"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// Retry queues once more what a deployment that has ended was to do: the same verb with
// the same switches on the same server, and of an application the very commit. Settings
// are those of now. CodeBadRequest for one that has not ended, and for what cannot be
// repeated.
func (c *Control) Retry(ctx context.Context, p auth.Principal, id core.ID, note string) (Queued, error) {
	f := faults{}
	f.text("note", note, maxNote)
	if err := errorOr(p.Require(auth.Deploy), f.err()); err != nil {
		return Queued{}, err
	}
	old, err := c.deployment(ctx, p, id)
	if err != nil {
		return Queued{}, err
	}
	r, err := c.resource(ctx, p, old.Kind, old.Resource.UUID)
	if err != nil {
		return Queued{}, err
	}
	if err := c.repeatable(ctx, p, r, old); err != nil {
		return Queued{}, err
	}
	if old.Verb == core.VerbRollback {
		return c.RollbackDeployment(ctx, p, old.RollbackOf, note)
	}
	if old.Verb == core.VerbBackup {
		return c.dumpAgain(ctx, p, r, old, note)
	}
	in := Action{
		Options: old.Options, BackupBefore: old.Options.Backup != "", Note: note,
		PullRequest: old.Revision.PullRequest, DockerTag: old.Revision.Tag,
	}
	in.Options.Backup = ""
	if in, err = c.again(ctx, p, r, old, in); err != nil {
		return Queued{}, err
	}
	r.ServerID = old.Server.RowID
	q, err := c.enqueue(ctx, p, r, old.Verb, in)
	if err == nil {
		c.deps.Wake()
	}
	return q, err
}

// repeatable refuses what has not ended, and what would do harm a second time.
func (c *Control) repeatable(ctx context.Context, p auth.Principal, r Resource, old core.Deployment) error {
	switch {
	case !old.Status.Terminal():
		return core.Errorf(core.CodeBadRequest, "The deployment has not ended: it can be retried when it has. Cancel it first to start it anew.")
	case old.Verb == core.VerbRestore:
		return core.Errorf(core.CodeBadRequest, "A backup is read back into a new database only: restore it once more rather than retry this.")
	case old.Server.RowID == r.ServerID || r.Kind == core.KindApplication && old.Revision.OnlyHere && onServer(c.elsewhere(ctx, p, r), old.Server.RowID):
		return nil
	}
	return core.Errorf(core.CodeBadRequest, "%s %s is no longer on server %s: deploy it where it is now.", r.Kind.Title(), r.Name, old.Server.Name)
}

func onServer(rows []int64, row int64) bool {
	for _, r := range rows {
		if r == row {
			return true
		}
	}
	return false
}

// again makes the action of a deployment ready once more. A commit that was found then is
// not looked for again: what is retried is that one, whatever was pushed since.
func (c *Control) again(ctx context.Context, p auth.Principal, r Resource, old core.Deployment, in Action) (Action, error) {
	commit := old.Revision.Commit
	if r.Kind == core.KindApplication && commit != "" && commit != headCommit {
		if a, err := c.application(ctx, p, r.UUID); err == nil && begins(old.Verb) {
			c.wantProxy(ctx, p, a)
		}
		in.revision = old.Revision
		return in, nil
	}
	in, err := c.ready(ctx, p, r, old.Verb, in)
	in.revision.OnlyHere = old.Revision.OnlyHere
	return in, err
}

// dumpAgain takes a dump like the one of an earlier deployment.
func (c *Control) dumpAgain(ctx context.Context, p auth.Principal, r Resource, old core.Deployment, note string) (Queued, error) {
	b, err := c.deps.Databases.Backups.GetBackup(ctx, p.TeamID, old.Options.Backup)
	if err != nil {
		return Queued{}, named(err, titleBackup)
	}
	d, err := c.dump(ctx, p, r, core.Backup{ScheduleID: b.ScheduleID, Databases: b.Databases, S3ID: b.S3ID}, note)
	return Queued{Deployment: d, Resource: r, Message: "Backup queued."}, err
}

// RollbackDeployment queues the return to a deployment, as Rollback does. CodeBadRequest
// for kinds that cannot go back.
func (c *Control) RollbackDeployment(ctx context.Context, p auth.Principal, id core.ID, note string) (Queued, error) {
	if err := p.Require(auth.Deploy); err != nil {
		return Queued{}, err
	}
	d, err := c.returnable(ctx, p, id)
	if err != nil {
		return Queued{}, err
	}
	return c.Rollback(ctx, p, d.Resource.UUID, RollbackInput{Deployment: id, Note: note})
}

// PlanRollbackDeployment says what RollbackDeployment would change, and changes nothing.
func (c *Control) PlanRollbackDeployment(ctx context.Context, p auth.Principal, id core.ID) (RollbackPlan, error) {
	if err := p.Require(auth.Read); err != nil {
		return RollbackPlan{}, err
	}
	d, err := c.returnable(ctx, p, id)
	if err != nil {
		return RollbackPlan{}, err
	}
	return c.PlanRollback(ctx, p, d.Resource.UUID, RollbackInput{Deployment: id})
}

// returnable finds a deployment that one can go back to, as far as its kind says.
func (c *Control) returnable(ctx context.Context, p auth.Principal, id core.ID) (core.Deployment, error) {
	d, err := c.deployment(ctx, p, id)
	switch {
	case err != nil:
		return d, err
	case d.Kind == core.KindDatabase:
		return d, core.Errorf(core.CodeBadRequest, "A database cannot go back to a deployment, since its data would not: restore a backup of it.")
	case d.Kind != core.KindApplication:
		return d, core.Errorf(core.CodeBadRequest, "A %s cannot go back to a deployment: change its settings back and deploy it.", d.Kind)
	}
	return d, nil
}
