package database

import (
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
)

// target is a loaded database.
type target struct {
	core.LoadedDatabase
	certs  certificates
	dir    string    // on the server
	before *deployed // what ran last; nil when nothing ever did
	out    *output   // nil when fault is set
	fault  error
}

// Server implements deploy.Target.
func (t *target) Server() core.Server { return t.LoadedDatabase.Server }

// Project implements deploy.Target.
func (t *target) Project() string { return string(t.Database.UUID) }

// Plan implements deploy.Target.
func (t *target) Plan(d core.Deployment, seen deploy.Observed) (deploy.Plan, error) {
	if !t.Database.DeletedAt.IsZero() && d.Verb != core.VerbStop {
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest, "Database %s was deleted after this was asked for.", t.Database.Name)
	}
	p := planner{target: t, d: d, seen: seen}
	return p.plan()
}
