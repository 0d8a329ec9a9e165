package application

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/taffrail/taffrail/internal/build"
	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/run"
	"github.com/taffrail/taffrail/internal/stack"
)

// nextFile is the compose file that images are pulled by, while the other one still says
// what runs.
const nextFile = ".next.yml"

// The scripts about what containers see of the repository.
const (
	// copyScript copies $1 of the checkout to $2, which is there only when it is whole.
	copyScript = `[ -e "$2" ] && exit 0
mkdir -p -- "$(dirname -- "$2")"
rm -rf -- "$2.part"
cp -RP -- "$1" "$2.part" && mv -- "$2.part" "$2"`
	// seedScript lays what is in folder $1 of the checkout over folder $2.
	seedScript = `mkdir -p -- "$2"
cp -RP -- "$1/." "$2/"`
	// sweepScript deletes what is in folder $1, but for the names behind it.
	sweepScript = `cd -- "$1" 2>/dev/null || exit 0
shift
for have in *; do
  for keep in "$@"; do
    [ "$have" = "$keep" ] && continue 2
  done
  rm -rf -- "./$have"
done`
	// imagesScript looks for images, and for some of them by their ids: pairs of a name and
	// an id, which may be empty.
	imagesScript = `while [ $# -gt 0 ]; do
  if [ -n "$2" ] && docker image inspect "$2" >/dev/null 2>&1; then
    docker image tag "$2" "$1"
  elif ! docker image inspect "$1" >/dev/null 2>&1; then
    echo "The image $1 is not on this server any more. Deploy the commit anew." >&2
    exit 1
  fi
  shift 2
done`
	// haveFilesScript looks for folders with what containers see of the repository.
	haveFilesScript = `for f in "$@"; do
  [ -e "$f" ] && continue
  echo "What the containers saw of the repository ($f) is not on this server any more. Deploy the commit anew." >&2
  exit 1
done`
)

// composing makes the plan of a compose file.
func (p *planner) composing() (deploy.Plan, error) {
	s := *p.setup
	switch p.d.Verb {
	case core.VerbDeploy, core.VerbStart:
		made, err := p.buildParts(&s)
		if err != nil {
			return deploy.Plan{}, undeployable(err)
		}
		return p.composedPlan(&s, made.Steps)
	case core.VerbRestart, core.VerbRollback:
		return p.composedPlan(&s, p.haveParts(&s))
	default:
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest, "An application cannot be asked to %q.", p.d.Verb)
	}
}

// composedPlan brings a stack up. Whatever may fail slowly comes before anything that runs
// is touched.
func (p *planner) composedPlan(s *setup, images []run.Step) (deploy.Plan, error) {
	c := s.Stack
	steps := []run.Step{note("Rolling update is not possible with a compose file, which says itself which containers there are: those that change are replaced one by one.")}
	if p.Application.Build.BuildServer || p.Application.Build.ImageName != "" {
		steps = append(steps, note("Images of a compose file are built on the server that runs them, and pushed nowhere."))
	}
	if p.running() && p.ranBefore() == nil {
		steps = append(steps, note("What runs now is of no compose file that is known any more: if this fails, it cannot be brought back."))
	}
	for _, one := range s.Notes {
		steps = append(steps, note(one))
	}
	steps = append(steps, images...)
	steps = append(steps, p.stage(c)...)
	steps = append(steps, p.beforeParts(s)...)
	if ran := p.ranBefore(); p.d.Options.StopBeforeStart && ran != nil {
		steps = append(steps, p.stackStep(ran, "stop", "Stopping what runs, as was asked for.", "stop"))
	}
	steps = append(steps,
		run.Step{Name: "files", Title: "Saved configuration files to " + p.dir + ".", Files: c.written()},
		p.stackStep(c, "start", "Starting the containers.", p.startWords(c)...))
	if network := p.Destination.Network; p.Application.Runtime.ConnectToNet && network != "" {
		steps = append(steps, compose.Connect(network, c.Names)...)
	}
	steps = append(steps, p.verifyParts(c, "verify", "Waiting for the containers."))
	steps = append(steps, p.attach(c)...)
	steps = append(steps, p.afterParts(s)...)
	steps = append(steps, p.sweep(s)...)
	steps = append(steps, p.undoParts()...)
	plan := deploy.Plan{Script: p.script(steps)}
	var err error
	if plan.Hash, err = s.hash(p.Application.Serve.Password.Reveal()); err != nil {
		return deploy.Plan{}, err
	}
	if plan.Keep, err = json.Marshal(s); err != nil {
		return deploy.Plan{}, fmt.Errorf("keep what is deployed: %w", err)
	}
	return plan, nil
}

// written are the files that a stack goes by; none of one that is not there.
func (c *composed) written() []run.File {
	if c == nil {
		return nil
	}
	return append([]run.File{
		{Path: stack.ComposeFile, Mode: 0o600, Content: c.Compose}, {Path: stack.EnvFile, Mode: 0o600, Content: c.Env},
	}, c.Files...)
}

