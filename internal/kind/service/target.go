package service

import (
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/redact"
	"github.com/taffrail/taffrail/internal/stack"
)

// target is a loaded service.
type target struct {
	service     core.Service
	envs        []core.EnvVar
	server      core.Server
	destination core.Destination
	dir         string        // on the server
	out         *stack.Output // nil when fault is set
	fault       error
}

// Server implements deploy.Target.
func (t *target) Server() core.Server { return t.server }

// Project implements deploy.Target.
func (t *target) Project() string { return string(t.service.UUID) }

// Secrets implements deploy.Target: the values of all variables, as they are stored and
// as they arrive in the containers, and what the text itself gives to variables whose
// names say that it is secret.
func (t *target) Secrets() []redact.Value {
	var out redact.Values
	add := out.Add
	for _, e := range t.envs {
		add(e.Key, e.Value.Reveal())
	}
	if t.out != nil {
		t.out.Tell(add)
	}
	return out.List()
}

// Plan implements deploy.Target.
func (t *target) Plan(d core.Deployment, seen deploy.Observed) (deploy.Plan, error) {
	if !t.service.DeletedAt.IsZero() && d.Verb != core.VerbStop {
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest, "Service %s was deleted after this was asked for.", t.service.Name)
	}
	p := planner{target: t, d: d, seen: seen}
	return p.plan()
}
