package application

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/build"
	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/run"
	"github.com/taffrail/taffrail/internal/stack"
)

const (
	fieldLocation = "docker_compose_location"
	// DefaultCompose is where the compose file is when nobody says.
	defaultCompose = "docker-compose.yaml"
	// peekLimit is how long a look into the repository may take.
	peekLimit = 2 * time.Minute
)

// composed is all that the containers of a compose file are made of. It is part of what a
// rollback brings back.
type composed struct {
	Name     string              `json:"name"` // of the file, below the repository
	Raw      string              `json:"raw"`
	Compose  string              `json:"compose"`
	Env      string              `json:"env"`
	Files    []run.File          `json:"files,omitempty"`
	Secrets  map[string]string   `json:"secrets,omitempty"` // environment of the commands of Compose
	Parts    []core.ComposedPart `json:"parts"`
	Expect   []run.Expect        `json:"expect"`
	Patience time.Duration       `json:"patience"`
	Have     []string            `json:"have,omitempty"`     // folders with what containers see of the repository, below SourceFolder
	Names    map[string]string   `json:"names,omitempty"`    // of containers, by compose service
	Networks []string            `json:"networks,omitempty"` // that the proxy has to be in
	Start    []string            `json:"start,omitempty"`    // in place of "up"
	Hidden   [][2]string         `json:"hidden,omitempty"`   // names and values that must not be shown

	out   *stack.Output     // while it is made
	base  string            // of the source
	build []string          // in place of "build"
	exact map[string]string // ids of images, of what is brought back
	pulls bool
}

// reserved are names in the folder of an application that are no mounts.
func reserved() []string { return []string{build.Folder, "git", stack.SourceFolder} }

// composed reads the compose file of the commit and makes the setup of it. The text that
// is checked here is the text that runs.
func (k *Kind) composed(ctx context.Context, t *target, d core.Deployment) (*setup, error) {
	if !d.Config.Snapshot.Empty() {
		return nil, nil // it was planned before: nothing is asked of it any more
	}
	if !git.IsCommit(t.commit()) {
		return nil, core.Errorf(core.CodeBadRequest, "It is not known which commit %q of %s is. Deploy once more.", t.commit(), t.Application.Source.Repository)
	}
	if k.options.Hosts == nil || k.options.Reader == nil {
		return nil, core.Errorf(core.CodeUnavailable, "Compose files in repositories cannot be read by this Taffrail.")
	}
	if err := k.reach(ctx, t); err != nil {
		return nil, err
	}
	s := &setup{Commit: t.commit(), Build: map[string]string{}, Pre: t.Application.Hooks.Pre, Post: t.Application.Hooks.Post, Stack: &composed{pulls: true}}
	if err := k.guarded(t, s); err != nil {
		return nil, err
	}
	found, err := k.peek(ctx, t, s)
	if err != nil {
		return nil, err
	}
	if text := found.Commit.Message; text != "" && d.Verb != core.VerbRestart {
		d.Revision.Message = text // nothing may have to be checked out, which would tell it
		if err := k.store.SetRevision(ctx, d); err != nil {
			return nil, fmt.Errorf("record commit: %w", err)
		}
	}
	s.Stack.Name, s.Stack.Raw = found.Name, string(found.Text)
	subject := fmt.Sprintf("The compose file %s of commit %.12s", found.Name, s.Commit)
	if err := k.compose(ctx, t, s, sourceOf(found)); err != nil {
		return nil, located(stack.Undeployable(subject, err))
	}
	return s, nil
}

// located gives faults of the text the field that applications have.
func located(err error) error {
	var e *core.Error
	if !errors.As(err, &e) || len(e.Fields[stack.Field]) == 0 {
		return err
	}
	return &core.Error{Op: e.Op, Code: e.Code, Msg: e.Msg, Err: e.Err}
}

