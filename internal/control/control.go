package control

import (
	"context"
	"log/slog"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// Deps is what Control works with. All fields are needed but Wake, Cancel and BaseURL.
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
	Hosts        Hosts
	Containers   Containers
	Wake         func()    // tells the queue that there is something to claim
	Cancel       Canceller // tells a runner of this process that its deployment is to end
	Log          *slog.Logger
	Now          func() time.Time
	BaseURL      string // of the web interface, in front of the paths of deployments
}

// Control answers everything that a person may ask for. Every method authorises first,
// then validates (all faults of all fields in one CodeInvalid error), and only then
// stores and enqueues. Rows of other teams are missing rows to it. It may be used from
// several goroutines at the same time.
//
// Control is a background service too: validations of servers go on after the request
// that asked for them, and end with Stop.
type Control struct {
	deps   Deps
	log    *slog.Logger
	kinds  []access
	checks *checker
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
	c.kinds = []access{serviceAccess(d.Services)}
	c.checks = newChecker(d.Servers, d.Hosts, d.Now, d.Log)
	return c
}

// Start lets validations of servers run.
func (c *Control) Start(ctx context.Context) error { return c.checks.Start(ctx) }

// Stop ends the validations that run and waits for them.
func (c *Control) Stop(ctx context.Context) error { return c.checks.Stop(ctx) }

// did writes the one line that the operator's log has of a change.
func (c *Control) did(p auth.Principal, what string, id core.ID) {
	c.log.Info(what, "uuid", string(id), "team", p.TeamID, "actor_kind", p.Actor.Kind, "actor_id", p.Actor.ID)
}
