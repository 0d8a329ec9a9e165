package application_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/kind/application"
	"github.com/taffrail/taffrail/internal/stack"
)

// texts is one for all: its first use takes a while.
var texts = sync.OnceValue(stack.NewReader)

// forge is a host on which git answers with one file and a list of names.
type forge struct {
	host.Host
	name, text string
	paths      []string // a slash behind folders, "@" behind links
	fault      string   // that git tells
	asked      [][]string
}

func (f *forge) Run(_ context.Context, c host.Command) (host.Result, error) {
	f.asked = append(f.asked, c.Argv)
	if f.fault != "" {
		return host.Result{ExitCode: 1, Stderr: []byte(f.fault)}, nil
	}
	var out bytes.Buffer
	const said = "Ann\nann@example.com\n2026-11-22T01:02:03Z\nfeat: shop\n"
	fmt.Fprintf(&out, "tree %s\nmessage %d\n%s", strings.Repeat("ab", 20), len(said), said)
	if f.name == "" {
		fmt.Fprintln(&out, "none")
	} else {
		fmt.Fprintf(&out, "file %d %s\n%s", len(f.text), f.name, f.text)
	}
	z := gzip.NewWriter(&out)
	for i, p := range f.paths {
		mode, kind := "100644", "blob"
		if strings.HasSuffix(p, "/") {
			mode, kind = "040000", "tree"
		} else if strings.HasSuffix(p, "@") {
			mode = "120000"
		}
		fmt.Fprintf(z, "%s %s %012d\t%s\x00", mode, kind, i, strings.TrimRight(p, "/@"))
	}
	err := z.Close()
	return host.Result{Stdout: out.Bytes()}, err
}

const shopText = `services:
  web:
    build: {context: ., args: {MODE: prod}}
    environment: ["PASSWORD=${SERVICE_PASSWORD_WEB}", "AT=${SERVICE_URL_WEB_3000}", "ENV=${API:?set it}"]
    env_file: web.env
    volumes: ["./nginx.conf:/etc/nginx.conf", "./data:/data", "./up:/up", "v1:/v"]
    labels: {traefik.http.middlewares.gz.compress: "true"}
  docs: {build: {context: docs, dockerfile_inline: FROM nginx}, expose: ["8080"], networks: [inner]}
  worker: {image: worker, build: "https://git.test/ann/worker.git"}
  redis: {image: "redis:7"}
volumes: {v1: }
networks: {inner: }
`

// newShop holds an application from a compose file in a repository.
func newShop(name, text string) (*shelf, *forge) {
	s := newShelf()
	f := &forge{name: name, text: text, paths: []string{"Dockerfile", "web.env", "nginx.conf", "up/", "up/x", "docs/", "l@"}}
	s.Application.Build.Pack, s.Application.Build.ComposePath, s.Application.Serve.Ports = core.PackCompose, "/docker-compose.yaml", ""
	s.options = application.Options{Reader: texts(), Hosts: func(context.Context, core.Server) (host.Host, error) { return f, nil }}
	s.env("API", "https://x")
	for _, key := range []string{"SERVICE_PASSWORD_WEB"} {
		s.env(key, "p-web", func(e *core.EnvVar) { e.IsGenerated = true })
	}
	return s, f
}

func addressed(s *shelf) {
	s.Server.ProxyType = "traefik"
	s.Application.Build.ComposeDomains = []core.PartDomain{{Name: "web", Domain: "https://shop.test:3000,https://www.shop.test", Redirect: "non-www"}, {Name: "docs", Domain: "http://docs.test/help"}}
}

// keptStack is an earlier deployment of the shop, which runs.
func keptStack(tb testing.TB, s *shelf) core.Deployment {
	tb.Helper()
	d := deployment(core.VerbDeploy)
	d.UUID = "dep0cccccccccccccccccccc"
	d = ended(tb, d, core.StatusFinished, s.must(tb, d, observed()))
	d.Config.Digests = map[string]string{"redis:7": "redis@sha256:" + strings.Repeat("12", 32)}
	if err := s.kind().Record(tb.Context(), d, core.Findings{Looked: true}); err != nil {
		tb.Fatal(err)
	}
	s.Application.Ran = *s.ran
	for _, p := range s.ran.Composed.Parts {
		if p.Built {
			d.Config.Digests[p.Image] = "sha256:" + p.Name
		}
	}
	s.Kept = []core.Deployment{d}
	return d
}

