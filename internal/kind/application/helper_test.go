package application_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/kind/application"
	"github.com/taffrail/taffrail/internal/run"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	uuid   = core.ID("app0aaaaaaaaaaaaaaaaaaaa")
	commit = "0123456789abcdef0123456789abcdef01234567"
)

// shelf is a store with one application on it.
type shelf struct {
	core.LoadedApplication
	options application.Options
	fault   error

	status, hash string
	ran          *core.ApplicationRan
	revision     core.Revision
	further      int
}

func (s *shelf) LoadApplication(context.Context, core.Deployment) (core.LoadedApplication, error) {
	return s.LoadedApplication, s.fault
}

func (s *shelf) SetApplicationStatus(_ context.Context, _ core.Deployment, status, hash string, ran *core.ApplicationRan) error {
	s.status, s.hash, s.ran = status, hash, ran
	return s.fault
}

func (s *shelf) SetRevision(_ context.Context, d core.Deployment) error {
	s.revision = d.Revision
	return nil
}

func (s *shelf) AddEnvs(_ context.Context, _ int64, _ core.Owner, envs []core.EnvVar) ([]core.EnvVar, error) {
	s.Envs = append(s.Envs, envs...)
	return s.Envs, nil
}

func (s *shelf) EnqueueFurther(context.Context, core.Deployment) error {
	s.further++
	return nil
}

func (s *shelf) kind() *application.Kind { return application.New(s, s.options) }

// newShelf holds an application that is built from a Dockerfile in a public repository.
func newShelf() *shelf {
	s := &shelf{}
	s.Application = core.Application{
		RowID: 7, UUID: uuid, TeamID: 1, Name: "Web Shop",
		Source: core.Source{Repository: "https://git.test/ann/shop", Branch: "main", Commit: "HEAD", Shallow: true},
		Build: core.Build{
			Pack: core.PackDockerfile, BaseDirectory: "/", DockerfilePath: "/Dockerfile", PublishDir: "/", InjectArgs: true, KeepImages: 2,
		},
		Serve:   core.Serve{Ports: "3000", ForceHTTPS: true, Gzip: true, StripPrefix: true},
		Runtime: core.Runtime{Limits: core.DefaultLimits()},
	}
	s.Server = core.Server{RowID: 1, IP: "203.0.113.7", KeyID: 1, ProxyType: "none", Settings: core.ServerSettings{RemoteDir: "/srv/taffrail", DynamicTimeout: 3600}}
	s.Destination = core.Destination{Network: "taffrail"}
	s.Project, s.Environment = "My Project", "production"
	return s
}

// env adds a variable for run and build.
func (s *shelf) env(key, value string, changes ...func(*core.EnvVar)) {
	e := core.EnvVar{Key: key, Value: core.NewSecret(value), IsRuntime: true, IsBuildtime: true}
	for _, change := range changes {
		change(&e)
	}
	s.Envs = append(s.Envs, e)
}

func deployment(verb core.Verb) core.Deployment {
	return core.Deployment{
		RowID: 41, UUID: "dep1bbbbbbbbbbbbbbbbbbbb", Verb: verb, Revision: core.Revision{Commit: commit, Branch: "main"},
		Resource: core.Resource{RowID: 7, UUID: uuid},
	}
}

// running is what is seen when an earlier deployment is up.
func running(service string) core.Container {
	return core.Container{ID: "id-" + service, Name: service, Service: service, Image: string(uuid) + ":old", State: "running"}
}

func observed(list ...core.Container) deploy.Observed {
	return deploy.Observed{ComposeVersion: "2.40.3", Containers: list}
}

func (s *shelf) plan(tb testing.TB, d core.Deployment, seen deploy.Observed) (deploy.Plan, error) {
	tb.Helper()
	target, err := s.kind().Load(context.Background(), d)
	if err != nil {
		tb.Fatalf("Load: %v", err)
	}
	return target.Plan(d, seen)
}

func (s *shelf) must(tb testing.TB, d core.Deployment, seen deploy.Observed) deploy.Plan {
	tb.Helper()
	plan, err := s.plan(tb, d, seen)
	if err != nil {
		tb.Fatal(err)
	}
	return plan
}

// step finds a step of a plan by its name.
func step(tb testing.TB, plan deploy.Plan, name string) run.Step {
	tb.Helper()
	for _, s := range plan.Script.Steps {
		if s.Name == name {
			return s
		}
	}
	tb.Fatalf("there is no step %q in\n%s", name, plan)
	return run.Step{}
}

// composed is the compose file of a plan.
func composed(tb testing.TB, plan deploy.Plan) string {
	tb.Helper()
	return step(tb, plan, "files").Files[0].Content
}

// ended is a deployment that was carried out by a plan.
func ended(tb testing.TB, d core.Deployment, status core.Status, plan deploy.Plan) core.Deployment {
	tb.Helper()
	d.Status, d.Config.Hash = status, plan.Hash
	text, err := json.Marshal(map[string]any{"script": plan.Script, "keep": plan.Keep})
	if err != nil {
		tb.Fatal(err)
	}
	d.Config.Snapshot = core.NewSecret(string(text))
	return d
}

func golden(tb testing.TB, name, got string) {
	tb.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		tb.Errorf("%s differs (-want +got); run with -update when that is right:\n%s", path, diff)
	}
}
