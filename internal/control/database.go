package control

import (
	"context"
	"net/netip"
	"net/url"
	"slices"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

// Database is a database as somebody may see it: passwords, configurations, scripts and
// addresses are empty unless that somebody may see secrets.
type Database struct {
	core.Database
	InternalURL core.Secret // for containers on its network
	ExternalURL core.Secret // for everybody else; empty without a public port
	Schedules   []Schedule  // when it is dumped
	Project     core.ID
	Environment core.ID
	Server      core.ID
}

// ListDatabases returns the databases of the team.
func (c *Control) ListDatabases(ctx context.Context, p auth.Principal) ([]Database, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	list, err := c.deps.Databases.Store.ListDatabases(ctx, p.TeamID)
	if err != nil {
		return nil, err
	}
	return c.shownDatabases(ctx, p, list)
}

// GetDatabase returns one database.
func (c *Control) GetDatabase(ctx context.Context, p auth.Principal, id core.ID) (Database, error) {
	if err := p.Require(auth.Read); err != nil {
		return Database{}, err
	}
	db, err := c.database(ctx, p, id)
	if err != nil {
		return Database{}, err
	}
	return c.shownDatabase(ctx, p, db)
}

// StartDatabase queues a start. CodeBadRequest when the database runs and nothing that
// is under way is going to change that; CodeConflict when the version guard refuses its
// image and in does not force it.
func (c *Control) StartDatabase(ctx context.Context, p auth.Principal, id core.ID, in Action) (Queued, error) {
	return c.act(ctx, p, core.KindDatabase, id, core.VerbStart, in)
}

// StopDatabase queues a stop. CodeBadRequest when the database is stopped and nothing
// that is under way is going to change that.
func (c *Control) StopDatabase(ctx context.Context, p auth.Principal, id core.ID, in Action) (Queued, error) {
	return c.act(ctx, p, core.KindDatabase, id, core.VerbStop, in)
}

// RestartDatabase queues a restart. CodeConflict as with StartDatabase.
func (c *Control) RestartDatabase(ctx context.Context, p auth.Principal, id core.ID, in Action) (Queued, error) {
	return c.act(ctx, p, core.KindDatabase, id, core.VerbRestart, in)
}

// DeleteDatabase queues a stop that takes away what remove says, and deletes the
// database: it is gone for everybody at once, but its deployments and dumps stay. What is
// under way for it is cancelled first.
func (c *Control) DeleteDatabase(ctx context.Context, p auth.Principal, id core.ID, remove core.Removal) (Queued, error) {
	return c.remove(ctx, p, core.KindDatabase, id, remove)
}

func (c *Control) database(ctx context.Context, p auth.Principal, id core.ID) (core.Database, error) {
	if err := known(id, "Database"); err != nil {
		return core.Database{}, err
	}
	db, err := c.deps.Databases.Store.GetDatabase(ctx, p.TeamID, id)
	return db, named(err, "Database")
}

func (c *Control) databaseAccess(store DatabaseStore) access {
	return access{
		kind: core.KindDatabase,
		get: func(ctx context.Context, team int64, id core.ID) (Resource, error) {
			db, err := store.GetDatabase(ctx, team, id)
			return ofDatabase(db), err
		},
		list: func(ctx context.Context, team int64) ([]Resource, error) {
			list, err := store.ListDatabases(ctx, team)
			return resourcesOf(list, ofDatabase), err
		},
		remove: func(ctx context.Context, team int64, id core.ID) error { return store.DeleteDatabase(ctx, team, id) },
		began:  "started.",
		ready:  c.readyDatabase,
		brings: func(ctx context.Context, team int64, id core.ID) ([]core.Storage, error) {
			db, err := store.GetDatabase(ctx, team, id)
			if err != nil {
				return nil, err
			}
			spec, err := specOf(db.Type)
			if err != nil {
				return nil, err
			}
			return spec.DataVolumes(db), nil
		},
	}
}

func ofDatabase(db core.Database) Resource {
	return Resource{
		RowID:         db.RowID,
		UUID:          db.UUID,
		Kind:          core.KindDatabase,
		Type:          "standalone-" + db.Type,
		Name:          db.Name,
		Description:   db.Description,
		Status:        db.Status,
		EnvironmentID: db.EnvironmentID,
		ServerID:      db.ServerID,
		CreatedAt:     db.CreatedAt,
		UpdatedAt:     db.UpdatedAt,
	}
}

// readyDatabase refuses an image that the version guard refuses, and a dump of what does
// not run.
func (c *Control) readyDatabase(ctx context.Context, p auth.Principal, r Resource, verb core.Verb, in Action) error {
	db, err := c.database(ctx, p, r.UUID)
	if err != nil {
		return err
	}
	spec, err := specOf(db.Type)
	if err != nil {
		return err
	}
	if begins(verb) && !in.Options.ForceVersion {
		if v := spec.Guard(db.Ran, db.Image); v.Refused {
			return core.Errorf(core.CodeConflict, "%s Repeat with force_version_change=true to do it all the same.", v.Reason)
		}
	}
	if in.BackupBefore && !c.runs(ctx, p, r, true) {
		return core.Errorf(core.CodeBadRequest,
			"Database is not running, so it cannot be dumped before. Start it as it was, or leave out backup_before.")
	}
	return nil
}

// runs says whether a resource runs, by its stored status or else by a look; unseen is
// the answer for what cannot be looked at.
func (c *Control) runs(ctx context.Context, p auth.Principal, r Resource, unseen bool) bool {
	if up(r.Status) {
		return true
	}
	now, err := c.look(ctx, p, r)
	if err != nil {
		return unseen
	}
	return up(now.status)
}

// up says whether something of a resource runs. A database that starts, or whose way from
// outside is down, does.
func up(status string) bool { return !slices.Contains([]string{"", stateExited}, state(status)) }

// specOf finds the engine of a database.
func specOf(name string) (*engine.Spec, error) {
	if spec, ok := engine.Find(name); ok {
		return spec, nil
	}
	return nil, core.NotFound("Database engine")
}

func (c *Control) shownDatabase(ctx context.Context, p auth.Principal, db core.Database) (Database, error) {
	list, err := c.shownDatabases(ctx, p, []core.Database{db})
	if err != nil {
		return Database{}, err
	}
	return list[0], nil
}

func (c *Control) shownDatabases(ctx context.Context, p auth.Principal, list []core.Database) ([]Database, error) {
	where, err := c.places(ctx, p)
	if err != nil {
		return nil, err
	}
	schedules, err := c.schedules(ctx, p, list)
	if err != nil {
		return nil, err
	}
	out := make([]Database, 0, len(list))
	for _, db := range list {
		db.Ran.Deployed = core.Secret{}
		server := where.servers[db.ServerID]
		view := Database{
			Database: db, Schedules: schedules[db.RowID], Server: server.UUID,
			Project: where.projects[db.EnvironmentID], Environment: where.environments[db.EnvironmentID],
		}
		spec, err := specOf(db.Type)
		if err != nil {
			return nil, err
		}
		if p.SeesSecrets() {
			view.InternalURL = core.NewSecret(spec.InternalURL(db))
			view.ExternalURL = core.NewSecret(spec.ExternalURL(db, c.addressOf(server)))
		} else {
			view.Database = withoutSecrets(spec, db)
		}
		out = append(out, view)
	}
	return out, nil
}

// withoutSecrets is a database without what only some may see.
func withoutSecrets(spec *engine.Spec, db core.Database) core.Database {
	fields := make(map[string]core.Secret, len(db.Fields))
	for name, value := range db.Fields {
		// What the engine does not know is nobody's to see: nothing says that it is harmless.
		if f, ok := spec.Field(name); !ok || f.Secret() {
			value = core.Secret{}
		}
		fields[name] = value
	}
	db.Fields = fields
	scripts := make([]core.InitScript, 0, len(db.Settings.InitScripts))
	for _, s := range db.Settings.InitScripts {
		scripts = append(scripts, core.InitScript{Filename: s.Filename})
	}
	db.Settings.InitScripts = scripts
	return db
}

// addressOf is how others reach a server. This machine is known to itself as localhost,
// which is of no use to them.
func (c *Control) addressOf(s core.Server) string {
	if !s.Local() {
		return s.IP
	}
	if u, err := url.Parse(c.deps.BaseURL); err == nil && u.Hostname() != "" && !loopback(u.Hostname()) {
		return u.Hostname()
	}
	if c.deps.Address != "" {
		return c.deps.Address
	}
	return s.IP
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == core.LocalhostIP || err == nil && (a.IsLoopback() || a.IsUnspecified())
}
