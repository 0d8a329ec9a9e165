package service_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/kind/service"
	"github.com/taffrail/taffrail/internal/run"
	"github.com/taffrail/taffrail/internal/stack"
)

var update = flag.Bool("update", false, "write the golden files anew")

const uuid = core.ID("svc0aaaaaaaaaaaaaaaaaaaa")

// shelf is a store with one service on it.
type shelf struct {
	service     core.Service
	envs        []core.EnvVar
	server      core.Server
	destination core.Destination
	allowHost   bool
	fault       error

	made                  *service.Kind
	status, hash, compose string
	parts                 map[string]string
}

func (s *shelf) LoadService(context.Context, core.Deployment) (core.Service, []core.EnvVar, core.Server, core.Destination, error) {
	return s.service, s.envs, s.server, s.destination, s.fault
}

func (s *shelf) GetTeam(context.Context, int64) (core.Team, error) {
	return core.Team{AllowHostAccess: s.allowHost}, nil
}

func (s *shelf) SetServiceStatus(_ context.Context, _, _ int64, status, hash, compose string, parts map[string]string) error {
	s.status, s.hash, s.compose, s.parts = status, hash, compose, parts
	return nil
}

// kind is the kind over this store. It is kept, since the first use takes a while.
func (s *shelf) kind() *service.Kind {
	if s.made == nil {
		s.made = service.New(s, stack.NewReader())
	}
	return s.made
}

// drafter is a kind without a store, which is enough for drafts.
var drafter = sync.OnceValue(func() *service.Kind { return service.New(nil, stack.NewReader()) })

// newShelf holds a service with this compose text that was just drafted, with vars set.
func newShelf(tb testing.TB, text string, vars map[string]string) *shelf {
	tb.Helper()
	s := &shelf{
		service:     core.Service{RowID: 7, UUID: uuid, Name: "shop", LabelEscape: true, ComposeRaw: core.NewSecret(text)},
		server:      core.Server{RowID: 1, IP: "203.0.113.7", KeyID: 1},
		destination: core.Destination{Network: "taffrail"},
	}
	for name, value := range vars {
		s.envs = append(s.envs, core.EnvVar{Key: name, Value: core.NewSecret(value), IsRuntime: true, IsLiteral: true})
	}
	draft, err := drafter().Draft(s.service, s.envs, s.server, false)
	if err != nil {
		tb.Fatalf("Draft: %v", fieldsOf(err))
	}
	s.service.Parts = draft.Parts
	s.envs = append(s.envs, draft.Envs...)
	return s
}

func (s *shelf) plan(tb testing.TB, d core.Deployment, seen deploy.Observed) (deploy.Plan, error) {
	tb.Helper()
	target, err := s.kind().Load(context.Background(), d)
	if err != nil {
		tb.Fatalf("Load: %v", err)
	}
	return target.Plan(d, seen)
}

// written returns the files of a deployment by name.
func (s *shelf) written(tb testing.TB) map[string]run.File {
	tb.Helper()
	plan, err := s.plan(tb, core.Deployment{UUID: "dep", Verb: core.VerbDeploy}, deploy.Observed{})
	if err != nil {
		tb.Fatalf("Plan: %v", fieldsOf(err))
	}
	files := map[string]run.File{}
	for _, f := range plan.Script.Steps[0].Files {
		files[f.Path] = f
	}
	return files
}

func draft(text string, allowHost bool) (core.ServiceDraft, error) {
	s := core.Service{UUID: uuid, LabelEscape: true, ComposeRaw: core.NewSecret(text)}
	return drafter().Draft(s, nil, core.Server{IP: "203.0.113.7", KeyID: 1}, allowHost)
}

// fieldsOf returns what an error says about the compose text, or the error itself.
func fieldsOf(err error) string {
	var e *core.Error
	if errors.As(err, &e) && e.Code == core.CodeInvalid && len(e.Fields) > 0 {
		return strings.Join(e.Fields["docker_compose_raw"], "\n")
	}
	if err != nil {
		return "not about the text: " + err.Error()
	}
	return ""
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
