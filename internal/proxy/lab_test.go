package proxy_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/run"
)

// The images of the lab: that of the application has nothing but a libc.
const (
	appImage  = "alpine:3"
	httpPort  = 18480
	httpsPort = 18443
	patience  = 2 * time.Minute
)

// bench is a managed proxy on this machine's Docker, and containers behind it.
type bench struct {
	*testing.T
	remote  string
	network string
	managed proxy.Managed
	self    string
}

// newBench starts the proxy. There is one on a machine at a time.
func newBench(t *testing.T, kind proxy.Kind) *bench {
	t.Helper()
	needLab(t, kind)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, remote: t.TempDir(), network: "proxytest-" + string(core.NewID()), self: self}
	b.managed = proxy.Managed{
		Kind: kind, Dir: filepath.Join(b.remote, proxy.Folder), HTTP: httpPort, HTTPS: httpsPort, Address: "127.0.0.1", Networks: []string{b.network},
	}
	// The runner makes folders private, and a container reaches its own by a mount.
	t.Cleanup(func() {
		b.T = t
		b.docker("network", "rm", b.network)
	})
	t.Cleanup(func() {
		b.T = t
		steps, err := b.managed.Stop()
		if err != nil {
			t.Error(err)
			return
		}
		if end, log := b.carryOut(steps); end.State != run.StateFinished {
			t.Errorf("stop: %+v\n%s", end, log)
		}
	})
	b.must(b.managed.Start())
	return b
}

// needLab skips a test that needs Docker and the image of a proxy.
func needLab(t *testing.T, kind proxy.Kind) {
	t.Helper()
	image := map[proxy.Kind]string{proxy.Caddy: "lucaslorentz/caddy-docker-proxy/manifests/2.10-alpine", proxy.Traefik: "library/traefik/manifests/v3.6"}[kind]
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+os.Getenv("TAFFRAIL_LAB_REGISTRY")+"/v2/"+image, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "application/vnd.docker.distribution.manifest.v2+json")
	if res, err := http.DefaultClient.Do(r); err == nil {
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("the lab has no %s: run lab/up.sh proxies", kind)
	}
	t.Skipf("needs Docker and a real %s: run lab/up.sh test and proxies, and load the lab's environment", kind)
}

// with is the bench for a subtest.
func (b *bench) with(t *testing.T) *bench {
	c := *b
	c.T = t
	return &c
}

// docker runs a command that clean-up needs as well, when the test's context is over.
func (b *bench) docker(args ...string) string {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.Context()), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "docker", args...).CombinedOutput()
	if err != nil {
		b.Errorf("docker %s: %v: %s", args[0], err, out)
	}
	return strings.TrimSpace(string(out))
}

// carryOut does what servers do with steps, and returns all that was said.
func (b *bench) carryOut(steps []run.Step) (run.End, string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.Context()), patience)
	defer cancel()
	id, root := core.NewID(), filepath.Join(b.remote, "runs")
	if _, err := run.Launch(ctx, root, run.Script{ID: id, Dir: b.managed.Dir, Steps: steps}, b.self); err != nil {
		b.Fatal(err)
	}
	var spool, log bytes.Buffer
	if err := run.Follow(ctx, filepath.Join(root, string(id)), 0, &spool, nil); err != nil {
		b.Fatal(err)
	}
	for r := run.NewReader(&spool, 0); ; {
		f, err := r.Next()
		if err != nil {
			b.Fatalf("the run has no end: %v\n%s", err, log.String())
		}
		switch f.Kind {
		case run.FrameStdout, run.FrameStderr, run.FrameInfo, run.FrameWarning:
			log.Write(append(bytes.TrimRight(f.Data, "\n"), '\n'))
		case run.FrameEnd:
			end, err := f.End()
			if err != nil {
				b.Fatal(err)
			}
			return *end, log.String()
		}
	}
}

// must carries out steps that have to work.
func (b *bench) must(steps []run.Step, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	if end, log := b.carryOut(steps); end.State != run.StateFinished {
		b.Fatalf("%s\n%s\nproxy:\n%s", end.Reason, log, b.docker("logs", "--tail", "15", proxy.Container))
	}
}

