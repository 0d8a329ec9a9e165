package service_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
)

// TestPlans holds the plan of each verb with its switches.
func TestPlans(t *testing.T) {
	t.Parallel()
	all := core.Removal{Configurations: true, Volumes: true, Networks: true, Images: true}
	for name, c := range map[string]struct {
		file    string
		verb    core.Verb
		options core.Options
		compose string
		connect bool
	}{
		"deploy":                {"plain", core.VerbDeploy, core.Options{}, "2.40.3", false},
		"deploy-pull":           {"plain", core.VerbDeploy, core.Options{PullLatest: true}, "2.40.3", false},
		"deploy-old-compose":    {"plain", core.VerbDeploy, core.Options{}, "2.17.2", false},
		"deploy-connect":        {"plain", core.VerbDeploy, core.Options{}, "", true},
		"deploy-stop-before":    {"plain", core.VerbDeploy, core.Options{StopBeforeStart: true}, "2.40.3", false},
		"deploy-build":          {"features", core.VerbDeploy, core.Options{}, "2.40.3", false},
		"deploy-build-force":    {"features", core.VerbStart, core.Options{Force: true, PullLatest: true}, "2.40.3", false},
		"restart":               {"plain", core.VerbRestart, core.Options{}, "2.40.3", false},
		"restart-build":         {"features", core.VerbRestart, core.Options{StopBeforeStart: true}, "2.40.3", false},
		"restart-build-pull":    {"features", core.VerbRestart, core.Options{PullLatest: true}, "2.40.3", false},
		"stop":                  {"plain", core.VerbStop, core.Options{}, "2.40.3", false},
		"stop-remove-all":       {"features", core.VerbStop, core.Options{Remove: all}, "2.40.3", false},
		"stop-remove-volumes":   {"plain", core.VerbStop, core.Options{Remove: core.Removal{Volumes: true}}, "2.40.3", false},
		"start-unknown-compose": {"plain", core.VerbStart, core.Options{}, "dev", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t, readTestdata(t, c.file+".yml"), map[string]string{"SECRET_VALUE": "x", "PLAIN": "y"})
			s.service.ConnectToDockerNetwork = c.connect
			s.server.Settings = core.ServerSettings{RemoteDir: "/srv/taffrail", DynamicTimeout: 3600}
			d := core.Deployment{UUID: "dep", Verb: c.verb, Options: c.options}
			plan, err := s.plan(t, d, deploy.Observed{ComposeVersion: c.compose})
			if err != nil {
				t.Fatal(fieldsOf(err))
			}
			if plan.Hash == "" || plan.Script.ID != "dep" {
				t.Errorf("hash %q, id %q", plan.Hash, plan.Script.ID)
			}
			golden(t, "plan-"+name+".golden", plan.String())
		})
	}
}

// TestStopAlwaysWorks: whatever became of the text or of the team's rights, what was
// written last can be stopped.
func TestStopAlwaysWorks(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"broken": "services: [", "host access": "services: {web: {image: x, privileged: true}}", "variable": "services: {web: {image: \"${X:?}\"}}",
	} {
		for _, written := range []string{"", "services: {old: {image: y, env_file: gone.env}}\n"} {
			s := newShelf(t, "services: {web: {image: x}}\n", map[string]string{"A": "b"})
			s.service.ComposeRaw, s.service.Compose = secret(text), secret(written)
			plan, err := s.plan(t, core.Deployment{UUID: "dep", Verb: core.VerbStop}, observed())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			content := plan.Script.Steps[0].Files[0].Content
			if !strings.Contains(content, map[bool]string{true: "old:", false: "none:"}[written != ""]) {
				t.Errorf("%s: writes %q", name, content)
			}
			if strings.Contains(content, "env_file") {
				t.Errorf("%s: a missing file would be in the way: %q", name, content)
			}
			if _, err := s.plan(t, deployment(), observed()); core.CodeOf(err) != core.CodeInvalid {
				t.Errorf("%s: a deployment says %v", name, err)
			}
		}
	}
}

func TestUnknownVerb(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "services: {web: {image: x}}\n", nil)
	if _, err := s.plan(t, core.Deployment{Verb: "dance"}, observed()); core.CodeOf(err) != core.CodeBadRequest {
		t.Errorf("got %v", err)
	}
}

