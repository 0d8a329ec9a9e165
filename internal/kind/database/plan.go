package database

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/run"
)

// nextFile is the compose file of what is about to be started.
const nextFile = ".next.yml"

// Limits of watches.
const (
	settle     = time.Second
	stopWatch  = time.Minute
	proxyWatch = time.Minute
	// A database that was not shut down well recovers before it answers, which no
	// setting of its health check says anything about.
	startLeast = 5 * time.Minute
)

// planner makes the plan of one deployment.
type planner struct {
	*target
	d    core.Deployment
	seen deploy.Observed
}

func (p *planner) plan() (deploy.Plan, error) {
	switch p.d.Verb {
	case core.VerbStop:
		return p.finished(nil, 0, p.stopping())
	case core.VerbBackup:
		return p.dumpAlone()
	case core.VerbDeploy, core.VerbStart, core.VerbRestart, core.VerbRestore, core.VerbRenew:
		if p.fault != nil {
			return deploy.Plan{}, undeployable(p.fault)
		}
	}
	switch p.d.Verb {
	case core.VerbDeploy, core.VerbStart, core.VerbRestart:
		if p.d.Options.OnlyProxy {
			return p.exposing()
		}
		return p.starting()
	case core.VerbRestore:
		return p.restoring()
	case core.VerbRenew:
		return p.renewing()
	default:
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest, "A database cannot be asked to %q.", p.d.Verb)
	}
}

// finished makes a plan of steps. keep is what Record is to know when they are done: what
// has been put on the server, or what a backup has let go; nil: nothing. more is what they may take beyond the server's limit for deployments.
func (p *planner) finished(keep any, more time.Duration, steps ...[]run.Step) (deploy.Plan, error) {
	plan := deploy.Plan{Script: compose.Script(p.d.UUID, p.dir, p.LoadedDatabase.Server, slices.Concat(steps...))}
	if plan.Script.Limit > 0 {
		plan.Script.Limit += more
	}
	if p.out != nil {
		plan.Hash = p.out.hash
	}
	if keep != nil {
		var err error
		if plan.Keep, err = json.Marshal(keep); err != nil {
			return deploy.Plan{}, fmt.Errorf("keep what is put on the server: %w", err)
		}
	}
	return plan, nil
}

// starting brings the database to what it should be.
func (p *planner) starting() (deploy.Plan, error) {
	forced, err := p.guarded()
	if err != nil {
		return deploy.Plan{}, err
	}
	var before dumping
	if p.d.Options.Backup != "" {
		if before, err = p.dump(); err != nil {
			return deploy.Plan{}, err
		}
	}
	return p.finished(p.deploying(), before.limit, before.steps, p.up(forced), p.undo())
}

// guarded refuses an image whose version may not be able to read the volume. With force
// it returns what is to be said of it in the log.
func (p *planner) guarded() (string, error) {
	verdict := p.out.spec.Guard(p.Database.Ran, p.Database.Image)
	switch {
	case !verdict.Refused:
		return "", nil
	case p.d.Options.ForceVersion:
		return "The change of version is forced. " + verdict.Reason + " ", nil
	default:
		return "", core.Errorf(core.CodeConflict, "%s", verdict.Reason)
	}
}

// up is what brings the database up. Whatever may fail slowly comes before anything that
// runs is touched, and what runs sees its files at once: so images are pulled by a copy
// of the compose file.
func (p *planner) up(forced string) []run.Step {
	var steps []run.Step
	add := func(on bool, more ...run.Step) {
		if on {
			steps = append(steps, more...)
		}
	}
	add(len(p.out.Ports) > 0, p.ports(p.out.Ports))
	pull, pulling := p.pull(nextFile)
	add(pulling, run.Step{Name: "next", Title: "Saved the compose file to pull by.", Hidden: true, Prepares: true, Files: []run.File{{
		Path: nextFile, Mode: 0o600, Content: p.out.compose,
	}}}, pull)
	change, changing := p.out.spec.Change(p.Database, p.before.passwords())
	add(true, p.files(forced, p.out.compose, slices.Concat(p.out.Files, change.Files)))
	add(true, compose.NetworkSteps(p.Destination.Network)...)
	add(true, p.own(p.out.Owned)...)
	verify := p.verify()
	if changing {
		verify.Title = "Changing passwords, and waiting until the database answers."
		verify.Watch.Expect[0].Ready = change.Ready
	}
	add(true, p.start(), verify)
	add(changing, p.changed(change))
	add(p.runs() && p.stale(), p.reload()...)
	return steps
}

// runs says whether the database was seen running.
func (p *planner) runs() bool { return runs(p.seen.Containers, p.Database.UUID) }

func (p *planner) uuid() string { return string(p.Database.UUID) }

// compose is a command of Compose.
func (p *planner) compose(name, title string, args ...string) run.Step {
	return compose.Project{Name: p.uuid(), Dir: p.dir, File: composeFile}.Step(name, title, args...)
}

