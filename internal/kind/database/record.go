package database

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/engine"
)

// Record implements deploy.Kind: how the database is, what ran last, and what came of a
// backup. What was put on the server is what the plan kept of it, since the settings may
// be others by now.
func (k *Kind) Record(ctx context.Context, d core.Deployment, found core.Findings) error {
	t, err := k.read(ctx, d)
	if err != nil {
		return err
	}
	kept := ""
	if d.Status == core.StatusFinished {
		text, err := deploy.Kept(d.Config.Snapshot)
		if err != nil {
			return err
		}
		kept = string(text)
	}
	if err := k.recordBackups(ctx, t, d, found, kept); err != nil {
		return err
	}
	if !found.Looked {
		return nil
	}
	return k.recordState(ctx, t, d, found, kept)
}

// recordState stores how the database is and what ran last.
func (k *Kind) recordState(ctx context.Context, t *target, d core.Deployment, found core.Findings, kept string) error {
	hash, ran, deployed := "", t.ran(d, found), t.before
	if kept != "" && d.Verb != core.VerbBackup {
		ran.Deployed = core.NewSecret(kept)
		var err error
		if deployed, err = openDeployed(kept); err != nil {
			return err
		}
	}
	if d.Status == core.StatusFinished && brings(d) {
		hash = d.Config.Hash
	}
	id := t.Database.UUID
	sum := status(found.Containers, id, deployed.proxied(), t.proven(d, found))
	if err := k.store.SetDatabaseStatus(ctx, d.TeamID, t.Database.RowID, sum, hash, &ran); err != nil {
		return fmt.Errorf("record database: %w", err)
	}
	return nil
}

// brings says whether a deployment starts a database as it is set up.
func brings(d core.Deployment) bool {
	switch d.Verb {
	case core.VerbDeploy, core.VerbStart, core.VerbRestart:
		return !d.Options.OnlyProxy
	default:
		return d.Verb == core.VerbRestore
	}
}

// proven says whether the database has answered: in the run that ended, or before one
// that did not touch it.
func (t *target) proven(d core.Deployment, found core.Findings) bool {
	if restarted(found.Containers, t.Database.UUID) {
		return false
	}
	if brings(d) {
		return found.Answers[string(t.Database.UUID)] != ""
	}
	return t.Database.Status == healthy
}

// ran says which image ran last, and in which version; what is empty is as it was known
// before. The version is that of whoever answered last, also when the deployment failed
// afterwards: it has written to the volume.
func (t *target) ran(d core.Deployment, found core.Findings) core.DatabaseRan {
	var out core.DatabaseRan
	if !brings(d) {
		return out
	}
	if spec, ok := engine.Find(t.Database.Type); ok {
		out.Version = spec.Version(found.Answers[string(t.Database.UUID)])
	}
	if c, ok := running(found.Containers, string(t.Database.UUID)); ok && (out.Version != "" || d.Status == core.StatusFinished) {
		out.Image = c.Image
	}
	return out
}

// recordBackups stores what came of the dump that d was to take, and of older ones that
// it let go. kept is what its plan kept, if all of it was done.
func (k *Kind) recordBackups(ctx context.Context, t *target, d core.Deployment, found core.Findings, kept string) error {
	if t.Backup == nil || t.Backup.Status != core.BackupRunning {
		return nil // none, or recorded before a takeover
	}
	var gone pruning
	if d.Verb == core.VerbBackup && kept != "" {
		if err := json.Unmarshal([]byte(kept), &gone); err != nil {
			return fmt.Errorf("read what a backup let go: %w", err)
		}
	}
	for _, b := range gone.from(t.Kept) {
		err := k.store.SaveBackup(ctx, b)
		if err != nil && core.CodeOf(err) != core.CodeNotFound { // somebody may delete old ones
			return fmt.Errorf("record old backup: %w", err)
		}
	}
	b := t.backup(d, found)
	b.FinishedAt, b.Local = k.nowFunc(), b.Local && !gone.Own
	if err := k.store.SaveBackup(ctx, b); err != nil { // last: until then, all is done again
		return fmt.Errorf("record backup: %w", err)
	}
	return nil
}

// backup is what came of the dump. It counts as taken once its file is whole, whatever
// became of the rest: what can be restored must not look as if it could not.
func (t *target) backup(d core.Deployment, found core.Findings) core.Backup {
	b := *t.Backup
	b.Status = core.BackupFailed
	b.Message = d.Outcome.Reason
	for _, a := range found.Artifacts {
		switch a.Name {
		case artifactDump:
			b.Filename, b.Size, b.SHA256, b.Local = a.Path, a.Size, a.SHA256, true
			b.Status, b.Message = core.BackupSuccess, ""
		case artifactUpload:
			b.Remote = true
		}
	}
	if b.Status == core.BackupSuccess && b.S3ID != 0 && !b.Remote {
		b.Message = "The dump is on the server, but not in S3. " + d.Outcome.Reason
	}
	if b.Engine == "" {
		b.Engine = t.Database.Type
	}
	if databases, all := t.dumped(); all {
		b.Databases = core.AllDatabases
	} else if len(databases) == 0 {
		b.Databases = t.ownDatabase()
	}
	return b
}

// ownDatabase is the name that a dump without names is about; empty for engines that have
// none. It is kept with the dump, since the setting may be another by the time of a restore.
func (t *target) ownDatabase() string {
	spec, ok := engine.Find(t.Database.Type)
	if !ok {
		return ""
	}
	for _, f := range spec.Fields {
		if f.Role == engine.RoleDatabase {
			return t.Database.Fields[f.Name].Reveal()
		}
	}
	return ""
}
