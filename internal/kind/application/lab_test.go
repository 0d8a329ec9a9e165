package application_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/kind/application"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/run"
)

// dockerfile is an application that listens on port 3000 and ends when it is told to.
func dockerfile(lines ...string) string {
	return strings.Join(append(append([]string{"FROM alpine:3", "COPY www /www"}, lines...),
		`CMD ["sh", "-c", "httpd -f -p 3000 -h /www & trap 'kill $!; exit 0' TERM; wait"]`, ""), "\n")
}

const (
	well = "HEALTHCHECK --interval=300ms --timeout=2s --retries=20 CMD wget -q -O /dev/null http://127.0.0.1:3000/"
	ill  = "HEALTHCHECK --interval=300ms --timeout=2s --retries=2 CMD echo out of order; exit 1"
)

func version(n string, lines ...string) map[string]string {
	return map[string]string{"Dockerfile": dockerfile(lines...), "www/index.html": n}
}

// TestDeployFromGit goes through the life of an application that is built from a
// repository: built once, started again, failed, and brought back.
func TestDeployFromGit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.env("GREETING", "hello $USER_NAME, P@$$w0rd\nline {{team.MOTTO}}")
	b.env("USER_NAME", "ann")
	b.Shared = []core.EnvVar{{Key: "team.MOTTO", Value: core.NewSecret("$x {{y}}")}}
	b.Application.Hooks = core.Hooks{Pre: "echo before from $(cat /www/index.html)", Post: "echo behind >/tmp/post; exit 3"}
	one := b.commit("feat: first\n\nbody", version("one", well, "RUN echo $USER_NAME >/www/arg"))
	out, first := b.good(b.deployment(core.VerbDeploy, one))
	if b.body() != "one" || b.status != "running:healthy" || b.revision.Message != "feat: first\n\nbody" || b.ran.Commit != one || b.further != 1 {
		t.Errorf("%q %q %+v %+v", b.body(), b.status, b.revision, b.ran)
	}
	for _, want := range []string{"Skipping the pre-deployment command", `Attempt 1 of 20 | Healthcheck status: "`} {
		if !strings.Contains(out.log, want) {
			t.Errorf("%q is not in the log\n%s", want, out.log)
		}
	}
	if out.end.Reason != `Step "post-deploy" failed: docker exited with code 3.` {
		t.Errorf("reason %q", out.end.Reason)
	}
	name := b.containers()[0]
	if got := b.run("docker", "exec", name, "sh", "-c", `echo "$GREETING|$PORT|$SOURCE_COMMIT|$COOLIFY_CONTAINER_NAME|$(cat /www/arg)"`); got != "hello ann, P@$$w0rd\nline $x {{y}}|3000|"+one+"|"+name+"|ann" {
		t.Errorf("environment %q", got)
	}
	if left := b.run("ls", filepath.Join(b.Server.Settings.RemoteDir, "applications", b.project())); strings.Contains(left, "build") {
		t.Errorf("left behind: %s", left)
	}

	// The same commit again: nothing is built, nothing is fetched, and it is quick.
	out, _ = b.good(b.deployment(core.VerbDeploy, one))
	if slices.Contains(out.steps, "build") || slices.Contains(out.steps, "fetch") || !strings.Contains(out.log, "before from one") {
		t.Errorf("%v\n%s", out.steps, out.log)
	}
	t.Logf("a deployment of what is there took %s", out.took)

	// A build that fails leaves everything as it is.
	before := b.containers()
	bad := b.commit("bad", version("bad", "RUN echo step by step; exit 42"))
	out, _ = b.deploy(b.deployment(core.VerbDeploy, bad))
	if out.end.State != run.StateFailed || out.end.Step != "build" || out.end.Restored != "" || !strings.Contains(out.log, "step by step") || !slices.Equal(before, b.containers()) {
		t.Errorf("%+v %v\n%s", out.end, b.containers(), out.log)
	}
	missing := b.commit("no Dockerfile", map[string]string{"Dockerfile": ""})
	b.Application.Build.DockerfilePath = "/deploy/Dockerfile"
	out, _ = b.deploy(b.deployment(core.VerbDeploy, missing))
	if out.end.Step != "path" || !strings.Contains(out.log, "There is no deploy/Dockerfile in this repository") {
		t.Errorf("%+v\n%s", out.end, out.log)
	}
	b.Application.Build.DockerfilePath = ""

	// Another one, with other settings, and the way back to the image and settings of the first.
	two := b.commit("second", version("two", well))
	b.Envs[1].Value = core.NewSecret("bob")
	b.good(b.deployment(core.VerbDeploy, two))
	if b.body() != "two" {
		t.Errorf("second: %q", b.body())
	}
	back := b.deployment(core.VerbRollback, one)
	back.RollbackOf, b.RollbackOf = first.UUID, first
	out, _ = b.good(back)
	got := b.run("docker", "exec", b.containers()[0], "sh", "-c", `echo "$USER_NAME $(cat /www/index.html)"`)
	if got != "ann one" || slices.Contains(out.steps, "build") || b.ran.Commit != one || b.run("docker", "image", "inspect", "-f", "{{.Id}}", b.ran.Image) != first.Config.Digests[b.ran.Image] {
		t.Errorf("rolled back to %q: %+v %v", got, b.ran, out.steps)
	}

	// A restart brings up the same image with the settings of now.
	out, _ = b.good(b.deployment(core.VerbRestart, two))
	got = b.run("docker", "exec", b.containers()[0], "sh", "-c", `echo "$USER_NAME $(cat /www/index.html)"`)
	if got != "bob one" || slices.Contains(out.steps, "build") {
		t.Errorf("restarted %q: %v", got, out.steps)
	}
	if out, _ = b.good(b.deployment(core.VerbStop, "")); b.status != "exited:unhealthy" || len(b.containers()) != 0 {
		t.Errorf("stopped: %q %v\n%s", b.status, b.containers(), out.log)
	}
}

