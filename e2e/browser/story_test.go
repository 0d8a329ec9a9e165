package browser_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/e2e/browser"
	"github.com/taffrail/taffrail/internal/testenv"
)

const (
	phrase  = "a taffrail log at the stern"
	compose = "services:\n  web:\n    image: alpine:3\n    stop_signal: SIGKILL\n" +
		"    command: [sh, -c, 'echo \"\\x1b[32mlistening\\x1b[0m\"; exec sleep 600']\n"
	broken = "services:\n  web:\n    image: lab/there-is-no-such-image:1\n"
)

// story is a person with a browser in front of a controller of their own.
type story struct {
	*browser.Page
	c *testenv.Controller
}

// begin sets a controller up in the browser, from the code in its data folder.
func begin(t *testing.T) story {
	t.Helper()
	chrome := browser.Start(t)
	c := testenv.Start(t)
	s := story{chrome.NewPage(t), c}
	code, err := os.ReadFile(filepath.Join(c.Config.Data, "setup-code"))
	if err != nil {
		t.Fatal(err)
	}
	s.Go(c.URL)
	s.Wait(`location.pathname === "/setup"`)
	s.Type("[name=code]", strings.TrimSpace(string(code)))
	s.Type("[name=name]", "Ada Lovelace")
	s.Type("[name=email]", "ada@example.org")
	s.Type("[name=password]", phrase)
	s.Leave(func() { s.Click("form .primary") })
	s.Wait(`document.querySelector("h1").innerText === "Overview"`)
	return s
}

// create makes a service of a compose text and leads to its first deployment.
func (s story) create(t *testing.T, name, text string) {
	t.Helper()
	s.Go(s.c.URL + "/projects")
	s.Leave(func() { s.Click(".tile") })
	s.Leave(func() { s.Click("a[href$='/new']") })
	s.Type("[name=name]", name)
	s.Type("[name=docker_compose_raw]", text)
	s.Leave(func() { s.Click("button[value=deploy]") })
	s.Wait(`/deployment\//.test(location.pathname)`)
	var path string
	s.Eval("location.pathname", &path)
	uuid := regexp.MustCompile(`/service/([a-z0-9]+)/`).FindStringSubmatch(path)[1]
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		_ = exec.CommandContext(ctx, "docker", "compose", "-p", uuid, "down", "-v", "-t", "0").Run()
	})
}

// clean fails the test for errors in the console.
func (s story) clean(t *testing.T) {
	t.Helper()
	for _, fault := range s.Faults() {
		t.Errorf("console: %s", fault)
	}
}

// TestFromSetupToFinished is a person's first minute.
func TestFromSetupToFinished(t *testing.T) {
	t.Parallel()
	testenv.RequireDocker(t)
	s := begin(t)
	s.create(t, "first light", compose)
	s.Wait(`document.querySelector("#status").dataset.status === "finished"`)
	s.Wait(`[...document.querySelectorAll(".row")].length > 3`)
	if got := s.Text("#steps"); !strings.Contains(got, "s") || s.Text(".rows") == "" {
		t.Errorf("steps %q", got)
	}
	s.Shot(filepath.Join(browser.Artefacts, "story-finished"))
	s.create(t, "no image", broken)
	s.Wait(`document.querySelector("#status").dataset.status === "failed"`)
	s.Wait(`document.querySelector(".failure .output")`)
	s.Shot(filepath.Join(browser.Artefacts, "story-failed"))
	s.clean(t)
}
