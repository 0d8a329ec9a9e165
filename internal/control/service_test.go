package control_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

const twoParts = "services:\n  web:\n    image: nginx\n  api:\n    image: nginx\n    container_name: mine\n    environment: [PASSWORD=$SERVICE_PASSWORD_API]\n"

func TestCreateService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	in := x.serviceInput()
	in.Name, in.Compose = "", core.NewSecret(twoParts)
	in.URLs = []control.PartURL{{Name: "web", URL: " HTTPS://Shop.Example/Path , http://b.example:8080 "}}
	in.Environment = string(x.environment)
	s := must(w.c.CreateService(t.Context(), w.owner, in))(t)
	if s.Service.Name != "service-"+string(s.Service.UUID) || s.Service.ComposeRaw.Reveal() != twoParts || !s.Service.LabelEscape {
		t.Errorf("service %+v", s.Service)
	}
	if want := []string{"https://shop.example/Path", "http://b.example:8080"}; !slices.Equal(s.Domains, want) {
		t.Errorf("domains %v, want %v", s.Domains, want)
	}
	if len(s.Service.Parts) != 2 || len(s.Warnings) != 1 || s.Deployment.UUID != "" {
		t.Errorf("saved %+v", s)
	}
	envs := must(w.c.ListEnvs(t.Context(), w.owner, core.KindService, s.Service.UUID))(t)
	if len(envs) != 1 || envs[0].Key != "SERVICE_PASSWORD_API" || len(envs[0].Value.Reveal()) != 32 || !envs[0].IsGenerated {
		t.Errorf("variables %+v", envs)
	}
	place := must(w.c.GetEnvironment(t.Context(), w.owner, x.project, "production"))(t)
	if len(place.Services) != 2 || place.Services[1].UUID != s.Service.UUID {
		t.Errorf("environment %+v", place)
	}
}

func TestCreateServiceTellsAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	before := w.dump(t)
	_, err := w.c.CreateService(t.Context(), w.owner, control.ServiceInput{Name: "a;b", Description: "<b>"})
	wantFields(t, err, "name", "description", "docker_compose_raw", "project_uuid", "server_uuid", "environment_name", "environment_uuid")
	for name, c := range map[string]struct {
		change func(*control.ServiceInput)
		fields []string
	}{
		"both sources":   {func(in *control.ServiceInput) { in.Type = "n8n" }, []string{"type"}},
		"blank text":     {func(in *control.ServiceInput) { in.Compose = core.NewSecret(" \n") }, []string{"docker_compose_raw"}},
		"binary text":    {func(in *control.ServiceInput) { in.Compose = core.NewSecret(composeText + "\x00") }, []string{"docker_compose_raw"}},
		"invalid UTF-8":  {func(in *control.ServiceInput) { in.Compose = core.NewSecret(composeText + "\xff") }, []string{"docker_compose_raw"}},
		"too much text":  {func(in *control.ServiceInput) { in.Compose = core.NewSecret(strings.Repeat("#", 1<<20+1)) }, []string{"docker_compose_raw"}},
		"refused text":   {func(in *control.ServiceInput) { in.Compose = core.NewSecret(composeText + "    privileged: true\n") }, []string{"docker_compose_raw"}},
		"unknown part":   {func(in *control.ServiceInput) { in.URLs = []control.PartURL{{Name: "db", URL: "https://a.example"}} }, []string{"urls"}},
		"nameless part":  {func(in *control.ServiceInput) { in.URLs = []control.PartURL{{URL: "https://a.example"}} }, []string{"urls.0.name"}},
		"several faults": {func(in *control.ServiceInput) { in.Name, in.Description = "a$b", "`id`" }, []string{"name", "description"}},
	} {
		in := x.serviceInput()
		c.change(&in)
		_, err := w.c.CreateService(t.Context(), w.owner, in)
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
		wantFields(t, err, c.fields...)
	}
	for _, text := range payloads() {
		if text == "ext::sh -c id" { // all of it is allowed in a name, and does no harm there
			continue
		}
		in := x.serviceInput()
		in.Name = text
		_, err := w.c.CreateService(t.Context(), w.owner, in)
		wantFields(t, err, "name")
	}
	if w.dump(t) != before {
		t.Error("a refused service was stored")
	}
}

