package control

import (
	"context"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// BackupInput says what is to be dumped, once.
type BackupInput struct {
	Databases string  // comma-separated names, or core.AllDatabases; empty: the one of the database's settings
	S3        core.ID // where it is to be uploaded too; empty: nowhere
	Note      string  // why; may be empty
}

// Backup is a dump, with the ids that people know.
type Backup struct {
	core.Backup
	Database core.ID
	Schedule core.ID // empty: taken on demand, or before a change, or by a schedule that is gone
	S3       core.ID // empty: none
}

// RestoreInput says where a dump is to be read back into.
type RestoreInput struct {
	Name        *string // of the new database; nil: made of its id
	Description *string
	Note        string
}

// BackupNow queues a dump of a database that runs.
func (c *Control) BackupNow(ctx context.Context, p auth.Principal, database core.ID, in BackupInput) (Backup, core.Deployment, error) {
	if err := p.Require(auth.Deploy); err != nil {
		return Backup{}, core.Deployment{}, err
	}
	db, err := c.database(ctx, p, database)
	if err != nil {
		return Backup{}, core.Deployment{}, err
	}
	in.Databases = strings.TrimSpace(in.Databases)
	row, err := c.checkBackup(ctx, p, db, in)
	if err != nil {
		return Backup{}, core.Deployment{}, err
	}
	r := ofDatabase(db)
	if !c.runs(ctx, p, r, true) {
		return Backup{}, core.Deployment{}, core.Errorf(core.CodeBadRequest, "Database is not running.")
	}
	b := core.Backup{Databases: in.Databases, S3ID: row}
	d, err := c.dump(ctx, p, r, b, in.Note)
	if err != nil {
		return Backup{}, core.Deployment{}, err
	}
	b, err = c.deps.Databases.Backups.GetBackup(ctx, p.TeamID, d.Options.Backup)
	return Backup{Backup: b, Database: db.UUID, S3: in.S3}, d, err
}

// ListBackups returns the dumps of a database, newest first: of one of its schedules, or
// all with an empty id.
func (c *Control) ListBackups(ctx context.Context, p auth.Principal, database, schedule core.ID) ([]Backup, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	db, row, err := c.scope(ctx, p, database, schedule)
	if err != nil {
		return nil, err
	}
	list, err := c.deps.Databases.Backups.ListBackups(ctx, p.TeamID, db.RowID, row)
	if err != nil {
		return nil, named(err, "Database")
	}
	return c.shownBackups(ctx, p, db, list)
}

// GetBackup returns one dump of a database; with a schedule, of that one only.
func (c *Control) GetBackup(ctx context.Context, p auth.Principal, database, schedule, id core.ID) (Backup, error) {
	if err := p.Require(auth.Read); err != nil {
		return Backup{}, err
	}
	db, b, err := c.backup(ctx, p, database, schedule, id)
	if err != nil {
		return Backup{}, err
	}
	list, err := c.shownBackups(ctx, p, db, []core.Backup{b})
	if err != nil {
		return Backup{}, err
	}
	return list[0], nil
}

// DeleteBackup deletes a dump: its file on the server, its row, and with remote its copy
// in S3. CodeBadRequest while it is being taken; CodeUnavailable, and nothing is
// forgotten, when a place of it cannot be reached. With a schedule: only one of its own.
func (c *Control) DeleteBackup(ctx context.Context, p auth.Principal, database, schedule, id core.ID, remote bool) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	db, b, err := c.backup(ctx, p, database, schedule, id)
	if err != nil {
		return err
	}
	return c.deleteBackup(ctx, p, db, b, remote)
}

// RestoreBackup creates a database like the one that was dumped, in the same place but
// without ports to the outside, and queues a start that reads the dump back. With a
// schedule: only one of its own.
func (c *Control) RestoreBackup(ctx context.Context, p auth.Principal, database, schedule, id core.ID, in RestoreInput) (DatabaseSaved, error) {
	if err := p.Require(auth.Write); err != nil {
		return DatabaseSaved{}, err
	}
	old, b, err := c.backup(ctx, p, database, schedule, id)
	if err != nil {
		return DatabaseSaved{}, err
	}
	if b.Status != core.BackupSuccess || !b.Local && !b.Remote {
		return DatabaseSaved{}, core.Errorf(core.CodeBadRequest, "There is nothing to restore: the backup has no file any more, or never had one.")
	}
	db, err := c.likeness(ctx, p, old, b, in)
	if err != nil {
		return DatabaseSaved{}, err
	}
	action, err := Action{Note: in.Note}.checked(core.VerbRestore)
	if err != nil {
		return DatabaseSaved{}, err
	}
	action.Options.Restore = b.UUID
	envs, err := c.likeVariables(ctx, p, old)
	if err != nil {
		return DatabaseSaved{}, err
	}
	saved, err := c.createDatabase(ctx, p, db, envs)
	if err != nil {
		return DatabaseSaved{}, err
	}
	q, err := c.enqueue(ctx, p, ofDatabase(saved.Database.Database), core.VerbRestore, action)
	if err != nil {
		// An empty database is nothing that anybody asked for.
		if gone := c.deps.Databases.Store.PurgeDatabase(context.WithoutCancel(ctx), p.TeamID, saved.Database.UUID); gone != nil {
			c.log.Error("new database not taken back", "uuid", string(saved.Database.UUID), "error", gone)
		}
		return DatabaseSaved{}, err
	}
	c.deps.Wake()
	saved.Deployment = q.Deployment
	return saved, nil
}