// app is a container of a generation.
type app struct {
	name    string
	env     []string // KEY=value
	command []string // instead of the application
	sick    bool     // has no health check
}

func (b *bench) input(name string, generation int, urls string, change func(*proxy.Input)) proxy.Input {
	in := proxy.Input{Name: name, Generation: generation, Network: b.network, Port: 3000, Routes: routes(b, urls)}
	if change != nil {
		change(&in)
	}
	return in
}

// run starts a container with the labels of in and removes it with the test.
func (b *bench) run(in proxy.Input, a app) {
	b.Helper()
	labels, err := proxy.Labels(b.managed.Kind, in)
	if err != nil {
		b.Fatal(err)
	}
	args := []string{"run", "--detach", "--name", a.name, "--network", b.network, "--volume", b.self + ":/app:ro"}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		args = append(args, "--label", key+"="+labels[key])
	}
	for _, env := range append(a.env, "VERSION="+a.name) {
		args = append(args, "--env", env)
	}
	if !a.sick {
		args = append(args, "--health-cmd", "/app health", "--health-interval", "300ms", "--health-retries", "30", "--health-start-period", "30s")
	}
	if len(a.command) == 0 {
		a.command = []string{"/app", "serve"}
	}
	b.docker(append(append(args, appImage), a.command...)...)
	b.Cleanup(func() {
		if b.docker("ps", "--all", "--quiet", "--filter", "name=^"+a.name+"$") != "" {
			b.docker("rm", "--force", a.name)
		}
	})
}

func (b *bench) rollout(in proxy.Input, name string) proxy.Rollout {
	return proxy.Rollout{Kind: b.managed.Kind, Dir: b.managed.Dir, Input: in, New: name}
}

// deploy starts a container, waits until it is healthy, and lets the proxy admit it.
func (b *bench) deploy(in proxy.Input, a app) {
	b.Helper()
	b.run(in, a)
	if !a.sick {
		b.until(a.name+" is healthy", func() bool {
			return b.docker("inspect", "--format", "{{.State.Health.Status}}", a.name) == "healthy"
		})
	}
	b.must(b.rollout(in, a.name).Admit())
}

func (b *bench) until(what string, ok func() bool) {
	b.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			b.Fatalf("waited for too long: %s", what)
		}
	}
}

// client reaches the proxy for any host and follows nothing.
func client(alive bool) *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, _ := net.SplitHostPort(address)
		to := httpPort
		if port == "443" {
			to = httpsPort
		}
		return new(net.Dialer).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", to))
	}
	return &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dial, DisableKeepAlives: !alive, DisableCompression: true,
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the proxy's own authority
		},
	}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func ask(ctx context.Context, c *http.Client, method, url string, change func(*http.Request)) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		return answer{}, err
	}
	if method == http.MethodPost {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), 1 // nothing that a client may repeat
	}
	if change != nil {
		change(r)
	}
	res, err := c.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, strings.TrimSpace(string(body))}, err
}

func (b *bench) get(url string, change func(*http.Request)) answer {
	b.Helper()
	a, err := ask(b.Context(), client(false), http.MethodGet, url, change)
	if err != nil {
		b.Fatalf("%s: %v", url, err)
	}
	return a
}

// attempt is a get that may fail, as it does while the proxy itself starts anew.
func (b *bench) attempt(url string) answer {
	a, err := ask(b.Context(), client(false), http.MethodGet, url, nil)
	if err != nil {
		return answer{header: http.Header{}}
	}
	return a
}

func (b *bench) expect(url string, status int, body string) {
	b.Helper()
	if a := b.get(url, nil); a.status != status || body != "" && a.body != body {
		b.Errorf("%s: %d %q, not %d %q", url, a.status, a.body, status, body)
	}
}

func TestBehindCaddy(t *testing.T) { behind(t, proxy.Caddy) }

func TestBehindTraefik(t *testing.T) { behind(t, proxy.Traefik) }