// TestDeletedServiceIsOnlyStopped: a start that was asked for just before a deletion must
// not bring the containers up again behind the deletion's stop.
func TestDeletedServiceIsOnlyStopped(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "services: {web: {image: x}}\n", nil)
	s.service.DeletedAt = time.Now()
	for verb, want := range map[core.Verb]core.Code{core.VerbStart: core.CodeBadRequest, core.VerbRestart: core.CodeBadRequest, core.VerbStop: ""} {
		if _, err := s.plan(t, core.Deployment{Verb: verb}, observed()); core.CodeOf(err) != want {
			t.Errorf("%s: got %v, want %q", verb, err, want)
		}
	}
}

func TestLoadFails(t *testing.T) {
	t.Parallel()
	s := &shelf{fault: core.NotFound("Service")}
	if _, err := s.kind().Load(t.Context(), deployment()); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("got %v", err)
	}
	var e *core.Error
	if err := s.kind().Record(t.Context(), deployment(), core.Findings{}); !errors.As(err, &e) {
		t.Errorf("got %v", err)
	}
}

// TestGraceIsTheTextsOwn: one limit for all would overrule what each service says.
func TestGraceIsTheTextsOwn(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "services: {a: {image: x, stop_grace_period: 1s}, b: {image: x, stop_grace_period: 2m}, c: {image: x}}\n", nil)
	plan, err := s.plan(t, core.Deployment{UUID: "dep", Verb: core.VerbDeploy, Options: core.Options{StopBeforeStart: true}}, observed())
	if err != nil {
		t.Fatal(fieldsOf(err))
	}
	content := plan.Script.Steps[0].Files[0].Content
	for _, want := range []string{"stop_grace_period: 1s\n", "stop_grace_period: 2m", "stop_grace_period: 30s\n"} {
		if strings.Count(content, want) != 1 {
			t.Errorf("%q is not in\n%s", want, content)
		}
	}
	stop, err := s.plan(t, core.Deployment{UUID: "dep", Verb: core.VerbStop}, observed())
	if err != nil {
		t.Fatal(fieldsOf(err))
	}
	if text := plan.String() + stop.String(); strings.Contains(text, "--timeout") {
		t.Errorf("a limit for all:\n%s", text)
	}
}

// TestExpectations: what must be there, and how long it may take.
func TestExpectations(t *testing.T) {
	t.Parallel()
	const check = "healthcheck: {test: [CMD, a], "
	for name, c := range map[string]struct{ text, want string }{
		"no check":         {"services: {a: {image: x}}", "limit 10m0s\n     a x1 one-shot=false ignore=false\n"},
		"quick checks":     {"services: {a: {image: x, " + check + "interval: 1s, timeout: 1s}}}", "limit 1m0s\n"},
		"slow check":       {"services: {a: {image: x, " + check + "interval: 30s, timeout: 10s, retries: 5, start_period: 20m}}}", "limit 24m0s\n"},
		"check off":        {"services: {a: {image: x, healthcheck: {disable: true}}}", "limit 10m0s\n"},
		"replicas":         {"services: {a: {image: x, deploy: {replicas: 3}}, b: {image: x, scale: 0}}", "a x3 one-shot=false ignore=false\n     b x0 "},
		"excluded":         {"services: {a: {image: x, exclude_from_hc: true}}", "a x1 one-shot=false ignore=true"},
		"excluded extends": {"services: {b: {image: x, exclude_from_hc: true}, a: {extends: b}}", "a x1 one-shot=false ignore=true"},
		"awaited":          {"services: {a: {image: x}, b: {image: x, depends_on: {a: {condition: service_completed_successfully}}}}", "a x1 one-shot=true ignore=false\n     b x1 one-shot=false"},
		"profiles":         {"services: {a: {image: x}, b: {image: x, profiles: [p]}}", "a x1 one-shot=false ignore=false\n"},
	} {
		s := newShelf(t, c.text+"\n", nil)
		plan, err := s.plan(t, deployment(), observed())
		if err != nil {
			t.Fatal(fieldsOf(err))
		}
		if got := plan.String(); !strings.Contains(got, c.want) || strings.Contains(got, "b x1") && name == "profiles" {
			t.Errorf("%s: want %q in\n%s", name, c.want, got)
		}
	}
}