// TestBuildSecrets: what a build was told in secret is in no layer and no record of the
// image, in no list of processes and on no disk.
func TestBuildSecrets(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const value = "s3cret'\"$x\nsecond line"
	b.env("NPM_TOKEN", value, func(e *core.EnvVar) { e.IsRuntime, e.IsLiteral = false, true })
	b.Application.Build.UseSecrets = true
	commit := b.commit("secret", version("one", well,
		`RUN --mount=type=secret,id=NPM_TOKEN wc -c </run/secrets/NPM_TOKEN >/www/size; ! env | grep -q NPM_TOKEN`))
	out, d := b.good(b.deployment(core.VerbDeploy, commit))
	if got := b.run("docker", "exec", b.containers()[0], "cat", "/www/size"); got != fmt.Sprint(len(value)) {
		t.Errorf("the build saw %s bytes", got)
	}
	for image := range d.Config.Digests {
		if shown := b.run("docker", "history", "--no-trunc", image) + b.run("docker", "inspect", image); strings.Contains(shown, "s3cret") {
			t.Errorf("the secret is in %s", shown)
		}
	}
	if strings.Contains(out.log, "s3cret") {
		t.Error("the secret is in the log")
	}
	if found := b.run("sh", "-c", `grep -rl s3cret "$1" || true`, "sh", filepath.Join(b.Server.Settings.RemoteDir, "applications")); found != "" {
		t.Errorf("the secret is in %s", found)
	}
}

