package control_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func TestSharedVariables(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	for name, at := range map[string]control.Scope{
		"team": {}, "server": {Server: x.server}, "project": {Project: x.project},
		"environment": {Project: x.project, Environment: "production"},
	} {
		e := must(w.c.CreateShared(ctx, w.owner, at, control.EnvInput{Key: " KEY ", Value: secret("of the " + name)}))(t)
		if e.Key != "KEY" || e.Value.Reveal() != "of the "+name {
			t.Errorf("%s: %+v", name, e)
		}
		_, err := w.c.CreateShared(ctx, w.owner, at, control.EnvInput{Key: "KEY"})
		wantCode(t, err, core.CodeConflict, "Environment variable already exists. Use PATCH request to update it.")
		_, err = w.c.CreateShared(ctx, w.owner, at, control.EnvInput{Key: "A B", Value: secret("\x00"), IsPreview: true})
		wantFields(t, err, "key", "value", "is_preview")
		for _, by := range []string{string(e.UUID), fmt.Sprint(e.RowID)} {
			changed := must(w.c.UpdateShared(ctx, w.owner, at, by, control.EnvInput{Value: secret("changed by " + by), Comment: ptr("why")}))(t)
			if changed.UUID != e.UUID || changed.Value.Reveal() != "changed by "+by || changed.Comment != "why" {
				t.Errorf("%s: %+v", name, changed)
			}
		}
		_, err = w.c.UpdateShared(ctx, w.owner, at, string(e.UUID), control.EnvInput{Key: "OTHER"})
		wantFields(t, err, "key")
		locked := must(w.c.UpdateShared(ctx, w.owner, at, string(e.UUID), control.EnvInput{Key: "KEY", IsShownOnce: ptr(true)}))(t)
		if !locked.Hidden || !locked.Value.Empty() {
			t.Errorf("%s: locked %+v", name, locked)
		}
		_, err = w.c.UpdateShared(ctx, w.owner, at, string(e.UUID), control.EnvInput{IsShownOnce: ptr(false)})
		wantFields(t, err, "is_shown_once")
	}
	list := must(w.c.ListShared(ctx, w.owner, control.Scope{}))(t)
	if len(list) != 1 {
		t.Fatalf("the team's are %+v", list)
	}
	err := w.c.DeleteShared(ctx, w.owner, control.Scope{Server: x.server}, string(list[0].UUID))
	wantCode(t, err, core.CodeNotFound, "Environment variable not found.")
	if err := w.c.DeleteShared(ctx, w.owner, control.Scope{}, string(list[0].UUID)); err != nil {
		t.Error(err)
	}
	if list = must(w.c.ListShared(ctx, w.owner, control.Scope{}))(t); list == nil || len(list) != 0 {
		t.Errorf("deleted, there are %+v", list)
	}
}

