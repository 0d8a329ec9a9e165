package service

import (
	"context"
	"fmt"
	"time"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/stack"
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
	store  Store
	reader *stack.Reader
}

var _ deploy.Kind = (*Kind)(nil)

// New returns the kind; r may be shared with others.
func New(store Store, r *stack.Reader) *Kind { return &Kind{store: store, reader: r} }

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
	t.out, t.fault = k.compose(s, envs, server, t.dir, team.AllowHostAccess)
	return t, nil
}

// Draft implements control.Composer. s needs its UUID, since host names are made from
// it; the addresses that its parts have already are kept. It does no I/O but drawing
// random values for the variables that are to be generated.
func (k *Kind) Draft(s core.Service, known []core.EnvVar, server core.Server, allowHost bool) (core.ServiceDraft, error) {
	text, err := k.reader.Scan(s.ComposeRaw.Reveal(), s.LabelEscape)
	if err != nil {
		return core.ServiceDraft{}, err
	}
	o := ownerOf(s, server)
	added := text.Missing(o, known, time.Now())
	vars := stack.Expanded(text.Chosen(o, append(append([]core.EnvVar{}, known...), added...), addresses(s)))
	st, err := text.Read(stack.Reading{Vars: vars, Project: projectName(s.UUID), AllowHost: allowHost, Lenient: true})
	if err != nil {
		return core.ServiceDraft{}, err
	}
	return drafted(s, st, added, text.Domains(vars)), nil
}

// compose makes what goes to the server from a service's text.
func (k *Kind) compose(s core.Service, envs []core.EnvVar, server core.Server, dir string, allowHost bool) (*stack.Output, error) {
	if err := compose.CheckVariables(envs); err != nil {
		return nil, err
	}
	text, err := k.reader.Scan(s.ComposeRaw.Reveal(), s.LabelEscape)
	if err != nil {
		return nil, err
	}
	rows := text.Chosen(ownerOf(s, server), envs, addresses(s))
	vars := stack.Expanded(rows)
	st, err := text.Read(stack.Reading{Vars: vars, Project: string(s.UUID), AllowHost: allowHost})
	if err != nil {
		return nil, err
	}
	return st.Render(stack.Frame{
		Project: string(s.UUID), Dir: dir, Names: stack.RuntimeNames(rows, vars), Addresses: addresses(s),
		Marks: map[string]any{"taffrail.managed": "true", "taffrail.type": "service", "taffrail.service.uuid": string(s.UUID)},
	})
}

func ownerOf(s core.Service, server core.Server) stack.Owner {
	return stack.Owner{ID: s.UUID, Row: core.Owner{Kind: core.KindService, RowID: s.RowID}, Server: server}
}

// addresses are those that the parts have.
func addresses(s core.Service) map[string]string {
	out := map[string]string{}
	for _, part := range s.Parts {
		out[part.Name] = part.Fqdn
	}
	return out
}

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
	if d.Status == core.StatusFinished && d.Verb != core.VerbStop && t.fault == nil && d.Config.Hash == t.out.Hash {
		hash, compose = t.out.Hash, t.out.Compose
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
