package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

const (
	// maxEnvSize is what Linux takes for one variable of a process: name, "=", value.
	maxEnvSize = 128<<10 - 1
	maxEnvs    = 10_000 // in one call
)

// EnvInput creates or changes a variable, which is named by its key and preview flag.
// What is nil takes its default, or stays as it is.
type EnvInput struct {
	Key         string
	Value       *core.Secret // default: empty
	Comment     *string
	IsPreview   bool
	IsLiteral   *bool
	IsMultiline *bool
	IsShownOnce *bool
	IsRuntime   *bool // default: true
	IsBuildtime *bool // default: true
}

// Env is a variable as somebody may see it.
type Env struct {
	core.EnvVar
	Hidden bool // there is a value that may not be shown: Value is empty
}

// ListEnvs returns the variables of a resource. Values are hidden when they are locked or
// p may not see secrets.
func (c *Control) ListEnvs(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID) ([]Env, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	o, err := c.owner(ctx, p, kind, id)
	if err != nil {
		return nil, err
	}
	list, err := c.deps.Envs.ListEnvs(ctx, p.TeamID, o)
	return shownEnvs(p, list), named(err, kind.Title())
}

// CreateEnv adds a variable; CodeConflict when the resource has it already.
func (c *Control) CreateEnv(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID, in EnvInput) (Env, error) {
	if err := p.Require(auth.Write); err != nil {
		return Env{}, err
	}
	o, err := c.owner(ctx, p, kind, id)
	if err != nil {
		return Env{}, err
	}
	e := in.onto(newEnv(o, in))
	f := faults{}
	f.env("", e)
	if err := errorOr(f.err(), c.unreserved(ctx, p, kind, id, in)); err != nil {
		return Env{}, err
	}
	e, err = c.deps.Envs.CreateEnv(ctx, p.TeamID, e)
	if err != nil {
		return Env{}, named(instead(err, core.CodeConflict, envTaken()), kind.Title())
	}
	c.did(ctx, p, "environment variable created", e.UUID)
	return shownEnv(p, e), c.scrub(ctx, p, o, nil, []core.EnvVar{e})
}

// UpdateEnv changes the variable with in's key and preview flag.
func (c *Control) UpdateEnv(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID, in EnvInput) (Env, error) {
	if err := p.Require(auth.Write); err != nil {
		return Env{}, err
	}
	o, err := c.owner(ctx, p, kind, id)
	if err != nil {
		return Env{}, err
	}
	list, err := c.deps.Envs.ListEnvs(ctx, p.TeamID, o)
	if err != nil {
		return Env{}, named(err, kind.Title())
	}
	in.Key = strings.TrimSpace(in.Key)
	f := faults{}
	i := slices.IndexFunc(list, in.names)
	if i < 0 {
		f.required("key", in.Key)
		return Env{}, errorOr(f.err(), core.NotFound("Environment variable"))
	}
	f.unlock("", list[i], in)
	e := in.onto(list[i])
	f.env("", e)
	if err := f.err(); err != nil {
		return Env{}, err
	}
	e, err = c.deps.Envs.UpdateEnv(ctx, p.TeamID, e)
	if err != nil {
		return Env{}, named(err, "Environment variable")
	}
	c.did(ctx, p, "environment variable updated", e.UUID)
	return shownEnv(p, e), c.scrub(ctx, p, o, list, []core.EnvVar{e})
}

// BulkEnvs creates or changes many variables, all or none.
func (c *Control) BulkEnvs(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID, in []EnvInput) ([]Env, error) {
	if err := p.Require(auth.Write); err != nil {
		return nil, err
	}
	if len(in) == 0 {
		return nil, core.Errorf(core.CodeBadRequest, "Bulk data is required.")
	}
	if len(in) > maxEnvs {
		return nil, core.Invalid("data", "The data field must not have more than %d items.", maxEnvs)
	}
	o, err := c.owner(ctx, p, kind, id)
	if err != nil {
		return nil, err
	}
	list, err := c.deps.Envs.ListEnvs(ctx, p.TeamID, o)
	if err != nil {
		return nil, named(err, kind.Title())
	}
	envs, err := mergeEnvs(o, list, in)
	if err != nil {
		return nil, err
	}
	if err := c.unreserved(ctx, p, kind, id, in...); err != nil {
		return nil, err
	}
	envs, err = c.deps.Envs.UpsertEnvs(ctx, p.TeamID, o, envs)
	if err != nil {
		return nil, named(err, kind.Title())
	}
	c.did(ctx, p, "environment variables updated", id)
	return shownEnvs(p, envs), c.scrub(ctx, p, o, list, envs)
}

// DeleteEnv deletes a variable.
func (c *Control) DeleteEnv(ctx context.Context, p auth.Principal, kind core.Kind, id, env core.ID) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	o, err := c.owner(ctx, p, kind, id)
	if err != nil {
		return err
	}
	if err := known(env, "Environment variable"); err != nil {
		return err
	}
	if err := c.deps.Envs.DeleteEnv(ctx, p.TeamID, o, env); err != nil {
		return named(err, "Environment variable")
	}
	c.did(ctx, p, "environment variable deleted", env)
	return nil
}

