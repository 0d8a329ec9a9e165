package control

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

const maxCompose = 1 << 20 // bytes

// ServiceInput is a service that is to be created.
type ServiceInput struct {
	Name                   string // empty: made of its id
	Description            string
	Type                   string      // one-click template; not with Compose
	Compose                core.Secret // plain text
	Project                core.ID
	Environment            string // id or name
	Server                 core.ID
	Destination            core.ID // may be empty when the server has only one
	ConnectToDockerNetwork bool
	LabelEscape            *bool // default: true
	URLs                   []PartURL
	ForceDomainOverride    bool // take domains that other resources have
	InstantDeploy          bool // queue the first deployment at once
}

// ServicePatch changes a service; what is nil stays.
type ServicePatch struct {
	Name                   *string
	Description            *string
	Compose                *core.Secret
	ConnectToDockerNetwork *bool
	LabelEscape            *bool
	URLs                   []PartURL // parts that it does not name keep theirs
	ForceDomainOverride    bool
	InstantDeploy          bool
}

// PartURL gives a container of a service its public addresses.
type PartURL struct {
	Name string // in the compose text
	URL  string // comma-separated; empty takes them away
}

// ServiceSaved is a service that was created or changed.
type ServiceSaved struct {
	Service    core.Service
	Domains    []string
	Warnings   []string        // what will be done differently from the compose text, and why
	Deployment core.Deployment // with InstantDeploy, when it could be queued
}

// CreateService stores a service from a compose text or a template. *UnknownTypeError when
// there is no such template.
func (c *Control) CreateService(ctx context.Context, p auth.Principal, in ServiceInput) (ServiceSaved, error) {
	if err := p.Require(auth.Write); err != nil {
		return ServiceSaved{}, err
	}
	f := faults{}
	f.serviceInput(in)
	in, err := c.fromTemplate(in)
	if err != nil {
		return ServiceSaved{}, err
	}
	s := newService(p.TeamID, in)
	f.service(s)
	f.urls(in.URLs)
	if err := f.err(); err != nil {
		return ServiceSaved{}, err
	}
	at, err := c.locate(ctx, p, in.place())
	if err != nil {
		return ServiceSaved{}, err
	}
	s.EnvironmentID, s.ServerID, s.DestinationID = at.environment.RowID, at.server.RowID, at.destination.RowID
	draft, err := c.compose(ctx, p, &s, nil, at.server, in.URLs)
	if err != nil {
		return ServiceSaved{}, err
	}
	if err := c.freeDomains(ctx, p, s.UUID, domainsOf(s), in.ForceDomainOverride); err != nil {
		return ServiceSaved{}, err
	}
	s, err = c.deps.Services.CreateService(ctx, s, draft.Envs)
	if err != nil {
		return ServiceSaved{}, err
	}
	c.did(ctx, p, "service created", s.UUID)
	return c.saved(ctx, p, s, draft, in.InstantDeploy), nil
}

// UpdateService changes a service. What runs goes on as it is until it is deployed.
func (c *Control) UpdateService(ctx context.Context, p auth.Principal, id core.ID, in ServicePatch) (ServiceSaved, error) {
	if err := p.Require(auth.Write); err != nil {
		return ServiceSaved{}, err
	}
	s, err := c.service(ctx, p, id)
	if err != nil {
		return ServiceSaved{}, err
	}
	s = in.onto(s)
	f := faults{}
	f.service(s)
	f.urls(in.URLs)
	if err := f.err(); err != nil {
		return ServiceSaved{}, err
	}
	draft, err := c.recompose(ctx, p, &s, in)
	if err != nil {
		return ServiceSaved{}, err
	}
	if err := c.deps.Services.UpdateService(ctx, s, draft.Envs); err != nil {
		return ServiceSaved{}, named(err, "Service")
	}
	c.did(ctx, p, "service updated", id)
	s, err = c.service(ctx, p, id)
	if err != nil {
		return ServiceSaved{}, err
	}
	return c.saved(ctx, p, s, draft, in.InstantDeploy), nil
}

