package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

// LoadDatabase reads everything that carrying out d takes: its database, also when it is
// deleted, and the backups that d's options name.
func (db *DB) LoadDatabase(ctx context.Context, d core.Deployment) (core.LoadedDatabase, error) {
	var v core.LoadedDatabase
	s := db.view()
	err := firstError(
		func() (err error) {
			v.Database, err = db.readDatabase(ctx, s, `WHERE r.id = $1 AND r.team_id = $2`, d.Resource.RowID, d.TeamID)
			return err
		},
		func() error { return db.loadOwned(ctx, s, &v) },
		func() error { return loadPlace(ctx, s, d, &v) },
		func() error { return db.loadBackups(ctx, s, d.Options, &v) },
	)
	if err != nil {
		return core.LoadedDatabase{}, explain("load database", err)
	}
	return v, nil
}

// loadOwned reads the variables and storages of a database.
func (db *DB) loadOwned(ctx context.Context, s *session, v *core.LoadedDatabase) (err error) {
	owner := core.Owner{Kind: core.KindDatabase, RowID: v.Database.RowID}
	if v.Envs, err = db.listEnvs(ctx, s, v.Database.TeamID, owner); err != nil {
		return err
	}
	v.Storages, err = db.listStorages(ctx, s, v.Database.TeamID, owner)
	return err
}

// loadPlace reads where a database is. Its destination is zero when that is gone.
func loadPlace(ctx context.Context, s *session, d core.Deployment, v *core.LoadedDatabase) error {
	at, err := readSurroundings(ctx, s, d, v.Database.EnvironmentID)
	if err != nil {
		return err
	}
	v.Server, v.Project, v.Environment, v.AllowHost = at.server, at.project, at.environment, at.allowHost
	to, err := list(ctx, s, scanDestination, `SELECT `+destinationColumns+` FROM destinations d WHERE d.id = $1`, v.Database.DestinationID)
	v.Destination = append(to, core.Destination{})[0]
	return err
}

// surroundings are what a deployment needs to know around its resource: its server, what
// project and environment are called, and whether the team may use the host.
type surroundings struct {
	server               core.Server
	project, environment string
	allowHost            bool
}

func readSurroundings(ctx context.Context, s *session, d core.Deployment, environment int64) (surroundings, error) {
	on, err := one(ctx, s, scanServer, `SELECT `+serverColumns+` FROM servers WHERE id = $1 AND team_id = $2`, d.Server.RowID, d.TeamID)
	if err != nil {
		return surroundings{}, missing("Server", err)
	}
	at, err := one(ctx, s, func(r row) (surroundings, error) {
		at := surroundings{server: on}
		err := r.Scan(&at.allowHost, &at.project, &at.environment)
		return at, err
	}, `SELECT t.allow_host_access, COALESCE(p.name, ''), COALESCE(e.name, '') FROM teams t
		LEFT JOIN environments e ON e.id = $1 LEFT JOIN projects p ON p.id = e.project_id WHERE t.id = $2`, environment, d.TeamID)
	return at, missing("Team", err)
}

// loadBackups reads the backups that the options name, and what taking or reading them
// back takes.
func (db *DB) loadBackups(ctx context.Context, s *session, o core.Options, v *core.LoadedDatabase) error {
	team := v.Database.TeamID
	if o.Backup != "" {
		b, err := one(ctx, s, scanBackup, selectBackup+`WHERE b.uuid = $1 AND b.team_id = $2 AND b.database_id = $3`, string(o.Backup), team, v.Database.RowID)
		if err != nil {
			return missing("Backup", err)
		}
		v.Backup = &b
		if err := db.loadSchedule(ctx, s, b, v); err != nil {
			return err
		}
	}
	if o.Restore != "" {
		// Another database's, which may be deleted: that is what backups are for.
		b, err := one(ctx, s, scanBackup, selectBackup+`WHERE b.uuid = $1 AND b.team_id = $2`, string(o.Restore), team)
		if err != nil {
			return missing("Backup", err)
		}
		v.Restore = &b
	}
	for _, b := range []*core.Backup{v.Backup, v.Restore} {
		if b == nil || b.S3ID == 0 {
			continue
		}
		to, err := one(ctx, s, db.scanS3, `SELECT `+s3Columns+` FROM s3_storages WHERE id = $1 AND team_id = $2`, b.S3ID, team)
		if err != nil {
			return missing(s3Noun, err)
		}
		v.S3 = &to
		return nil
	}
	return nil
}

// loadSchedule reads the schedule of a backup, unless it has none, and the earlier
// backups that its retention is about.
func (db *DB) loadSchedule(ctx context.Context, s *session, b core.Backup, v *core.LoadedDatabase) error {
	if b.ScheduleID == 0 {
		return nil
	}
	schedule, err := one(ctx, s, scanSchedule, `SELECT `+scheduleColumns+` FROM scheduled_database_backups WHERE id = $1 AND team_id = $2`,
		b.ScheduleID, b.TeamID)
	if err != nil {
		return missing(scheduleNoun, err)
	}
	v.Schedule = &schedule
	v.Kept, err = list(ctx, s, scanBackup, selectBackup+`WHERE b.scheduled_database_backup_id = $1 AND b.team_id = $2
		AND b.status = 'success' AND (b.is_local OR b.is_remote) AND b.id <> $3 `+newestBackups, b.ScheduleID, b.TeamID, b.RowID)
	return err
}
