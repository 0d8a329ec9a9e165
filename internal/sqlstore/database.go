package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/taffrail/taffrail/internal/core"
)

const databaseColumns = `r.id, r.uuid, r.team_id, r.name, r.description, r.database_type, r.environment_id, r.server_id, r.destination_id,
	r.image, r.settings, r.is_public, r.public_port, r.enable_ssl, r.ran_image, r.ran_version, r.deployed,
	r.status, r.config_hash, r.created_at, r.updated_at, r.deleted_at`

func (db *DB) scanDatabase(r row) (core.Database, error) {
	var (
		d                core.Database
		sealed, deployed []byte
		public           core.Public
		ssl              bool
	)
	err := r.Scan(&d.RowID, &d.UUID, &d.TeamID, &d.Name, &d.Description, &d.Type, maybe[int64]{&d.EnvironmentID}, maybe[int64]{&d.ServerID},
		maybe[int64]{&d.DestinationID}, &d.Image, &sealed, &public.Enabled, &public.Port, &ssl, &d.Ran.Image, &d.Ran.Version, &deployed,
		&d.Status, &d.ConfigHash, stamp{&d.CreatedAt}, stamp{&d.UpdatedAt}, stamp{&d.DeletedAt})
	if err != nil {
		return d, err
	}
	settings, err := db.unseal(d.TeamID, "databases", d.UUID, "settings", sealed)
	if err != nil {
		return d, err
	}
	if err := openSettings(&d, settings); err != nil {
		return d, err
	}
	d.Settings.Public.Enabled, d.Settings.Public.Port, d.Settings.EnableSSL = public.Enabled, public.Port, ssl
	d.Ran.Deployed, err = db.unseal(d.TeamID, "databases", d.UUID, "deployed", deployed)
	return d, err
}

// storedSettings is the sealed text of a database's settings. Values are bytes, so that
// a password or a script comes back as it was, whether it is UTF-8 or not. The names of
// core's fields are in the stored text: a test holds them.
type storedSettings struct {
	Fields   map[string][]byte     `json:"fields"`
	Scripts  []storedScript        `json:"scripts,omitempty"`
	Settings core.DatabaseSettings `json:"settings"` // less what has columns or a form of its own
}

type storedScript struct {
	Filename string `json:"filename"`
	Content  []byte `json:"content"`
}

func closeSettings(d core.Database) (core.Secret, error) {
	stored := storedSettings{Fields: map[string][]byte{}, Settings: d.Settings}
	for name, value := range d.Fields {
		stored.Fields[name] = []byte(value.Reveal())
	}
	for _, s := range d.Settings.InitScripts {
		stored.Scripts = append(stored.Scripts, storedScript{s.Filename, []byte(s.Content)})
	}
	own := &stored.Settings
	own.InitScripts, own.EnableSSL, own.Public.Enabled, own.Public.Port = nil, false, false, 0
	text, err := json.Marshal(stored)
	return core.NewSecret(string(text)), err
}

// openSettings is the way back from closeSettings.
func openSettings(d *core.Database, text core.Secret) error {
	d.Fields = map[string]core.Secret{}
	if text.Empty() {
		return nil
	}
	var stored storedSettings
	if err := json.Unmarshal([]byte(text.Reveal()), &stored); err != nil {
		return err
	}
	d.Settings = stored.Settings
	for name, value := range stored.Fields {
		d.Fields[name] = core.NewSecret(string(value))
	}
	for _, s := range stored.Scripts {
		d.Settings.InitScripts = append(d.Settings.InitScripts, core.InitScript{Filename: s.Filename, Content: string(s.Content)})
	}
	return nil
}

// sealSettings is what is stored in the column settings of d.
func (db *DB) sealSettings(d core.Database) (any, error) {
	text, err := closeSettings(d)
	if err != nil {
		return nil, err
	}
	return db.seal(d.TeamID, "databases", d.UUID, "settings", text)
}

// CreateDatabase stores a database and its first variables. Environment, server and
// destination must be the team's, and the destination the server's. CodeConflict when
// another database of the server has its public port.
func (db *DB) CreateDatabase(ctx context.Context, d core.Database, envs []core.EnvVar) (core.Database, error) {
	d.UUID = orNew(d.UUID)
	var made core.Database
	err := db.inTx(ctx, "create database", func(s *session) error {
		if err := checkPlace(ctx, s, d.TeamID, d.EnvironmentID, d.ServerID, d.DestinationID); err != nil {
			return err
		}
		if err := checkPort(ctx, s, d); err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		id, err := db.insertDatabase(ctx, s, now, d)
		if err != nil {
			return portTaken(err)
		}
		if err := db.addEnvs(ctx, s, now, d.TeamID, core.Owner{Kind: core.KindDatabase, RowID: id}, envs); err != nil {
			return err
		}
		made, err = db.readDatabase(ctx, s, `WHERE r.id = $1 AND r.team_id = $2`, id, d.TeamID)
		return err
	})
	return made, err
}

// checkPort says who has the public port that d is to have on its server.
func checkPort(ctx context.Context, s *session, d core.Database) error {
	want := d.Settings.Public
	if !want.Enabled || want.Port <= 0 {
		return nil
	}
	holder, err := one(ctx, s, scanValue[string],
		`SELECT r.name FROM databases r WHERE r.server_id = $1 AND r.public_port = $2 AND r.is_public AND r.public_port > 0 AND r.deleted_at IS NULL
			AND r.uuid <> $3`, d.ServerID, want.Port, string(d.UUID))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return core.Errorf(core.CodeConflict, "Public port %d is already used by the database %q of this server. Choose another one.", want.Port, holder)
}