// TestAskedByHTTP: an image without any health check is asked from outside; one that only
// its own container reaches is not well, and its last words are in the log.
func TestAskedByHTTP(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.Application.Health = core.AppHealth{Enabled: true, Type: "http", Path: "/", Code: 200, Text: "one", Interval: 1, Timeout: 1, Retries: 2}
	one := b.commit("first", version("one"))
	out, _ := b.good(b.deployment(core.VerbDeploy, one))
	if b.status != "running:healthy" || !strings.Contains(out.log, `| Healthcheck status: "healthy" | 200 OK`) {
		t.Errorf("%q\n%s", b.status, out.log)
	}
	before := b.containers()
	deaf := b.commit("deaf", map[string]string{"Dockerfile": "FROM alpine:3\nCMD [\"sh\", \"-c\", \"echo listening for myself; exec httpd -f -p 127.0.0.1:3000\"]\n"})
	out, _ = b.deploy(b.deployment(core.VerbDeploy, deaf))
	for _, want := range []string{`Attempt 2 of 2 | Healthcheck status: "unhealthy"`, "listening for myself"} {
		if !strings.Contains(out.log, want) {
			t.Errorf("%q is not in the log\n%s", want, out.log)
		}
	}
	if out.end.State != run.StateFailed || out.end.Restored != "What it had changed was taken back." || !slices.Equal(before, b.containers()) || b.status != "running:healthy" {
		t.Errorf("%+v %v %q", out.end, b.containers(), b.status)
	}
}

// TestStopThenStart: with a name of its own there cannot be two of a container; if the
// new one fails, the old one is started again under that name.
func TestStopThenStart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.Application.Runtime.FixedName = true
	b.good(b.deployment(core.VerbDeploy, b.commit("first", version("one", well))))
	if got := b.containers(); !slices.Equal(got, []string{b.project()}) {
		t.Fatalf("containers: %v", got)
	}
	out, _ := b.good(b.deployment(core.VerbDeploy, b.commit("second", version("two", well))))
	if b.body() != "two" || !slices.Equal(b.containers(), []string{b.project()}) || !strings.Contains(out.log, "Rolling update is not possible: the container keeps its name") {
		t.Errorf("%q %v\n%s", b.body(), b.containers(), out.log)
	}
	id := b.run("docker", "inspect", "-f", "{{.Id}}", b.project())
	out, _ = b.deploy(b.deployment(core.VerbDeploy, b.commit("ill", version("ill", ill))))
	if out.end.State != run.StateFailed || out.end.Restored != "What it had changed was taken back." || !strings.Contains(out.log, "out of order") {
		t.Errorf("%+v\n%s", out.end, out.log)
	}
	if b.body() != "two" || b.run("docker", "inspect", "-f", "{{.Id}}", b.project()) != id {
		t.Errorf("%q runs", b.body())
	}
}

// TestOtherPacks deploys a folder of files, a pasted Dockerfile and an image of others.
func TestOtherPacks(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ask := func(path string) string {
		return b.run("docker", "exec", b.containers()[0], "sh", "-c", `wget -q -O - "http://127.0.0.1:80$1" 2>&1 || true`, "sh", path)
	}
	commit := b.commit("site", map[string]string{"site/dist/index.html": "start", "site/dist/about.html": "about", "site/secret.txt": "no"})
	b.Application.Build = core.Build{Pack: core.PackStatic, BaseDirectory: "/site", PublishDir: "/dist", StaticImage: "nginx:stable-alpine", KeepImages: 2}
	b.good(b.deployment(core.VerbDeploy, commit))
	if ask("/") != "start" || ask("/about") != "about" || !strings.Contains(ask("/else"), "404") || !strings.Contains(ask("/secret.txt"), "404") {
		t.Errorf("static: %q %q %q %q", ask("/"), ask("/about"), ask("/else"), ask("/secret.txt"))
	}
	b.Application.Build.IsSPA = true
	b.good(b.deployment(core.VerbDeploy, commit))
	if ask("/else/where") != "start" {
		t.Errorf("single page: %q", ask("/else/where"))
	}
	b.Application.Build = core.Build{Pack: core.PackNixpacks, BaseDirectory: "/", KeepImages: 2}
	out, _ := b.deploy(b.deployment(core.VerbDeploy, commit))
	if out.end.Step != "builder" || !strings.Contains(out.log, "nixpacks is not on the server that builds. Install it there") {
		t.Errorf("nixpacks: %+v\n%s", out.end, out.log)
	}
	b.Application.Source = core.Source{}
	b.Application.Build = core.Build{Pack: core.PackDockerfile, Dockerfile: "FROM alpine:3\nRUN echo $WORD >/word\nCMD [\"sleep\", \"600\"]\n", InjectArgs: true, KeepImages: 2}
	b.env("WORD", `a "b" $c`, func(e *core.EnvVar) { e.IsLiteral = true })
	b.good(b.deployment(core.VerbDeploy, "HEAD"))
	if got := b.run("docker", "exec", b.containers()[0], "cat", "/word"); got != `a "b" $c` {
		t.Errorf("pasted: %q", got)
	}
	b.Application.Build = core.Build{Pack: core.PackImage, ImageName: "nginx", ImageTag: "stable-alpine", KeepImages: 2}
	b.good(b.deployment(core.VerbDeploy, "HEAD"))
	if !strings.Contains(ask("/"), "nginx") {
		t.Errorf("image: %q", ask("/"))
	}
	b.Application.Build.ImageTag = "no-such-tag"
	out, _ = b.deploy(b.deployment(core.VerbDeploy, "HEAD"))
	if out.end.Step != "pull" || out.end.Restored != "" || len(b.containers()) != 1 {
		t.Errorf("no such image: %+v", out.end)
	}
}