func behind(t *testing.T, kind proxy.Kind) {
	b := newBench(t, kind)
	for what, test := range map[string]func(*bench){
		"routes": testRoutes, "https": testHTTPS, "auth": testAuth, "www": testWWW, "headers": testHeaders,
		"not ready": testNotReady, "nobody listens": testNobodyListens, "no health check": testNoHealthCheck,
		"fixed name": testFixed,
	} {
		t.Run(what, func(t *testing.T) { test(b.with(t)) })
	}
	t.Run("roll-outs", func(t *testing.T) { testRollouts(b.with(t)) })
	t.Run("roll-outs with changes", func(t *testing.T) { testChangingRollouts(b.with(t)) })
	t.Run("the proxy itself", func(t *testing.T) { testProxy(b.with(t)) })
}

func testRoutes(b *bench) {
	b.deploy(b.input("one", 1, "http://a.test,http://b.test:3000/in/b", nil), app{name: "one"})
	b.deploy(b.input("two", 1, "http://a.test/two", nil), app{name: "two"})
	b.deploy(b.input("three", 1, "http://a.test/two/three", func(in *proxy.Input) { in.KeepPrefix = true }), app{name: "three"})
	b.expect("http://a.test/", 200, "one GET /")
	b.expect("http://a.test/twofold", 200, "one GET /twofold")
	b.expect("http://a.test/two", 200, "two GET /")
	b.expect("http://a.test/two/x", 200, "two GET /x")
	b.expect("http://a.test/two/three/x", 200, "three GET /two/three/x")
	b.expect("http://b.test/in/b/x", 200, "one GET /x")
	b.expect("http://b.test/in/bx", 404, "")
	b.expect("http://b.test/", 404, "")
	b.expect("http://c.test/", 404, "")
}

func testHTTPS(b *bench) {
	b.deploy(b.input("sec", 1, "https://s.test/p", func(in *proxy.Input) { in.ForceHTTPS = true }), app{name: "sec"})
	b.deploy(b.input("may", 1, "https://m.test", nil), app{name: "may"})
	a := b.get("http://s.test/p/x?y=1", nil)
	if a.status/100 != 3 || a.header.Get("Location") != "https://s.test/p/x?y=1" {
		b.Errorf("by HTTP: %d %s", a.status, a.header.Get("Location"))
	}
	b.until("the certificate is there", func() bool {
		_, err := ask(b.Context(), client(false), http.MethodGet, "https://s.test/p", nil)
		return err == nil
	})
	b.expect("https://s.test/p/x", 200, "sec GET /x")
	b.expect("https://s.test/", 404, "")
	b.expect("https://m.test/x", 200, "may GET /x")
	b.expect("http://m.test/x", 200, "may GET /x")
}

func testAuth(b *bench) {
	hash, err := bcrypt.GenerateFromPassword([]byte("p@$$ w"), bcrypt.MinCost)
	if err != nil {
		b.Fatal(err)
	}
	b.deploy(b.input("auth", 1, "http://auth.test", func(in *proxy.Input) {
		in.Auth = proxy.Auth{User: "5_ad_min_1", Hash: string(hash)}
	}), app{name: "auth"})
	b.expect("http://auth.test/", 401, "")
	for password, want := range map[string]int{"p@$$ w": 200, "p@$$": 401, "": 401} {
		if a := b.get("http://auth.test/", func(r *http.Request) { r.SetBasicAuth("5_ad_min_1", password) }); a.status != want {
			b.Errorf("password %q: %d", password, a.status)
		}
	}
	if a := b.get("http://auth.test/", func(r *http.Request) { r.SetBasicAuth("admin", "p@$$ w") }); a.status != 401 {
		b.Errorf("another user: %d", a.status)
	}
}

