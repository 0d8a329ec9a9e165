package control

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/supervise"
	"github.com/taffrail/taffrail/internal/template"
)

// Deps is what Control works with. All fields are needed but Wake, Cancel, BaseURL and Address.
type Deps struct {
	Servers      ServerStore
	Keys         KeyStore
	Projects     ProjectStore
	Environments EnvironmentStore
	Services     ServiceStore
	Envs         EnvStore
	Deployments  DeploymentStore
	Teams        TeamStore
	Tokens       TokenStore
	Queue        Queue
	Composer     Composer
	Setup        SetupDeps
	Hosts        Hosts
	Containers   Containers
	Statuses     Statuses
	Seen         StatusStore
	Databases    DatabaseDeps
	Applications ApplicationDeps
	Common       CommonDeps
	Wake         func()    // tells the queue that there is something to claim
	Cancel       Canceller // tells a runner of this process that its deployment is to end
	Log          *slog.Logger
	Now          func() time.Time
	BaseURL      string // of the web interface, in front of the paths of deployments
	Address      string // by which others reach this machine; empty: unknown
}

// SetupDeps is what people find or set up once: one-click services, networks of servers,
// and what is set for the whole instance.
type SetupDeps struct {
	Templates    *template.Catalog
	Destinations DestinationStore
	Instance     InstanceStore
}

// DatabaseDeps is what databases take beyond what all resources do.
type DatabaseDeps struct {
	Store     DatabaseStore
	Storages  StorageStore
	Schedules ScheduleStore
	Backups   BackupStore
	S3        S3Store
	Buckets   Buckets
	Dumps     Dumps
}

// Control answers everything that a person may ask for. Every method authorises first,
// then validates (all faults of all fields in one CodeInvalid error), and only then
// stores and enqueues. Rows of other teams are missing rows to it. It may be used from
// several goroutines at the same time.
//
// Control is a background service too: validations of servers go on after the request
// that asked for them, statuses are kept true, dumps and new certificates are queued when
// they are due, and proxies are started where they are needed, until Stop.
type Control struct {
	deps      Deps
	log       *slog.Logger
	kinds     []access
	checks    *checker
	looks     *looker
	keeper    *keeper
	scheduler *scheduler
	proxies   *proxyKeeper
	gate      gate
}

// New makes a Control.
func New(d Deps) *Control {
	if d.Wake == nil {
		d.Wake = func() {}
	}
	if d.Cancel == nil {
		d.Cancel = func(context.Context, core.Deployment) {}
	}
	c := &Control{deps: d, log: d.Log}
	c.kinds = []access{c.applicationAccess(d.Applications.Store), serviceAccess(d.Services), c.databaseAccess(d.Databases.Store)}
	c.checks = newChecker(d.Servers, d.Hosts, d.Now, d.Log)
	c.looks = &looker{containers: d.Containers, statuses: d.Statuses, seen: d.Seen}
	c.keeper = newKeeper(c.looks, d.Log)
	c.scheduler = newScheduler(d)
	c.proxies = newProxyKeeper(d.Applications.Proxies, d.Log)
	return c
}

// Start lets validations of servers run, and begins to look after statuses and schedules.
func (c *Control) Start(ctx context.Context) error {
	for _, s := range c.background() {
		if err := s.Start(ctx); err != nil {
			return errors.Join(err, c.Stop(context.WithoutCancel(ctx)))
		}
	}
	return nil
}

// Stop ends the validations that run, and the looking, and waits for them.
func (c *Control) Stop(ctx context.Context) error {
	var faults []error
	for _, s := range slices.Backward(c.background()) {
		faults = append(faults, s.Stop(ctx))
	}
	return errors.Join(faults...)
}

// background is what goes on while nobody asks for anything, in the order of starting.
func (c *Control) background() []supervise.Service {
	return []supervise.Service{c.checks, c.keeper, c.scheduler, c.proxies}
}

// RefreshStatuses looks at every server once, now, and writes down what has changed of
// the resources at rest there. Control does so by itself while it is started.
func (c *Control) RefreshStatuses(ctx context.Context) { c.keeper.round(ctx) }