func TestServiceURLs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	bad := append(payloads(), "a.example", "ftp://a.example", "//a.example", "https://", "https:a.example", "javascript:alert(1)",
		"https://a.example`id`", "https://a.test) || PathPrefix(`/", "https://a.example\n", "https://*.a.example", "https://u:p@a.example",
		"https://a.example?x=1", "https://a.example#f", "https://a.example:0", "https://a.example:65536", "https://a.example:", "https://a.example:x",
		"https://"+strings.Repeat("a", 250)+".example", "https://a_b.example", "https://2130706433", "https://a.example/$(id)", "https://a.example/a b")
	for _, url := range bad {
		if url == "a\nid" || strings.TrimSpace(url) == "" {
			url = "https://x/" + url
		}
		_, err := w.c.UpdateService(t.Context(), w.owner, x.service, control.ServicePatch{URLs: []control.PartURL{{Name: "web", URL: url}}})
		if err == nil && strings.TrimSpace(url) != url { // blanks around an address mean nothing
			continue
		}
		wantFields(t, err, "urls.0.url")
	}
	for _, url := range []string{"", "https://a.example", "http://10.0.0.1:8080/x/y", "https://[2001:db8::1]:8443", "https://xn--bcher-kva.example/~a-b_c.d"} {
		if _, err := w.c.UpdateService(t.Context(), w.owner, x.service, control.ServicePatch{URLs: []control.PartURL{{Name: "web", URL: url}}}); err != nil {
			t.Errorf("%q is refused: %v", url, err)
		}
	}
}

func TestDomainsBelongToOneService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	urls := func(text string) []control.PartURL { return []control.PartURL{{Name: "web", URL: text}} }
	must(w.c.UpdateService(ctx, w.owner, x.service, control.ServicePatch{URLs: urls("https://shop.example")}))(t)
	in := x.serviceInput()
	in.URLs = urls("https://other.example,http://SHOP.example/")
	_, err := w.c.CreateService(ctx, w.owner, in)
	wantCode(t, err, core.CodeConflict, "Domain conflicts detected. Use force_domain_override=true to proceed.")
	var taken *control.ConflictError
	if !errors.As(err, &taken) || len(taken.Conflicts) != 1 || taken.Conflicts[0] != (control.DomainConflict{
		Domain: "https://shop.example", ResourceName: "Front", ResourceUUID: x.service, ResourceType: core.KindService,
	}) {
		t.Errorf("conflicts %+v", taken)
	}
	in.ForceDomainOverride = true
	second := must(w.c.CreateService(ctx, w.owner, in))(t)
	if _, err := w.c.UpdateService(ctx, w.owner, second.Service.UUID, control.ServicePatch{Name: ptr("Shared")}); err != nil {
		t.Errorf("a change of the name asks about domains: %v", err)
	}
	eve := w.otherTeam(t)
	theirs := w.furnish(t, eve).serviceInput()
	theirs.URLs = urls("https://shop.example")
	if _, err := w.c.CreateService(ctx, eve, theirs); err != nil {
		t.Errorf("another team can tell which domains we have: %v", err)
	}
}

func TestUpdateServiceKeepsWhatIsNotNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	s := must(w.c.UpdateService(ctx, w.owner, x.service, control.ServicePatch{
		Compose: secret(twoParts), URLs: []control.PartURL{{Name: "web", URL: "https://a.example"}}, ConnectToDockerNetwork: ptr(true),
	}))(t)
	web := s.Service.Parts[slices.IndexFunc(s.Service.Parts, func(o core.ServicePart) bool { return o.Name == "web" })]
	s = must(w.c.UpdateService(ctx, w.owner, x.service, control.ServicePatch{Compose: secret(composeText), Description: ptr("d")}))(t)
	if len(s.Service.Parts) != 1 || s.Service.Parts[0].UUID != web.UUID || s.Service.Parts[0].Fqdn != "https://a.example" ||
		!s.Service.ConnectToDockerNetwork || s.Service.Name != "Front" || s.Service.Description != "d" {
		t.Errorf("service %+v", s.Service)
	}
	s = must(w.c.UpdateService(ctx, w.owner, x.service, control.ServicePatch{URLs: []control.PartURL{{Name: "web"}}}))(t)
	if len(s.Domains) != 0 {
		t.Errorf("domains %v", s.Domains)
	}
	_, err := w.c.UpdateService(ctx, w.owner, x.service, control.ServicePatch{Name: ptr(" "), Compose: secret("")})
	wantFields(t, err, "name", "docker_compose_raw")
}

func TestTeamLeaveForTheHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	in := x.serviceInput()
	in.Compose = core.NewSecret(composeText + "    privileged: true\n")
	_, err := w.c.CreateService(ctx, w.owner, in)
	wantFields(t, err, "docker_compose_raw")
	_, err = w.c.UpdateTeam(ctx, as(w.owner, core.RoleAdmin, "root"), control.TeamPatch{AllowHostAccess: ptr(true)})
	wantCode(t, err, core.CodeForbidden, "Missing required team role.")
	_, err = w.c.UpdateTeam(ctx, as(w.owner, core.RoleOwner, "read", "write"), control.TeamPatch{AllowHostAccess: ptr(true)})
	wantCode(t, err, core.CodeForbidden, "Missing required permissions: root")
	must(w.c.UpdateTeam(ctx, w.owner, control.TeamPatch{AllowHostAccess: ptr(true)}))(t)
	must(w.c.CreateService(ctx, w.owner, in))(t)
}

func TestServiceLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	w.containers.text = "the value is extra-value"
	w.containers.are(x.service, core.Container{Service: "web", Name: "web-" + string(x.service)}, core.Container{Service: "other", Name: "other-1"})
	text := must(w.c.ServiceLogs(ctx, w.owner, x.service, "web", 50, true))(t)
	if want := "web-" + string(x.service) + " on 10.0.0.9, 50 lines, true: the value is " + core.Redacted; text != want {
		t.Errorf("logs %q, want %q", text, want)
	}
	_, err := w.c.ServiceLogs(ctx, w.owner, x.service, "", 50, false)
	wantCode(t, err, core.CodeBadRequest, "Sub service name is required.")
	_, err = w.c.ServiceLogs(ctx, w.owner, x.service, "web;id", 50, false)
	wantCode(t, err, core.CodeNotFound, "Service resource not found.")
	for _, lines := range []int{0, -1, 10_001} {
		_, err = w.c.ServiceLogs(ctx, w.owner, x.service, "web", lines, false)
		wantFields(t, err, "lines")
	}
	w.containers.are(x.service, core.Container{Service: "web", Name: "p-web-1"}, core.Container{Service: "web", Name: "p-web-2"})
	text = must(w.c.ServiceLogs(ctx, w.owner, x.service, "web", 5, false))(t)
	if want := "==> p-web-1 (1 of 2) <==\np-web-1 on 10.0.0.9, 5 lines, false: the value is " + core.Redacted +
		"\n==> p-web-2 (2 of 2) <==\np-web-2 on 10.0.0.9, 5 lines, false: the value is " + core.Redacted + "\n"; text != want {
		t.Errorf("logs of two %q, want %q", text, want)
	}
	w.containers.text = strings.Repeat("x", 5<<20)
	text = must(w.c.ServiceLogs(ctx, w.owner, x.service, "web", 5, false))(t)
	if !strings.HasSuffix(text, "\n==> 1 more not shown <==\n") {
		t.Errorf("too much text ends with %q", text[len(text)-50:])
	}
	w.containers.err = core.NotFound("Container")
	_, err = w.c.ServiceLogs(ctx, w.owner, x.service, "web", 50, false)
	wantCode(t, err, core.CodeBadRequest, "Container is not running.")
	w.containers.are(x.service)
	_, err = w.c.ServiceLogs(ctx, w.owner, x.service, "web", 50, false)
	wantCode(t, err, core.CodeBadRequest, "Container is not running.")
	w.containers.fault = core.Errorf(core.CodeUnavailable, "no route")
	_, err = w.c.ServiceLogs(ctx, w.owner, x.service, "web", 50, false)
	wantCode(t, err, core.CodeUnavailable, "no route")
}
