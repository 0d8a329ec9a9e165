package service

import (
	"time"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/run"
	"github.com/taffrail/taffrail/internal/stack"
)

// Steps of a run that have limits of their own.
const (
	settle    = time.Second
	stopWatch = time.Minute
)

// planner makes the plan of one deployment.
type planner struct {
	*target
	d    core.Deployment
	seen deploy.Observed
}

func (p *planner) plan() (deploy.Plan, error) {
	if p.d.Verb == core.VerbStop {
		return p.stopping()
	}
	if p.fault != nil {
		return deploy.Plan{}, stack.Undeployable("The compose text", p.fault)
	}
	switch p.d.Verb {
	case core.VerbDeploy, core.VerbStart, core.VerbRestart, core.VerbRollback:
		return deploy.Plan{Script: p.script(p.up()), Hash: p.out.Hash}, nil
	default:
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest, "A service cannot be asked to %q.", p.d.Verb)
	}
}

func (p *planner) script(steps []run.Step) run.Script {
	return compose.Script(p.d.UUID, p.dir, p.server, steps)
}

// up brings the stack to what it should be. Whatever may fail slowly comes before
// anything that runs is touched.
func (p *planner) up() []run.Step {
	steps := []run.Step{p.files()}
	add := func(on bool, more ...run.Step) {
		if on {
			steps = append(steps, more...)
		}
	}
	pull, pulling := p.pull()
	add(pulling, pull)
	building := p.out.Building() && p.mayBuild()
	add(building, p.build())
	add(p.d.Options.StopBeforeStart, p.step("stop", "Stopping service.", "stop"))
	steps = append(steps, p.start(building))
	add(p.service.ConnectToDockerNetwork && p.destination.Network != "", compose.Connect(p.destination.Network, p.out.Containers())...)
	return append(steps, run.Step{
		Name: "verify", Title: "Waiting for the containers.",
		Watch: &run.Watch{Project: p.project(), Expect: p.out.Expect(p.excluded), Settle: settle, Limit: p.out.Patience()},
	})
}

func (p *planner) project() string { return string(p.service.UUID) }

// step is a compose command.
func (p *planner) step(name, title string, args ...string) run.Step {
	project := compose.Project{Name: p.project(), Dir: p.dir, File: stack.ComposeFile}
	if p.out != nil {
		project.Env = p.out.Secrets
	}
	if p.d.Verb == core.VerbStop {
		project.File = stack.StopFile
	}
	return project.Step(name, title, args...)
}

func (p *planner) files() run.Step {
	files := []run.File{
		{Path: stack.ComposeFile, Mode: 0o600, Content: p.out.Compose},
		{Path: stack.EnvFile, Mode: 0o600, Content: p.out.Env},
	}
	return run.Step{Name: "files", Title: "Saved configuration files to " + p.dir + ".", Files: append(files, p.out.Files...)}
}

// pull gets the images: all of them when that was asked for, otherwise those that are
// not there. Versions of Compose that cannot tell the two apart leave the latter to up.
func (p *planner) pull() (run.Step, bool) {
	if !p.out.Pulls() {
		return run.Step{}, false
	}
	args := []string{"pull", "--ignore-buildable"}
	if !p.d.Options.PullLatest {
		if !p.atLeast(2, 22) {
			return run.Step{}, false
		}
		args = append(args, "--policy", "missing")
	}
	s := p.step("pull", "Pulling images.", args...)
	s.Retries = compose.PullRetries
	return s, true
}

func (p *planner) atLeast(major, minor int) bool {
	return compose.AtLeast(p.seen.ComposeVersion, major, minor)
}

// mayBuild: a restart brings up what is there, unless something new was asked for.
func (p *planner) mayBuild() bool {
	return p.d.Verb != core.VerbRestart || p.d.Options.PullLatest || p.d.Options.Force
}

func (p *planner) build() run.Step {
	args := []string{"build"}
	if p.d.Options.PullLatest {
		args = append(args, "--pull")
	}
	if p.d.Options.Force {
		args = append(args, "--no-cache")
	}
	return p.step("build", "Building images.", args...)
}

func (p *planner) start(built bool) run.Step {
	args := []string{"up", "--detach", "--remove-orphans"}
	if built || !p.out.Building() {
		args = append(args, "--no-build")
	}
	if p.d.Options.PullLatest || p.atLeast(2, 22) {
		args = append(args, "--pull", p.pullAtStart())
	}
	if p.d.Verb == core.VerbRestart {
		args = append(args, "--force-recreate")
	}
	return p.step("start", "Starting service.", args...)
}

// pullAtStart: everything was pulled before. Only a service that is built and whose
// image went away meanwhile may still have to be fetched.
func (p *planner) pullAtStart() string {
	if p.out.Building() {
		return "missing"
	}
	return "never"
}