// TestComposePlans holds the plan and the compose file of each verb.
func TestComposePlans(t *testing.T) {
	t.Parallel()
	up := []core.Container{{ID: "w", Name: "web-" + string(uuid), Service: "web", State: "running", Image: "i"}}
	for name, c := range map[string]struct {
		change func(testing.TB, *shelf, *core.Deployment)
		verb   core.Verb
		seen   []core.Container
	}{
		"first": {verb: core.VerbDeploy},
		"again": {verb: core.VerbDeploy, seen: up, change: func(tb testing.TB, s *shelf, d *core.Deployment) {
			addressed(s)
			keptStack(tb, s)
			s.Application.Hooks = core.Hooks{Pre: "./backup", PreContainer: "web", Post: "./warm", PostContainer: "docs"}
			s.Application.Runtime.ConnectToNet = true
			d.Revision.Commit = strings.Repeat("fe", 20)
		}},
		"secrets": {verb: core.VerbStart, seen: up, change: func(tb testing.TB, s *shelf, d *core.Deployment) {
			keptStack(tb, s)
			s.Application.Build.UseSecrets, s.Application.Build.IncludeCommit = true, true
			d.Options = core.Options{Force: true, PullLatest: true, StopBeforeStart: true}
		}},
		"commands": {verb: core.VerbDeploy, seen: up, change: func(_ testing.TB, s *shelf, _ *core.Deployment) {
			s.Application.Runtime.BuildCompose, s.Application.Runtime.StartCompose = "docker compose build --parallel web", "docker-compose --profile x up -d --build"
		}},
		"raw": {verb: core.VerbDeploy, change: func(_ testing.TB, s *shelf, _ *core.Deployment) {
			addressed(s)
			s.Application.Runtime.RawCompose = true
		}},
		"preview": {verb: core.VerbDeploy, change: func(_ testing.TB, s *shelf, d *core.Deployment) {
			addressed(s)
			s.Server.ProxyType, s.Application.Serve.PreviewURL = "caddy", "{{pr_id}}.{{domain}}"
			s.env("API", "of previews", func(e *core.EnvVar) { e.IsPreview = true })
			s.env("SERVICE_PASSWORD_WEB", "p-pr", func(e *core.EnvVar) { e.IsPreview, e.IsGenerated = true, true })
			d.Revision.PullRequest = 3
		}},
		"restart": {verb: core.VerbRestart, seen: up, change: func(tb testing.TB, s *shelf, _ *core.Deployment) {
			keptStack(tb, s)
			s.Envs[0].Value = core.NewSecret("later")
		}},
		"rollback": {verb: core.VerbRollback, seen: up, change: func(tb testing.TB, s *shelf, d *core.Deployment) {
			s.RollbackOf = keptStack(tb, s)
			d.RollbackOf = s.RollbackOf.UUID
			s.Envs = nil
		}},
		"stop": {verb: core.VerbStop, seen: up, change: func(_ testing.TB, _ *shelf, d *core.Deployment) {
			d.Options.Remove = core.Removal{Volumes: true, Images: true, Networks: true, Configurations: true}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := newShop("docker-compose.yaml", shopText)
			d := deployment(c.verb)
			if c.change != nil {
				c.change(t, s, &d)
			}
			plan := s.must(t, d, observed(c.seen...))
			text := plan.String()
			for _, step := range plan.Script.Steps {
				for _, f := range step.Files {
					if !step.OnFailure && strings.HasSuffix(f.Path, ".yml") {
						text += "--- " + step.Name + " " + f.Path + "\n" + f.Content
					}
				}
			}
			golden(t, "compose-"+name+".golden", text)
		})
	}
}

