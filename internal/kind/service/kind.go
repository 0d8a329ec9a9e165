package service

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/sirupsen/logrus"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
)

// Store is what the kind reads and writes.
type Store interface {
	// LoadService reads the service of d, deleted ones too, with its parts, variables,
	// server and destination.
	LoadService(ctx context.Context, d core.Deployment) (core.Service, []core.EnvVar, core.Server, core.Destination, error)
	// SetServiceStatus writes what was seen of a service, and by name the status of its
	// parts. An empty configHash or compose leaves what is stored: what was deployed
	// last is what runs until another deployment finishes.
	SetServiceStatus(ctx context.Context, team, row int64, status, configHash, compose string, parts map[string]string) error
	// GetTeam is asked whether the team may use the host.
	GetTeam(ctx context.Context, team int64) (core.Team, error)
}

// Kind is the kind "service". It implements deploy.Kind, and control.Composer with
// Draft. It is safe for use by several goroutines.
type Kind struct {
	store      Store
	schemaFunc func() (*jsonschema.Schema, error)
}

var _ deploy.Kind = (*Kind)(nil)

// New returns the kind. It also silences the logger of the compose library for the
// whole process, since that one writes values of compose files to standard error.
func New(store Store) *Kind {
	logrus.SetOutput(io.Discard)
	return &Kind{store: store, schemaFunc: sync.OnceValues(compileSchema)}
}

// Load implements deploy.Kind. A compose text that is at fault is no error of Load:
// Plan reports it, and a stop is possible all the same.
func (k *Kind) Load(ctx context.Context, d core.Deployment) (deploy.Target, error) {
	return k.load(ctx, d)
}

func (k *Kind) load(ctx context.Context, d core.Deployment) (*target, error) {
	s, envs, server, destination, err := k.store.LoadService(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("load service: %w", err)
	}
	team, err := k.store.GetTeam(ctx, d.TeamID)
	if err != nil {
		return nil, fmt.Errorf("load team of service: %w", err)
	}
	t := &target{service: s, envs: envs, server: server, destination: destination, dir: compose.Folder(server, "services", s.UUID)}
	t.out, t.fault = k.compose(s, envs, t.dir, team.AllowHostAccess)
	return t, nil
}

// Draft implements control.Composer. s needs its UUID, since host names are made from
// it; the addresses that its parts have already are kept. It does no I/O but drawing
// random values for the variables that are to be generated.
func (k *Kind) Draft(s core.Service, known []core.EnvVar, server core.Server, allowHost bool) (draft core.ServiceDraft, err error) {
	defer guard(&err)
	schema, err := k.schemaFunc()
	if err != nil {
		return core.ServiceDraft{}, err
	}
	sc, err := scanText(s.ComposeRaw.Reveal(), s.LabelEscape)
	if err != nil {
		return core.ServiceDraft{}, err
	}
	gen := generator{scan: sc, service: s, server: server, now: time.Now()}
	added := gen.missing(known)
	rows := sc.chosen(append(append([]core.EnvVar{}, known...), added...), s)
	vars := expanded(rows)
	vars[projectVariable] = projectName(s.UUID)
	st, err := sc.read(schema, reading{vars: vars, project: projectName(s.UUID), allowHost: allowHost, lenient: true})
	if err != nil {
		return core.ServiceDraft{}, err
	}
	return drafted(s, st, added, sc.domains(vars)), nil
}

// guard turns a panic into an answer. Compose text comes from outside and goes through
// libraries that were written for a command line, where a crash costs nobody else
// anything; here it would end everybody's deployments.
func guard(err *error) {
	if r := recover(); r != nil {
		fault := invalid("cannot be understood")
		fault.Err = fmt.Errorf("compose text: panic: %v", r)
		*err = fault
	}
}

// projectVariable is the one variable that Compose itself provides.
const projectVariable = "COMPOSE_PROJECT_NAME"

// projectName is the name of the compose project: the service's uuid. Before there is
// one, any name serves for checking.
func projectName(id core.ID) string {
	if id == "" {
		return "draft"
	}
	return string(id)
}

// Record implements deploy.Kind. What runs is recorded only when d brought it up and
// the service has not been changed meanwhile.
func (k *Kind) Record(ctx context.Context, d core.Deployment, found core.Findings) error {
	t, err := k.load(ctx, d)
	if err != nil {
		return err
	}
	status, parts := t.status(found.Containers)
	hash, compose := "", ""
	if d.Status == core.StatusFinished && d.Verb != core.VerbStop && t.fault == nil && d.Config.Hash == t.out.hash {
		hash, compose = t.out.hash, t.out.compose
	}
	err = k.store.SetServiceStatus(ctx, d.TeamID, t.service.RowID, status, hash, compose, parts)
	if err != nil {
		return fmt.Errorf("record service: %w", err)
	}
	return nil
}

// Sum implements deploy.Kind.
func (k *Kind) Sum(ctx context.Context, r core.Resting, seen []core.Container) (core.Condition, error) {
	t, err := k.load(ctx, core.Deployment{
		Kind: core.KindService, TeamID: r.TeamID, Server: core.ServerRef{RowID: r.ServerID},
		Resource: core.Resource{RowID: r.RowID, UUID: r.UUID},
	})
	if err != nil {
		return core.Condition{}, err
	}
	status, parts := t.status(seen)
	return core.Condition{Status: status, Parts: parts}, nil
}