// peek looks for the compose file, by the names that people mix up, too.
func (k *Kind) peek(ctx context.Context, t *target, s *setup) (git.Peek, error) {
	b, f := t.Application.Build, faults{}
	base, err := git.CleanPath("base_directory", b.BaseDirectory)
	f.add("base_directory", err)
	location, err := git.CleanPath(fieldLocation, cmp.Or(b.ComposePath, defaultCompose))
	f.add(fieldLocation, err)
	if err := f.err(); err != nil {
		return git.Peek{}, err
	}
	s.Stack.base = base
	h, err := k.options.Hosts(ctx, t.Server())
	if err != nil {
		return git.Peek{}, err
	}
	limited, cancel := context.WithTimeout(ctx, peekLimit)
	defer cancel()
	p := planner{target: t}
	var names []string
	for _, name := range alike(location) {
		names = append(names, path.Join(base, name))
	}
	res, err := h.Run(limited, t.remote.Peek(s.Commit, p.ref(), t.dir, base, names...))
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return git.Peek{}, &core.Error{Op: "read the compose file", Code: core.CodeUnavailable, Err: err,
			Msg: "The repository did not answer in time. Try again later, and check the way to it from server " + t.Server().Name + "."}
	}
	if err != nil {
		return git.Peek{}, err
	}
	found, err := t.remote.ReadPeek(base, res)
	switch {
	case err != nil:
		return git.Peek{}, err
	case found.Name == "":
		return git.Peek{}, core.Errorf(core.CodeBadRequest, "There is no compose file %s in the repository at commit %.12s: set docker_compose_location, which is below base_directory.",
			names[0], s.Commit)
	case found.Name != names[0]:
		s.Notes = append(s.Notes, fmt.Sprintf("There is no %s in the repository: using %s.", names[0], found.Name))
	}
	return found, nil
}

// alike are the names under which a compose file is looked for.
func alike(location string) []string {
	out := []string{location}
	for _, swap := range [][2]string{{".yaml", ".yml"}, {".yml", ".yaml"}} {
		if stem, ok := strings.CutSuffix(location, swap[0]); ok {
			out = append(out, stem+swap[1])
		}
	}
	if location == defaultCompose {
		out = append(out, "compose.yaml", "compose.yml")
	}
	return out
}

// sourceOf lets the stack look into the repository.
func sourceOf(p git.Peek) stack.Source {
	kinds := map[git.EntryKind]stack.EntryKind{git.EntryFile: stack.File, git.EntryFolder: stack.Folder, "": stack.Missing}
	return func(at string) stack.Entry {
		e, known := p.At(at)
		if !known {
			return stack.Entry{}
		}
		return stack.Entry{Kind: kinds[e.Kind], ID: e.ID}
	}
}

// compose makes what goes to the server from the text.
func (k *Kind) compose(ctx context.Context, t *target, s *setup, source stack.Source) error {
	text, err := k.options.Reader.Scan(s.Stack.Raw, t.Application.Serve.LabelEscape)
	if err != nil {
		return err
	}
	if err := compose.CheckVariables(t.Envs); err != nil {
		return err
	}
	rows, err := k.variablesOf(ctx, t, text)
	if err != nil {
		return err
	}
	owner := t.stackOwner()
	chosen := t.partDomains()
	rows = text.Chosen(owner, rows, chosen)
	vars := t.fillShared(s, stack.Expanded(rows))
	names := stack.RuntimeNames(rows, vars)
	said := text.Domains(vars)
	addresses := maps.Clone(said)
	maps.Copy(addresses, chosen)
	for name, value := range t.told(nil) {
		if _, set := vars[name]; !set && name != "HOST" && name != "PORT" {
			vars[name] = value
		}
	}
	st, err := text.Read(stack.Reading{
		Vars: vars, Project: t.Project(), AllowHost: t.AllowHost, Raw: t.Application.Runtime.RawCompose, Source: source, Reserved: reserved(),
	})
	if err != nil {
		return err
	}
	if err := s.buildVariables(t, rows, vars); err != nil {
		return err
	}
	return t.written(s, st, names, routes{target: t, addresses: addresses, setup: s, said: said})
}

func (t *target) stackOwner() stack.Owner {
	return stack.Owner{
		ID: core.ID(t.Project()), Row: core.Owner{Kind: core.KindApplication, RowID: t.Application.RowID}, Server: t.LoadedApplication.Server,
	}
}

// variablesOf returns the variables of the set that is meant, with those that the text
// names and nobody has given yet, which are stored. Addresses of previews are made anew
// each time: they are those of one pull request, the set is that of all.
func (k *Kind) variablesOf(ctx context.Context, t *target, text *stack.Text) ([]core.EnvVar, error) {
	own := func(all []core.EnvVar) []core.EnvVar {
		var rows []core.EnvVar
		for _, e := range all {
			if e.IsPreview == t.preview() && (!t.preview() || !e.IsGenerated || !stack.IsAddress(e.Key)) {
				e.IsPreview = false // the stack knows one set alone
				rows = append(rows, e)
			}
		}
		return rows
	}
	rows := own(t.Envs)
	added := text.Missing(t.stackOwner(), rows, time.Now())
	var stored, passing []core.EnvVar
	for _, e := range added {
		if t.preview() && stack.IsAddress(e.Key) {
			passing = append(passing, e)
			continue
		}
		e.IsPreview = t.preview()
		stored = append(stored, e)
	}
	if len(stored) == 0 {
		return append(rows, passing...), nil
	}
	all, err := k.store.AddEnvs(ctx, t.Application.TeamID, t.stackOwner().Row, stored)
	if err != nil {
		return nil, fmt.Errorf("store variables of the compose file: %w", err)
	}
	t.Envs = all
	return append(own(all), passing...), nil
}