// TestComposeRefusals: what cannot be deployed says why, with the file and the line.
func TestComposeRefusals(t *testing.T) {
	t.Parallel()
	text := func(lines string) func(*shelf, *forge) {
		return func(_ *shelf, f *forge) { f.text = "services:\n  web:\n" + lines }
	}
	for want, change := range map[string]func(*shelf, *forge){
		"There is no compose file docker-compose.yaml in the repository at commit 0123456789ab": func(_ *shelf, f *forge) { f.name = "" },
		"must stay in the repository":      func(s *shelf, _ *forge) { s.Application.Build.ComposePath = "/../../etc/compose.yaml" },
		`must stay in the repository: no`:  func(s *shelf, _ *forge) { s.Application.Build.BaseDirectory = "/.git" },
		"There is no folder apps in this":  func(_ *shelf, f *forge) { f.fault = "There is no folder apps in this repository at this commit." },
		"does not exist, or it is private": func(_ *shelf, f *forge) { f.fault = "fatal: could not read Username" },
		"is not in the repository":         func(_ *shelf, f *forge) { f.fault = "Commit x is not on refs/heads/main of the repository any more." },
		"line 3: services.web.privileged":  text("    privileged: true\n    image: x\n"),
		"The compose file docker-compose.yaml of commit 0123456789ab cannot be deployed. while parsing a flow sequence at line 2": text("    image: [a\n"),
		"mounts / of the server":             text("    image: x\n    volumes: [\"/:/host\"]\n"),
		"there is no folder api in":          text("    build: api\n"),
		"there is no file docs/Dockerfile":   text("    build: {context: docs, dockerfile: Dockerfile}\n"),
		"l/x is behind a link":               text("    image: x\n    volumes: [\"./l/x:/x\"]\n"),
		"mounts .env, which Taffrail writes": text("    image: x\n    volumes: [\"./.env:/x\"]\n"),
		"put what is included into":          func(_ *shelf, f *forge) { f.text = "include: [base.yml]\nservices: {web: {image: x}}\n" },
		"the variable API needs a value":     func(s *shelf, _ *forge) { s.Envs = nil },
		"no digit first":                     func(s *shelf, _ *forge) { s.env("1A", "x") },
		"build command field has -f":         func(s *shelf, _ *forge) { s.Application.Runtime.BuildCompose = "docker compose -f x.yml build" },
		`must begin with "docker compose"`:   func(s *shelf, _ *forge) { s.Application.Runtime.StartCompose = "sh -c id" },
		"is no domain": func(s *shelf, _ *forge) {
			s.Application.Build.ComposeDomains = []core.PartDomain{{Name: "web", Domain: "https://a b"}}
		},
		"cannot be read by this Taffrail": func(s *shelf, _ *forge) { s.options.Hosts = nil },
		"no build secret may be": func(s *shelf, _ *forge) {
			s.Application.Build.UseSecrets = true
			s.env("A", strings.Repeat("x", 200_000))
		},
	} {
		s, f := newShop("docker-compose.yaml", shopText)
		change(s, f)
		_, err := s.plan(t, deployment(core.VerbDeploy), observed())
		var e *core.Error
		if !errors.As(err, &e) || !strings.Contains(e.Msg, want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	s, _ := newShop("docker-compose.yaml", shopText)
	d := deployment(core.VerbDeploy)
	d.Revision.Commit = "HEAD"
	if _, err := s.plan(t, d, observed()); err == nil || !strings.Contains(err.Error(), "not known which commit") {
		t.Errorf("%v", err)
	}
	s.Application.Build.ComposePath = "/../x"
	if _, err := s.plan(t, deployment(core.VerbStop), observed()); err != nil {
		t.Errorf("a stop: %v", err)
	}
}

// TestComposeSettled: a controller that takes over a deployment which was planned asks no
// repository any more, and other names of the file are told.
func TestComposeSettled(t *testing.T) {
	t.Parallel()
	s, f := newShop("compose.yml", shopText)
	d := deployment(core.VerbDeploy)
	plan := s.must(t, d, observed())
	if s.revision.Message != "feat: shop" {
		t.Errorf("message %q", s.revision.Message)
	}
	if text := plan.String(); !strings.Contains(text, "There is no docker-compose.yaml in the repository: using compose.yml.") {
		t.Error(text)
	}
	if names := f.asked[0][len(f.asked[0])-4:]; strings.Join(names, " ") != "docker-compose.yaml docker-compose.yml compose.yaml compose.yml" {
		t.Errorf("asked for %q", names)
	}
	d = ended(t, d, core.StatusInProgress, plan)
	f.fault = "not to be asked"
	if _, err := s.kind().Load(t.Context(), d); err != nil || len(f.asked) != 1 {
		t.Errorf("%v, asked %d times", err, len(f.asked))
	}
	kept, _ := newShop("docker-compose.yaml", shopText)
	first := keptStack(t, kept)
	status, err := kept.kind().Sum(t.Context(), core.Resting{}, []core.Container{{Service: "web", State: "running"}})
	if err != nil || status.Status != "degraded:unhealthy" || status.Parts["web"] != "running:unknown" || status.Parts["redis"] != "exited:unhealthy" {
		t.Errorf("%+v %v", status, err)
	}
	// Hidden are the values of variables, and not what Taffrail tells.
	target, err := kept.kind().Load(t.Context(), deployment(core.VerbDeploy))
	if err != nil {
		t.Fatal(err)
	}
	hidden := map[string]bool{}
	for _, v := range target.Secrets() {
		hidden[v.Value] = true
	}
	if !hidden["p-web"] || !hidden["https://x"] || hidden["main"] || hidden[commit] {
		t.Errorf("%v", hidden)
	}
	text, err := deploy.Kept(first.Config.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := application.Compare(text, text)
	if err != nil || len(changes) != 0 {
		t.Errorf("%v %v", changes, err)
	}
	other, f := newShop("docker-compose.yaml", strings.Replace(shopText, "redis:7", "redis:8", 1))
	f.text = strings.Replace(f.text, "  docs: {", "  extra: {image: x}\n  docs: {command: \"login ${SERVICE_PASSWORD_WEB}\", ", 1)
	other.Envs[0].Value = core.NewSecret("another")
	changes, err = application.Compare(text, other.must(t, deployment(core.VerbDeploy), observed()).Keep)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, c := range changes {
		told = append(told, fmt.Sprintf("%s %s %s>%s", c.What, c.How, c.Old, c.New))
	}
	got := strings.Join(told, "\n")
	for _, want := range []string{"redis.image changed redis:7>redis:8", "extra.image added >x", "web.environment.ENV changed >", "variable API changed >", "docs.command added >login <REDACTED>"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}
