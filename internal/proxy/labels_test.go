package proxy_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/proxy"
)

var update = flag.Bool("update", false, "write the golden files anew")

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

const (
	name = "w4k8so0c"
	// hash is that of "secret".
	hash = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
)

// cases are inputs whose labels are golden files, by name.
func cases(tb testing.TB) map[string]proxy.Input {
	base := func(urls string, change func(*proxy.Input)) proxy.Input {
		in := proxy.Input{Name: name, Generation: 7, Network: "taffrail", Port: 3000, Routes: routes(tb, urls), Resolver: proxy.DefaultResolver}
		change(&in)
		return in
	}
	return map[string]proxy.Input{
		"http":      base("http://a.example.com", func(*proxy.Input) {}),
		"https":     base("https://a.example.com", func(in *proxy.Input) { in.ForceHTTPS, in.Gzip = true, true }),
		"https-too": base("https://a.example.com", func(*proxy.Input) {}),
		"both-schemes": base("https://a.example.com,http://a.example.com", func(in *proxy.Input) {
			in.ForceHTTPS = true
		}),
		"path":        base("https://a.example.com:8080/api/v1", func(in *proxy.Input) { in.ForceHTTPS = true }),
		"path-kept":   base("http://a.example.com/api", func(in *proxy.Input) { in.KeepPrefix = true }),
		"auth":        base("http://a.example.com", func(in *proxy.Input) { in.Auth = proxy.Auth{User: "5_ad_min_1", Hash: hash} }),
		"www":         base("https://a.example.com,https://www.a.example.com", func(in *proxy.Input) { in.Redirect = proxy.RedirectWWW }),
		"non-www":     base("http://a.example.com,http://www.a.example.com", func(in *proxy.Input) { in.Redirect = proxy.RedirectNonWWW }),
		"www-nowhere": base("http://a.example.com", func(in *proxy.Input) { in.Redirect = proxy.RedirectWWW }),
		"noindex":     base("http://a.example.com", func(in *proxy.Input) { in.Routes[0].NoIndex = true }),
		"unnumbered": base("https://a.test", func(in *proxy.Input) {
			in.Generation, in.Container, in.Name = 0, "web-w4k8so0c", proxy.Name(name, "web.App")
		}),
		"custom": base("http://a.example.com", func(in *proxy.Input) {
			in.Own = map[string]string{"taffrail.managed": "true"}
			in.Custom = map[string]string{
				"traefik.http.middlewares.limit.ratelimit.average":                  "100",
				"traefik.http.routers.mine.rule":                                    "Host(`b.example.com`)",
				"traefik.http.routers.mine.middlewares":                             "limit,auth@file",
				"traefik.http.routers.mine.service":                                 "http-0-" + name,
				"Traefik.HTTP.Routers.http-0-" + name + ".Rule":                     "Host(`evil.example.com`)",
				"traefik.http.routers.http-0-" + name + ".observability.accesslogs": "false",
				"coolify.traefik.middlewares":                                       "limit, geo@file",
				"caddy_0":                                                           "http://evil.example.com",
				"caddy_9":                                                           "http://b.example.com",
				"caddy_9.reverse_proxy":                                             "{{upstreams 3000}}",
				"my.label":                                                          "x=y z",
			}
		}),
		"none-at-all": base("", func(in *proxy.Input) { in.Own = map[string]string{"taffrail.managed": "true"} }),
	}
}

func text(labels map[string]string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(&b, "%s=%s\n", key, labels[key])
	}
	return b.String()
}

func TestLabels(t *testing.T) {
	t.Parallel()
	for what, in := range cases(t) {
		for _, kind := range []proxy.Kind{proxy.Traefik, proxy.Caddy} {
			labels, err := proxy.Labels(kind, in)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			golden(t, "labels-"+what+"-"+string(kind)+".golden", text(labels))
		}
	}
}

func TestWithoutAProxyOnlyTheContainersOwn(t *testing.T) {
	t.Parallel()
	in := cases(t)["https"]
	in.Own = map[string]string{"taffrail.managed": "true"}
	labels, err := proxy.Labels(proxy.None, in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in.Own, labels); diff != "" {
		t.Error(diff)
	}
	if _, err := proxy.Labels("nginx", in); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("an unknown proxy: %v", err)
	}
}

// TestGenerationsShareNothing holds for every case that containers of two generations
// define nothing under one name: a proxy drops what is defined twice and differs.
func TestGenerationsShareNothing(t *testing.T) {
	t.Parallel()
	for what, in := range cases(t) {
		if in.Generation == 0 {
			continue
		}
		one, err := proxy.Labels(proxy.Traefik, in)
		if err != nil {
			t.Fatal(err)
		}
		in.Generation++
		two, err := proxy.Labels(proxy.Traefik, in)
		if err != nil {
			t.Fatal(err)
		}
		for key := range one {
			if _, both := two[key]; both && strings.Count(key, ".") > 3 {
				t.Errorf("%s: both generations have %s", what, key)
			}
		}
	}
}

