package browser_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/e2e/browser"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/webtest"
)

// long is a name as people give it when they are in a hurry.
const long = "the-service-with-a-name-that-somebody-has-pasted-from-a-ticket-and-never-made-any-shorter-again"

// login signs the owner in.
func login(t testing.TB, p *browser.Page, w *webtest.World) {
	t.Helper()
	p.Go(w.URL + "/login")
	p.Type("[name=email]", webtest.Email)
	p.Type("[name=password]", webtest.Password)
	p.Leave(func() { p.Click("form .primary") })
	p.Wait(`document.querySelector("h1").innerText === "Overview"`)
}

// TestEveryPage looks at every page in both themes, on a laptop and on a phone: no
// errors, nothing that axe finds, nothing wider than the window. The pictures are for
// people: artefacts/web.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	axe := browser.Axe(t)
	p := browser.Start(t).NewPage(t)
	empty := webtest.New(t)
	look := func(name, url string) {
		for _, theme := range []string{"light", "dark"} {
			p.Theme(theme)
			p.Size(1360, 860)
			p.Go(url)
			p.Wait(`document.readyState === "complete" && !document.querySelector(".row[data-blank]")`)
			p.Accessible(name+" "+theme, axe)
			p.Shot(filepath.Join(browser.Artefacts, name+"-"+theme))
		}
		p.Size(390, 844)
		p.Go(url)
		p.Accessible(name+" on a phone", axe)
		p.Shot(filepath.Join(browser.Artefacts, name+"-phone"))
		for _, fault := range p.Faults() {
			if !strings.Contains(fault, "404") || name != "missing" {
				t.Errorf("%s: console: %s", name, fault)
			}
		}
	}
	look("setup", empty.URL+"/setup")
	empty.SetUp(t)
	look("login", empty.URL+"/login")
	login(t, p, empty)
	look("home-empty", empty.URL+"/")
	look("deployments-empty", empty.URL+"/deployments")

	w := webtest.New(t)
	w.SetUp(t)
	webtest.Must(t, w.Control.ValidateServer(t.Context(), w.Owner, w.Server, false))
	for range 3 {
		w.Finished(t, w.Service)
	}
	failed := w.Failed(t, w.Service)
	other := w.NewService(t, long)
	done := w.Finished(t, other)
	running := w.Run(t, other)
	zero := 0
	running.Step(t, 1, "Pulling images", 0, 1e9, &zero)
	running.Say(t, 1, core.Info, "Pulling images.")
	running.Step(t, 2, "Building the image", 1e9, 0, nil)
	running.Say(t, 2, core.Info, "Building the image.")
	running.Fill(t, 2, 60)
	running.Say(t, 2, core.Stdout, "\x1b[33mwarning\x1b[0m: \x1b[1m"+strings.Repeat("a-very-long-line-", 30)+"\x1b[0m")
	queued := w.Queue(t, other)
	login(t, p, w)
	environment := w.URL + "/project/" + string(w.Project) + "/environment/" + string(w.Environment)
	service := environment + "/service/" + string(w.Service)
	for name, url := range map[string]string{
		"home": w.URL + "/", "projects": w.URL + "/projects", "project": w.URL + "/project/" + string(w.Project), "environment": environment,
		"new": environment + "/new", "new-database": environment + "/new/database", "deployments": w.URL + "/deployments", "servers": w.URL + "/servers", "server": w.URL + "/servers/" + string(w.Server),
		"tokens": w.URL + "/security/tokens", "keys": w.URL + "/security/keys", "team": w.URL + "/team", "account": w.URL + "/account", "search": w.URL + "/search?q=s",
		"resource": service, "resource-logs": service + "/logs", "resource-envs": service + "/envs", "resource-settings": service + "/settings",
		"resource-danger": service + "/danger", "missing": w.URL + "/nowhere", "compare": w.URL + "/compare?from=" + string(done.UUID) + "&to=" + string(failed.UUID),
		"deployment-failed": w.URL + failed.Path(), "deployment-finished": w.URL + done.Path(), "deployment-running": w.URL + running.Path(),
		"deployment-queued": w.URL + "/project/x/environment/y/service/z/deployment/" + string(queued.UUID),
	} {
		look(name, url)
	}
}