// compose asks what the compose text of s means and fills in its parts.
func (c *Control) compose(ctx context.Context, p auth.Principal, s *core.Service, known []core.EnvVar, server core.Server, urls []PartURL) (core.ServiceDraft, error) {
	team, err := c.deps.Teams.GetTeam(ctx, p.TeamID)
	if err != nil {
		return core.ServiceDraft{}, err
	}
	asked := *s
	asked.Parts = withURLs(s.Parts, urls)
	draft, err := c.deps.Composer.Draft(asked, known, server, team.AllowHostAccess)
	if err != nil {
		return core.ServiceDraft{}, err
	}
	s.Parts = joinParts(asked.Parts, draft.Parts)
	f := faults{}
	f.named(urls, s.Parts)
	return draft, f.err()
}

// recompose does so for a service that exists, when its text or its addresses change.
func (c *Control) recompose(ctx context.Context, p auth.Principal, s *core.Service, in ServicePatch) (core.ServiceDraft, error) {
	if in.Compose == nil && len(in.URLs) == 0 {
		return core.ServiceDraft{}, nil
	}
	server, err := c.serverByRow(ctx, p, s.ServerID)
	if err != nil {
		return core.ServiceDraft{}, err
	}
	known, err := c.deps.Envs.ListEnvs(ctx, p.TeamID, core.Owner{Kind: core.KindService, RowID: s.RowID})
	if err != nil {
		return core.ServiceDraft{}, named(err, "Service")
	}
	draft, err := c.compose(ctx, p, s, known, server, in.URLs)
	if err != nil {
		return core.ServiceDraft{}, err
	}
	return draft, c.freeDomains(ctx, p, s.UUID, domainsOf(*s), in.ForceDomainOverride)
}

// saved makes the answer, and queues the deployment that was asked for with it.
func (c *Control) saved(ctx context.Context, p auth.Principal, s core.Service, draft core.ServiceDraft, deploy bool) ServiceSaved {
	out := ServiceSaved{Service: shownService(p, s), Domains: domainsOf(s), Warnings: draft.Warnings}
	if !deploy {
		return out
	}
	var warning string
	out.Deployment, warning = c.runSaved(ctx, p, ofService(s), core.VerbDeploy, core.Options{})
	if warning != "" {
		out.Warnings = append(slices.Clip(out.Warnings), warning)
	}
	return out
}

func (in ServiceInput) place() place {
	return place{project: in.Project, environment: in.Environment, server: in.Server, destination: in.Destination}
}

func newService(team int64, in ServiceInput) core.Service {
	s := core.Service{
		UUID:                   core.NewID(),
		TeamID:                 team,
		Name:                   strings.TrimSpace(in.Name),
		Description:            strings.TrimSpace(in.Description),
		Type:                   in.Type,
		ComposeRaw:             in.Compose,
		ConnectToDockerNetwork: in.ConnectToDockerNetwork,
		LabelEscape:            true,
	}
	set(&s.LabelEscape, in.LabelEscape)
	if s.Name == "" {
		s.Name = cmp.Or(in.Type, "service") + "-" + string(s.UUID)
	}
	return s
}

func (in ServicePatch) onto(s core.Service) core.Service {
	trim(&s.Name, in.Name)
	trim(&s.Description, in.Description)
	set(&s.ComposeRaw, in.Compose)
	set(&s.ConnectToDockerNetwork, in.ConnectToDockerNetwork)
	set(&s.LabelEscape, in.LabelEscape)
	return s
}

// serviceInput checks what only a new service has.
func (f faults) serviceInput(in ServiceInput) {
	f.place(in.place())
	if in.Type != "" && !in.Compose.Empty() {
		f.add("type", "You cannot provide both type and docker_compose_raw. Use one of them.")
	}
}

// service checks the fields of a service; what its compose text means is for the
// Composer to say.
func (f faults) service(s core.Service) {
	f.name("name", s.Name)
	f.description(s.Description)
	const field = "docker_compose_raw"
	text := s.ComposeRaw.Reveal()
	switch {
	case strings.TrimSpace(text) == "" && f["type"] == nil:
		f.add(field, "The %s field is required.", words(field))
	case len(text) > maxCompose:
		f.add(field, "The %s field must not be greater than 1 MiB.", words(field))
	case !validText(strings.ReplaceAll(text, "\r\n", "\n")):
		f.add(field, "The %s field must be UTF-8 text without control characters.", words(field))
	}
}
