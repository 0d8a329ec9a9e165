package application_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/kind/application"
	"github.com/taffrail/taffrail/internal/run"
	"github.com/taffrail/taffrail/internal/stack"
)

const stackText = `services:
  web:
    build: ./web
    environment: [SERVICE_PASSWORD_WEB, "GREETING=${GREETING:-hello}", "COUNT=redis://cache:6379"]
    volumes: ["./conf:/conf:ro", "./uploads:/uploads", "data:/data"]
    depends_on: [cache]
    stop_grace_period: 1s
    restart: "no"
    healthcheck: {test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:3000/"], interval: 500ms, retries: 20}
  worker: {image: shop, command: [sleep, infinity], init: true, stop_grace_period: 1s, build: {context: web}}
  cache: {image: "redis:7", stop_grace_period: 1s}
volumes: {data: }
`

// newStack is an application from a compose file of the lab's git server.
func newStack(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.Application.Build.Pack, b.Application.Build.ComposePath, b.Application.Serve.Ports = core.PackCompose, "/docker-compose.yaml", ""
	b.Application.Runtime.ConnectToNet = true
	b.options = application.Options{
		Reader: stack.NewReader(),
		Hosts:  func(context.Context, core.Server) (host.Host, error) { return b.host, nil },
	}
	return b
}

func files(page string, more map[string]string) map[string]string {
	out := map[string]string{
		"docker-compose.yaml": stackText, "web/Dockerfile": dockerfile(), "web/www/index.html": page,
		"conf/app.conf": "one", "uploads/.gitkeep": "",
	}
	for name, text := range more {
		out[name] = text
	}
	return out
}

func (b *bench) inside(service string, argv ...string) string {
	return b.run(append([]string{"docker", "exec", service + "-" + b.project()}, argv...)...)
}

func (b *bench) variable(name string) string {
	return b.inside("web", "sh", "-c", `eval "echo \"\$$1\""`, "sh", name)
}

func (b *bench) page() string {
	return b.inside("web", "wget", "-q", "-O", "-", "http://127.0.0.1:3000/")
}

func (b *bench) id(service string) string {
	return b.run("docker", "inspect", "-f", "{{.Id}}", service+"-"+b.project())
}