// stage gets the images that are not built, by a file of their own: the one that says what
// runs stays until that is touched.
func (p *planner) stage(c *composed) []run.Step {
	if !c.pulls || p.d.Verb == core.VerbRestart && !p.d.Options.PullLatest {
		return nil
	}
	args := []string{"pull", "--ignore-buildable"}
	if !p.d.Options.PullLatest {
		if !compose.AtLeast(p.seen.ComposeVersion, 2, 22) {
			return nil
		}
		args = append(args, "--policy", "missing")
	}
	tree := map[string]any{}
	if err := yaml.Unmarshal([]byte(c.Compose), &tree); err != nil {
		return nil // what was rendered reads back: up will pull
	}
	images := map[string]any{}
	services, _ := tree["services"].(map[string]any)
	for name, v := range services {
		if service, _ := v.(map[string]any); service["profiles"] == nil {
			images[name] = map[string]any{"image": service["image"], "pull_policy": service["pull_policy"], "platform": service["platform"]}
			maps.DeleteFunc(images[name].(map[string]any), func(_ string, v any) bool { return v == nil })
		}
	}
	text, err := compose.Encode(map[string]any{"services": images})
	if err != nil {
		return nil
	}
	pull := p.project(nextFile, nil).Step("pull", "Pulling images.", args...)
	pull.Retries, pull.Prepares = compose.PullRetries, true
	return []run.Step{
		{Name: "images", Title: "Preparing to pull.", Hidden: true, Prepares: true, Files: []run.File{{Path: nextFile, Mode: 0o600, Content: text}}},
		pull,
	}
}

func (p *planner) project(file string, env map[string]string) compose.Project {
	return compose.Project{Name: p.Project(), Dir: p.dir, File: file, Env: env}
}

func (p *planner) stackStep(c *composed, name, title string, args ...string) run.Step {
	return p.project(stack.ComposeFile, c.Secrets).Step(name, title, args...)
}

// startWords bring the stack up: as people say, or as ever.
func (p *planner) startWords(c *composed) []string {
	words := slices.Clone(c.Start)
	if len(words) == 0 {
		words = []string{"up", "--remove-orphans"}
	}
	unless := func(option string, others ...string) {
		if !slices.ContainsFunc(words, func(w string) bool { return slices.Contains(append(others, option), w) }) {
			words = append(words, option)
		}
	}
	unless("--detach", "-d", "--wait")
	unless("--no-build", "--build")
	if p.d.Verb == core.VerbRestart {
		unless("--force-recreate", "--no-recreate")
	}
	pulls := slices.ContainsFunc(words, func(w string) bool { return w == "--pull" || strings.HasPrefix(w, "--pull=") })
	if !pulls && compose.AtLeast(p.seen.ComposeVersion, 2, 22) {
		policy := "never"
		if p.d.Verb == core.VerbRestart {
			policy = "missing" // nothing was pulled before
		}
		words = append(words, "--pull", policy)
	}
	return words
}

func (p *planner) verifyParts(c *composed, name, title string) run.Step {
	limit := c.Patience
	if all := p.LoadedApplication.Server.Settings.DynamicTimeout; all > 0 {
		limit = min(limit, time.Duration(all)*time.Second)
	}
	return run.Step{Name: name, Title: title, Watch: &run.Watch{Project: p.Project(), Expect: c.Expect, Settle: settle, Limit: limit}}
}

// attach lets the proxy reach what has domains.
func (p *planner) attach(c *composed) []run.Step {
	if len(c.Networks) == 0 || p.kind() == proxy.None {
		return nil
	}
	steps := []run.Step{{
		Name: "proxy", Title: "Looking for the proxy.", Spares: groupProxy, Argv: []string{"sh", "-c", absentScript, "sh", proxy.Container},
	}}
	for _, network := range c.Networks {
		s := proxy.Attach(network)
		s.Group = groupProxy
		steps = append(steps, s)
	}
	return steps
}

// undoParts are the steps behind a failure: what was deployed last is brought up again, or,
// when that is not known, what was started goes.
func (p *planner) undoParts() []run.Step {
	ran := p.ranBefore()
	switch {
	case !p.running():
		return []run.Step{late(p.project(stack.ComposeFile, p.setup.Stack.Secrets).Step("undo", "Removing the new containers.", "down", "--remove-orphans"))}
	case ran == nil:
		return nil // nothing is known that could be brought back
	}
	return []run.Step{
		late(run.Step{Name: "undo-files", Title: "Putting the configuration files of what ran before back.", Hidden: true, Files: ran.written()}),
		late(p.stackStep(ran, "undo", "Bringing what ran before back.", "up", "--detach", "--remove-orphans", "--no-build")),
		late(p.verifyParts(ran, "undo-verify", "Looking at what ran before.")),
	}
}