// portTaken is checkPort for those who were a moment too late.
func portTaken(err error) error {
	if isTaken(err) {
		return &core.Error{Op: "store database", Code: core.CodeConflict, Err: err,
			Msg: "Public port already used by another database of this server. Choose another one."}
	}
	return err
}

func (db *DB) insertDatabase(ctx context.Context, s *session, now int64, d core.Database) (int64, error) {
	settings, err := db.sealSettings(d)
	if err != nil {
		return 0, err
	}
	deployed, err := db.seal(d.TeamID, "databases", d.UUID, "deployed", d.Ran.Deployed)
	if err != nil {
		return 0, err
	}
	if d.Status == "" {
		d.Status = "exited"
	}
	set := d.Settings
	return one(ctx, s, scanValue[int64],
		`INSERT INTO databases (uuid, team_id, name, description, database_type, environment_id, server_id, destination_id, image,
			settings, is_public, public_port, enable_ssl, ran_image, ran_version, deployed, status, config_hash, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) RETURNING id`,
		string(d.UUID), d.TeamID, d.Name, d.Description, d.Type, d.EnvironmentID, d.ServerID, d.DestinationID, d.Image,
		settings, set.Public.Enabled, set.Public.Port, set.EnableSSL, d.Ran.Image, clean(d.Ran.Version), deployed, d.Status, d.ConfigHash, now, now)
}

// readDatabase reads one database.
func (db *DB) readDatabase(ctx context.Context, s *session, where string, args ...any) (core.Database, error) {
	d, err := one(ctx, s, db.scanDatabase, `SELECT `+databaseColumns+` FROM databases r `+where, args...)
	return d, missing("Database", err)
}

// GetDatabase reads a database that is not deleted.
func (db *DB) GetDatabase(ctx context.Context, team int64, id core.ID) (core.Database, error) {
	d, err := db.readDatabase(ctx, db.view(), `WHERE r.uuid = $1 AND r.team_id = $2 AND r.deleted_at IS NULL`, string(id), team)
	return d, explain("read database", err)
}

// ListDatabases returns the databases of a team that are not deleted.
func (db *DB) ListDatabases(ctx context.Context, team int64) ([]core.Database, error) {
	return getList(ctx, db, "databases", db.scanDatabase,
		`SELECT `+databaseColumns+` FROM databases r WHERE r.team_id = $1 AND r.deleted_at IS NULL ORDER BY r.id`, team)
}

// UpdateDatabase writes name, description, image, fields and settings of the database
// with d's uuid. CodeConflict when another database of the server has its public port.
func (db *DB) UpdateDatabase(ctx context.Context, d core.Database) error {
	return db.inTx(ctx, "update database", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		settings, err := db.sealSettings(d)
		if err != nil {
			return err
		}
		d.ServerID, err = one(ctx, s, scanValue[int64],
			`SELECT server_id FROM databases WHERE uuid = $1 AND team_id = $2 AND deleted_at IS NULL`, string(d.UUID), d.TeamID)
		if err != nil {
			return missing("Database", err)
		}
		if err := checkPort(ctx, s, d); err != nil {
			return err
		}
		set := d.Settings
		return portTaken(must(ctx, s, "Database",
			`UPDATE databases SET name = $1, description = $2, image = $3, settings = $4, is_public = $5, public_port = $6, enable_ssl = $7, updated_at = $8
			WHERE uuid = $9 AND team_id = $10 AND deleted_at IS NULL`,
			d.Name, d.Description, d.Image, settings, set.Public.Enabled, set.Public.Port, set.EnableSSL, now, string(d.UUID), d.TeamID))
	})
}

// DeleteDatabase is soft: the database is gone from every listing, its deployments and
// backups stay readable.
func (db *DB) DeleteDatabase(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "delete database", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		return must(ctx, s, "Database", `UPDATE databases SET deleted_at = $1, updated_at = $2 WHERE uuid = $3 AND team_id = $4 AND deleted_at IS NULL`,
			now, now, string(id), team)
	})
}

// PurgeDatabase removes a database, deleted or not, with everything of it: variables,
// storages, certificate, backups, schedules and the whole history.
func (db *DB) PurgeDatabase(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "purge database", func(s *session) error {
		return must(ctx, s, "Database", `DELETE FROM databases WHERE uuid = $1 AND team_id = $2`, string(id), team)
	})
}

// SetDatabaseStatus writes what was seen of a database, deleted or not. Empty strings
// and a nil ran leave what is there, as do the empty fields of ran.
func (db *DB) SetDatabaseStatus(ctx context.Context, team, row int64, status, configHash string, ran *core.DatabaseRan) error {
	if ran == nil {
		ran = &core.DatabaseRan{}
	}
	return db.inTx(ctx, "write the status of a database", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		id, err := one(ctx, s, scanValue[core.ID],
			`UPDATE databases SET status = COALESCE(NULLIF($1, ''), status), config_hash = COALESCE(NULLIF($2, ''), config_hash),
				ran_image = COALESCE(NULLIF($3, ''), ran_image), ran_version = COALESCE(NULLIF($4, ''), ran_version), updated_at = $5
			WHERE id = $6 AND team_id = $7 RETURNING uuid`,
			status, configHash, ran.Image, clean(ran.Version), now, row, team)
		if err != nil || ran.Deployed.Empty() {
			return missing("Database", err)
		}
		sealed, err := db.seal(team, "databases", id, "deployed", ran.Deployed)
		if err != nil {
			return err
		}
		_, err = s.exec(ctx, `UPDATE databases SET deployed = $1 WHERE id = $2`, sealed, row)
		return err
	})
}
