package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/kind/application"
	"github.com/taffrail/taffrail/internal/kind/database"
	"github.com/taffrail/taffrail/internal/kind/service"
	"github.com/taffrail/taffrail/internal/logs"
	"github.com/taffrail/taffrail/internal/queue"
	"github.com/taffrail/taffrail/internal/rest"
	"github.com/taffrail/taffrail/internal/stack"
	"github.com/taffrail/taffrail/internal/supervise"
	"github.com/taffrail/taffrail/internal/template"
	"github.com/taffrail/taffrail/internal/web"
)

const (
	// touchEvery is how often last uses of tokens are written down.
	touchEvery = 15 * time.Second
	// rateLimit is how many requests one token may make in a minute.
	rateLimit = 6000
)

// wire puts the parts together.
func (s *Server) wire(ctx context.Context, o Options) error {
	team, user, first, err := prepare(ctx, s.db)
	if err != nil {
		return err
	}
	s.first = first
	if s.cfg.SQLite() {
		// Nobody else can be alive: what an earlier process held is free at once.
		if err := errors.Join(s.db.ReleaseLeases(ctx, ""), s.db.ReleaseJobs(ctx, "")); err != nil {
			return err
		}
	}
	hub := logs.NewHub()
	pool := host.NewPool(hostOptions(s.db, o))
	machines := machines{pool}
	texts := stack.NewReader()
	stacks := service.New(s.db, texts)
	templates, err := template.Open()
	if err != nil {
		return err
	}
	apps := newGitHubApps(s.db)
	kinds := map[core.Kind]deploy.Kind{
		core.KindService: stacks, core.KindDatabase: database.New(s.db, time.Now, reachedBy(ctx, s.cfg.PublicURL)...),
		core.KindApplication: application.New(s.db, application.Options{
			Token: apps.Token, Hosts: pool.Get, Reader: texts, Resolver: func(s core.Server) string { return managed(s).Resolver() },
		}),
	}
	var dispatcher *queue.Dispatcher
	settled := func() { dispatcher.Wake() }
	dispatcher = queue.NewDispatcher(s.db, s.carrier(hub, pool, kinds, settled), queue.Options{Owner: owner(), Lease: s.cfg.Lease, Log: o.Log})
	ctl := s.control(ctx, controlled{hub: hub, machines: machines, stacks: stacks, templates: templates, kinds: kinds, queue: dispatcher, apps: apps})
	toucher := auth.NewToucher(s.db, touchEvery, o.Log)
	api, err := rest.New(rest.Deps{
		Control: ctl, Auth: auth.NewAuthenticator(s.db, toucher.Touch, time.Now),
		Lines: s.db, Hub: hub, Log: o.Log, Now: time.Now, RateLimit: rateLimit,
	})
	if err != nil {
		return err
	}
	s.group = supervise.NewGroup(o.Log,
		supervise.Member{Name: "connections", Service: connections{pool}},
		supervise.Member{Name: "token uses", Service: toucher},
		supervise.Member{Name: "validations and schedules", Service: ctl},
		supervise.Member{Name: "news for code hosts", Service: newFeedback(hub, s.db, apps, s.cfg.PublicURL, o.Log)},
		supervise.Member{Name: "other controllers", Service: others(s.db, o.Log, dispatcher.Wake, hub.Wake)},
		supervise.Member{Name: "jobs", Service: queue.NewJobs(s.db, owner(), o.Log, s.works(kinds)...)},
		supervise.Member{Name: "deployments", Service: dispatcher})
	s.check = func(ctx context.Context) { validateNew(ctx, s, ctl, auth.ForUser(team.RowID, user, core.TriggerAPI)) }
	site, err := s.site(ctx, o, ctl, hub)
	if err != nil {
		return err
	}
	s.web.ready(face(withModels(api.Handler(), o.Version), site.Handler()))
	return nil
}

