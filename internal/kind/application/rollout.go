package application

import (
	"slices"
	"strconv"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// change puts the new container in the place of those that run: beside them first, where
// that is possible, so that no request is lost.
//
// Up to the step that removes the old ones there is a way back, and a cancel takes it too.
func (p *planner) change(s *setup, n next) ([]run.Step, error) {
	admit, back, done, err := p.admit(s, n)
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
	steps = append(steps, done...)
	return append(steps, p.undo(s, n, back)...), nil
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

// undo are the steps behind a failure: the new container goes, and what ran before goes
// on, or is started again, and gets its requests back. When it is gone already the new one
// stays.
func (p *planner) undo(s *setup, n next, back []run.Step) []run.Step {
	drop := late(run.Step{Name: "undo", Title: "Removing the new container.", Argv: []string{"sh", "-c", dropScript, "sh", p.Project(), n.service}})
	if len(n.old) == 0 {
		return []run.Step{drop}
	}
	start := late(run.Step{Name: "undo-start", Title: "Leaving the old container to go on.", Argv: append([]string{"docker", "start"}, ids(n.old)...)})
	var steps []run.Step
	if n.rolling {
		steps = append(append([]run.Step{start}, back...), drop)
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
		steps = append(append(steps, start), back...)
	}
	watch := run.Watch{Project: p.Project(), Settle: settle, Limit: s.Patience}
	for _, c := range n.old {
		watch.Expect = append(watch.Expect, run.Expect{Service: c.Service, Replicas: 1, Stays: true})
	}
	return append(steps, late(run.Step{Name: "undo-verify", Title: "Looking at the old container.", Watch: &watch}))
}

// dropScript removes the containers of service $2 of project $1, if there are any. They
// may be at work already, so they are asked first.
const dropScript = `ids=$(docker ps --all --quiet --filter "label=com.docker.compose.project=$1" --filter "label=com.docker.compose.service=$2")
[ -n "$ids" ] || exit 0
docker stop -t 3 $ids >/dev/null
docker rm --force $ids`

// late makes a step one that only a failure or a cancel brings about.
func late(s run.Step) run.Step {
	s.OnFailure = true
	return s
}
