package application

import (
	"slices"
	"strconv"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/run"
)

// change puts the new container in the place of those that run: beside them first, where
// that is possible, so that no request is lost.
//
// Up to the step that removes the old ones there is a way back, and a cancel takes it too.
func (p *planner) change(s *setup, n next) ([]run.Step, error) {
	admit, err := p.admit(s, n)
	if err != nil {
		return nil, err
	}
	var steps []run.Step
	if !n.rolling {
		steps = append(steps, p.aside(s, n)...)
	}
	steps = append(steps, p.start(n), p.verify(s, n))
	steps = append(steps, admit...)
	if n.rolling {
		drain, err := p.drain(s, n)
		if err != nil {
			return nil, err
		}
		steps = append(steps, drain...)
		steps = append(steps, p.end(s, n)...)
	}
	steps = append(steps, p.after(s, n)...)
	steps = append(steps, p.prune(s)...)
	steps = append(steps, p.remove(s, n)...)
	steps = append(steps, p.look(n))
	return append(steps, p.undo(s, n)...), nil
}

// aside stops what runs and says why it has to.
func (p *planner) aside(s *setup, n next) []run.Step {
	var steps []run.Step
	for _, why := range s.Pinned {
		steps = append(steps, note("Rolling update is not possible: "+why+". What runs is stopped first."))
	}
	if len(s.Pinned) == 0 {
		steps = append(steps, note("What runs is stopped first, as was asked for."))
	}
	steps = append(steps, p.end(s, n)...)
	for _, c := range n.named(s) {
		steps = append(steps, run.Step{
			Name: "rename", Title: "Taking the name " + c.Name + " from the old container.", Hidden: true,
			Argv: []string{"docker", "rename", c.Name, n.service + "-old"},
		})
	}
	return steps
}

// named are the containers that have the name that the new one is to have: one at most.
func (n next) named(s *setup) []core.Container {
	var out []core.Container
	for _, c := range slices.Concat(n.old, n.stale) {
		if s.Fixed != "" && c.Name == n.container {
			out = append(out, c)
		}
	}
	return out
}

// end stops what runs, with the time that it has for that.
func (p *planner) end(s *setup, n next) []run.Step {
	if len(n.old) == 0 {
		return nil
	}
	return []run.Step{{
		Name: "stop", Title: "Stopping the old container.",
		Argv: append([]string{"docker", "stop", "-t", strconv.Itoa(s.Grace)}, ids(n.old)...),
	}}
}

// remove takes away what the new container replaces. What is in the way of that, is in
// nobody's way.
func (p *planner) remove(_ *setup, n next) []run.Step {
	gone := ids(slices.Concat(n.old, n.stale))
	if len(gone) == 0 {
		return nil
	}
	return []run.Step{{
		Name: "remove", Title: "Removing the old container.", MayFail: true, Hidden: true, Argv: append([]string{"docker", "rm", "--force"}, gone...),
	}}
}

func ids(list []core.Container) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.ID)
	}
	return out
}

// rollout is the change as the proxy sees it.
func (p *planner) rollout(s *setup, n next) proxy.Rollout {
	r := proxy.Rollout{
		Kind: p.kind(), Dir: compose.Folder(p.LoadedApplication.Server, proxy.Folder, ""), Input: p.routes(s, p.d.RowID, n.container), New: n.container,
	}
	if len(n.old) > 0 {
		r.Old = n.old[0].Name
		r.Last = p.last(n.old[0])
	}
	return r
}

// last is what the proxy knows of a container that runs; nil when nobody remembers.
func (p *planner) last(c core.Container) *proxy.Input {
	for _, d := range p.Kept {
		if c.Service != serviceOf(p.Project(), d.UUID) {
			continue
		}
		text, err := deploy.Kept(d.Config.Snapshot)
		if err != nil || len(text) == 0 {
			return nil
		}
		s, err := openSetup(text)
		if err != nil {
			return nil
		}
		in := p.routes(s, d.RowID, c.Name)
		return &in
	}
	return nil
}

// room makes room for the routes of the new container. Where it is not known which ones
// the old container has, nothing is taken away.
func (p *planner) room(s *setup, n next) ([]run.Step, error) {
	r := p.rollout(s, n)
	if r.Old != "" && r.Last == nil {
		return nil, nil
	}
	steps, err := r.Prepare()
	for i := range steps {
		steps[i].Prepares = true
	}
	return steps, err
}