// running says whether anything of the application runs.
func (p *planner) running() bool {
	return slices.ContainsFunc(p.seen.Containers, func(c core.Container) bool { return c.State == "running" || c.State == "restarting" })
}

// ranBefore is the stack that was deployed last, as far as that is kept.
func (p *planner) ranBefore() *composed {
	var newest *composed
	for _, d := range p.Kept {
		text, err := deploy.Kept(d.Config.Snapshot)
		if err != nil || len(text) == 0 {
			continue
		}
		of, err := openSetup(text)
		if err != nil || of.Stack == nil {
			continue
		}
		if newest == nil || !p.preview() && d.UUID == p.Application.Ran.Deployment {
			newest = of.Stack
		}
	}
	return newest
}

// haveParts makes sure of all that a start without a build takes.
func (p *planner) haveParts(s *setup) []run.Step {
	var steps []run.Step
	argv := []string{"sh", "-c", imagesScript, "sh"}
	for _, part := range s.Stack.Parts {
		if part.Built && !part.Empty {
			argv = append(argv, part.Image, s.Stack.exact[part.Image])
		}
	}
	if len(argv) > 4 {
		steps = append(steps, run.Step{Name: "look", Title: "Looking for the images.", Hidden: true, Prepares: true, Argv: argv})
	}
	if len(s.Stack.Have) > 0 {
		steps = append(steps, run.Step{
			Name: "look-files", Title: "Looking for what the containers see of the repository.", Hidden: true, Prepares: true,
			Argv: append([]string{"sh", "-c", haveFilesScript, "sh"}, s.Stack.Have...),
		})
	}
	return steps
}

// buildInput is what images are built of.
func (t *target) buildInput(s *setup) build.Input {
	b := t.Application.Build
	return build.Input{
		Repository: t.repository(), Dir: t.dir, Build: b, Base: s.Stack.base, Commit: s.Commit, Vars: maps.Clone(s.Build),
		Labels: map[string]string{"taffrail.managed": "true", "taffrail.application.uuid": string(t.Application.UUID)},
		Source: []string{t.remote.Repository.Key(), fmt.Sprint(t.Application.Source.Submodules, t.Application.Source.LFS)},
	}
}

// imageOf names the images. A restart has those that run.
func (t *target) imageOf(s *setup) func(string, map[string]any) string {
	ran := map[string]string{}
	if t.verb == core.VerbRestart {
		for _, part := range t.Application.Ran.Composed.Parts {
			if part.Built {
				ran[part.Name] = part.Image
			}
		}
	}
	return func(service string, section map[string]any) string {
		return cmp.Or(ran[service], t.buildInput(s).PartImage(service, section, s.Stack.build))
	}
}

// buildParts are the steps that build what is not there.
func (p *planner) buildParts(s *setup) (build.Output, error) {
	c := s.Stack
	in := p.buildInput(s)
	in.Fresh, in.Pull = p.d.Options.Force || p.Application.Build.NoCache, p.d.Options.PullLatest
	parts := build.Parts{Env: c.Secrets, Command: c.build, Have: c.Have}
	parts.Secrets, _ = c.out.Tree["secrets"].(map[string]any)
	var inside []git.Path
	for _, b := range c.out.Builds {
		parts.List = append(parts.List, build.Part{Service: b.Service, Image: b.Image, Section: b.Section, Here: b.Context != ""})
		if b.Context != "" {
			at := path.Join(c.base, b.Context)
			if at != "." {
				inside = append(inside, git.Path{Name: at, IsDir: true})
			}
			if _, inline := b.Section["dockerfile_inline"]; !inline {
				name, _ := b.Section["dockerfile"].(string)
				inside = append(inside, git.Path{Name: path.Join(at, cmp.Or(name, build.DefaultDockerfile))})
			}
		}
	}
	ran := !p.preview() && p.Application.Ran.Commit == s.Commit
	for _, copied := range c.out.Copies {
		from, script := path.Join(build.Tree, c.base, copied.From), copyScript
		if copied.Seed {
			script, parts.Always = seedScript, !ran // its place does not say which commit it is of
		}
		parts.Copy = append(parts.Copy, run.Step{
			Name: "copy", Title: "Copying " + copied.From + " of the repository.", Hidden: true, Argv: []string{"sh", "-c", script, "sh", from, copied.To},
		})
		inside = append(inside, git.Path{Name: path.Join(c.base, copied.From), IsDir: copied.Folder})
	}
	slices.SortFunc(inside, func(a, b git.Path) int { return cmp.Compare(a.Name, b.Name) })
	var err error
	if in.Checkout, err = p.checkout(in, slices.Compact(inside)); err != nil {
		return build.Output{}, err
	}
	return build.MakeParts(in, parts)
}
