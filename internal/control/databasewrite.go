package control

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

// DatabaseInput is a database that is to be created. What is nil takes its default.
type DatabaseInput struct {
	DatabasePatch
	Project     core.ID
	Environment string // id or name
	Server      core.ID
	Destination core.ID // may be empty when the server has only one
}

// DatabasePatch changes a database; what is nil stays.
type DatabasePatch struct {
	Name          *string // of a new one: made of its id
	Description   *string
	Image         *string                // of a new one: that of its engine
	Fields        map[string]core.Secret // by the names of the engine, plain text; those that are not named stay
	Public        PublicPatch
	EnableSSL     *bool
	SSLMode       *string
	PortsMappings *string
	DockerOptions *string
	Limits        LimitsPatch
	Health        HealthPatch
	InitScripts   *[]core.InitScript // all of them
	InstantDeploy bool               // queue a start of a new one, or a deployment, at once
}

// PublicPatch changes access from outside; what is nil stays.
type PublicPatch struct {
	Enabled *bool
	Port    *int
	Timeout *int      // seconds
	Allow   *[]string // networks and addresses
}

// LimitsPatch changes what a container may use; what is nil stays.
type LimitsPatch struct {
	Memory, MemorySwap, MemoryReservation *string
	MemorySwappiness                      *int
	CPUs, CPUSet                          *string
	CPUShares                             *int
}

// HealthPatch changes how often a container is asked how it is; what is nil stays.
type HealthPatch struct {
	Enabled                                 *bool
	Interval, Timeout, Retries, StartPeriod *int
}

// DatabaseSaved is a database that was created or changed.
type DatabaseSaved struct {
	Database   Database
	Warnings   []string        // what will not be as one may think, and why
	Deployment core.Deployment // that was queued with it, if any
}

const defaultPublicTimeout = 3600 // seconds

// CreateDatabase stores a database of an engine. CodeNotFound when there is no such engine.
func (c *Control) CreateDatabase(ctx context.Context, p auth.Principal, engineName string, in DatabaseInput) (DatabaseSaved, error) {
	if err := p.Require(auth.Write); err != nil {
		return DatabaseSaved{}, err
	}
	spec, err := specOf(engineName)
	if err != nil {
		return DatabaseSaved{}, err
	}
	f := faults{}
	f.place(in.place())
	db := newDatabase(p.TeamID, spec, in)
	if err := c.checkDatabase(ctx, p, spec, db, in.DatabasePatch, f); err != nil {
		return DatabaseSaved{}, err
	}
	at, err := c.locate(ctx, p, in.place())
	if err != nil {
		return DatabaseSaved{}, err
	}
	db.EnvironmentID, db.ServerID, db.DestinationID = at.environment.RowID, at.server.RowID, at.destination.RowID
	out, err := c.createDatabase(ctx, p, db, nil)
	if err == nil && in.InstantDeploy {
		out.run(c.runSaved(ctx, p, ofDatabase(out.Database.Database), core.VerbStart, core.Options{}))
	}
	return out, err
}

// createDatabase stores a database that was checked, where it goes included.
func (c *Control) createDatabase(ctx context.Context, p auth.Principal, db core.Database, envs []core.EnvVar) (DatabaseSaved, error) {
	db, err := c.deps.Databases.Store.CreateDatabase(ctx, db, envs)
	if err != nil {
		return DatabaseSaved{}, portTaken(err)
	}
	c.did(ctx, p, "database created", db.UUID)
	shown, err := c.shownDatabase(ctx, p, db)
	return DatabaseSaved{Database: shown}, err
}

// UpdateDatabase changes a database. What runs goes on as it is until it is started or
// deployed again, but for access from outside: when that is all that changes for a
// database that runs, it is brought about at once.
func (c *Control) UpdateDatabase(ctx context.Context, p auth.Principal, id core.ID, in DatabasePatch) (DatabaseSaved, error) {
	if err := p.Require(auth.Write); err != nil {
		return DatabaseSaved{}, err
	}
	old, err := c.database(ctx, p, id)
	if err != nil {
		return DatabaseSaved{}, err
	}
	spec, err := specOf(old.Type)
	if err != nil {
		return DatabaseSaved{}, err
	}
	db := in.onto(old)
	if err := c.checkDatabase(ctx, p, spec, db, in, faults{}); err != nil {
		return DatabaseSaved{}, err
	}
	if err := c.deps.Databases.Store.UpdateDatabase(ctx, db); err != nil {
		return DatabaseSaved{}, named(portTaken(err), "Database")
	}
	c.did(ctx, p, "database updated", id)
	return c.savedDatabase(ctx, p, spec, old, in.InstantDeploy)
}

// savedDatabase makes the answer to a change of old, and queues what it brings about.
func (c *Control) savedDatabase(ctx context.Context, p auth.Principal, spec *engine.Spec, old core.Database, deploy bool) (DatabaseSaved, error) {
	db, err := c.database(ctx, p, old.UUID)
	if err != nil {
		return DatabaseSaved{}, err
	}
	out := DatabaseSaved{}
	if v := spec.Guard(db.Ran, db.Image); v.Refused {
		out.Warnings = append(out.Warnings, v.Reason+" The next start is refused unless it says force_version_change=true.")
	} else if deploy {
		out.run(c.runSaved(ctx, p, ofDatabase(db), core.VerbDeploy, core.Options{}))
	}
	for _, f := range spec.Fields {
		if db.Ran.Version != "" && spec.Keeps(f) && db.Fields[f.Name] != old.Fields[f.Name] {
			out.Warnings = append(out.Warnings, f.Name+" was used when the data volume was made, and nothing in it is renamed. "+
				"The next start works only if there is one of the new name in the database, with the password of the settings: make it there first.")
		}
	}
	if !deploy {
		out.run(c.publish(ctx, p, old, db))
	}
	out.Database, err = c.shownDatabase(ctx, p, db)
	return out, err
}

