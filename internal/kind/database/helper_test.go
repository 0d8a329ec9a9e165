package database_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/kind/database"
	"github.com/taffrail/taffrail/internal/run"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	uuid     = core.ID("db0aaaaaaaaaaaaaaaaaaaaa")
	password = "kelp-Harbor-4471"
	dumps    = "/srv/taffrail/backups/databases/" + string(uuid) + "/"
)

// noon is when everything here happens.
func noon() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

// shelf is a store with one database on it.
type shelf struct {
	loaded    core.LoadedDatabase
	authority core.Certificate
	leaf      core.Certificate
	fault     error // of loading
	saveFault map[core.ID]error
	now       time.Time

	status, hash string
	ran          *core.DatabaseRan
	saved        []core.Backup
}

func (s *shelf) LoadDatabase(context.Context, core.Deployment) (core.LoadedDatabase, error) {
	return s.loaded, s.fault
}

func (s *shelf) SetDatabaseStatus(_ context.Context, _, _ int64, status, hash string, ran *core.DatabaseRan) error {
	s.status, s.hash, s.ran = status, hash, ran
	return nil
}

func (s *shelf) SaveBackup(_ context.Context, b core.Backup) error {
	s.saved = append(s.saved, b)
	return s.saveFault[b.UUID]
}

func (s *shelf) GetAuthority(context.Context, int64, int64) (core.Certificate, error) {
	if s.authority.Cert == "" {
		return core.Certificate{}, core.NotFound("Certificate")
	}
	return s.authority, nil
}

func (s *shelf) CreateAuthority(_ context.Context, _, _ int64, c core.Certificate) (core.Certificate, error) {
	if s.authority.Cert == "" {
		s.authority = c
	}
	return s.authority, nil
}

func (s *shelf) GetCertificate(context.Context, int64, int64) (core.Certificate, error) {
	if s.leaf.Cert == "" {
		return core.Certificate{}, core.NotFound("Certificate")
	}
	return s.leaf, nil
}

func (s *shelf) PutCertificate(_ context.Context, _, _ int64, c core.Certificate) error {
	s.leaf = c
	return nil
}

// newShelf holds a new database of an engine.
func newShelf(tb testing.TB, engineName string) *shelf {
	tb.Helper()
	spec, ok := engine.Find(engineName)
	if !ok {
		tb.Fatalf("no engine %s", engineName)
	}
	fields := spec.Defaults()
	for _, f := range spec.Fields {
		if f.Role == engine.RolePassword || f.Role == engine.RoleRootPassword {
			fields[f.Name] = core.NewSecret(password)
		}
	}
	return &shelf{
		now: noon(),
		loaded: core.LoadedDatabase{
			Database: core.Database{
				RowID: 7, UUID: uuid, TeamID: 1, Name: "shop", Type: engineName, Image: spec.Image, Fields: fields,
				Settings: core.DatabaseSettings{Limits: core.DefaultLimits(), Health: core.DefaultHealthCheck()},
			},
			Server: core.Server{RowID: 1, UUID: "srv0", Name: "ship", IP: "203.0.113.7", KeyID: 1,
				Settings: core.ServerSettings{RemoteDir: "/srv/taffrail", DynamicTimeout: 3600}},
			Destination: core.Destination{Network: "taffrail"},
		},
	}
}

func (s *shelf) settings() *core.DatabaseSettings { return &s.loaded.Database.Settings }

func (s *shelf) public(port int) {
	s.settings().Public = core.Public{Enabled: true, Port: port, Timeout: 3600}
}

func (s *shelf) kind() *database.Kind {
	return database.New(s, func() time.Time { return s.now }, "controller.example.com", "203.0.113.99")
}

func (s *shelf) load(tb testing.TB, d core.Deployment) deploy.Target {
	tb.Helper()
	target, err := s.kind().Load(tb.Context(), d)
	if err != nil {
		tb.Fatalf("Load: %v", err)
	}
	return target
}

