package application

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/run"
)

const (
	// composeFile is the name of the compose file in the application's folder.
	composeFile = "docker-compose.yml"

	settle    = time.Second
	stopWatch = time.Minute
	lookWatch = 10 * time.Second
	// shortID is how much of a deployment's uuid is in the name of its container.
	shortID = 8
)

// planner makes the plan of one deployment.
type planner struct {
	*target
	d    core.Deployment
	seen deploy.Observed
}

func (p *planner) plan() (deploy.Plan, error) {
	if p.d.Verb == core.VerbStop {
		return deploy.Plan{Script: p.script(p.stopping())}, nil
	}
	if p.fault != nil {
		return deploy.Plan{}, undeployable(p.fault)
	}
	if p.setup != nil && p.setup.Stack != nil {
		return p.composing()
	}
	switch p.d.Verb {
	case core.VerbDeploy, core.VerbStart:
		return p.deploying()
	case core.VerbRestart:
		return p.restarting()
	case core.VerbRollback:
		return p.finished(*p.setup, p.have(p.setup))
	default:
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest, "An application cannot be asked to %q.", p.d.Verb)
	}
}

// undeployable puts the fields at fault into the message, which is all that the record
// of a deployment shows.
func undeployable(err error) error {
	var e *core.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	f := faults{}
	maps.Copy(f, e.Fields)
	return f.err()
}

func (p *planner) script(steps []run.Step) run.Script {
	return compose.Script(p.d.UUID, p.dir, p.LoadedApplication.Server, steps)
}

// finished makes the plan: what gets the image, and what brings it up.
func (p *planner) finished(s setup, image []run.Step) (deploy.Plan, error) {
	up, err := p.up(&s)
	if err != nil {
		return deploy.Plan{}, err
	}
	plan := deploy.Plan{Script: p.script(slices.Concat(image, up))}
	if plan.Hash, err = s.hash(p.Application.Serve.Password.Reveal()); err != nil {
		return deploy.Plan{}, err
	}
	if plan.Keep, err = json.Marshal(s); err != nil {
		return deploy.Plan{}, fmt.Errorf("keep what is deployed: %w", err)
	}
	return plan, nil
}

// note is a line of the log.
func note(text string) run.Step { return run.Step{Name: "note", Title: text, Prepares: true} }

// next is the container that is to come.
type next struct {
	service, container string
	rolling            bool
	old                []core.Container // those that run now
	stale              []core.Container // those that do not, and have no use any more
}

// next says how the new container is called and what there is already.
func (p *planner) next(s *setup) next {
	n := next{service: serviceOf(p.Project(), p.d.UUID)}
	n.container = n.service
	n.rolling = len(s.Pinned) == 0 && !p.d.Options.StopBeforeStart
	if s.Fixed != "" {
		n.container = s.Fixed
	}
	for _, c := range p.seen.Containers {
		switch {
		case c.Service == n.service:
		case c.State == "running" || c.State == "restarting" || c.State == "paused":
			n.old = append(n.old, c)
		default:
			n.stale = append(n.stale, c)
		}
	}
	return n
}

// serviceOf is the compose service of a deployment, of which there is one container.
func serviceOf(project string, id core.ID) string {
	return project + "-" + string(id[:min(len(id), shortID)])
}

// up brings a container up in place of those that run. Whatever may fail slowly was done
// before, so that nothing that runs is touched for it.
func (p *planner) up(s *setup) ([]run.Step, error) {
	n := p.next(s)
	text, err := p.render(s, n)
	if err != nil {
		return nil, err
	}
	var steps []run.Step
	for _, one := range s.Notes {
		steps = append(steps, note(one))
	}
	if len(s.Ports) > 0 {
		steps = append(steps, run.Step{Name: "ports", Title: "Looking whether its ports are free.", Ports: &run.Ports{Project: p.Project(), Ports: s.Ports}})
	}
	room, err := p.room(s, n)
	if err != nil {
		return nil, undeployable(err)
	}
	steps = append(steps, room...)
	files := run.Step{
		Name: "files", Title: "Saved configuration files to " + p.dir + ".", Prepares: true,
		Files: append([]run.File{{Path: composeFile, Mode: 0o600, Content: text}}, s.Files...),
	}
	steps = append(append(steps, files), compose.NetworkSteps(p.Destination.Network)...)
	steps = append(steps, p.before(s, n)...)
	change, err := p.change(s, n)
	if err != nil {
		return nil, undeployable(err)
	}
	return append(steps, change...), nil
}

// compose is a command of Compose about the new container alone: those that run are left
// alone, though the file does not name them.
func (p *planner) compose(name, title, file string, args ...string) run.Step {
	project := compose.Project{Name: p.Project(), Dir: p.dir, File: file, Env: map[string]string{"COMPOSE_IGNORE_ORPHANS": "true"}}
	return project.Step(name, title, args...)
}

// start makes the new container.
func (p *planner) start(n next) run.Step {
	return p.compose("start", "Starting the new container "+n.container+".", composeFile,
		"up", "--detach", "--no-deps", "--no-build", "--pull", "never", n.service)
}

// verify waits until the new container is well.
func (p *planner) verify(s *setup, n next) run.Step {
	limit := s.Patience
	if all := p.LoadedApplication.Server.Settings.DynamicTimeout; all > 0 {
		limit = min(limit, time.Duration(all)*time.Second)
	}
	check := s.Check
	if check != nil {
		c := *check
		c.Network = p.Destination.Network
		check = &c
	}
	return run.Step{Name: "verify", Title: "Waiting until the new container is well.", Watch: &run.Watch{
		Project: p.Project(), Settle: settle, Limit: limit,
		Expect: []run.Expect{{Service: n.service, Replicas: 1, Stays: true, Attempts: true, HTTP: check}},
	}}
}

// look writes down what runs in the end.
func (p *planner) look(n next) run.Step {
	return run.Step{Name: "look", Title: "Looking at what runs now.", Hidden: true, Watch: &run.Watch{
		Project: p.Project(), Limit: lookWatch, Expect: []run.Expect{{Service: n.service, Replicas: 1, Stays: true}},
	}}
}

// have makes sure of an image that is there, and never builds it.
func (p *planner) have(s *setup) []run.Step {
	look := run.Step{
		Name: "image", Title: "Looking for the image " + s.Image + ".", Hidden: true, Prepares: true, Spares: "image",
		Argv: []string{"sh", "-c", haveScript, "sh", s.Image, s.exact},
	}
	return []run.Step{look, {
		Name: "pull", Title: "The image is not on this server: looking for it in its registry.", Prepares: true, Group: "image",
		Argv: []string{"sh", "-c", pullScript, "sh", s.Image, s.exact},
	}}
}

const (
	// haveScript makes name $1 that of the image with id $2, if that is there: it may have
	// been built once more since.
	haveScript = `if [ -n "$2" ] && docker image inspect "$2" >/dev/null 2>&1; then
  docker image tag "$2" "$1"
  exit
fi
docker image inspect --format '{{.Id}}' "$1"`
	// pullScript pulls image $1, which may have been built here and be gone. If it was
	// pushed, $2 says where it is.
	pullScript = `case $2 in *@*) docker pull "$2" && docker image tag "$2" "$1" && exit 0 ;; esac
docker pull "$1" && exit 0
echo "The image $1 is not on this server any more, and in no registry that it can be pulled from. Deploy the commit anew." >&2
exit 1`
)

// generation tells the routes of a deployment from those of the ones before it.
func generation(row int64) int { return int(row%maxGeneration) + 1 }
