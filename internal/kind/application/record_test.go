package application_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
)

func seen(state, health string) core.Container {
	return core.Container{Service: string(uuid) + "-x", State: state, Health: health}
}

// TestRecord: what is stored of a deployment that ended.
func TestRecord(t *testing.T) {
	t.Parallel()
	up := core.Findings{Looked: true, Containers: []core.Container{seen("running", "")}, Answers: map[string]string{"commit": "Ann\na@b\n2026-01-02T03:04:05Z\nfix: it\n\nbody\n"}}
	http := func(s *shelf) { s.Application.Health = core.AppHealth{Enabled: true, Type: "http", Port: 80} }
	for name, c := range map[string]struct {
		verb    core.Verb
		ended   core.Status
		change  func(*shelf)
		d       func(*core.Deployment)
		found   core.Findings
		status  string
		ran     bool
		further int
		message string
	}{
		"deployed":          {verb: core.VerbDeploy, ended: core.StatusFinished, found: up, status: "running:unknown", ran: true, further: 1, message: "fix: it\n\nbody"},
		"asked by HTTP":     {verb: core.VerbDeploy, ended: core.StatusFinished, change: http, found: up, status: "running:healthy", ran: true, further: 1, message: "fix: it\n\nbody"},
		"failed":            {verb: core.VerbDeploy, ended: core.StatusFailed, found: up, status: "running:unknown", message: "fix: it\n\nbody"},
		"failed, put back":  {verb: core.VerbDeploy, ended: core.StatusFailed, change: func(s *shelf) { http(s); s.Application.Status = "running:healthy" }, found: core.Findings{Looked: true, Containers: up.Containers}, status: "running:healthy"},
		"nothing was seen":  {verb: core.VerbDeploy, ended: core.StatusFailed},
		"only here":         {verb: core.VerbDeploy, ended: core.StatusFinished, d: func(d *core.Deployment) { d.Revision.OnlyHere = true }, found: core.Findings{Looked: true, Containers: up.Containers}, status: "running:unknown", ran: true},
		"preview":           {verb: core.VerbDeploy, ended: core.StatusFinished, d: func(d *core.Deployment) { d.Revision.PullRequest = 4 }, found: core.Findings{Looked: true, Containers: up.Containers}, status: "running:unknown", ran: true},
		"stopped":           {verb: core.VerbStop, ended: core.StatusFinished, found: core.Findings{Looked: true}, status: "exited:unhealthy"},
		"cancelled":         {verb: core.VerbDeploy, ended: core.StatusCancelled, found: core.Findings{Looked: true, Containers: []core.Container{seen("running", "healthy"), seen("exited", "")}}, status: "running:healthy"},
		"it crashes":        {verb: core.VerbDeploy, ended: core.StatusFailed, found: core.Findings{Looked: true, Containers: []core.Container{seen("restarting", "")}}, status: "degraded:unhealthy"},
		"it ended":          {verb: core.VerbDeploy, ended: core.StatusFailed, found: core.Findings{Looked: true, Containers: []core.Container{seen("exited", "")}}, status: "exited:unhealthy"},
		"it is not well":    {verb: core.VerbDeploy, ended: core.StatusFailed, change: http, found: core.Findings{Looked: true, Containers: []core.Container{seen("running", "unhealthy")}}, status: "running:unhealthy"},
		"restarted further": {verb: core.VerbRestart, ended: core.StatusFinished, change: func(s *shelf) { s.Application.Ran.Image = "i" }, found: core.Findings{Looked: true, Containers: up.Containers}, status: "running:unknown", ran: true, further: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			if c.change != nil {
				c.change(s)
			}
			d := deployment(c.verb)
			if c.d != nil {
				c.d(&d)
			}
			plan := s.must(t, d, observed())
			for range 2 { // a takeover records it again
				s.further = 0
				if err := s.kind().Record(t.Context(), ended(t, d, c.ended, plan), c.found); err != nil {
					t.Fatal(err)
				}
			}
			if s.status != c.status || (s.ran != nil) != c.ran || s.further != c.further || s.revision.Message != c.message || (s.hash != "") != c.ran {
				t.Errorf("status %q, ran %+v, further %d, message %q, hash %q", s.status, s.ran, s.further, s.revision.Message, s.hash)
			}
			if c.ran && (s.ran.Deployment != d.UUID || s.ran.Image == "" || s.hash != plan.Hash) {
				t.Errorf("ran %+v", s.ran)
			}
		})
	}
}

