package service

import (
	"regexp"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/redact"
)

// target is a loaded service.
type target struct {
	service     core.Service
	envs        []core.EnvVar
	server      core.Server
	destination core.Destination
	dir         string  // on the server
	out         *output // nil when fault is set
	fault       error
}

// Server implements deploy.Target.
func (t *target) Server() core.Server { return t.server }

// Project implements deploy.Target.
func (t *target) Project() string { return string(t.service.UUID) }

// sensitive are words in the names of variables whose values are taken for secrets.
var sensitive = regexp.MustCompile(`(?i)pass|pwd|secret|token|key|credential|auth|private|salt|dsn|cookie|session|_url$|_uri$|^url$|^uri$`)

// Secrets implements deploy.Target: the values of all variables, as they are stored and
// as they arrive in the containers, and what the text itself gives to variables whose
// names say that it is secret.
func (t *target) Secrets() []redact.Value {
	var out redact.Values
	add := out.Add
	for _, e := range t.envs {
		add(e.Key, e.Value.Reveal())
	}
	if t.out == nil {
		return out.List()
	}
	for _, name := range keysOf(t.out.vars) {
		if name != projectVariable {
			add(name, t.out.vars[name])
		}
	}
	t.inline(add)
	return out.List()
}

// inline adds the values that the text itself holds.
func (t *target) inline(add func(name, value string)) {
	services := mapOf(t.out.tree["services"])
	for _, service := range keysOf(services) {
		s := mapOf(services[service])
		for _, v := range []any{s["environment"], mapOf(s["build"])["args"]} {
			for _, p := range pairsOf(v, nil) {
				own := strings.HasPrefix(p.key, "COOLIFY_") || strings.HasPrefix(p.key, "TAFFRAIL_")
				if p.value != nil && !own && sensitive.MatchString(p.key) {
					add(p.key, *p.value)
				}
			}
		}
	}
}

// Plan implements deploy.Target.
func (t *target) Plan(d core.Deployment, seen deploy.Observed) (deploy.Plan, error) {
	if !t.service.DeletedAt.IsZero() && d.Verb != core.VerbStop {
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest, "Service %s was deleted after this was asked for.", t.service.Name)
	}
	p := planner{target: t, d: d, seen: seen}
	return p.plan()
}