func (s *shelf) plan(tb testing.TB, d core.Deployment, seen []core.Container) (deploy.Plan, error) {
	tb.Helper()
	d.UUID = "dep"
	return s.load(tb, d).Plan(d, deploy.Observed{Containers: seen, ComposeVersion: "2.40.3", Now: s.now})
}

func (s *shelf) mustPlan(tb testing.TB, d core.Deployment, seen []core.Container) deploy.Plan {
	tb.Helper()
	plan, err := s.plan(tb, d, seen)
	if err != nil {
		tb.Fatalf("Plan: %v", err)
	}
	return plan
}

// ended is d as the carrier hands it to Record.
func ended(tb testing.TB, d core.Deployment, status core.Status, plan deploy.Plan) core.Deployment {
	tb.Helper()
	d.Status, d.Config.Hash = status, plan.Hash
	if status == core.StatusFailed {
		d.Outcome.Reason = "Step failed."
	}
	text, err := json.Marshal(map[string]any{"script": plan.Script, "keep": plan.Keep})
	if err != nil {
		tb.Fatal(err)
	}
	d.Config.Snapshot = core.NewSecret(string(text))
	return d
}

func (s *shelf) record(tb testing.TB, d core.Deployment, found core.Findings) {
	tb.Helper()
	if err := s.kind().Record(tb.Context(), d, found); err != nil {
		tb.Fatalf("Record: %v", err)
	}
}

// start makes the database one that was started and runs with what it is set up for now.
func (s *shelf) start(tb testing.TB) {
	tb.Helper()
	d := core.Deployment{Verb: core.VerbStart}
	plan := s.mustPlan(tb, d, nil)
	s.record(tb, ended(tb, d, core.StatusFinished, plan), core.Findings{Looked: true, Containers: s.running(), Answers: map[string]string{string(uuid): "16.4"}})
	if s.ran.Deployed.Empty() {
		tb.Fatal("what was deployed is not recorded")
	}
	ran := &s.loaded.Database.Ran
	ran.Image, ran.Version, ran.Deployed = s.ran.Image, s.ran.Version, s.ran.Deployed
}

// running are the containers of the database as it is set up.
func (s *shelf) running() []core.Container {
	out := []core.Container{{
		Name: string(uuid), Service: string(uuid), State: "running", Health: "healthy", Image: s.loaded.Database.Image, ImageID: "sha256:1111",
	}}
	if s.settings().Public.Enabled {
		out = append(out, core.Container{Name: string(uuid) + "-proxy", Service: string(uuid) + "-proxy", State: "running", Health: "healthy", Image: "nginx"})
	}
	return out
}

// step finds a step by its name.
func step(tb testing.TB, plan deploy.Plan, name string) run.Step {
	tb.Helper()
	for _, s := range plan.Script.Steps {
		if s.Name == name {
			return s
		}
	}
	tb.Fatalf("no step %q in\n%s", name, plan)
	return run.Step{}
}

func has(plan deploy.Plan, name string) bool {
	for _, s := range plan.Script.Steps {
		if s.Name == name {
			return true
		}
	}
	return false
}

// content is what a step writes into a file.
func content(tb testing.TB, s run.Step, path string) string {
	tb.Helper()
	for _, f := range s.Files {
		if f.Path == path {
			return f.Content
		}
	}
	tb.Fatalf("step %s does not write %s", s.Name, path)
	return ""
}

func code(err error) core.Code { return core.CodeOf(err) }

// says wants an error of a code whose text for a person has these words.
func says(tb testing.TB, err error, want core.Code, words ...string) {
	tb.Helper()
	var e *core.Error
	if !errors.As(err, &e) || e.Code != want {
		tb.Errorf("got %v, want code %s", err, want)
		return
	}
	for _, word := range words {
		if !strings.Contains(e.Msg, word) {
			tb.Errorf("%q does not say %q", e.Msg, word)
		}
	}
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
