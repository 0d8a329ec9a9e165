package web_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/webtest"
)

// TestPages opens every page as an owner and as a member, with and without things on it.
func TestPages(t *testing.T) {
	t.Parallel()
	w := webtest.New(t)
	w.SetUp(t)
	good := w.Finished(t, w.Service)
	failed := w.Failed(t, w.Service)
	running := w.Run(t, w.NewService(t, "cart"))
	running.Say(t, 0, core.Info, "Deploying.")
	queued := w.Queue(t, running.Resource.UUID)
	project := "/project/" + string(w.Project)
	environment := project + "/environment/" + string(w.Environment)
	service := environment + "/service/" + string(w.Service)
	owner, member := signedIn(t, w, webtest.Email), signedIn(t, w, webtest.Member)
	for path, want := range map[string]string{
		"/": "Running and waiting", "/projects": "Shop", project: "storefront", environment: "storefront", environment + "/new": "Compose file", environment + "/new/database": "Create and start",
		"/deployments": "storefront", "/deployments?status=failed&q=STORE": "Failed", "/deployments?q=nothing": "No deployment is like that",
		"/servers": "localhost", "/servers/" + string(w.Server): "Deployments at once", "/security/keys": "There is no key yet",
		"/security/tokens": "There is no token yet", "/team": "Root Team", "/account": "Second factor", "/search?q=front": "storefront",
		service: "registry.example.org", service + "/logs": "on :80", service + "/envs": "SESAME", service + "/settings": "Description",
		service + "/danger": "Delete storefront", failed.Path(): "already in use", "/compare?from=" + string(good.UUID) + "&to=" + string(failed.UUID): "Waiting until they are healthy", running.Path(): "In progress",
		"/project/x/environment/y/service/z/deployment/" + string(queued.UUID): "Queued",
	} {
		r := owner.get(path)
		r.has(t, want)
		m := member.get(path)
		if r.status != 200 || m.status != 200 && path != service+"/logs" && path != "/security/tokens" {
			t.Errorf("%s: %d for an owner, %d for a member", path, r.status, m.status)
		}
		if strings.Contains(m.body, webtest.Secret) || strings.Contains(m.body, "address already in use</li>") {
			t.Errorf("%s shows a member what only admins may see", path)
		}
		for _, inline := range []string{"<style", " style=", "onclick=", "javascript:"} {
			if strings.Contains(r.body, inline) {
				t.Errorf("%s has %q, which its policy forbids", path, inline)
			}
		}
	}
	owner.get(service+"/envs").has(t, webtest.Secret)
	member.get(failed.Path()).has(t, "The log is for admins and owners")
	if r := owner.get("/deployments/" + string(failed.UUID)); r.location != failed.Path() {
		t.Errorf("short address: %+v", r)
	}
	for _, path := range []string{"/lines", "/stream", "/find?q=x", "/log.txt", "/first-error"} {
		if r := member.get("/deployments/" + string(failed.UUID) + path); r.status != 403 {
			t.Errorf("%s for a member: %d", path, r.status)
		}
	}
	owner.get(failed.Path()).has(t, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co", `\u003cscript\u003ealert(1)`, `<span class="c2 b">✔</span>`)
}

// TestDoing changes things as forms do.
func TestDoing(t *testing.T) {
	t.Parallel()
	w := webtest.New(t)
	w.SetUp(t)
	owner, member := signedIn(t, w, webtest.Email), signedIn(t, w, webtest.Member)
	environment := "/project/" + string(w.Project) + "/environment/" + string(w.Environment)
	service := environment + "/service/" + string(w.Service)
	owner.post("/projects", "name", "").has(t, "wrong-text")
	if r := owner.post("/projects", "name", "Blog"); r.status != 303 {
		t.Errorf("new project: %+v", r)
	}
	if r := member.post("/projects", "name", "Blog"); r.status != 403 && r.status != 422 {
		t.Errorf("new project of a member: %+v", r)
	}
	owner.post(environment+"/new", "docker_compose_raw", "nothing", "server_uuid", string(w.Server)).has(t, "there are no services", ">nothing</textarea>")
	r := owner.post(environment+"/new", "name", "mail", "docker_compose_raw", "services:\r\n  a: {image: b}\r\n", "server_uuid", string(w.Server), "then", "deploy")
	if r.status != 303 || !strings.Contains(r.location, "/deployment/") {
		t.Fatalf("new service: %+v", r)
	}
	owner.get(r.location).has(t, "Queued", "Ada Lovelace", "by the web interface", "Cancel")
	id := r.location[strings.LastIndexByte(r.location, '/')+1:]
	if r := owner.post("/deployments/" + id + "/cancel"); r.status != 303 {
		t.Errorf("cancel: %+v", r)
	}
	owner.get(r.location).has(t, "Cancelled", "The deployment is cancelled.", "Retry")
	if again := owner.post("/deployments/" + id + "/retry"); again.status != 303 || again.location == r.location {
		t.Errorf("retry: %+v", again)
	}
	if r := owner.post(service+"/envs", "key", "COLOUR", "value", "blue\r\ngreen", "locked", "1"); r.status != 303 {
		t.Errorf("variable: %+v", r)
	}
	if page := owner.get(service + "/envs"); !strings.Contains(page.body, "COLOUR") || strings.Contains(page.body, "green") {
		t.Error("a locked variable is not there, or shown")
	}
	owner.post(service+"/envs", "key", "no name").has(t, "wrong-text")
	if r := owner.post(service+"/settings", "name", "front", "description", "The shop", "docker_compose_raw", "services: {}"); r.status != 303 {
		t.Errorf("settings: %+v", r)
	}
	owner.post(service+"/settings", "name", "front", "docker_compose_raw", "rubbish").has(t, "there are no services", ">rubbish</textarea>")
	owner.post(service+"/danger", "name", "wrong").has(t, "Type the name as it is")
	if r := owner.post(service+"/act", "verb", "deploy"); r.status != 303 {
		t.Errorf("deploy: %+v", r)
	}
	if r := owner.post(service+"/act", "verb", "explode"); r.status != 400 {
		t.Errorf("a verb that is none: %d", r.status)
	}
	if r := owner.post("/deployments/"+id+"/pin", "pinned", "1"); r.status != 303 {
		t.Errorf("pin: %+v", r)
	}
	owner.get(r.location).has(t, "The deployment is pinned", `aria-pressed="true"`)
	if r := owner.post("/deployments/" + id + "/pin"); r.status != 303 {
		t.Errorf("unpin: %+v", r)
	}
	if r := owner.post("/deployments/" + id + "/rollback"); r.status != 400 {
		t.Errorf("back to nothing: %d", r.status)
	}
	if r := owner.post(service+"/danger", "name", "front", "volumes", "1"); r.status != 303 {
		t.Errorf("delete: %+v", r)
	}
	if r := owner.get(service); r.status != 404 {
		t.Errorf("deleted: %d", r.status)
	}
}

// TestMaking makes what resources need, and a database.
func TestMaking(t *testing.T) {
	t.Parallel()
	w := webtest.New(t)
	w.SetUp(t)
	owner := signedIn(t, w, webtest.Email)
	environment := "/project/" + string(w.Project) + "/environment/" + string(w.Environment)
	d := owner.post(environment+"/new/database", "engine", "postgresql", "name", "orders", "server_uuid", string(w.Server))
	if d.status != 303 || !strings.Contains(d.location, "/database/") {
		t.Fatalf("new database: %+v", d)
	}
	owner.get(d.location).has(t, "Start", "orders")
	owner.get(d.location[:strings.Index(d.location, "/deployment/")]).has(t, "orders", "Database")
	owner.post(environment+"/new/database", "engine", "postgresql", "image", "no image", "server_uuid", string(w.Server)).has(t, "wrong-text")
	owner.get("/servers").has(t, "Make one first")
	owner.post("/security/keys", "name", "mine").has(t, "ssh-ed25519 ", "The key is stored")
	owner.post("/security/keys", "private_key", "rubbish").has(t, "wrong-text")
	keys, err := w.Control.ListKeys(t.Context(), w.Owner)
	webtest.Must(t, err)
	owner.post("/servers", "ip", "192.0.2.7", "port", "none", "private_key_uuid", string(keys[0].UUID)).has(t, "wrong-text")
	if r := owner.post("/servers", "ip", "192.0.2.7", "private_key_uuid", string(keys[0].UUID)); r.status != 303 || !strings.HasPrefix(r.location, "/servers/") {
		t.Errorf("new server: %+v", r)
	}
	made := owner.post("/security/tokens", "name", "ci", "abilities", "read", "days", "30")
	made.has(t, "Your new token", "1|")
	if r := owner.post("/security/tokens/1/revoke"); r.status != 303 {
		t.Errorf("revoke: %+v", r)
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	w := webtest.New(t)
	w.SetUp(t)
	d := w.Finished(t, w.Service)
	p := signedIn(t, w, webtest.Email)
	for q, want := range map[string]string{"STORE": "storefront", "local": "localhost", "team": "Team", "prod": "Shop / production", string(d.UUID): "Deploy storefront"} {
		var out struct{ Found []struct{ Name, Path string } }
		webtest.Must(t, json.Unmarshal([]byte(p.get("/search?q="+q, "Accept", "application/json").body), &out))
		names := fmt.Sprint(out.Found)
		if !strings.Contains(names, want) {
			t.Errorf("%q finds %s", q, names)
		}
		for _, hit := range out.Found {
			if r := p.get(hit.Path); r.status != 200 {
				t.Errorf("%q leads to %s: %d", hit.Name, hit.Path, r.status)
			}
		}
	}
}