const httpPort, httpsPort = 18790, 18793

// proxied puts a managed proxy in front of the application.
func (b *bench) proxied(kind proxy.Kind) {
	b.Helper()
	m := proxy.Managed{
		Kind: kind, Dir: filepath.Join(b.Server.Settings.RemoteDir, proxy.Folder), HTTP: httpPort, HTTPS: httpsPort, Networks: []string{b.Destination.Network},
	}
	carry := func(ctx context.Context, steps []run.Step, err error) {
		if err != nil {
			b.Fatal(err)
		}
		script := run.Script{ID: core.NewID(), Dir: m.Dir, Steps: steps}
		if out := b.carryOut(ctx, planOf(script)); out.end.State != run.StateFinished {
			b.Fatalf("proxy: %+v\n%s", out.end, out.log)
		}
	}
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(b.Context()), patience)
		defer cancel()
		steps, err := m.Stop()
		carry(ctx, steps, err)
	})
	steps, err := m.Start()
	carry(b.Context(), steps, err)
	b.Server.ProxyType = string(kind)
	b.Application.Serve.Domains, b.Application.Serve.ForceHTTPS = "http://shop.test", false
}

// load asks the proxy without a pause and counts what answers.
type load struct {
	mu     sync.Mutex
	asked  map[string]int
	failed []string
	wg     sync.WaitGroup
}

func (l *load) put(ctx context.Context) {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, fmt.Sprintf("%s:%d", labAddress, httpPort))
	}
	for i := range 6 {
		l.wg.Go(func() {
			c := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: i%2 == 0}}
			for ctx.Err() == nil {
				l.ask(context.WithoutCancel(ctx), &c)
			}
		})
	}
}