func testWWW(b *bench) {
	b.deploy(b.input("www", 1, "http://w.test/d,http://www.w.test/d", func(in *proxy.Input) { in.Redirect = proxy.RedirectWWW }), app{name: "www"})
	b.deploy(b.input("bare", 1, "http://n.test,http://www.n.test", func(in *proxy.Input) { in.Redirect = proxy.RedirectNonWWW }), app{name: "bare"})
	b.expect("http://www.w.test/d/x", 200, "www GET /x")
	b.expect("http://n.test/x", 200, "bare GET /x")
	for from, to := range map[string]string{
		"http://w.test/d/x?y=z": "http://www.w.test/d/x?y=z", "http://www.n.test/x?y=$1": "http://n.test/x?y=$1",
	} {
		if a := b.get(from, nil); a.status/100 != 3 || a.header.Get("Location") != to {
			b.Errorf("%s: %d %s", from, a.status, a.header.Get("Location"))
		}
	}
}

func testHeaders(b *bench) {
	b.deploy(b.input("hdr", 1, "http://h.test,http://i.test", func(in *proxy.Input) { in.Routes[0].NoIndex, in.Gzip = true, true }), app{name: "hdr"})
	long := "/" + strings.Repeat("x", 4000) // nobody packs short answers
	zip := func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") }
	for host, want := range map[string]string{"h.test": "noindex, nofollow", "i.test": ""} {
		a := b.get("http://"+host+long, zip)
		if got := a.header.Get("X-Robots-Tag"); a.status != 200 || got != want || a.header.Get("Content-Encoding") != "gzip" {
			b.Errorf("%s: %d %v", host, a.status, a.header)
		}
	}
}

// testNotReady has a new container that is never healthy beside one that is.
func testNotReady(b *bench) {
	b.deploy(b.input("ill", 1, "http://ill.test", nil), app{name: "ill-1"})
	second := b.input("ill", 2, "http://ill.test,http://also.test", nil)
	b.run(second, app{name: "ill-2", env: []string{"READY_AFTER=1h"}})
	if b.managed.Kind == proxy.Traefik {
		// Caddy has its routes at once, and uses them when it is told to.
		r := b.rollout(second, "ill-2")
		r.Wait = 3 * time.Second
		steps, err := r.Admit()
		if err != nil {
			b.Fatal(err)
		}
		if end, log := b.carryOut(steps); end.State != run.StateFailed || end.Step != "admit" || !strings.Contains(log, "no route to the new container") {
			b.Errorf("%+v\n%s", end, log)
		}
	}
	for range 20 {
		b.expect("http://ill.test/", 200, "ill-1 GET /")
		<-time.After(100 * time.Millisecond)
	}
	b.docker("rm", "--force", "ill-2")
	b.expect("http://ill.test/", 200, "ill-1 GET /")
}

func testNobodyListens(b *bench) {
	in := b.input("deaf", 1, "http://deaf.test", func(in *proxy.Input) { in.Port = 3001 })
	b.run(in, app{name: "deaf"})
	steps, err := b.rollout(in, "deaf").Admit()
	if err != nil {
		b.Fatal(err)
	}
	if end, log := b.carryOut(steps); end.State != run.StateFailed || end.Step != "reach" || !strings.Contains(log, "cannot connect to deaf on port 3001") {
		b.Errorf("%+v\n%s", end, log)
	}
}

// testNoHealthCheck has an application that listens late: that it listens is what there
// is to wait for.
func testNoHealthCheck(b *bench) {
	in := b.input("late", 1, "http://late.test", nil)
	b.deploy(in, app{name: "late", sick: true, command: []string{"sh", "-c", "sleep 3; exec /app serve"}})
	b.expect("http://late.test/", 200, "late GET /")
}

// testFixed has a container that has one name for good, as those of services.
func testFixed(b *bench) {
	in := b.input("fixed", 0, "http://fixed.test/x", func(in *proxy.Input) { in.Container = "fixed" })
	b.run(in, app{name: "fixed"})
	is := func(status int, body string) func() bool {
		return func() bool {
			a, err := ask(b.Context(), client(false), http.MethodGet, "http://fixed.test/x/y", nil)
			return err == nil && a.status == status && (body == "" || a.body == body)
		}
	}
	b.until("it answers", is(200, "fixed GET /y"))
	b.docker("restart", "--time", "1", "fixed")
	b.until("it answers again", is(200, "fixed GET /y"))
	b.docker("rm", "--force", "fixed")
	b.until("nobody answers", is(404, ""))
}