func (p *planner) ports(ports []int) run.Step {
	return run.Step{Name: "ports", Title: "Looking whether its ports are free.", Ports: &run.Ports{Project: p.uuid(), Ports: ports}}
}

// files writes the compose file and others. said is put before what the log says of it.
func (p *planner) files(said, text string, others []run.File) run.Step {
	files := []run.File{{Path: composeFile, Mode: 0o600, Content: text}}
	return run.Step{Name: "files", Title: said + "Saved configuration files to " + p.dir + ".", Files: append(files, others...)}
}

// pull gets the images: all of them when that was asked for, otherwise those that are
// not there. Versions of Compose that cannot tell the two apart leave the latter to up.
func (p *planner) pull(file string, services ...string) (run.Step, bool) {
	args := []string{"pull"}
	if !p.d.Options.PullLatest {
		if !p.atLeast(2, 22) {
			return run.Step{}, false
		}
		args = append(args, "--policy", "missing")
	}
	s := compose.Project{Name: p.uuid(), Dir: p.dir, File: file}.Step("pull", "Pulling images.", append(args, services...)...)
	s.Retries, s.Prepares = compose.PullRetries, true
	return s, true
}

func (p *planner) atLeast(major, minor int) bool {
	return compose.AtLeast(p.seen.ComposeVersion, major, minor)
}

// own gives files to the users of the image that alone may own them. The container that
// does so has nothing but the folder, and may do nothing but that; the folder need not
// belong to root, so it takes a right to get in.
func (p *planner) own(list []engine.Owned) []run.Step {
	var steps []run.Step
	for _, o := range list {
		argv := []string{
			"docker", "run", "--rm", "--network", "none", "--user", "0", "--cap-drop", "ALL", "--cap-add", "CHOWN",
			"--cap-add", "DAC_OVERRIDE", "--security-opt", "no-new-privileges", "--entrypoint", "chown", "--volume", p.dir + ":/taffrail", "--", p.Database.Image, o.User,
		}
		for _, file := range o.Paths {
			argv = append(argv, path.Join("/taffrail", file))
		}
		steps = append(steps, run.Step{Name: "own", Title: "Giving files to the user " + o.User + " of the image.", Argv: argv, Hidden: true})
	}
	return steps
}

func (p *planner) start() run.Step {
	args := []string{"up", "--detach", "--remove-orphans"}
	args = append(args, p.pulled()...)
	title := "Starting database."
	if p.d.Verb == core.VerbRestart {
		args = append(args, "--force-recreate")
		title = "Restarting database."
	}
	return p.compose("start", title, args...)
}

// pulled keeps a start from pulling again what was pulled before it.
func (p *planner) pulled() []string {
	if p.d.Options.PullLatest || p.atLeast(2, 22) {
		return []string{"--pull", "never"}
	}
	return nil
}

// reload makes a server take up the certificate that was written as it runs.
func (p *planner) reload() []run.Step {
	argv := p.out.spec.Reload(p.Database)
	if len(argv) == 0 {
		return nil
	}
	return []run.Step{{
		Name: "reload", Title: "Taking up the certificate.", Argv: append([]string{"docker", "exec", p.uuid()}, argv...),
		Retries: 2, Timeout: time.Minute,
	}}
}

// certified says whether what ran last speaks TLS.
func (p *planner) certified() bool {
	return slices.ContainsFunc(p.out.holding(p.certs), func(f run.File) bool { return p.before.has(f.Path) })
}

// stale says whether what ran last may have another certificate than that of now.
func (p *planner) stale() bool {
	return slices.ContainsFunc(p.out.holding(p.certs), func(f run.File) bool {
		return p.before.has(f.Path) && !slices.ContainsFunc(p.before.Files, func(old run.File) bool { return old.Path == f.Path && old.Content == f.Content })
	})
}

// changed deletes what changed passwords: the old one is in it.
func (p *planner) changed(c engine.Change) run.Step {
	return run.Step{Name: "clean", Title: "Deleting the old passwords.", Hidden: true, Always: true, Delete: []string{path.Join(p.dir, c.Folder)}}
}

// verify waits until the database answers a query as its user.
func (p *planner) verify() run.Step {
	expect := []run.Expect{{Service: p.uuid(), Replicas: 1, Ready: p.out.Ready}}
	if p.out.Proxy != "" {
		expect = append(expect, run.Expect{Service: p.out.Proxy, Replicas: 1})
	}
	return run.Step{
		Name: "verify", Title: "Waiting until the database answers.",
		Watch: &run.Watch{Project: p.uuid(), Expect: expect, Settle: settle, Limit: p.patience()},
	}
}

// patience is how long the database may take: as long as its health check allows, and no
// longer than a deployment on its server.
func (p *planner) patience() time.Duration {
	h := p.Database.Settings.Health
	seconds := h.StartPeriod + (h.Retries+1)*(h.Interval+h.Timeout)
	limit := max(startLeast, time.Duration(seconds)*time.Second)
	if all := p.LoadedDatabase.Server.Settings.DynamicTimeout; all > 0 {
		limit = min(limit, time.Duration(all)*time.Second)
	}
	return limit
}
