package control

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// Scope is what shares variables: the team when all is empty, a server, a project, or an
// environment of that project.
type Scope struct {
	Project     core.ID
	Environment string // id or name
	Server      core.ID
}

// sharers is a scope that was found.
type sharers struct {
	name string // as the store calls it
	row  int64
}

// ListShared returns the variables that a scope shares: {{team.KEY}} and its like stand
// for them in the variables of applications. Values are hidden as those of ListEnvs are.
func (c *Control) ListShared(ctx context.Context, p auth.Principal, at Scope) ([]Env, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	_, list, err := c.shared(ctx, p, at)
	return shownEnvs(p, list), err
}

// CreateShared adds a variable; CodeConflict when the scope has it already.
func (c *Control) CreateShared(ctx context.Context, p auth.Principal, at Scope, in EnvInput) (Env, error) {
	if err := p.Require(auth.Write); err != nil {
		return Env{}, err
	}
	of, list, err := c.shared(ctx, p, at)
	if err != nil {
		return Env{}, err
	}
	e := in.onto(newEnv(core.Owner{}, in))
	f := faults{}
	f.sharedEnv(e)
	if err := f.err(); err != nil {
		return Env{}, err
	}
	if slices.ContainsFunc(list, func(o core.EnvVar) bool { return o.Key == e.Key }) {
		return Env{}, envTaken()
	}
	return c.putShared(ctx, p, of, e, "shared variable created")
}

// UpdateShared changes the variable with this uuid or number. An empty key stays as it is.
func (c *Control) UpdateShared(ctx context.Context, p auth.Principal, at Scope, env string, in EnvInput) (Env, error) {
	if err := p.Require(auth.Write); err != nil {
		return Env{}, err
	}
	of, list, err := c.shared(ctx, p, at)
	if err != nil {
		return Env{}, err
	}
	old, err := pickShared(list, env)
	if err != nil {
		return Env{}, err
	}
	f := faults{}
	if key := strings.TrimSpace(in.Key); key != "" && key != old.Key {
		f.add("key", "The key of a shared variable stays: others name it by that. Create another one.")
	}
	f.unlock("", old, in)
	e := in.onto(old)
	f.sharedEnv(e)
	if err := f.err(); err != nil {
		return Env{}, err
	}
	return c.putShared(ctx, p, of, e, "shared variable updated")
}

// DeleteShared deletes the variable with this uuid or number.
func (c *Control) DeleteShared(ctx context.Context, p auth.Principal, at Scope, env string) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	of, list, err := c.shared(ctx, p, at)
	if err != nil {
		return err
	}
	old, err := pickShared(list, env)
	if err != nil {
		return err
	}
	if err := c.deps.Applications.Shared.DeleteShared(ctx, p.TeamID, of.name, of.row, old.UUID); err != nil {
		return named(err, "Environment variable")
	}
	c.did(ctx, p, "shared variable deleted", old.UUID)
	return nil
}

// shared finds a scope and what it shares.
func (c *Control) shared(ctx context.Context, p auth.Principal, at Scope) (sharers, []core.EnvVar, error) {
	of, err := c.sharers(ctx, p, at)
	if err != nil {
		return of, nil, err
	}
	list, err := c.deps.Applications.Shared.ListShared(ctx, p.TeamID, of.name, of.row)
	return of, list, err
}

func (c *Control) sharers(ctx context.Context, p auth.Principal, at Scope) (sharers, error) {
	switch {
	case at.Server != "":
		s, err := c.server(ctx, p, at.Server)
		return sharers{"server", s.RowID}, err
	case at.Environment != "":
		e, err := c.environment(ctx, p, at.Project, at.Environment)
		return sharers{"environment", e.RowID}, err
	case at.Project != "":
		o, err := c.project(ctx, p, at.Project)
		return sharers{"project", o.RowID}, err
	default:
		return sharers{"team", p.TeamID}, nil
	}
}

func (c *Control) putShared(ctx context.Context, p auth.Principal, of sharers, e core.EnvVar, what string) (Env, error) {
	list, err := c.deps.Applications.Shared.PutShared(ctx, p.TeamID, of.name, of.row, []core.EnvVar{e})
	if err != nil {
		return Env{}, err
	}
	c.did(ctx, p, what, list[0].UUID)
	return shownEnv(p, list[0]), c.scrubShared(ctx, p, e)
}

// pickShared finds a variable by its uuid, or by its number, as clients know it.
func pickShared(list []core.EnvVar, env string) (core.EnvVar, error) {
	i := slices.IndexFunc(list, func(e core.EnvVar) bool {
		return string(e.UUID) == env || strconv.FormatInt(e.RowID, 10) == env
	})
	if i < 0 {
		return core.EnvVar{}, core.NotFound("Environment variable")
	}
	return list[i], nil
}

func (f faults) sharedEnv(e core.EnvVar) {
	f.env("", e)
	if e.IsPreview {
		f.add("is_preview", "Shared variables are the same for previews.")
	}
}