// fillShared puts shared variables in.
func (t *target) fillShared(s *setup, vars map[string]string) map[string]string {
	v, known := variables{}, t.shared()
	for _, name := range keysOf(vars) {
		vars[name] = v.fill(name, vars[name], known)
	}
	s.unknown(v.unknown)
	return vars
}

// buildVariables are those that people set for builds. What the compose file names gets
// where it says so.
func (s *setup) buildVariables(t *target, rows []core.EnvVar, vars map[string]string) error {
	if t.Application.Build.IncludeCommit {
		s.Build["SOURCE_COMMIT"] = s.Commit
	}
	for _, e := range rows {
		if value, set := vars[e.Key]; set && e.IsBuildtime && !e.IsGenerated {
			s.Build[e.Key] = value
			s.Secret = append(s.Secret, e.Key)
		}
	}
	slices.Sort(s.Secret)
	return nil
}

// written renders the stack for the server.
func (t *target) written(s *setup, st *stack.Stack, names []string, to routes) error {
	c := s.Stack
	r := t.Application.Runtime
	f := faults{}
	var err error
	c.Start, err = compose.ParseCommand(r.StartCompose, "up")
	f.add("docker_compose_custom_start_command", err)
	c.build, err = compose.ParseCommand(r.BuildCompose, "build")
	f.add("docker_compose_custom_build_command", err)
	if err := f.err(); err != nil {
		return err
	}
	out, err := st.Render(stack.Frame{
		Project: t.Project(), Dir: t.dir, Source: path.Join(t.dir, build.Tree, c.base), Names: names, Addresses: to.addresses,
		Marks: t.marks(), Labels: to.labels, Told: t.toldPart(st),
		Image: t.imageOf(s),
	})
	if err != nil {
		return err
	}
	c.out, c.Compose, c.Env, c.Files, c.Secrets = out, out.Compose, out.Env, out.Files, out.Secrets
	c.Expect, c.Patience, c.Names, c.pulls = out.Expect(func(string) bool { return false }), out.Patience(), out.Containers(), out.Pulls()
	for _, copied := range out.Copies {
		if !copied.Seed {
			c.Have = append(c.Have, copied.To)
		}
	}
	told := t.told(nil)
	out.Tell(func(name, value string) {
		if _, ours := told[name]; !ours { // what Taffrail tells containers is no secret
			c.Hidden = append(c.Hidden, [2]string{name, value})
		}
	})
	c.parts(st, out, to.addresses)
	s.stackNotes(t, st, to.addresses)
	return nil
}

// parts are the compose services as they are written.
func (c *composed) parts(st *stack.Stack, out *stack.Output, addresses map[string]string) {
	images := map[string]string{}
	for _, b := range out.Builds {
		images[b.Service] = b.Image
	}
	services := st.Services()
	for _, p := range out.Parts() {
		part := core.ComposedPart{Name: p.Name, Excluded: p.Excluded, Empty: p.Empty, Stays: p.Stays, Fqdn: addresses[p.Name]}
		if i := slices.IndexFunc(services, func(o stack.Service) bool { return o.Name == p.Name }); i >= 0 {
			part.Image = services[i].Image
		}
		if image := images[p.Name]; image != "" {
			part.Image, part.Built = image, true
		}
		c.Parts = append(c.Parts, part)
	}
}

// partsOf is what a status is made of.
func partsOf(list []core.ComposedPart) []stack.Part {
	var out []stack.Part
	for _, p := range list {
		out = append(out, stack.Part{Name: p.Name, Excluded: p.Excluded, Empty: p.Empty, Stays: p.Stays})
	}
	return out
}

// stackNotes tells what will be different from what one may think.
func (s *setup) stackNotes(t *target, st *stack.Stack, addresses map[string]string) {
	known := map[string]bool{}
	for _, o := range st.Services() {
		known[o.Name] = true
	}
	for _, name := range keysOf(addresses) {
		if !known[name] {
			s.Notes = append(s.Notes, "docker_compose_domains names "+name+", and the compose file has no such service.")
		}
	}
	s.Notes = append(append(s.Notes, st.Warnings()...), st.Changed()...)
	if len(t.Storages) > 0 {
		s.Notes = append(s.Notes, "Storages of the application are not mounted: the compose file says what its services mount.")
	}
	if t.Application.Health.Enabled {
		s.Notes = append(s.Notes, "The health check of the application is not asked: those of the compose file and of its images count.")
	}
}
