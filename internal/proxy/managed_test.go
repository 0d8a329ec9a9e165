package proxy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/run"
)

func managed(kind proxy.Kind) proxy.Managed {
	return proxy.Managed{Kind: kind, Dir: "/data/taffrail/proxy", Networks: []string{"taffrail", "other", "taffrail"}}
}

func managedCases() map[string]proxy.Managed {
	full := func(kind proxy.Kind) proxy.Managed {
		m := managed(kind)
		m.Trusted, m.Email, m.CA = true, "ops@example.com", "https://ca.example.com/directory"
		m.HTTP, m.HTTPS, m.Address = 8000, 8443, "192.0.2.1"
		m.Others = []string{"w4k8so0c"}
		m.Default = "https://example.com/else"
		return m
	}
	traefik, caddy := full(proxy.Traefik), full(proxy.Caddy)
	traefik.Custom = "http:\n  middlewares:\n    auth:\n      basicAuth:\n        users: ['a:$2y$05$x']\n"
	traefik.Arguments = []string{"--entrypoints.http.forwardedheaders.trustedips=10.0.0.0/8", "--log.level=DEBUG"}
	caddy.Custom = "http://static.example.com {\n\trespond hello\n}\n\n"
	return map[string]proxy.Managed{
		"traefik": managed(proxy.Traefik), "caddy": managed(proxy.Caddy), "traefik-full": traefik, "caddy-full": caddy,
	}
}

func TestTheProxysFiles(t *testing.T) {
	t.Parallel()
	for what, m := range managedCases() {
		files, err := m.Files()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		var b strings.Builder
		for _, f := range files {
			fmt.Fprintf(&b, "=== %s %o dir=%v\n%s", f.Path, f.Mode, f.IsDir, f.Content)
			if strings.HasSuffix(f.Path, ".yml") {
				var tree map[string]any
				if err := yaml.Unmarshal([]byte(f.Content), &tree); err != nil {
					t.Errorf("%s: %s: %v", what, f.Path, err)
				}
			}
		}
		golden(t, "managed-"+what+".golden", b.String())
	}
}

// TestNoServerIsShownToEverybody looks for what must be in each proxy's settings
// whatever people ask for.
func TestNoServerIsShownToEverybody(t *testing.T) {
	t.Parallel()
	m := managedCases()["traefik-full"]
	files, err := m.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"--providers.docker.exposedbydefault=false", "--providers.docker.allowemptyservices=false",
		"--entrypoints.traefik.address=127.0.0.1:8080", "docker.sock:ro",
	} {
		if strings.Count(files[0].Content, want) != 1 {
			t.Errorf("the compose file has %q %d times", want, strings.Count(files[0].Content, want))
		}
	}
	var tree struct {
		Services map[string]struct{ Ports []string }
	}
	if err := yaml.Unmarshal([]byte(files[0].Content), &tree); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(tree.Services[proxy.Service].Ports, " "); got != "192.0.2.1:8000:80 192.0.2.1:8443:443 192.0.2.1:8443:443/udp" {
		t.Errorf("published: %s", got)
	}
}