func TestGitHubApps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	g := must(w.c.CreateGitHubApp(ctx, w.owner, control.GitHubAppPatch{Name: ptr("acme"), Key: &x.key, AppID: ptr(int64(7)), InstallationID: ptr(int64(8))}))(t)
	if g.APIURL != "https://api.github.com" || g.HTMLURL != "https://github.com" || g.CustomUser != "git" || g.CustomPort != 22 || g.KeyID == 0 {
		t.Errorf("created %+v", g)
	}
	for _, by := range []string{string(g.UUID), fmt.Sprint(g.RowID)} {
		if got := must(w.c.GetGitHubApp(ctx, w.owner, by))(t); got.UUID != g.UUID {
			t.Errorf("by %s: %+v", by, got)
		}
	}
	changed := must(w.c.UpdateGitHubApp(ctx, w.owner, string(g.UUID), control.GitHubAppPatch{
		APIURL: ptr("https://git.acme.example/api/v3"), HTMLURL: ptr("https://git.acme.example"), WebhookSecret: secret("a-secret"),
	}))(t)
	if changed.APIURL != "https://git.acme.example/api/v3" || changed.AppID != 7 || changed.KeyID != g.KeyID || changed.WebhookSecret.Reveal() != "a-secret" {
		t.Errorf("changed %+v", changed)
	}
	for field, patch := range map[string]control.GitHubAppPatch{
		"name": {Name: ptr("a;b")}, "api_url": {APIURL: ptr("http://api.example")}, "html_url": {HTMLURL: ptr("https://u:p@host")},
		"custom_user": {CustomUser: ptr("-oProxyCommand=id")}, "custom_port": {CustomPort: ptr(0)}, "app_id": {AppID: ptr(int64(-1))},
		"installation_id": {InstallationID: ptr(int64(-1))}, "organization": {Organization: ptr("a\x00")}, "client_id": {ClientID: ptr(strings.Repeat("x", 300))},
	} {
		_, err := w.c.UpdateGitHubApp(ctx, w.owner, string(g.UUID), patch)
		wantFields(t, err, field)
	}
	if list := must(w.c.ListGitHubRepositories(ctx, w.owner, string(g.UUID)))(t); len(list) != 1 || list[0].FullName != "acme/shop" {
		t.Errorf("repositories %+v", list)
	}
	if list := must(w.c.ListGitHubBranches(ctx, w.owner, string(g.UUID), "acme/shop"))(t); len(list) != 1 || list[0].Name != "main of acme/shop" {
		t.Errorf("branches %+v", list)
	}
	in := x.applicationInput()
	in.From, in.Source.GitHubApp, in.Source.Repository = control.FromGitHubApp, ptr(string(g.UUID)), ptr("acme/site")
	a := must(w.c.CreateApplication(ctx, w.owner, in))(t).Application
	if a.Source.Key != "git.acme.example/acme/site" {
		t.Errorf("the repository is %s", a.Source.Key)
	}
	wantCode(t, w.c.DeleteGitHubApp(ctx, w.owner, string(g.UUID)), core.CodeBadRequest, "")
	must(w.c.DeleteApplication(ctx, w.owner, a.UUID, core.Removal{}))(t)
	if err := w.c.DeleteGitHubApp(ctx, w.owner, string(g.UUID)); err != nil {
		t.Error(err)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	list := must(w.c.ListPlaces(ctx, w.owner, id))(t)
	if len(list) != 2 || !list[0].IsMain || list[0].Server != x.server || list[1].IsMain || list[1].UUID != x.app.place || list[1].Server == x.server {
		t.Errorf("places %+v", list)
	}
	wantCode(t, w.c.AddPlace(ctx, w.owner, id, x.app.place), core.CodeConflict, "")
	wantCode(t, w.c.AddPlace(ctx, w.owner, id, x.destination), core.CodeConflict, "")
	q := must(w.c.RemovePlace(ctx, w.owner, id, x.app.place))(t)
	if d := q.Deployment; d.Verb != core.VerbStop || d.Server.Name != "second" || !d.Revision.OnlyHere || d.Options.Remove.Any() {
		t.Errorf("stop %+v", d)
	}
	if list = must(w.c.ListPlaces(ctx, w.owner, id))(t); len(list) != 1 {
		t.Errorf("places %+v", list)
	}
	if err := w.c.AddPlace(ctx, w.owner, id, x.app.place); err != nil {
		t.Error(err)
	}
}

func TestProxyOfAServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	if p := must(w.c.GetProxy(ctx, w.owner, x.server))(t); p != (control.Proxy{Type: "none"}) {
		t.Errorf("at first %+v", p)
	}
	for _, move := range []error{w.c.StartProxy(ctx, w.owner, x.server), w.c.RestartProxy(ctx, w.owner, x.server), w.c.StopProxy(ctx, w.owner, x.server)} {
		wantCode(t, move, core.CodeBadRequest, "Server 10.0.0.9 has no proxy: choose traefik or caddy first.")
	}
	_, err := w.c.SetProxy(ctx, w.owner, x.server, "nginx")
	wantFields(t, err, "proxy_type")
	w.code.set(func(h *codeHost) { h.status = "running:healthy" })
	if p := must(w.c.SetProxy(ctx, w.owner, x.server, "caddy"))(t); p != (control.Proxy{Type: "caddy", Status: "running:healthy"}) {
		t.Errorf("set %+v", p)
	}
	for _, move := range []error{w.c.StartProxy(ctx, w.owner, x.server), w.c.RestartProxy(ctx, w.owner, x.server), w.c.StopProxy(ctx, w.owner, x.server)} {
		if move != nil {
			t.Error(move)
		}
	}
	w.code.set(func(h *codeHost) {
		if !slices.Equal(h.moved, []string{"start caddy", "restart caddy", "stop caddy"}) {
			t.Errorf("moved %v", h.moved)
		}
		h.fault = core.Errorf(core.CodeUnavailable, "Port 80 is in use by nginx.")
	})
	wantCode(t, w.c.StartProxy(ctx, w.owner, x.server), core.CodeUnavailable, "Port 80 is in use by nginx.")
	if p := must(w.c.GetProxy(ctx, w.owner, x.server))(t); p.Type != "caddy" {
		t.Errorf("of a server that does not answer: %+v", p)
	}
}

func TestApplicationLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	_, err := w.c.ApplicationLogs(ctx, w.owner, id, "", 10, false)
	wantCode(t, err, core.CodeBadRequest, "Application is not running.")
	_, err = w.c.ApplicationLogs(ctx, w.owner, id, "", 0, false)
	wantFields(t, err, "lines")
	must(w.c.CreateEnv(ctx, w.owner, core.KindApplication, id, control.EnvInput{Key: "TOKEN", Value: secret("token-of-the-application")}))(t)
	w.containers.are(id, core.Container{Service: string(id) + "-a", Name: "one"}, core.Container{Service: string(id) + "-b", Name: "two"})
	w.containers.text = "token-of-the-application " + hookSecret + " clerk-password\n"
	got := must(w.c.ApplicationLogs(ctx, w.owner, id, "", 10, true))(t)
	const masked = " on 10.0.0.9, 10 lines, true: <REDACTED> <REDACTED> <REDACTED>\n"
	if want := "==> one (1 of 2) <==\none" + masked + "==> two (2 of 2) <==\ntwo" + masked; got != want {
		t.Errorf("logs %q, want %q", got, want)
	}
	got = must(w.c.ApplicationLogs(ctx, w.owner, id, string(id)+"-b", 10, true))(t)
	if got != "two"+masked {
		t.Errorf("logs of a part %q", got)
	}
}

// TestProxyIsThereWhenItIsNeeded: a deployment that is reached by domains brings up the
// proxy of its server, and nothing else does.
func TestProxyIsThereWhenItIsNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner) // its application has a domain
	ctx := t.Context()
	moves := make(chan string, 100)
	w.code.set(func(h *codeHost) { h.moves = moves })
	if err := w.c.Start(ctx); err != nil {
		t.Fatal(err)
	}
	id := x.app.application
	must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t) // the server has no proxy
	must(w.c.UpdateServer(ctx, w.owner, x.server, control.ServerPatch{ProxyType: ptr("traefik")}))(t)
	in := x.applicationInput()
	in.AutogenerateDomain, in.InstantDeploy = ptr(false), true
	must(w.c.CreateApplication(ctx, w.owner, in))(t) // it has no domain
	must(w.c.StopApplication(ctx, w.owner, id, control.Action{}))(t)
	must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t)
	for _, want := range []string{"status 10.0.0.9", "start 10.0.0.9"} {
		if got := <-moves; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	w.code.set(func(h *codeHost) { h.status = "running:healthy" })
	w.took(t, gitHub(t, "push", "1", pushHook(hook{"after": secondCommit})))
	if got := <-moves; got != "status 10.0.0.9" {
		t.Errorf("for a push: %s", got)
	}
	if err := w.c.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if len(moves) != 0 {
		t.Errorf("a proxy that runs was moved: %s", <-moves)
	}
}