// site is the web interface.
func (s *Server) site(ctx context.Context, o Options, ctl *control.Control, hub *logs.Hub) (*web.Site, error) {
	accounts := auth.NewAccounts(s.db, s.db, time.Now)
	open, err := accounts.NeedsSetup(ctx)
	if err != nil {
		return nil, err
	}
	if s.setup, err = openSetup(s.cfg.Data, !open); err != nil {
		return nil, err
	}
	return web.New(web.Deps{
		Control: ctl, Accounts: accounts, Setup: s.setup, Lines: s.db, Hub: hub, Log: o.Log, Now: time.Now, Version: o.Version,
	})
}

// carrier is what carries deployments.
func (s *Server) carrier(hub *logs.Hub, pool *host.Pool, kinds map[core.Kind]deploy.Kind, settled func()) *deploy.Carrier {
	return deploy.NewCarrier(deploy.Deps{
		Store: s.db, Lines: s.db, Hub: hub, Log: s.log,
		Kinds: kinds, Settled: settled,
		Hosts:   pool.Get,
		Secrets: ownSecrets(s.db),
	})
}

// controlled is what control works on.
type controlled struct {
	hub       *logs.Hub
	machines  machines
	stacks    control.Composer
	templates *template.Catalog
	kinds     map[core.Kind]deploy.Kind
	queue     *queue.Dispatcher
	apps      *gitHubApps
}

// control is what people ask.
func (s *Server) control(ctx context.Context, of controlled) *control.Control {
	m, q := of.machines, of.queue
	return control.New(control.Deps{
		Servers: s.db, Keys: s.db, Projects: s.db, Environments: s.db, Services: s.db, Envs: s.db,
		Deployments: s.db, Teams: s.db, Tokens: s.db, Queue: s.db,
		Composer: of.stacks, Setup: control.SetupDeps{Templates: of.templates, Destinations: s.db, Instance: s.db}, Hosts: m, Containers: m, Statuses: statuses(of.kinds), Seen: s.db,
		Databases: control.DatabaseDeps{
			Store: s.db, Storages: s.db, Schedules: s.db, Backups: s.db, S3: s.db, Buckets: buckets{}, Dumps: m,
		},
		Applications: control.ApplicationDeps{
			Store: s.db, Revisions: s.db, Further: s.db, Shared: s.db, GitHubApps: s.db,
			Refs:      refs{hosts: m.pool.Get, apps: of.apps, store: s.db},
			CodeHosts: of.apps, Snapshots: snapshots{}, Proxies: newProxies(m, s.db.ListDestinations),
		},
		Common: control.CommonDeps{Records: s.db, Tags: s.db, Tagging: s.db, Jobs: s.db, History: s.db},
		Wake:   q.Wake,
		Cancel: func(_ context.Context, d core.Deployment) {
			q.Cancel(d.Kind, d.RowID)
			of.hub.Wake(d.LogID)
			of.hub.Publish(logs.Event{TeamID: d.TeamID, Kind: d.Kind, Deployment: d.UUID, Resource: d.Resource.UUID, Status: d.Status})
		},
		Log: s.log, Now: time.Now, BaseURL: s.cfg.PublicURL, Address: outgoing(ctx),
	})
}

// validateNew looks at servers that nobody has looked at yet, and at this machine, whose
// Docker may have changed while the controller was away.
func validateNew(ctx context.Context, s *Server, ctl *control.Control, p auth.Principal) {
	servers, err := s.db.ListServers(ctx, p.TeamID)
	if err != nil {
		s.log.Warn("servers not validated", "error", err)
		return
	}
	for _, server := range servers {
		if !server.Local() && !server.Facts.CheckedAt.IsZero() {
			continue
		}
		if err := ctl.ValidateServer(ctx, p, server.UUID, false); err != nil {
			s.log.Warn("server not validated", "server", string(server.UUID), "error", err)
		}
	}
}

// owner names this process among all controllers that share a database.
func owner() string {
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	return fmt.Sprintf("%s/%d/%s", name, os.Getpid(), core.NewID())
}

// connections closes the pool when everything that uses it has stopped.
type connections struct{ pool *host.Pool }

func (connections) Start(context.Context) error { return nil }

func (c connections) Stop(context.Context) error { return c.pool.Close() }
