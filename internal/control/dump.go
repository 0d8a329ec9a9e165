package control

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

const titleBackup = "Backup execution"

// dump queues a dump of a database.
func (c *Control) dump(ctx context.Context, p auth.Principal, r Resource, b core.Backup, note string) (core.Deployment, error) {
	d, err := c.enqueueDump(ctx, asked(p, r, core.VerbBackup, Action{Note: note}), b)
	if err != nil {
		return d, err
	}
	c.did(ctx, p, "dump queued", d.UUID)
	c.deps.Wake()
	return shownDeployment(p, d), nil
}

// enqueueDump queues a deployment that dumps its database. b says what and where to.
func (c *Control) enqueueDump(ctx context.Context, d core.Deployment, b core.Backup) (core.Deployment, error) {
	db, err := c.deps.Databases.Store.GetDatabase(ctx, d.TeamID, d.Resource.UUID)
	if err != nil {
		return d, named(err, "Database")
	}
	d, b = dumpOf(d, db, b)
	return c.deps.Databases.Backups.EnqueueBackup(ctx, d, b)
}

// dumpOf names the dump in its deployment, and the deployment in its dump.
func dumpOf(d core.Deployment, db core.Database, b core.Backup) (core.Deployment, core.Backup) {
	b.UUID, b.TeamID, b.DatabaseID, b.Deployment = core.NewID(), d.TeamID, db.RowID, d.UUID
	b.Status, b.Engine, b.Image, b.Version = core.BackupRunning, db.Type, db.Ran.Image, db.Ran.Version
	d.Options.Backup = b.UUID
	return d, b
}

// ofSchedule is the dump that a schedule asks for.
func ofSchedule(s core.BackupSchedule) core.Backup {
	b := core.Backup{ScheduleID: s.RowID, Databases: s.Databases}
	if s.DumpAll {
		b.Databases = core.AllDatabases
	}
	if s.SaveS3 {
		b.S3ID = s.S3ID
	}
	return b
}

// scope finds a database, and the row of one of its schedules; 0 for an empty id.
func (c *Control) scope(ctx context.Context, p auth.Principal, database, schedule core.ID) (core.Database, int64, error) {
	if schedule == "" {
		db, err := c.database(ctx, p, database)
		return db, 0, err
	}
	db, s, err := c.schedule(ctx, p, database, schedule)
	return db, s.RowID, err
}

// backup finds a dump of a database, and of one of its schedules unless that is empty.
func (c *Control) backup(ctx context.Context, p auth.Principal, database, schedule, id core.ID) (core.Database, core.Backup, error) {
	db, row, err := c.scope(ctx, p, database, schedule)
	if err != nil {
		return db, core.Backup{}, err
	}
	if err := known(id, titleBackup); err != nil {
		return db, core.Backup{}, err
	}
	b, err := c.deps.Databases.Backups.GetBackup(ctx, p.TeamID, id)
	if err == nil && (b.DatabaseID != db.RowID || row != 0 && b.ScheduleID != row) {
		err = core.NotFound(titleBackup)
	}
	return db, b, named(err, titleBackup)
}

// checkBackup checks a dump that somebody asks for once, and finds the row of its bucket.
func (c *Control) checkBackup(ctx context.Context, p auth.Principal, db core.Database, in BackupInput) (int64, error) {
	spec, err := specOf(db.Type)
	if err != nil {
		return 0, err
	}
	f := faults{}
	f.text("note", in.Note, maxNote)
	if err := f.dump(spec, db, in.Databases, false); err != nil {
		return 0, err
	}
	if err := f.err(); err != nil {
		return 0, err
	}
	return c.bucketRow(ctx, p, in.S3)
}

// dump checks what of a database is to be dumped: names, or all.
func (f faults) dump(spec *engine.Spec, db core.Database, databases string, all bool) error {
	var names []string
	if all = all || databases == core.AllDatabases; !all {
		names = split(databases)
	}
	if _, err := spec.Dump(db, names, all); err != nil {
		return f.takeAs("databases_to_backup", err)
	}
	return nil
}