// publish queues what brings access from outside to a database that runs.
func (c *Control) publish(ctx context.Context, p auth.Principal, old, db core.Database) (core.Deployment, string) {
	if reflect.DeepEqual(old.Settings.Public, db.Settings.Public) || !c.runs(ctx, p, ofDatabase(db), false) {
		return core.Deployment{}, ""
	}
	if !onlyPublic(old, db) {
		return core.Deployment{}, "Access from outside changes with the next start, together with the rest."
	}
	return c.runSaved(ctx, p, ofDatabase(db), core.VerbDeploy, core.Options{OnlyProxy: true})
}

// onlyPublic says whether two states of a database differ, in what concerns its
// containers, by access from outside at most.
func onlyPublic(a, b core.Database) bool {
	a.Settings.Public = b.Settings.Public
	return a.Image == b.Image && maps.Equal(a.Fields, b.Fields) && reflect.DeepEqual(a.Settings, b.Settings)
}

func (s *DatabaseSaved) run(d core.Deployment, warning string) {
	s.Deployment = d
	if warning != "" {
		s.Warnings = append(s.Warnings, warning)
	}
}

// checkDatabase tells all faults of a database, and of the patch that led to it, with
// those that f has already.
func (c *Control) checkDatabase(ctx context.Context, p auth.Principal, spec *engine.Spec, db core.Database, in DatabasePatch, f faults) error {
	team, err := c.deps.Teams.GetTeam(ctx, p.TeamID)
	if err != nil {
		return err
	}
	db.Fields = maps.Clone(db.Fields)
	for name := range in.Fields {
		if _, ok := spec.Field(name); !ok {
			f.add(name, "This field is not allowed.")
			delete(db.Fields, name)
		}
	}
	f.name("name", db.Name)
	f.description(db.Description)
	for field, texts := range spec.Check(db, team.AllowHostAccess) {
		f[field] = append(f[field], texts...)
	}
	return f.err()
}

// portTaken is the answer of the store for a public port that another database has, as
// clients know it.
func portTaken(err error) error {
	if e, ok := person(err); ok && e.Code == core.CodeConflict {
		return &core.Error{Op: e.Op, Code: core.CodeBadRequest, Msg: e.Msg, Err: e}
	}
	return err
}

func newDatabase(team int64, spec *engine.Spec, in DatabaseInput) core.Database {
	id := core.NewID()
	db := core.Database{
		UUID: id, TeamID: team, Type: spec.Name, Name: defaultName(spec.Name, id), Image: spec.Image,
		Fields: spec.Defaults(),
		Settings: core.DatabaseSettings{
			Public: core.Public{Timeout: defaultPublicTimeout},
			Limits: core.DefaultLimits(),
			Health: core.DefaultHealthCheck(),
		},
	}
	if len(spec.SSLModes) > 0 {
		db.Settings.SSLMode = spec.SSLModes[0]
	}
	// An empty text means the same as none, as clients expect of a new database.
	in.Name, in.Image = orNone(in.Name), orNone(in.Image)
	in.Fields = maps.Clone(in.Fields)
	maps.DeleteFunc(in.Fields, func(_ string, value core.Secret) bool { return value.Empty() })
	return in.onto(db)
}

func defaultName(engineName string, id core.ID) string { return engineName + "-database-" + string(id) }

func orNone(text *string) *string {
	if text == nil || strings.TrimSpace(*text) == "" {
		return nil
	}
	return text
}

func (in DatabaseInput) place() place {
	return place{project: in.Project, environment: in.Environment, server: in.Server, destination: in.Destination}
}

func (in DatabasePatch) onto(db core.Database) core.Database {
	trim(&db.Name, in.Name)
	trim(&db.Description, in.Description)
	trim(&db.Image, in.Image)
	fields := maps.Clone(db.Fields)
	if fields == nil {
		fields = map[string]core.Secret{}
	}
	maps.Copy(fields, in.Fields)
	db.Fields = fields
	s := &db.Settings
	in.Public.onto(&s.Public)
	in.Limits.onto(&s.Limits)
	in.Health.onto(&s.Health)
	set(&s.EnableSSL, in.EnableSSL)
	trim(&s.SSLMode, in.SSLMode)
	trim(&s.PortsMappings, in.PortsMappings)
	trim(&s.DockerOptions, in.DockerOptions)
	if in.InitScripts != nil {
		s.InitScripts = slices.Clone(*in.InitScripts)
	}
	return db
}

func (in PublicPatch) onto(p *core.Public) {
	set(&p.Enabled, in.Enabled)
	set(&p.Port, in.Port)
	set(&p.Timeout, in.Timeout)
	if in.Allow != nil {
		p.Allow = slices.Clone(*in.Allow)
	}
}

func (in LimitsPatch) onto(l *core.Limits) {
	trim(&l.Memory, in.Memory)
	trim(&l.MemorySwap, in.MemorySwap)
	trim(&l.MemoryReservation, in.MemoryReservation)
	set(&l.MemorySwappiness, in.MemorySwappiness)
	trim(&l.CPUs, in.CPUs)
	trim(&l.CPUSet, in.CPUSet)
	set(&l.CPUShares, in.CPUShares)
}

func (in HealthPatch) onto(h *core.HealthCheck) {
	set(&h.Enabled, in.Enabled)
	set(&h.Interval, in.Interval)
	set(&h.Timeout, in.Timeout)
	set(&h.Retries, in.Retries)
	set(&h.StartPeriod, in.StartPeriod)
}