// back are the steps that send requests to the old container again, for proxies that have
// to be told.
func (p *planner) back(s *setup, n next) []run.Step {
	r := p.rollout(s, n)
	if r.Last == nil {
		return nil
	}
	r.Input, r.New, r.Old, r.Last = *r.Last, r.Old, "", nil
	steps, err := r.Admit()
	if err != nil || len(steps) == 0 || len(steps[len(steps)-1].Files) == 0 {
		return nil
	}
	last := late(steps[len(steps)-1])
	last.Name, last.Title = "undo-switch", "Sending requests to the old container."
	return []run.Step{last}
}

// absentScript exits with 0 when there is no proxy.
const absentScript = `docker container inspect --format '{{.State.Status}}' "$1" 2>/dev/null | grep -q running && exit 1
echo "The proxy does not run on this server, so nobody reaches the application by its domains. Start the proxy."`

const groupProxy = "proxy"

// admit waits until the proxy sends requests to the new container.
func (p *planner) admit(s *setup, n next) ([]run.Step, error) {
	steps, err := p.rollout(s, n).Admit()
	if err != nil || len(steps) == 0 {
		return nil, err
	}
	look := run.Step{Name: "proxy", Title: "Looking for the proxy.", Spares: groupProxy, Argv: []string{"sh", "-c", absentScript, "sh", proxy.Container}}
	return append([]run.Step{look}, ofProxy(steps)...), nil
}

// drain waits until the old containers have answered what they were asked.
func (p *planner) drain(s *setup, n next) ([]run.Step, error) {
	var out []run.Step
	r := p.rollout(s, n)
	for _, c := range n.old {
		r.Old = c.Name
		steps, err := r.Drain()
		if err != nil {
			return nil, err
		}
		out = append(out, steps...)
	}
	return ofProxy(out), nil
}

func ofProxy(steps []run.Step) []run.Step {
	for i := range steps {
		steps[i].Group = groupProxy
	}
	return steps
}

// undo are the steps behind a failure: the new container goes, and what ran before goes
// on, or is started again. When that is gone already the new one stays.
func (p *planner) undo(s *setup, n next) []run.Step {
	drop := late(run.Step{Name: "undo", Title: "Removing the new container.", Argv: []string{"sh", "-c", dropScript, "sh", p.Project(), n.service}})
	if len(n.old) == 0 {
		return []run.Step{drop}
	}
	start := late(run.Step{Name: "undo-start", Title: "Leaving the old container to go on.", Argv: append([]string{"docker", "start"}, ids(n.old)...)})
	var steps []run.Step
	if n.rolling {
		steps = append(append([]run.Step{start}, p.back(s, n)...), drop)
	} else {
		steps = []run.Step{late(run.Step{
			Name: "undo-look", Title: "Looking for the old container.", Hidden: true,
			Argv: append([]string{"docker", "container", "inspect", "--format", "{{.Name}}"}, ids(n.old)...),
		}), drop}
		for _, c := range n.named(s) {
			steps = append(steps, late(run.Step{
				Name: "undo-rename", Title: "Giving the old container its name back.", Hidden: true, MayFail: true,
				Argv: []string{"docker", "rename", c.ID, c.Name},
			}))
		}
		steps = append(append(steps, start), p.back(s, n)...)
	}
	watch := run.Watch{Project: p.Project(), Settle: settle, Limit: s.Patience}
	for _, c := range n.old {
		watch.Expect = append(watch.Expect, run.Expect{Service: c.Service, Replicas: 1, Stays: true})
	}
	return append(steps, late(run.Step{Name: "undo-verify", Title: "Looking at the old container.", Watch: &watch}))
}

// dropScript removes the containers of service $2 of project $1, if there are any.
const dropScript = `ids=$(docker ps --all --quiet --filter "label=com.docker.compose.project=$1" --filter "label=com.docker.compose.service=$2")
[ -z "$ids" ] || docker rm --force $ids`

// late makes a step one that only a failure or a cancel brings about.
func late(s run.Step) run.Step {
	s.OnFailure = true
	return s
}
