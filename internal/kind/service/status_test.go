package service_test

import (
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
)

// TestStatus: containers are given as "service state health code".
func TestStatus(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ seen, want string }{
		"all healthy":       {"web running healthy, db running healthy, job exited - 0", "running:healthy"},
		"one without check": {"web running healthy, db running -, job exited - 0", "running:unknown"},
		"unhealthy":         {"web running unhealthy, db running -, job exited - 0", "running:unhealthy"},
		"starting":          {"web running starting, db running healthy, job exited - 0", "starting:unknown"},
		"nothing":           {"", "exited:unhealthy"},
		"all exited":        {"web exited - 1, db exited - 0, job exited - 1", "exited:unhealthy"},
		"one exited":        {"web running healthy, db exited - 1, job exited - 0", "degraded:unhealthy"},
		"kept one exited 0": {"web running healthy, db exited - 0, job exited - 0", "degraded:unhealthy"},
		"one missing":       {"web running healthy, job exited - 0", "degraded:unhealthy"},
		"job failed":        {"web running healthy, db running healthy, job exited - 3", "degraded:unhealthy"},
		"restarting":        {"web restarting -, db running healthy, job exited - 0", "degraded:unhealthy"},
		"created":           {"web created -, db created -, job created -", "starting:unknown"},
		"paused":            {"web paused -, db paused -, job paused -", "paused:unknown"},
		"excluded is bad":   {"web running healthy, db running healthy, job exited - 0, side exited - 1", "running:healthy"},
		"only job":          {"job exited - 0", "exited:unhealthy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t, `services:
  web: {image: x, depends_on: {job: {condition: service_completed_successfully}}}
  db: {image: x}
  job: {image: x}
  side: {image: x, exclude_from_hc: true}
  off: {image: x, profiles: [p]}
`, nil)
			if err := s.kind().Record(t.Context(), deployment(), core.Findings{Containers: containers(c.seen)}); err != nil {
				t.Fatal(err)
			}
			if s.status != c.want {
				t.Errorf("got %s, want %s", s.status, c.want)
			}
			if len(s.parts) != 4 {
				t.Errorf("parts: %v", s.parts)
			}
		})
	}
}

func containers(text string) []core.Container {
	var out []core.Container
	for one := range strings.SplitSeq(text, ", ") {
		f := strings.Fields(one + " - - 0")
		if len(f) < 6 {
			continue
		}
		c := core.Container{Service: f[0], State: f[1], Health: strings.Trim(f[2], "-")}
		if f[3] != "-" && f[3] != "0" {
			c.ExitCode = int(f[3][0] - '0')
		}
		out = append(out, c)
	}
	return out
}

// TestRecordedText: what runs is recorded by a deployment that finished with what the
// service still is, and by no other.
func TestRecordedText(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "services: {web: {image: x}}\n", nil)
	plan, err := s.plan(t, deployment(), observed())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		d    core.Deployment
		want bool
	}{
		"finished":   {core.Deployment{Verb: core.VerbDeploy, Status: core.StatusFinished, Config: core.Config{Hash: plan.Hash}}, true},
		"failed":     {core.Deployment{Verb: core.VerbDeploy, Status: core.StatusFailed, Config: core.Config{Hash: plan.Hash}}, false},
		"stopped":    {core.Deployment{Verb: core.VerbStop, Status: core.StatusFinished, Config: core.Config{Hash: plan.Hash}}, false},
		"changed":    {core.Deployment{Verb: core.VerbDeploy, Status: core.StatusFinished, Config: core.Config{Hash: "other"}}, false},
		"restarted":  {core.Deployment{Verb: core.VerbRestart, Status: core.StatusFinished, Config: core.Config{Hash: plan.Hash}}, true},
		"never done": {core.Deployment{Verb: core.VerbDeploy, Status: core.StatusCancelled}, false},
	} {
		if err := s.kind().Record(t.Context(), c.d, core.Findings{Containers: containers("web running healthy")}); err != nil {
			t.Fatal(err)
		}
		if got := s.hash == plan.Hash && strings.Contains(s.compose, "image: x"); got != c.want || !got && s.hash+s.compose != "" {
			t.Errorf("%s: recorded %t (hash %q)", name, got, s.hash)
		}
	}
}