// load asks without a pause until it is told to stop, and counts.
type load struct {
	mu     sync.Mutex
	asked  map[string]int // by the version that answered
	failed []string
	wg     sync.WaitGroup
}

func (l *load) put(ctx context.Context, url, method string, alive bool) {
	const clients = 4
	for range clients {
		l.wg.Go(func() {
			c := client(alive)
			for n := 0; ctx.Err() == nil; n++ {
				to := url
				if n%10 == 9 {
					to += "?take=700ms"
				}
				a, err := ask(context.WithoutCancel(ctx), c, method, to, nil)
				l.mu.Lock()
				if version, _, _ := strings.Cut(a.body, " "); err == nil && a.status == 200 {
					l.asked[version]++
				} else {
					l.failed = append(l.failed, fmt.Sprintf("%s %s (alive %v) at %s: %d %q %v", method, to, alive, time.Now().Format("05.000"), a.status, a.body, err))
				}
				l.mu.Unlock()
			}
		})
	}
}

// testRollouts replaces a container under load. The application drops what it is at when
// it is told to stop, so any request that reaches it then is lost.
func testRollouts(b *bench) {
	const rounds = 4
	l := b.replace("roll", rounds, func(int) func(*proxy.Input) { return nil })
	if len(l.failed) > 0 {
		b.Errorf("%d requests failed:\n%s", len(l.failed), strings.Join(l.failed[:min(len(l.failed), 20)], "\n"))
	}
}

// testChangingRollouts changes the settings each time. Caddy has to take in a new
// configuration then, and may lose those who connect at that moment, see caddyLabels;
// nobody ever gets a wrong answer.
func testChangingRollouts(b *bench) {
	l := b.replace("turn", 2, func(n int) func(*proxy.Input) {
		return func(in *proxy.Input) {
			in.Gzip = n%2 == 0
			in.Routes[0].NoIndex = n%4 > 1
		}
	})
	lost := 0
	for _, f := range l.failed {
		if b.managed.Kind != proxy.Caddy || !strings.Contains(f, ": 0 ") {
			b.Error(f)
		}
		lost++
	}
	if lost > 0 {
		b.Logf("%d connections were closed", lost)
	}
}

// replace starts a container and replaces it again and again while others ask for it.
func (b *bench) replace(name string, rounds int, change func(n int) func(*proxy.Input)) *load {
	url := "http://" + name + ".test/"
	last := b.input(name, 1, url, change(1))
	b.deploy(last, app{name: name + "-1"})
	ctx, cancel := context.WithCancel(b.Context())
	l := &load{asked: map[string]int{}}
	defer cancel()
	l.put(ctx, url, http.MethodGet, false)
	l.put(ctx, url, http.MethodGet, true)
	l.put(ctx, url, http.MethodPost, false)
	began := time.Now()
	for n := 2; n <= rounds+1; n++ {
		in := b.input(name, n, url, change(n))
		a := app{name: fmt.Sprintf("%s-%d", name, n), env: []string{"READY_AFTER=700ms"}}
		r := b.rollout(in, a.name)
		r.Old, r.Last = fmt.Sprintf("%s-%d", name, n-1), &last
		if steps, err := r.Prepare(); err != nil || len(steps) > 0 {
			b.must(steps, err)
		}
		b.deploy(in, a)
		b.must(r.Drain())
		b.docker("rm", "--force", r.Old)
		b.until(a.name+" answers", func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			return l.asked[a.name] > 0
		})
		last = in
	}
	cancel()
	l.wg.Wait()
	total := 0
	for _, n := range l.asked {
		total += n
	}
	b.Logf("%d requests during %d roll-outs in %s, by version %v", total, rounds, time.Since(began).Round(time.Second), l.asked)
	if len(l.asked) != rounds+1 || total < 50*rounds {
		b.Errorf("the load was none: %v", l.asked)
	}
	return l
}