func (l *load) ask(ctx context.Context, c *http.Client) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://shop.test/", http.NoBody)
	if err != nil {
		panic(err)
	}
	res, err := c.Do(req)
	text := fmt.Sprint(err)
	if err == nil {
		var body []byte
		body, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
		text = fmt.Sprint(res.StatusCode, " ", string(body), " ", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && res.StatusCode == http.StatusOK {
		l.asked[strings.Fields(text)[1]]++
	} else {
		l.failed = append(l.failed, text)
	}
}

// TestNothingIsLost replaces the application under load, with versions that are well, that
// are not, and back again: no request fails, and no sick container ever answers one.
func TestNothingIsLost(t *testing.T) {
	for kind, updates := range map[proxy.Kind]int{proxy.Caddy: 4, proxy.Traefik: 10} {
		t.Run(string(kind), func(t *testing.T) { nothingIsLost(t, kind, updates) })
	}
}

func nothingIsLost(t *testing.T, kind proxy.Kind, updates int) {
	b := newBench(t)
	b.proxied(kind)
	_, first := b.good(b.deployment(core.VerbDeploy, b.commit("v0", version("v0", well))))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l := &load{asked: map[string]int{}}
	l.put(ctx)
	for n := 1; n <= updates; n++ {
		name := fmt.Sprintf("v%d", n)
		b.good(b.deployment(core.VerbDeploy, b.commit(name, version(name, well))))
		if n%4 != 0 {
			continue
		}
		out, _ := b.deploy(b.deployment(core.VerbDeploy, b.commit("ill", version("ill", ill))))
		if out.end.State != run.StateFailed || out.end.Step != "verify" || !strings.Contains(out.log, "out of order") || len(b.containers()) != 1 {
			t.Errorf("%+v %v\n%s", out.end, b.containers(), out.log)
		}
	}
	back := b.deployment(core.VerbRollback, "")
	back.RollbackOf, b.RollbackOf = first.UUID, first
	b.good(back)
	if kind == proxy.Caddy {
		b.cancelLate()
	}
	cancel()
	l.wg.Wait()
	if kind == proxy.Traefik {
		// It gives requests to the old container only when the new one is gone, so those that
		// are at work there then are lost.
		b.cancelLate()
	}
	t.Logf("%d updates: %v", updates, l.asked)
	if len(l.failed) > 0 {
		t.Errorf("%d requests failed:\n%s", len(l.failed), strings.Join(l.failed[:min(len(l.failed), 20)], "\n"))
	}
	for n := range updates + 1 {
		if l.asked[fmt.Sprintf("v%d", n)] == 0 {
			t.Errorf("nobody asked v%d", n)
		}
	}
	if l.asked["ill"] != 0 {
		t.Errorf("the sick one was asked %d times", l.asked["ill"])
	}
}

// cancelLate cancels a deployment when its new container has the requests already and the
// old one is stopped: that one gets them back.
func (b *bench) cancelLate() {
	b.Helper()
	before := b.containers()
	b.Application.Hooks.Post = "touch /tmp/begun; sleep 300"
	d := b.deployment(core.VerbDeploy, b.commit("late", version("late", well)))
	ended := make(chan outcome)
	go func() {
		out, _ := b.deploy(d)
		ended <- out
	}()
	name := b.project() + "-" + string(d.UUID[:8])
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for begun := false; !begun; {
		select {
		case out := <-ended:
			b.Fatalf("%+v\n%s", out.end, out.log)
		case <-tick.C:
			res, err := b.host.Run(b.Context(), host.Command{Argv: []string{"docker", "exec", name, "test", "-e", "/tmp/begun"}})
			begun = err == nil && res.ExitCode == 0
		}
	}
	if err := b.host.Kill(b.Context(), d.UUID); err != nil {
		b.Error(err)
	}
	out := <-ended
	if out.end.State != run.StateCancelled || out.end.Restored != "What it had changed was taken back." || !slices.Equal(b.containers(), before) {
		b.Errorf("%+v %v, before %v\n%s", out.end, b.containers(), before, out.log)
	}
	if b.body() != "v0" {
		b.Errorf("%q runs", b.body())
	}
}

// TestCompareOfDeployments is a dry run of a rollback.
func TestCompareOfDeployments(t *testing.T) {
	t.Parallel()
	s := newShelf()
	s.env("SAME", "x")
	s.env("CHANGED", "s3cret-one")
	s.env("GONE", "x")
	old := s.must(t, deployment(core.VerbDeploy), observed())
	s.Envs[1].Value, s.Envs[2].Key = core.NewSecret("s3cret-two"), "NEW"
	s.Application.Runtime.Limits.Memory, s.Application.Serve.Domains = "1g", "https://a.test"
	s.Storages = []core.Storage{{Name: "data", MountPath: "/data"}, {IsFile: true, FsPath: "conf", MountPath: "/conf", Content: core.NewSecret("s3cret")}}
	now := s.must(t, deployment(core.VerbDeploy), observed())
	changes, err := application.Compare(now.Keep, old.Keep)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&text, "%s %s: %q -> %q\n", c.What, c.How, c.Old, c.New)
	}
	golden(t, "compare.golden", text.String())
	if same, err := application.Compare(now.Keep, now.Keep); err != nil || len(same) != 0 {
		t.Errorf("itself: %v %v", same, err)
	}
	if _, err := application.Compare([]byte("{"), now.Keep); err == nil {
		t.Error("broken text is read")
	}
}
