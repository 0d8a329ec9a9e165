package proxy_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/proxy"
)

func TestDomainsAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]proxy.Domain{
		"https://a.test":                              {Scheme: proxy.HTTPS, Host: "a.test"},
		"HTTP://A.Test/":                              {Scheme: proxy.HTTP, Host: "a.test"},
		"http://a.test:3000":                          {Scheme: proxy.HTTP, Host: "a.test", Port: 3000},
		"https://a.test:65535/v1/Items_~":             {Scheme: proxy.HTTPS, Host: "a.test", Port: 65535, Path: "/v1/Items_~"},
		"https://a.test/api/":                         {Scheme: proxy.HTTPS, Host: "a.test", Path: "/api"},
		"http://192.0.2.7/x":                          {Scheme: proxy.HTTP, Host: "192.0.2.7", Path: "/x"},
		"https://xn--mnchen-3ya.de":                   {Scheme: proxy.HTTPS, Host: "xn--mnchen-3ya.de"},
		"http://localhost":                            {Scheme: proxy.HTTP, Host: "localhost"},
		"http://" + strings.Repeat("a", 63) + ".test": {Scheme: proxy.HTTP, Host: strings.Repeat("a", 63) + ".test"},
	} {
		got, err := proxy.ParseDomain("domains", text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if again, err := proxy.ParseDomain("domains", got.String()); err != nil || again != got {
			t.Errorf("%s is written as %s, which is %+v, %v", text, got, again, err)
		}
	}
}

// TestNothingElseIsADomain has what an attacker writes where a domain is asked for.
func TestNothingElseIsADomain(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "a.test", "ftp://a.test", "https://", "https:///x", "//a.test", "https://a.test`id`", "https://a.test) || PathPrefix(`/",
		"https://a.test/`) || Host(`b.test", "https://a.test\n", "https://a.test\r\nx", "https://a.test\x00", "https://a.test ", "https://*.a.test",
		"https://a_b.test", "https://-a.test", "https://a-.test", "https://a..test", "https://a.test.", "https://1", "https://0x7f.0x1", "https://127.1",
		"https://0.0.0.0", "https://224.0.0.1", "https://[::1]", "https://[::1]:80", "https://a.test:", "https://a.test:0", "https://a.test:65536",
		"https://a.test:080", "https://a.test:+80", "https://a.test:8 0", "https://u@a.test", "https://u:p@a.test", "https://a.test?x", "https://a.test/?x=1",
		"https://a.test#x", "https://a.test/#", "https://a.test//x", "https://a.test/../x", "https://a.test/./x", "https://a.test/%2e%2e", "https://a.test/a%20b",
		"https://a.test/{env.HOME}", "https://a.test/{{.Names}}", "https://a.test/$x", "https://a.test/a,b", "https://a.test/*", "https://a.test/a;b",
		"https://a.test/\"", "https://a.test/'", "https://a.test/\\x", "https://a.test/<x>", "https://a.test/(x)", "https://a.test/a|b", "https://a.test/é",
		"https://ex\u2028.test", "https://bücher.example", "https://a.test/ x",
		"https://" + strings.Repeat("a", 64) + ".test", "https://" + strings.Repeat("a.", 130) + "test", "https://a.test/" + strings.Repeat("x", 3000),
		"https://a.test/" + strings.Repeat("x", 200),
	} {
		d, err := proxy.ParseDomain("domains", text)
		var e *core.Error
		if !errors.As(err, &e) || e.Code != core.CodeInvalid || len(e.Fields["domains"]) != 1 {
			t.Errorf("%q: %+v, %v", text, d, err)
		}
	}
}

func TestListsOfDomains(t *testing.T) {
	t.Parallel()
	list, err := proxy.ParseDomains("domains", " https://a.test, http://a.test ,,https://a.test/x:1 ")
	if err == nil {
		t.Errorf("a colon in a path: %v", list)
	}
	list, err = proxy.ParseDomains("domains", " https://a.test:81, http://a.test ,,https://a.test/x ")
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, d := range list {
		text = append(text, d.String())
	}
	if diff := cmp.Diff([]string{"https://a.test:81", "http://a.test", "https://a.test/x"}, text); diff != "" {
		t.Error(diff)
	}
	for _, twice := range []string{"https://a.test,https://a.test/", "https://a.test:1,https://A.test:2"} {
		if _, err := proxy.ParseDomains("domains", twice); err == nil || core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%s: %v", twice, err)
		}
	}
	if list, err := proxy.ParseDomains("domains", ""); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestConflictsAreOfHostAndPath(t *testing.T) {
	t.Parallel()
	theirs := domains(t, "https://a.test:3000,http://b.test/x")
	for text, want := range map[string]int{
		"https://a.test": 1, "http://a.test:9": 1, "https://a.test/x": 0, "http://b.test": 0, "https://b.test/x,http://a.test": 2, "http://B.test/X": 0,
	} {
		if got := proxy.Conflicts(domains(t, text), theirs); len(got) != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func domains(tb testing.TB, text string) []proxy.Domain {
	tb.Helper()
	list, err := proxy.ParseDomains("domains", text)
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

func routes(tb testing.TB, text string) []proxy.Route {
	tb.Helper()
	var out []proxy.Route
	for _, d := range domains(tb, text) {
		out = append(out, proxy.Route{Domain: d})
	}
	return out
}

var (
	// A rule that says exactly one host and one path.
	oneRule = regexp.MustCompile("^Host\\(`([a-z0-9.-]+)`\\) && (?:PathPrefix\\(`/`\\)|\\(Path\\(`([A-Za-z0-9/._~@+-]+)`\\) \\|\\| PathPrefix\\(`([A-Za-z0-9/._~@+-]+)/`\\)\\))$")
	site    = regexp.MustCompile(`^https?://([a-z0-9.-]+)$`)
)

// FuzzDomain holds that whatever is taken for a domain gives rules that say this host
// and path, and nothing else.
func FuzzDomain(f *testing.F) {
	for _, text := range []string{"https://a.test", "http://a.test:80/x/y", "https://a.test`id`", "https://a.test) || PathPrefix(`/", "http://a.test/{{.ID}}", "https://*.a.test/%2f"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := proxy.ParseDomain("domains", text)
		if err != nil {
			return
		}
		u, err := url.Parse(d.String())
		if err != nil || u.Scheme != string(d.Scheme) || u.Hostname() != d.Host || u.Path != d.Path || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("%q is %+v, and others read %+v, %v", text, d, u, err)
		}
		in := proxy.Input{Name: "abc", Generation: 1, Network: "net", Port: 80, Routes: []proxy.Route{{Domain: d}}, ForceHTTPS: true}
		labels, err := proxy.Labels(proxy.Traefik, in)
		if err != nil {
			t.Fatalf("%q is a domain and has no labels: %v", text, err)
		}
		for key, value := range labels {
			if !strings.HasSuffix(key, ".rule") {
				continue
			}
			m := oneRule.FindStringSubmatch(value)
			if m == nil || m[1] != d.Host || m[2] != d.Path || m[3] != d.Path {
				t.Errorf("%q gives %s", text, value)
			}
		}
		labels, err = proxy.Labels(proxy.Caddy, in)
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range labels {
			if strings.HasPrefix(key, "caddy_") && !strings.Contains(key, ".") && key != "caddy_ingress_network" {
				if m := site.FindStringSubmatch(value); m == nil || m[1] != d.Host {
					t.Errorf("%q gives %s", text, value)
				}
			}
			if strings.ContainsAny(value, "`\n\\") || strings.Contains(value, "{{") {
				t.Errorf("%q gives %s", text, value)
			}
		}
	})
}