func TestBadSettingsNameTheirFields(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		field  string
		change func(*proxy.Managed)
	}{
		"type":          {"proxy_type", func(m *proxy.Managed) { m.Kind = proxy.None }},
		"relative":      {"dir", func(m *proxy.Managed) { m.Dir = "proxy" }},
		"unclean":       {"dir", func(m *proxy.Managed) { m.Dir = "/data/../etc" }},
		"volume":        {"dir", func(m *proxy.Managed) { m.Dir = "/data:/x" }},
		"email":         {"email", func(m *proxy.Managed) { m.Email = "a@b.test\n}\n:80 {" }},
		"email braces":  {"email", func(m *proxy.Managed) { m.Email = "{env.HOME}@b.test" }},
		"image":         {"image", func(m *proxy.Managed) { m.Image = "a b" }},
		"port":          {"ports", func(m *proxy.Managed) { m.HTTP = 70000 }},
		"address":       {"ports", func(m *proxy.Managed) { m.Address = "0.0.0.0:1" }},
		"network":       {"networks", func(m *proxy.Managed) { m.Networks = []string{"-x"} }},
		"other network": {"networks", func(m *proxy.Managed) { m.Others = []string{"a b"} }},
		"ca":            {"ca", func(m *proxy.Managed) { m.CA = "https://a.test/{env.X}" }},
		"default":       {"redirect_url", func(m *proxy.Managed) { m.Default = "javascript:alert(1)" }},
		"default lines": {"redirect_url", func(m *proxy.Managed) { m.Default = "https://a.test/\n}" }},
		"default site":  {"redirect_url", func(m *proxy.Managed) { m.Default = "https://a.test/{$HOME}" }},
		"default group": {"redirect_url", func(m *proxy.Managed) { m.Default = "https://a.test/$1" }},
		"no text":       {"configuration", func(m *proxy.Managed) { m.Custom = "\x00" }},
		"long":          {"configuration", func(m *proxy.Managed) { m.Custom = strings.Repeat("#", 1<<20) }},
		"yaml":          {"configuration", func(m *proxy.Managed) { m.Custom = "a: [" }},
		"list":          {"configuration", func(m *proxy.Managed) { m.Custom = "- a" }},
		"api":           {"arguments", func(m *proxy.Managed) { m.Arguments = []string{"--api.insecure=true"} }},
		"Docker":        {"arguments", func(m *proxy.Managed) { m.Arguments = []string{"--Providers.Docker.ExposedByDefault=true"} }},
		"interface":     {"arguments", func(m *proxy.Managed) { m.Arguments = []string{"--entryPoints.traefik.address=:8080"} }},
		"no option":     {"arguments", func(m *proxy.Managed) { m.Arguments = []string{"version"} }},
		"lines":         {"arguments", func(m *proxy.Managed) { m.Arguments = []string{"--log.level=x\ny"} }},
	} {
		m := managed(proxy.Traefik)
		c.change(&m)
		files, err := m.Files()
		var e *core.Error
		if !errors.As(err, &e) || e.Code != core.CodeInvalid || len(e.Fields) != 1 || len(e.Fields[c.field]) == 0 || files != nil {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := m.Start(); err == nil {
			t.Errorf("%s: the proxy would start", what)
		}
		if _, err := m.Stop(); err == nil {
			t.Errorf("%s: the proxy would stop", what)
		}
	}
	m := managed(proxy.Caddy)
	m.Arguments = []string{"--log.level=DEBUG"}
	if err := m.Validate(); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("options of Caddy: %v", err)
	}
}

func TestTheProxysSteps(t *testing.T) {
	t.Parallel()
	m := managedCases()["caddy-full"]
	for what, f := range map[string]func() ([]run.Step, error){"start": m.Start, "restart": m.Restart, "stop": m.Stop} {
		steps, err := f()
		if err != nil {
			t.Fatal(err)
		}
		for i := range steps {
			for j := range steps[i].Files {
				steps[i].Files[j].Content = "" // other golden files have them
			}
		}
		golden(t, "steps-"+what+".golden", run.Script{ID: "id", Dir: m.Dir, Steps: steps}.String())
	}
}

func TestWhoVouchesForHosts(t *testing.T) {
	t.Parallel()
	m := managed(proxy.Traefik)
	if got := m.Resolver(); got != "" {
		t.Errorf("resolver %q", got)
	}
	m.Trusted = true
	for url, want := range map[string]bool{
		"https://a.example.com": true, "https://192.0.2.1": false, "https://a.test": false, "https://localhost": false,
		"https://box": false, "https://box.lan": false, "https://192.0.2.1.sslip.io": true,
	} {
		in := proxy.Input{Name: name, Container: "x", Network: "n", Port: 1, Routes: routes(t, url), Resolver: m.Resolver()}
		labels, err := proxy.Labels(proxy.Traefik, in)
		if err != nil {
			t.Fatal(err)
		}
		if _, got := labels["traefik.http.routers.https-0-"+name+".tls.certresolver"]; got != want {
			t.Errorf("%s: %v", url, got)
		}
		labels, err = proxy.Labels(proxy.Caddy, in)
		if err != nil {
			t.Fatal(err)
		}
		if got := labels["caddy_0.tls"] != "internal"; got != want {
			t.Errorf("%s: %v with Caddy", url, got)
		}
	}
}
