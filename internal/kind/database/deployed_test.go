package database_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/taffrail/taffrail/internal/certs"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/run"
)

// services are those of a compose text.
func services(t *testing.T, text string) map[string]map[string]any {
	t.Helper()
	var tree struct{ Services map[string]map[string]any }
	if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
		t.Fatal(err)
	}
	return tree.Services
}

func composeOf(t *testing.T, s run.Step) map[string]map[string]any {
	t.Helper()
	return services(t, content(t, s, "docker-compose.yml"))
}

// TestPutBack: after a failure, what ran before comes back as it was, with the proxy that
// it had by then and the certificate of now.
func TestPutBack(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "postgresql")
	s.settings().EnableSSL = true
	s.start(t)
	old := s.leaf
	s.public(15432)
	s.apply(t, core.Deployment{Verb: core.VerbDeploy, Options: core.Options{OnlyProxy: true}})
	s.now = s.now.AddDate(0, 11, 15)
	s.loaded.Database.Image = "postgres:16-bookworm"
	s.loaded.Database.Fields["postgres_conf"] = core.NewSecret("nonsense")
	plan := s.mustPlan(t, core.Deployment{Verb: core.VerbDeploy}, s.running())
	if s.leaf.Cert == old.Cert {
		t.Fatal("the certificate was not renewed")
	}
	undo, next := step(t, plan, "undo"), step(t, plan, "files")
	back := composeOf(t, undo)
	if len(back) != 2 || back[string(uuid)]["image"] != "postgres:16-alpine" || composeOf(t, next)[string(uuid)]["image"] != "postgres:16-bookworm" {
		t.Errorf("put back: %v", back)
	}
	if got := content(t, undo, "run/ssl/server.crt"); got != s.leaf.Cert {
		t.Error("an old certificate is put back")
	}
	for _, f := range undo.Files {
		if f.Path == "run/postgresql.conf" || f.Path == "proxy/nginx.conf" && !strings.Contains(f.Content, "15432") {
			t.Errorf("put back: %s: %s", f.Path, f.Content)
		}
	}
	if own := step(t, plan, "undo-own"); !strings.Contains(strings.Join(own.Argv, " "), "postgres:16-alpine postgres /taffrail/run/ssl/server.key") {
		t.Errorf("%v", own.Argv)
	}
	if e := step(t, plan, "undo-verify").Watch.Expect; len(e) != 2 || len(e[0].Ready) == 0 {
		t.Errorf("expects %+v", e)
	}
	late := false
	for _, one := range plan.Script.Steps {
		if late = late || one.OnFailure; late != one.OnFailure {
			t.Errorf("%s comes behind those for a failure", one.Name)
		}
	}
}

// apply carries a deployment out in thought, on a database that runs.
func (s *shelf) apply(t *testing.T, d core.Deployment) deploy.Plan {
	t.Helper()
	plan := s.mustPlan(t, d, s.running())
	s.record(t, ended(t, d, core.StatusFinished, plan), core.Findings{Looked: true, Containers: s.running()})
	if !s.ran.Deployed.Empty() {
		s.loaded.Database.Ran.Deployed = s.ran.Deployed
	}
	return plan
}

// TestWhatRunsUnknownIsLeftAlone: without a record of what ran, a failure takes nothing
// down that runs, and everything that does not.
func TestWhatRunsUnknownIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "redis")
	if plan := s.mustPlan(t, core.Deployment{Verb: core.VerbStart}, s.running()); has(plan, "undo") {
		t.Errorf("takes down what runs:\n%s", plan)
	}
	s.start(t)
	for _, state := range []string{"exited", "restarting", "created"} {
		seen := s.running()
		seen[0].State = state
		if undo := step(t, s.mustPlan(t, core.Deployment{Verb: core.VerbStart}, seen), "undo"); !strings.Contains(strings.Join(undo.Argv, " "), " down --remove-orphans") {
			t.Errorf("%s: %v", state, undo)
		}
	}
}

// TestOnlyProxyTouchesNothingElse: settings that wait for the next start go on waiting.
func TestOnlyProxyTouchesNothingElse(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "postgresql")
	s.loaded.Envs = []core.EnvVar{{Key: "DOLLAR", Value: core.NewSecret("a$b$$c")}}
	s.start(t)
	was := composeOf(t, step(t, s.mustPlan(t, core.Deployment{Verb: core.VerbStart}, nil), "files"))
	s.loaded.Database.Image, s.settings().Limits.Memory = "postgres:16-bookworm", "1g"
	s.loaded.Database.Fields["postgres_conf"] = core.NewSecret("work_mem = '1MB'")
	s.public(15432)
	on := s.apply(t, core.Deployment{Verb: core.VerbDeploy, Options: core.Options{OnlyProxy: true}})
	got := composeOf(t, step(t, on, "files"))
	if len(got) != 2 || !sameYAML(t, got[string(uuid)], was[string(uuid)]) {
		t.Errorf("the database changes:\n%v\n%v", was[string(uuid)], got[string(uuid)])
	}
	for _, f := range step(t, on, "files").Files {
		if f.Path != "docker-compose.yml" && !strings.HasPrefix(f.Path, "proxy/") {
			t.Errorf("writes %s", f.Path)
		}
	}
	s.settings().Public.Enabled = false
	off := s.apply(t, core.Deployment{Verb: core.VerbDeploy, Options: core.Options{OnlyProxy: true}})
	if got := composeOf(t, step(t, off, "files")); len(got) != 1 || !sameYAML(t, got[string(uuid)], was[string(uuid)]) {
		t.Errorf("switched off: %v", got)
	}
	if got, err := s.kind().Sum(t.Context(), core.Resting{}, s.running()); err != nil || got.Status != "running:healthy" {
		t.Errorf("without a proxy: %v %v", got, err)
	}
}