// TestComposeFromGit goes through the life of an application from a compose file: built,
// built again in part, failed and put back, brought back, restarted, and deleted.
func TestComposeFromGit(t *testing.T) {
	t.Parallel()
	b := newStack(t)
	b.env("GREETING", "good day, P@$$w0rd")
	b.Application.Hooks = core.Hooks{Pre: "echo before $(cat /www/index.html)", Post: "echo behind; exit 3"}
	one := b.commit("feat: first", files("one", nil))
	out, first := b.good(b.deployment(core.VerbDeploy, one))
	t.Logf("the first deployment took %s", out.took)
	if b.page() != "one" || b.status != "running:unknown" && b.status != "running:healthy" || b.revision.Message != "feat: first" || b.ran.Commit != one {
		t.Errorf("%q %q %+v %+v\n%s", b.page(), b.status, b.revision, b.ran, out.log)
	}
	password := b.variable("SERVICE_PASSWORD_WEB")
	if got := b.variable("GREETING"); got != "good day, P@$$w0rd" || len(password) != 32 || b.variable("SOURCE_COMMIT") != one {
		t.Errorf("environment %q %q", got, password)
	}
	if b.inside("web", "cat", "/conf/app.conf") != "one" || b.ran.Composed.Raw.Reveal() != stackText || len(b.ran.Composed.Parts) != 3 {
		t.Errorf("%+v", b.ran.Composed)
	}
	if out.end.Reason != `Step "post-deploy" failed: docker exited with code 3.` || !strings.Contains(out.log, "Rolling update is not possible") {
		t.Errorf("%q\n%s", out.end.Reason, out.log)
	}
	b.inside("web", "sh", "-c", "echo kept >/uploads/mine; echo kept >/data/mine")
	cache, web := b.id("cache"), b.id("web")

	// The same commit again: nothing is fetched, built or made anew.
	out, _ = b.good(b.deployment(core.VerbDeploy, one))
	if slices.Contains(out.steps, "build") || slices.Contains(out.steps, "fetch") || b.id("web") != web || b.id("cache") != cache || !strings.Contains(out.log, "before one") {
		t.Errorf("%v\n%s", out.steps, out.log)
	}
	t.Logf("a deployment of what is there took %s", out.took)

	// A build that fails leaves everything as it is.
	bad := b.commit("bad", files("bad", map[string]string{"web/Dockerfile": dockerfile("RUN echo step by step; exit 42")}))
	out, _ = b.deploy(b.deployment(core.VerbDeploy, bad))
	if out.end.State != run.StateFailed || out.end.Step != "build" || out.end.Restored != "" || !strings.Contains(out.log, "step by step") || b.id("web") != web {
		t.Errorf("%+v\n%s", out.end, out.log)
	}

	// One that comes up ill is put back.
	ill := b.commit("ill", files("ill", map[string]string{"web/Dockerfile": "FROM alpine:3\nCMD [\"sh\", \"-c\", \"echo out of order; exit 7\"]\n", "conf/app.conf": "ill"}))
	out, _ = b.deploy(b.deployment(core.VerbDeploy, ill))
	if out.end.State != run.StateFailed || out.end.Step != "start" && out.end.Step != "verify" || b.page() != "one" || b.inside("web", "cat", "/conf/app.conf") != "one" || b.id("cache") != cache {
		t.Errorf("%+v %q\n%s", out.end, b.page(), out.log)
	}
	if !strings.Contains(out.log, "out of order") {
		t.Errorf("its last words are missing\n%s", out.log)
	}

	// The next one changes what it changes, and no more.
	two := b.commit("second", files("two", map[string]string{"conf/app.conf": "two", "uploads/new": "from the repository"}))
	b.good(b.deployment(core.VerbDeploy, two))
	if b.page() != "two" || b.id("cache") != cache || b.inside("web", "cat", "/conf/app.conf") != "two" {
		t.Errorf("second: %q", b.page())
	}
	if got := b.inside("web", "sh", "-c", "cat /uploads/mine /data/mine /uploads/new"); got != "kept\nkept\nfrom the repository" || b.variable("SERVICE_PASSWORD_WEB") != password {
		t.Errorf("what was written: %q", got)
	}

	b.backAndAway(first, one, two)
}

// backAndAway brings the first deployment back, restarts what runs then, and deletes it.
func (b *bench) backAndAway(first core.Deployment, one, two string) {
	t := b.T
	t.Helper()
	// Back to the first: its images, files and variables.
	for i := range b.Envs {
		if b.Envs[i].Key == "GREETING" {
			b.Envs[i].Value = core.NewSecret("later")
		}
	}
	back := b.deployment(core.VerbRollback, one)
	back.RollbackOf, b.RollbackOf = first.UUID, first
	out, _ := b.good(back)
	if b.page() != "one" || b.inside("web", "cat", "/conf/app.conf") != "one" || b.variable("GREETING") != "good day, P@$$w0rd" || slices.Contains(out.steps, "build") {
		t.Errorf("rolled back to %q\n%s", b.page(), out.log)
	}
	// A restart makes containers of the same images anew, with the variables of now.
	web := b.id("web")
	out, _ = b.good(b.deployment(core.VerbRestart, two))
	if b.page() != "one" || b.id("web") == web || b.variable("GREETING") != "later" || slices.Contains(out.steps, "build") {
		t.Errorf("restarted %q\n%s", b.page(), out.log)
	}
	stop := b.deployment(core.VerbStop, "")
	stop.Options.Remove = core.Removal{Volumes: true, Images: true, Networks: true, Configurations: true}
	b.good(stop)
	label := "label=com.docker.compose.project=" + b.project()
	left := b.run("docker", "ps", "-aq", "--filter", label) + b.run("docker", "volume", "ls", "-q", "--filter", label) +
		b.run("docker", "network", "ls", "-q", "--filter", label) + b.run("docker", "image", "ls", "-q", b.project())
	if left != "" || b.status != "exited:unhealthy" {
		t.Errorf("left: %s, %q", left, b.status)
	}
}