// TestSameSettingsAreTheSameText holds that a roll-out changes nothing for Caddy unless
// the settings did: the numbers of the order are no part of its configuration.
func TestSameSettingsAreTheSameText(t *testing.T) {
	t.Parallel()
	number := regexp.MustCompile(`\.[0-9]+_`)
	of := func(in proxy.Input) string {
		labels, err := proxy.Labels(proxy.Caddy, in)
		if err != nil {
			t.Fatal(err)
		}
		maps.DeleteFunc(labels, func(key, _ string) bool { return !strings.HasPrefix(key, "caddy") })
		return number.ReplaceAllString(text(labels), ".")
	}
	for what, in := range cases(t) {
		if in.Generation == 0 || len(in.Routes) == 0 {
			continue
		}
		before := of(in)
		in.Generation++
		if after := of(in); after != before {
			t.Errorf("%s: another generation has other labels:\n%s", what, cmp.Diff(before, after))
		}
		marker := regexp.MustCompile(`@t0-\S*`)
		in.Gzip = !in.Gzip
		if marker.FindString(before) == marker.FindString(of(in)) {
			t.Errorf("%s: other settings have the same mark", what)
		}
	}
}

// TestOtherResourcesShareNothing does so for two resources with the same custom labels.
func TestOtherResourcesShareNothing(t *testing.T) {
	t.Parallel()
	in := cases(t)["custom"]
	one, _ := proxy.Labels(proxy.Traefik, in)
	in.Name = "other"
	two, _ := proxy.Labels(proxy.Traefik, in)
	found := 0
	for key := range one {
		if strings.HasPrefix(strings.ToLower(key), "traefik.http.") {
			found++
			if _, both := two[key]; both {
				t.Errorf("both resources have %s", key)
			}
		}
	}
	if found < 8 {
		t.Errorf("only %d labels were compared", found)
	}
}

// TestWhoComesFirst is the order that the roll-out depends on.
func TestWhoComesFirst(t *testing.T) {
	t.Parallel()
	priority := func(url string, generation int) (traefik, caddy int) {
		in := proxy.Input{Name: "x", Generation: generation, Container: "x", Network: "n", Port: 1, Routes: routes(t, url)}
		labels, err := proxy.Labels(proxy.Traefik, in)
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range labels {
			if strings.HasSuffix(key, ".priority") {
				_, _ = fmt.Sscan(value, &traefik)
			}
		}
		labels, err = proxy.Labels(proxy.Caddy, in)
		if err != nil {
			t.Fatal(err)
		}
		for key := range labels {
			if strings.HasSuffix(key, "_handle") {
				_, _ = fmt.Sscanf(key, "caddy_0.route.%d_handle", &caddy)
			}
		}
		return traefik, caddy
	}
	lastT, lastC := 0, 1<<31
	for _, c := range []struct {
		url        string
		generation int
	}{
		{"http://a.test", 0}, {"http://a.test", 1}, {"http://a.test", proxy.MaxGeneration},
		{"http://a.test/a", 0}, {"http://a.test/a", 2}, {"http://a.test/a/b", 1},
		{"http://a.test/" + strings.Repeat("x", 199), proxy.MaxGeneration},
	} {
		p, order := priority(c.url, c.generation)
		if p <= lastT || order >= lastC {
			t.Errorf("%s of generation %d: priority %d after %d, order %d after %d", c.url, c.generation, p, lastT, order, lastC)
		}
		if p > 1<<31-1000 || order < 1 {
			t.Errorf("%s: %d and %d are out of range", c.url, p, order)
		}
		lastT, lastC = p, order
	}
}