func sameYAML(t *testing.T, a, b any) bool {
	t.Helper()
	x, err := yaml.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := yaml.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(x) == string(y)
}

// TestHash: what makes another configuration, and with it another container.
func TestHash(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		engine string
		change func(*shelf)
		same   bool
	}{
		"nothing":       {"redis", func(*shelf) {}, true},
		"another hour":  {"redis", func(s *shelf) { s.now = s.now.Add(time.Hour) }, true},
		"renewed":       {"postgresql", func(s *shelf) { s.leaf = core.Certificate{} }, true},
		"new authority": {"redis", func(s *shelf) { s.leaf, s.authority = core.Certificate{}, core.Certificate{} }, true},
		"name":          {"redis", func(s *shelf) { s.loaded.Database.Name, s.loaded.Project = "other", "moved" }, true},
		"public":        {"redis", func(s *shelf) { s.public(16379) }, true},
		"image":         {"redis", func(s *shelf) { s.loaded.Database.Image = "redis:8" }, false},
		"password":      {"redis", func(s *shelf) { s.loaded.Database.Fields["redis_password"] = core.NewSecret("another") }, false},
		"conf":          {"redis", func(s *shelf) { s.loaded.Database.Fields["redis_conf"] = core.NewSecret("maxmemory 1mb") }, false},
		"pg conf":       {"postgresql", func(s *shelf) { s.loaded.Database.Fields["postgres_conf"] = core.NewSecret("work_mem = 1MB") }, false},
		"ssl off":       {"postgresql", func(s *shelf) { s.settings().EnableSSL = false }, false},
		"limit":         {"redis", func(s *shelf) { s.settings().Limits.Memory = "1g" }, false},
		"variable":      {"redis", func(s *shelf) { s.loaded.Envs = []core.EnvVar{{Key: "A", Value: core.NewSecret("b")}} }, false},
		"mounted file": {"redis", func(s *shelf) {
			s.loaded.Storages = []core.Storage{{IsFile: true, FsPath: "extra", MountPath: "/extra", Content: core.NewSecret("x")}}
		}, false},
	} {
		s := newShelf(t, c.engine)
		s.settings().EnableSSL = true
		d := core.Deployment{Verb: core.VerbDeploy}
		before := s.mustPlan(t, d, nil)
		c.change(s)
		after := s.mustPlan(t, d, nil)
		if same := before.Hash == after.Hash; same != c.same || before.Hash == "" {
			t.Errorf("%s: the same: %t", name, same)
		}
		was, is := composeOf(t, step(t, before, "files"))[string(uuid)], composeOf(t, step(t, after, "files"))[string(uuid)]
		if same := sameYAML(t, was, is); same != c.same {
			t.Errorf("%s: Compose sees the same: %t", name, same)
		}
	}
}

// TestProxyIsRecreated: Compose sees that the proxy's file has changed.
func TestProxyIsRecreated(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "redis")
	s.public(16379)
	d := core.Deployment{Verb: core.VerbStart}
	before := composeOf(t, step(t, s.mustPlan(t, d, nil), "files"))[string(uuid)+"-proxy"]
	s.settings().Public.Allow = []string{"10.0.0.0/8"}
	after := composeOf(t, step(t, s.mustPlan(t, d, nil), "files"))[string(uuid)+"-proxy"]
	if before == nil || sameYAML(t, before, after) {
		t.Errorf("%v", after)
	}
}

