package database

import (
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/run"
)

// exposing brings access from outside to what it should be and touches nothing else:
// settings of the database that wait for its next start go on waiting. Of a database that
// does not run, only the files are written.
func (p *planner) exposing() (deploy.Plan, error) {
	text := p.out.compose
	if p.before != nil {
		var err error
		if text, err = p.before.withProxy(p.out, p.Database.UUID); err != nil {
			return deploy.Plan{}, err
		}
	}
	var files []run.File
	if p.out.Proxy != "" {
		files = p.out.mounted(p.out.Proxy, p.dir)
	}
	write := p.files("", text, files)
	var keep any // of one that never ran: nothing
	if p.before != nil {
		keep = p.before.exposed(write.Files, p.out.Proxy)
	}
	switch {
	case p.out.Proxy == "":
		return p.finished(keep, 0, p.unexpose(), []run.Step{write})
	case !p.runs():
		return p.finished(keep, 0, []run.Step{write})
	}
	proxy := p.out.Proxy
	steps := []run.Step{p.ports([]int{p.Database.Settings.Public.Port}), write}
	if pull, pulling := p.pull(composeFile, proxy); pulling {
		steps = append(steps, pull)
	}
	args := append([]string{"up", "--detach", "--no-deps"}, p.pulled()...)
	steps = append(steps,
		p.compose("start", "Starting the proxy.", append(args, proxy)...),
		run.Step{Name: "verify", Title: "Waiting for the proxy.", Watch: &run.Watch{
			Project: p.uuid(), Settle: settle, Limit: proxyWatch,
			Expect: []run.Expect{{Service: proxy, Replicas: 1}, {Service: p.uuid(), Replicas: 1, Ignore: true}},
		}})
	return p.finished(keep, 0, steps, p.undoProxy())
}

// unexpose takes the proxy away that is there.
func (p *planner) unexpose() []run.Step {
	for _, c := range p.seen.Containers {
		if c.Service == proxyName(p.Database.UUID) {
			return []run.Step{p.dropProxy("stop", c.Name)}
		}
	}
	return nil
}

func (p *planner) dropProxy(step, container string) run.Step {
	return run.Step{Name: step, Title: "Stopping the proxy.", Argv: []string{"docker", "rm", "--force", "--volumes", "--", container}}
}

// undoProxy puts back the proxy that ran before; one that did not is taken away.
func (p *planner) undoProxy() []run.Step {
	if p.before == nil {
		return []run.Step{p.late(p.dropProxy("undo", proxyName(p.Database.UUID)))}
	}
	steps := []run.Step{p.late(run.Step{
		Name: "undo", Title: "Putting back the files of what ran before.", Files: p.current(p.before).Files,
	})}
	for _, argv := range p.before.Own {
		steps = append(steps, p.late(run.Step{Name: "undo-own", Title: "Giving files to the user of the image.", Argv: argv, Hidden: true}))
	}
	if p.before.proxied() {
		return append(steps, p.late(p.compose("undo-start", "Starting the proxy that ran before.",
			append([]string{"up", "--detach", "--no-deps"}, append(p.pulled(), proxyName(p.Database.UUID))...)...)))
	}
	return append(steps, p.late(p.dropProxy("undo-start", proxyName(p.Database.UUID))))
}