// unreserved refuses variables that stand for fields of a database: they would win over
// the fields, and URLs would speak of what does not run.
func (c *Control) unreserved(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID, in ...EnvInput) error {
	if kind != core.KindDatabase {
		return nil
	}
	db, err := c.database(ctx, p, id)
	if err != nil {
		return err
	}
	spec, err := specOf(db.Type)
	if err != nil {
		return err
	}
	f := faults{}
	for i, one := range in {
		name := "key"
		if len(in) > 1 {
			name = fmt.Sprintf("data.%d.key", i)
		}
		key := strings.TrimSpace(one.Key)
		if field, taken := spec.SetBy(strings.TrimSuffix(key, "_FILE")); taken {
			f.add(name, "%s is what the field %s of the database says: change that one.", key, field.Name)
		}
	}
	return f.err()
}

func (c *Control) owner(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID) (core.Owner, error) {
	r, err := c.resource(ctx, p, kind, id)
	return core.Owner{Kind: kind, RowID: r.RowID}, err
}

// mergeEnvs lays inputs over the variables that are there. Of two inputs for the same
// variable the later one wins.
func mergeEnvs(o core.Owner, list []core.EnvVar, in []EnvInput) ([]core.EnvVar, error) {
	type name struct {
		key     string
		preview bool
	}
	old := make(map[name]core.EnvVar, len(list))
	for _, e := range list {
		old[name{e.Key, e.IsPreview}] = e
	}
	f := faults{}
	at := map[name]int{}
	var out []core.EnvVar
	for i, input := range in {
		input.Key = strings.TrimSpace(input.Key)
		n := name{input.Key, input.IsPreview}
		e, there := old[n]
		if !there {
			e = newEnv(o, input)
		}
		prefix := fmt.Sprintf("data.%d.", i)
		f.unlock(prefix, e, input)
		e = input.onto(e)
		f.env(prefix, e)
		if j, twice := at[n]; twice {
			out[j] = e
			continue
		}
		at[n] = len(out)
		out = append(out, e)
	}
	return out, f.err()
}

func newEnv(o core.Owner, in EnvInput) core.EnvVar {
	return core.EnvVar{
		UUID: core.NewID(), Owner: o, Key: strings.TrimSpace(in.Key), IsPreview: in.IsPreview,
		IsRuntime: true, IsBuildtime: true,
	}
}

func (in EnvInput) names(e core.EnvVar) bool { return e.Key == in.Key && e.IsPreview == in.IsPreview }

func (in EnvInput) onto(e core.EnvVar) core.EnvVar {
	set(&e.Value, in.Value)
	set(&e.Comment, in.Comment)
	set(&e.IsLiteral, in.IsLiteral)
	set(&e.IsMultiline, in.IsMultiline)
	set(&e.IsShownOnce, in.IsShownOnce)
	set(&e.IsRuntime, in.IsRuntime)
	set(&e.IsBuildtime, in.IsBuildtime)
	return e
}

// env checks a variable; prefix is where it stands in the input.
func (f faults) env(prefix string, e core.EnvVar) {
	value := e.Value.Reveal()
	switch {
	case !f.required(prefix+"key", e.Key):
	case !keyPattern.MatchString(e.Key):
		f.add(prefix+"key", "The key field must begin with a letter or _ and may only contain letters, digits, _ and dots.")
	default:
		f.atMost(prefix+"key", e.Key, maxText)
	}
	switch {
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		f.add(prefix+"value", "The value field must be UTF-8 text without NUL: no program can be given such a variable.")
	case len(e.Key)+1+len(value) > maxEnvSize:
		f.add(prefix+"value", "The value field must not be greater than %d bytes together with its key: Linux gives a program no longer variable.", maxEnvSize-1)
	}
	f.text(prefix+"comment", e.Comment, maxCause)
}

// unlock refuses to take the lock off a value that nobody is to see again.
func (f faults) unlock(prefix string, e core.EnvVar, in EnvInput) {
	if e.IsShownOnce && in.IsShownOnce != nil && !*in.IsShownOnce && in.Value == nil {
		f.add(prefix+"is_shown_once", "A locked variable can only be unlocked together with a new value.")
	}
}

func shownEnv(p auth.Principal, e core.EnvVar) Env {
	if !e.IsShownOnce && p.SeesSecrets() {
		return Env{EnvVar: e}
	}
	e.Value = core.Secret{}
	return Env{EnvVar: e, Hidden: true}
}

func shownEnvs(p auth.Principal, list []core.EnvVar) []Env {
	out := make([]Env, 0, len(list))
	for _, e := range list {
		out = append(out, shownEnv(p, e))
	}
	return out
}

func envTaken() error {
	return core.Errorf(core.CodeConflict, "Environment variable already exists. Use PATCH request to update it.")
}