// TestCertificates: made when they are to be delivered, kept as long as they are good.
func TestCertificates(t *testing.T) {
	t.Parallel()
	start := core.Deployment{Verb: core.VerbStart}
	s := newShelf(t, "postgresql")
	s.settings().EnableSSL = true
	for _, d := range []core.Deployment{{Verb: core.VerbStop}, {Verb: core.VerbBackup}, {Verb: core.VerbDeploy, Options: core.Options{OnlyProxy: true}}} {
		if s.load(t, d); s.leaf.Cert != "" || s.authority.Cert != "" {
			t.Errorf("%s made certificates", d.Verb)
		}
	}
	s.load(t, start)
	authority, first := s.authority, s.leaf
	if first.Cert == "" || authority.Cert == "" {
		t.Fatal("no certificates were made")
	}
	for name, c := range map[string]struct {
		change func(*shelf)
		same   bool
	}{
		"again":          {func(*shelf) {}, true},
		"31 days before": {func(s *shelf) { s.now = first.NotAfter.AddDate(0, 0, -31) }, true},
		"29 days before": {func(s *shelf) { s.now = first.NotAfter.AddDate(0, 0, -29) }, false},
		"over":           {func(s *shelf) { s.now = first.NotAfter.AddDate(0, 0, 1) }, false},
		"server moved":   {func(s *shelf) { s.loaded.Server.IP = "203.0.113.8" }, false},
		"server named":   {func(s *shelf) { s.loaded.Server.IP = "ship.example.com" }, false},
		"other CA":       {func(s *shelf) { s.authority = core.Certificate{} }, false},
		"off":            {func(s *shelf) { s.settings().EnableSSL = false; s.now = first.NotAfter }, true},
	} {
		s.leaf, s.authority, s.now, s.loaded.Server.IP = first, authority, noon(), "203.0.113.7"
		s.settings().EnableSSL = true
		c.change(s)
		s.load(t, start)
		if same := s.leaf.Cert == first.Cert; same != c.same {
			t.Errorf("%s: the same: %t", name, same)
		}
		if s.authority.Cert != authority.Cert && name != "other CA" {
			t.Errorf("%s: another authority", name)
		}
	}
	if !certs.Covers(authority, first, []string{string(uuid), "localhost"}, nil) {
		t.Error("the certificate does not say its name")
	}
}

// TestCertificatesOfThisMachine: others reach it by names of its own.
func TestCertificatesOfThisMachine(t *testing.T) {
	t.Parallel()
	for key, own := range map[int64]bool{0: true, 7: false} {
		s := newShelf(t, "redis")
		s.settings().EnableSSL, s.loaded.Server.KeyID = true, key
		s.load(t, core.Deployment{Verb: core.VerbStart})
		if got := certs.Covers(s.authority, s.leaf, []string{"controller.example.com"}, []net.IP{net.ParseIP("203.0.113.99")}); got != own {
			t.Errorf("key %d: the certificate is for the controller's own names: %t", key, got)
		}
	}
}

// TestNoCertificate: an address that no certificate can hold is told when a plan is asked
// for, and a stop is possible all the same.
func TestNoCertificate(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "redis")
	s.settings().EnableSSL, s.loaded.Server.IP = true, "schiff.münchen.example"
	_, err := s.plan(t, core.Deployment{Verb: core.VerbStart}, nil)
	says(t, err, core.CodeBadRequest, "schiff.münchen.example", "SSL")
	s.mustPlan(t, core.Deployment{Verb: core.VerbStop}, nil)
}

// TestRenewal: only certificates are written, a server that runs with TLS takes them up,
// and what is put back later has them.
func TestRenewal(t *testing.T) {
	t.Parallel()
	renew := core.Deployment{Verb: core.VerbRenew}
	s := newShelf(t, "postgresql")
	s.start(t)
	s.settings().EnableSSL = true
	if plan := s.mustPlan(t, renew, s.running()); has(plan, "reload") {
		t.Error("what runs without TLS is to take up a certificate")
	}
	s.start(t)
	first := s.leaf
	if plan := s.mustPlan(t, core.Deployment{Verb: core.VerbDeploy}, s.running()); has(plan, "reload") {
		t.Error("the same certificate is taken up again")
	}
	s.now = first.NotAfter.AddDate(0, 0, -20)
	s.loaded.Database.Fields["postgres_conf"] = core.NewSecret("work_mem = 1MB")
	plan := s.apply(t, renew)
	if s.leaf.Cert == first.Cert || !has(plan, "reload") || has(plan, "start") {
		t.Errorf("renewed: %t\n%s", s.leaf.Cert != first.Cert, plan)
	}
	for _, f := range step(t, plan, "files").Files {
		if !f.IsDir && !strings.HasPrefix(f.Path, "run/ssl/") {
			t.Errorf("writes %s", f.Path)
		}
	}
	undo := step(t, s.mustPlan(t, core.Deployment{Verb: core.VerbDeploy}, s.running()), "undo")
	if content(t, undo, "run/ssl/server.key") != s.leaf.Key.Reveal() {
		t.Error("the old key is put back")
	}
	// A renewal that came to nothing is made up for by the next start.
	s.now = s.leaf.NotAfter.AddDate(0, 0, -20)
	s.load(t, renew)
	if plan := s.mustPlan(t, core.Deployment{Verb: core.VerbDeploy}, s.running()); !has(plan, "reload") {
		t.Errorf("not taken up:\n%s", plan)
	}
}