// shownBackups makes views of the dumps of a database.
func (c *Control) shownBackups(ctx context.Context, p auth.Principal, db core.Database, list []core.Backup) ([]Backup, error) {
	buckets, err := c.bucketIDs(ctx, p)
	if err != nil {
		return nil, err
	}
	schedules, err := c.deps.Databases.Schedules.ListBackupSchedules(ctx, p.TeamID, db.RowID)
	if err != nil {
		return nil, named(err, "Database")
	}
	ids := make(map[int64]core.ID, len(schedules))
	for _, s := range schedules {
		ids[s.RowID] = s.UUID
	}
	out := make([]Backup, 0, len(list))
	for _, b := range list {
		out = append(out, Backup{Backup: b, Database: db.UUID, Schedule: ids[b.ScheduleID], S3: buckets[b.S3ID]})
	}
	return out, nil
}

// deleteBackup deletes a dump. Its row goes last: as long as it is there, so is the way
// to what is left.
func (c *Control) deleteBackup(ctx context.Context, p auth.Principal, db core.Database, b core.Backup, remote bool) error {
	if b.Status == core.BackupRunning {
		return core.Errorf(core.CodeBadRequest, "The backup is being taken: cancel its deployment first.")
	}
	if b.Local {
		if err := c.deleteFile(ctx, p, db, b); err != nil {
			return err
		}
	}
	if remote && b.Remote {
		if err := c.deleteObject(ctx, p, b); err != nil {
			return err
		}
	}
	if err := c.deps.Databases.Backups.DeleteBackup(ctx, p.TeamID, b.UUID); err != nil {
		return named(err, titleBackup)
	}
	c.did(ctx, p, "backup deleted", b.UUID)
	return nil
}

func (c *Control) deleteFile(ctx context.Context, p auth.Principal, db core.Database, b core.Backup) error {
	// Whatever has come to stand in the row: nothing but a dump of this database is deleted.
	own := "/backups/databases/" + string(db.UUID) + "/"
	if !path.IsAbs(b.Filename) || path.Clean(b.Filename) != b.Filename || !strings.HasSuffix(path.Dir(b.Filename)+"/", own) {
		return core.Errorf(core.CodeInternal, "%q is not where dumps of this database are.", b.Filename)
	}
	server, err := c.serverByRow(ctx, p, db.ServerID)
	if err != nil {
		return err
	}
	return c.deps.Databases.Dumps.DeleteDump(ctx, server, b.Filename)
}

func (c *Control) deleteObject(ctx context.Context, p auth.Principal, b core.Backup) error {
	list, err := c.deps.Databases.S3.ListS3Storages(ctx, p.TeamID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(s core.S3Storage) bool { return s.RowID == b.S3ID })
	if i < 0 {
		return core.NotFound(titleS3)
	}
	team, err := c.deps.Teams.GetTeam(ctx, p.TeamID)
	if err != nil {
		return err
	}
	return c.deps.Databases.Buckets.DeleteObject(ctx, list[i], b, team.AllowHostAccess)
}

// likeness is a new database like the one that a dump was taken of.
func (c *Control) likeness(ctx context.Context, p auth.Principal, old core.Database, b core.Backup, in RestoreInput) (core.Database, error) {
	spec, err := specOf(old.Type)
	if err != nil {
		return old, err
	}
	db := old
	db.RowID, db.UUID, db.Status, db.ConfigHash, db.Ran = 0, core.NewID(), "", "", core.DatabaseRan{}
	db.Name, db.Description = defaultName(spec.Name, db.UUID), "Restored from a backup of "+old.Name
	if b.Image != "" {
		db.Image = b.Image
	}
	db.Settings.Public.Enabled, db.Settings.Public.Port, db.Settings.PortsMappings = false, 0, ""
	patch := DatabasePatch{Name: orNone(in.Name), Description: in.Description}
	db = patch.onto(db)
	return db, c.checkDatabase(ctx, p, spec, db, patch, faults{})
}

// likeVariables are the variables of a database, for another one.
func (c *Control) likeVariables(ctx context.Context, p auth.Principal, old core.Database) ([]core.EnvVar, error) {
	list, err := c.deps.Envs.ListEnvs(ctx, p.TeamID, core.Owner{Kind: core.KindDatabase, RowID: old.RowID})
	for i := range list {
		list[i].RowID, list[i].UUID, list[i].Owner = 0, core.NewID(), core.Owner{}
	}
	return list, named(err, "Database")
}