// TestRecordFails: what cannot be stored is told.
func TestRecordFails(t *testing.T) {
	t.Parallel()
	s := newShelf()
	d := ended(t, deployment(core.VerbDeploy), core.StatusFinished, s.must(t, deployment(core.VerbDeploy), observed()))
	s.fault = core.NotFound("Application")
	if err := s.kind().Record(t.Context(), d, core.Findings{Looked: true}); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("record: %v", err)
	}
	if _, err := s.kind().Load(t.Context(), d); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("load: %v", err)
	}
	if _, err := s.kind().Sum(t.Context(), core.Resting{}, nil); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("sum: %v", err)
	}
}

// TestSum: an application that the runner saw answer stays well until Docker had to start
// it again.
func TestSum(t *testing.T) {
	t.Parallel()
	http := func(s *shelf) { s.Application.Health = core.AppHealth{Enabled: true, Type: "http"} }
	again := seen("running", "")
	again.Restarts = 1
	for name, c := range map[string]struct {
		change func(*shelf)
		before string
		seen   []core.Container
		want   string
	}{
		"no check":            {nil, "running:unknown", []core.Container{seen("running", "")}, "running:unknown"},
		"its own":             {nil, "running:unknown", []core.Container{seen("running", "healthy")}, "running:healthy"},
		"proven":              {http, "running:healthy", []core.Container{seen("running", "")}, "running:healthy"},
		"not proven":          {http, "running:unknown", []core.Container{seen("running", "")}, "running:unknown"},
		"started again":       {http, "running:healthy", []core.Container{again}, "running:unknown"},
		"gone":                {http, "running:healthy", nil, "exited:unhealthy"},
		"no longer asked for": {nil, "running:healthy", []core.Container{seen("running", "")}, "running:unknown"},
	} {
		s := newShelf()
		if c.change != nil {
			c.change(s)
		}
		got, err := s.kind().Sum(t.Context(), core.Resting{UUID: uuid, Status: c.before}, c.seen)
		if diff := cmp.Diff(core.Condition{Status: c.want}, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

// TestRollbackStandsByItself: what is brought back is what ran, whatever the application
// is set to now, numbers and all.
func TestRollbackStandsByItself(t *testing.T) {
	t.Parallel()
	s := newShelf()
	limits(s)
	s.env("A", "then")
	d := deployment(core.VerbDeploy)
	then := s.must(t, d, observed())
	past := ended(t, d, core.StatusFinished, then)
	image := step(t, then, "look").Argv[5]
	past.Config.Digests = map[string]string{image: "sha256:cafe"}
	s.RollbackOf = past
	s.Envs[0].Value, s.Application.Runtime.Limits, s.Application.Build.Pack = core.NewSecret("now"), core.DefaultLimits(), core.PackCompose
	s.Application.Source.Repository = "nonsense"
	back := deployment(core.VerbRollback)
	back.UUID, back.RollbackOf = "dep2cccccccccccccccccccc", d.UUID
	plan := s.must(t, back, observed(running(older)))
	golden(t, "plan-rollback.golden", plan.String()+composed(t, plan))
	for _, one := range plan.Script.Steps {
		if one.Name == "build" || one.Name == "fetch" {
			t.Errorf("a rollback has the step %s", one.Name)
		}
	}
	if again := s.must(t, back, observed()); again.Hash != then.Hash {
		t.Error("the same configuration, another hash")
	}
}