func TestBadInputNamesItsFields(t *testing.T) {
	t.Parallel()
	evil := proxy.Domain{Scheme: proxy.HTTPS, Host: "a.test`) || Host(`b.test"}
	for what, c := range map[string]struct {
		field  string
		change func(*proxy.Input)
	}{
		"name":           {"name", func(in *proxy.Input) { in.Name = "a.b" }},
		"no name":        {"name", func(in *proxy.Input) { in.Name = "" }},
		"generation":     {"generation", func(in *proxy.Input) { in.Generation = proxy.MaxGeneration + 1 }},
		"negative":       {"generation", func(in *proxy.Input) { in.Generation = -1 }},
		"network":        {"network", func(in *proxy.Input) { in.Network = "a b" }},
		"container":      {"container", func(in *proxy.Input) { in.Generation = 0 }},
		"resolver":       {"resolver", func(in *proxy.Input) { in.Resolver = "a,b" }},
		"redirect":       {"redirect", func(in *proxy.Input) { in.Redirect = "https://evil.test" }},
		"unparsed":       {"domains", func(in *proxy.Input) { in.Routes[0].Domain = evil }},
		"path":           {"domains", func(in *proxy.Input) { in.Routes[0].Path = "/x`)" }},
		"twice":          {"domains", func(in *proxy.Input) { in.Routes = append(in.Routes, in.Routes[0]) }},
		"many":           {"domains", func(in *proxy.Input) { in.Routes = make([]proxy.Route, 201) }},
		"port":           {"ports_exposes", func(in *proxy.Input) { in.Port = 0 }},
		"user":           {"http_basic_auth_username", func(in *proxy.Input) { in.Auth = proxy.Auth{User: "a:b", Hash: hash} }},
		"user of a tree": {"http_basic_auth_username", func(in *proxy.Input) { in.Auth = proxy.Auth{User: "a.b", Hash: hash} }},
		"hash":           {"http_basic_auth_password", func(in *proxy.Input) { in.Auth = proxy.Auth{User: "a", Hash: "secret"} }},
		"template":       {"http_basic_auth_password", func(in *proxy.Input) { in.Auth = proxy.Auth{User: "a", Hash: "{{env `X`}}"} }},
		"own":            {"custom_labels", func(in *proxy.Input) { in.Custom = map[string]string{"Taffrail.managed": "x"} }},
		"docker's":       {"custom_labels", func(in *proxy.Input) { in.Custom = map[string]string{"com.docker.compose.project": "x"} }},
		"label":          {"custom_labels", func(in *proxy.Input) { in.Custom = map[string]string{"a b": "x"} }},
		"value":          {"custom_labels", func(in *proxy.Input) { in.Custom = map[string]string{"a": "x\x00"} }},
	} {
		in := cases(t)["http"]
		c.change(&in)
		for _, kind := range []proxy.Kind{proxy.Traefik, proxy.Caddy, proxy.None} {
			labels, err := proxy.Labels(kind, in)
			var e *core.Error
			if !errors.As(err, &e) || e.Code != core.CodeInvalid || len(e.Fields) != 1 || len(e.Fields[c.field]) == 0 || labels != nil {
				t.Errorf("%s: %v, %v", what, labels, err)
			}
		}
	}
}

func TestCustomLabelsWinWhenTold(t *testing.T) {
	t.Parallel()
	in := cases(t)["custom"]
	in.CustomWins = true
	labels, err := proxy.Labels(proxy.Traefik, in)
	if err != nil {
		t.Fatal(err)
	}
	rules := 0
	for key, value := range labels {
		if strings.EqualFold(key, "traefik.http.routers.http-0-"+name+"-g7.rule") {
			rules++
			if value != "Host(`evil.example.com`)" {
				t.Errorf("the rule is %s", value)
			}
		}
	}
	if rules != 1 || labels["taffrail.managed"] != "true" {
		t.Errorf("%d rules, own label %q", rules, labels["taffrail.managed"])
	}
}

func TestLabelsAreReadFromLines(t *testing.T) {
	t.Parallel()
	got, err := proxy.ParseLabels("custom_labels", "# mine\r\n a.b=1\n\ncaddy_9=http://x.test \nempty=\nc=d=e\n")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a.b": "1", "caddy_9": "http://x.test", "empty": "", "c": "d=e"}, got); diff != "" {
		t.Error(diff)
	}
	for bad, want := range map[string]string{
		"a=1\nnothing":                  "Line 2",
		"=x":                            "Line 1",
		"a=1\na=2":                      "second time",
		"a b=1":                         "no name",
		"com.docker.x=1":                "Docker sets",
		"taffrail.type=app":             "Taffrail",
		strings.Repeat("a", 600) + "=1": "no name",
	} {
		_, err := proxy.ParseLabels("custom_labels", bad)
		var e *core.Error
		if !errors.As(err, &e) || len(e.Fields["custom_labels"]) != 1 || !strings.Contains(e.Fields["custom_labels"][0], want) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestNamesStayApart(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, part := range []string{"", "web", "Web", "a.b", "a-b", "a_b", "pr-7", "..", "-"} {
		n := proxy.Name(name, part)
		if other, taken := seen[n]; taken {
			t.Errorf("%q and %q are both %s", part, other, n)
		}
		seen[n] = part
		in := cases(t)["http"]
		in.Name = n
		if _, err := proxy.Labels(proxy.Traefik, in); err != nil {
			t.Errorf("%q: %v", part, err)
		}
	}
}

func TestPasswordsAreHashed(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"secret", "p@$$ {{x}} `é`", strings.Repeat("x", 72)} {
		hash, err := proxy.HashPassword("http_basic_auth_password", core.NewSecret(password))
		if err != nil {
			t.Fatal(err)
		}
		if err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)); err != nil {
			t.Errorf("%q: %v", password, err)
		}
		in := cases(t)["http"]
		in.Auth = proxy.Auth{User: "admin", Hash: hash}
		if _, err := proxy.Labels(proxy.Traefik, in); err != nil {
			t.Error(err)
		}
	}
	for _, password := range []string{"", strings.Repeat("x", 73)} {
		if _, err := proxy.HashPassword("http_basic_auth_password", core.NewSecret(password)); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%d bytes: %v", len(password), err)
		}
	}
}
