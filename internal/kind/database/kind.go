package database

import (
	"context"
	"fmt"
	"time"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/engine"
)

// Kind is the kind "database". It implements deploy.Kind and is safe for use by several
// goroutines.
type Kind struct {
	store   Store
	nowFunc func() time.Time
	own     []string
}

var _ deploy.Kind = (*Kind)(nil)

// New returns the kind. now is the clock by which certificates are made and renewed. own
// are the names and addresses by which others reach the controller's own machine, which
// knows itself as localhost only.
func New(store Store, now func() time.Time, own ...string) *Kind {
	return &Kind{store: store, nowFunc: now, own: own}
}

// Load implements deploy.Kind. It makes the certificates that d is to deliver. What
// cannot be rendered is no error of Load: Plan reports it, and a stop is possible all
// the same.
func (k *Kind) Load(ctx context.Context, d core.Deployment) (deploy.Target, error) {
	t, err := k.read(ctx, d)
	if err != nil {
		return nil, err
	}
	certify := k.known
	if delivers(d) {
		certify = k.current
	}
	if t.certs, t.fault, err = certify(ctx, t.LoadedDatabase); err != nil {
		return nil, err
	}
	if t.fault == nil {
		t.out, t.fault = render(t.LoadedDatabase, t.certs, t.dir)
	}
	return t, nil
}

// read loads a database without rendering it.
func (k *Kind) read(ctx context.Context, d core.Deployment) (*target, error) {
	loaded, err := k.store.LoadDatabase(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("load database: %w", err)
	}
	if spec, ok := engine.Find(loaded.Database.Type); ok {
		loaded.Database = spec.Overridden(loaded.Database, loaded.Envs)
	}
	t := &target{LoadedDatabase: loaded, dir: compose.Folder(loaded.Server, "databases", loaded.Database.UUID)}
	t.before, err = openDeployed(loaded.Database.Ran.Deployed.Reveal())
	if err != nil {
		return nil, fmt.Errorf("load database: %w", err)
	}
	return t, nil
}

// delivers says whether a deployment brings certificates to the server.
func delivers(d core.Deployment) bool {
	switch d.Verb {
	case core.VerbDeploy, core.VerbStart, core.VerbRestart:
		return !d.Options.OnlyProxy
	case core.VerbRestore, core.VerbRenew:
		return true
	default:
		return false
	}
}

// Sum implements deploy.Kind.
func (k *Kind) Sum(ctx context.Context, r core.Resting, seen []core.Container) (core.Condition, error) {
	t, err := k.read(ctx, core.Deployment{
		Kind: core.KindDatabase, TeamID: r.TeamID, Server: core.ServerRef{RowID: r.ServerID},
		Resource: core.Resource{RowID: r.RowID, UUID: r.UUID},
	})
	if err != nil {
		return core.Condition{}, err
	}
	// Docker asks for the first time only after an interval. Until then, what answered
	// at its start goes on counting as well, unless Docker had to start it again since.
	proven := r.Status == healthy && !restarted(seen, t.Database.UUID)
	return core.Condition{Status: status(seen, t.Database.UUID, t.before.proxied(), proven)}, nil
}
