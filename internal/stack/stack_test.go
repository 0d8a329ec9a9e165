package stack_test

import (
	"errors"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/stack"
)

// reader is one for all: its first use takes a while.
var reader = sync.OnceValue(stack.NewReader)

// source is a repository with these paths, a slash behind folders; below a link nothing is
// known.
func source(paths ...string) stack.Source {
	return func(at string) stack.Entry {
		for _, p := range paths {
			switch {
			case p == at:
				return stack.Entry{Kind: stack.File, ID: "f-" + path.Base(at)}
			case p == at+"/":
				return stack.Entry{Kind: stack.Folder, ID: "d-" + path.Base(at)}
			case p == at+"@" || strings.HasSuffix(p, "@") && strings.HasPrefix(at, strings.TrimSuffix(p, "@")+"/"):
				return stack.Entry{}
			}
		}
		if at == "." {
			return stack.Entry{Kind: stack.Folder, ID: "root"}
		}
		return stack.Entry{Kind: stack.Missing}
	}
}

func read(tb testing.TB, text string, how stack.Reading) (*stack.Stack, error) {
	tb.Helper()
	t, err := reader().Scan(text, false)
	if err != nil {
		return nil, err
	}
	how.Project = "p"
	return t.Read(how)
}

func told(err error) string {
	var e *core.Error
	if errors.As(err, &e) {
		return strings.Join(e.Fields[stack.Field], "\n")
	}
	return ""
}

// TestSource: what a text names is taken from the repository that it is in, and what
// containers write stays where it is.
func TestSource(t *testing.T) {
	t.Parallel()
	const text = `services:
  web:
    build: ./web
    image: shop
    env_file: [web.env, {path: missing.env, required: false}]
    label_file: web.labels
    volumes: ["./nginx.conf:/etc/nginx.conf", "./conf:/conf:ro", "./uploads:/uploads", "./data:/data", ".:/app", {type: bind, source: ./made, target: /made, content: x}]
    configs: [c]
  worker: {image: shop, command: work}
  remote: {build: "https://git.test/ann/tool.git"}
  off: {build: ./web, profiles: [debug]}
  db: {image: "redis:7"}
configs: {c: {file: ./c.txt}}
`
	st, err := read(t, text, stack.Reading{
		Source: source("web/", "web/Dockerfile", "web.env", "web.labels", "nginx.conf", "conf/", "uploads/", "c.txt"), Reserved: []string{"git"},
	})
	if err != nil {
		t.Fatal(told(err))
	}
	out, err := st.Render(stack.Frame{
		Project: "p", Dir: "/srv/p", Source: "/srv/p/build/source",
		Image: func(service string, _ map[string]any) string { return "p:" + service },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []stack.Copy{
		{From: "conf", To: "files/d-conf/conf", Folder: true}, {From: "c.txt", To: "files/f-c.txt/c.txt"}, {From: "nginx.conf", To: "files/f-nginx.conf/nginx.conf"},
		{From: "web.env", To: "files/f-web.env/web.env"}, {From: "web.labels", To: "files/f-web.labels/web.labels"}, {From: ".", To: "files/root", Folder: true},
		{From: "uploads", To: "uploads", Seed: true, Folder: true},
	}
	if diff := cmp.Diff(want, out.Copies); diff != "" {
		t.Error(diff)
	}
	for _, line := range []string{
		"source: /srv/p/files/f-nginx.conf/nginx.conf", "source: /srv/p/files/d-conf/conf", "source: /srv/p/uploads", "source: /srv/p/data",
		"source: /srv/p/files/root\n", "source: /srv/p/made", "- files/f-web.env/web.env", "- files/f-web.labels/web.labels", "file: /srv/p/files/f-c.txt/c.txt",
		`image: "p:remote"`, `image: "redis:7"`,
	} {
		if !strings.Contains(out.Compose, line) {
			t.Errorf("%q is not in\n%s", line, out.Compose)
		}
	}
	// The worker has the image that is built for the other, and nothing is built by Compose.
	if strings.Count(out.Compose, `image: "p:web"`) != 2 || strings.Contains(out.Compose, "build:") || out.Building() || !out.Pulls() {
		t.Errorf("images\n%s", out.Compose)
	}
	if len(out.Builds) != 2 || out.Builds[0].Service != "remote" || out.Builds[0].Context != "" || out.Builds[1].Section["context"] != "/srv/p/build/source/web" || out.Builds[1].Context != "./web" {
		t.Errorf("%+v", out.Builds)
	}
}

// TestSourceFaults: what the repository does not have is told with its line, before
// anything is fetched or built.
func TestSourceFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"build: ./api":     "services.web.build.context: there is no folder api in the repository",
		"build: ./web.env": "there is no folder web.env in the repository",
		"build: {context: web, dockerfile: prod}": "services.web.build.dockerfile: there is no file web/prod in the repository",
		"build: ../web":                           "outside of the service's folder",
		"{image: x, env_file: other.env}":         "services.web.env_file.0: there is no file other.env in the repository",
		"{image: x, label_file: web}":             "there is no file web in the repository",
		"{image: x, volumes: [\"./l/x:/x\"]}":     "l/x is behind a link or in another repository",
		"{image: x, volumes: [\"./git:/x\"]}":     "is where Taffrail keeps things of its own",
		"{image: x, volumes: [\"./.env:/x\"]}":    "which Taffrail writes",
		"{image: x, volumes: [\"../x:/x\"]}":      "leaves the service's folder",
		"{image: x, configs: [c]}":                "there is no file c.txt in the repository",
		"{extends: {file: base.yml, service: a}}": "a service can only extend one of the same text",
	} {
		if !strings.HasPrefix(text, "{") {
			text = "{" + text + "}"
		}
		text = "services:\n  web: " + text + "\n"
		if strings.Contains(text, "configs") {
			text += "configs: {c: {file: c.txt}}\n"
		}
		_, err := read(t, text, stack.Reading{Source: source("web/", "web/Dockerfile", "web.env", "l@"), Reserved: []string{"git"}})
		if got := told(err); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	// Optional ones may be missing, and a build behind a link may be there.
	for _, text := range []string{"{image: x, env_file: [{path: o.env, required: false}]}", "{build: l/web}", "{build: {context: web, dockerfile_inline: FROM x}}"} {
		if _, err := read(t, "services:\n  web: "+text+"\n", stack.Reading{Source: source("web/", "l@")}); err != nil {
			t.Errorf("%s: %s", text, told(err))
		}
	}
}

// TestRaw: names of the text stay, unless they could be those of others.
func TestRaw(t *testing.T) {
	t.Parallel()
	const text = "services:\n  web: {image: x, container_name: mine, volumes: [\"vol:/v\"], networks: [n]}\nvolumes: {vol: }\nnetworks: {n: }\n"
	st, err := read(t, text, stack.Reading{Raw: true})
	if err != nil {
		t.Fatal(told(err))
	}
	out, err := st.Render(stack.Frame{Project: "p", Dir: "/srv/p"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.Compose, "container_name: mine") || !strings.Contains(out.Compose, "name: p_default") || !strings.Contains(out.Compose, "name: p_vol") {
		t.Error(out.Compose)
	}
	foreign := strings.Replace(text, "vol: }", "vol: {name: others-data}}", 1)
	if _, err = read(t, foreign, stack.Reading{Raw: true}); !strings.Contains(told(err), "volumes.vol.name: is a name that others may have") {
		t.Errorf("%v", told(err))
	}
	if _, err = read(t, foreign, stack.Reading{Raw: true, AllowHost: true}); err != nil {
		t.Error(told(err))
	}
	if _, err = read(t, foreign, stack.Reading{}); err != nil {
		t.Errorf("a name that is replaced: %s", told(err))
	}
}

// TestAddressesAreChosen: an address that somebody chose stands for the generated one.
func TestAddressesAreChosen(t *testing.T) {
	t.Parallel()
	text, err := reader().Scan("services:\n  web: {image: x, environment: [SERVICE_FQDN_WEB_3000, SERVICE_URL_WEB, SERVICE_PASSWORD_A]}\n", false)
	if err != nil {
		t.Fatal(err)
	}
	o := stack.Owner{ID: "p-pr-3", Row: core.Owner{Kind: core.KindApplication, RowID: 4}, Server: core.Server{IP: "203.0.113.7", KeyID: 1}}
	rows := text.Missing(o, nil, core.Deployment{}.CreatedAt)
	vars := stack.Expanded(rows)
	if vars["SERVICE_FQDN_WEB_3000"] != "web-p-pr-3.203.0.113.7.sslip.io:3000" || text.Domains(vars)["web"] != "http://web-p-pr-3.203.0.113.7.sslip.io:3000" || len(vars["SERVICE_PASSWORD_A"]) != 32 {
		t.Errorf("%v", vars)
	}
	vars = stack.Expanded(text.Chosen(o, rows, map[string]string{"web": "https://shop.test/a"}))
	if vars["SERVICE_FQDN_WEB"] != "shop.test/a" || vars["SERVICE_URL_WEB_3000"] != "https://shop.test:3000/a" {
		t.Errorf("%v", vars)
	}
	if !stack.IsAddress("SERVICE_URL_WEB") || stack.IsAddress("SERVICE_PASSWORD_A") || stack.IsAddress("URL") {
		t.Error("IsAddress")
	}
}

// TestStatus sums up what is seen of a stack.
func TestStatus(t *testing.T) {
	t.Parallel()
	parts := []stack.Part{{Name: "web", Stays: true}, {Name: "job"}, {Name: "side", Excluded: true}, {Name: "off", Empty: true}}
	up := core.Container{Service: "web", State: "running", Health: "healthy"}
	job := core.Container{Service: "job", State: "exited"}
	bad := job
	bad.ExitCode = 1
	gone := core.Container{Service: "web", State: "exited"}
	for want, seen := range map[string][]core.Container{
		"running:healthy": {up, job}, "degraded:unhealthy": {up, bad}, "exited:unhealthy": {gone, job},
	} {
		if got, by := stack.Status(parts, seen); got != want || by["off"] != "exited:unhealthy" {
			t.Errorf("%s %v, want %s", got, by, want)
		}
	}
	if got, _ := stack.Status(parts, []core.Container{up}); got != "degraded:unhealthy" {
		t.Errorf("one is missing: %s", got)
	}
	if got, by := stack.Status(parts[1:], []core.Container{job}); got != "exited:healthy" || by["job"] != got {
		t.Errorf("all is done: %s", got)
	}
}
