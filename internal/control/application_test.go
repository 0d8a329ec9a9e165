package control_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func TestCreateApplicationFromAnySource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	for name, c := range map[string]struct {
		change func(*control.ApplicationInput)
		check  func(core.Application) bool
	}{
		"public git": {func(*control.ApplicationInput) {}, func(a core.Application) bool {
			return a.Source.Key == "git.example.com/acme/shop" && a.Source.Commit == "HEAD" && a.Source.KeyID == 0 && a.Source.Submodules && a.Serve.Ports == "80"
		}},
		"a commit, in capitals": {func(in *control.ApplicationInput) { in.Source.Commit = ptr(strings.ToUpper(firstCommit)) }, func(a core.Application) bool {
			return a.Source.Commit == firstCommit
		}},
		"short for GitHub": {func(in *control.ApplicationInput) { in.Source.Repository = ptr("Acme/Shop") }, func(a core.Application) bool {
			return a.Source.Key == "github.com/acme/shop" && a.Source.Repository == "Acme/Shop"
		}},
		"deploy key": {func(in *control.ApplicationInput) {
			in.From, in.Source.Key, in.Source.Repository = control.FromDeployKey, &x.key, ptr("git@git.example.com:acme/shop.git")
		}, func(a core.Application) bool {
			return a.Source.KeyID != 0 && a.Source.Key == "git.example.com/acme/shop"
		}},
		"GitHub App": {func(in *control.ApplicationInput) {
			in.From, in.Source.GitHubApp, in.Source.Repository = control.FromGitHubApp, ptr(string(x.app.gitHub)), ptr("acme/shop")
		}, func(a core.Application) bool {
			return a.Source.GitHubApp != 0 && a.Source.Key == "github.com/acme/shop"
		}},
		"pasted Dockerfile": {func(in *control.ApplicationInput) {
			in.From, in.Build.Dockerfile = control.FromDockerfile, ptr("FROM scratch\r\nEXPOSE 8080\r\n")
		}, func(a core.Application) bool {
			return a.Source.Repository == "" && a.Source.Key == "" && a.Build.Pack == core.PackDockerfile && a.Serve.Ports == "8080" &&
				a.Build.Dockerfile == "FROM scratch\nEXPOSE 8080"
		}},
		"image": {func(in *control.ApplicationInput) { in.From, in.Build.ImageName = control.FromImage, ptr("nginx") }, func(a core.Application) bool {
			return a.Build.Pack == core.PackImage && a.Build.ImageTag == "latest" && a.Source.Repository == ""
		}},
		"image with a tag in its name": {func(in *control.ApplicationInput) {
			in.From, in.Build.ImageName = control.FromImage, ptr("registry.example:5000/a/nginx:1.27")
		}, func(a core.Application) bool { return a.Build.ImageTag == "" }},
		"image by a bare digest": {func(in *control.ApplicationInput) {
			in.From, in.Build.ImageName, in.Build.ImageTag = control.FromImage, ptr("nginx"), ptr(strings.Repeat("ab", 32))
		}, func(a core.Application) bool { return a.Build.ImageTag == "sha256:"+strings.Repeat("ab", 32) }},
		"static": {func(in *control.ApplicationInput) { in.Build.Pack = ptr(core.PackStatic) }, func(a core.Application) bool { return a.Serve.Ports == "80" }},
		"nixpacks": {func(in *control.ApplicationInput) { in.Build.Pack = ptr(core.PackNixpacks) }, func(a core.Application) bool {
			return a.Serve.Ports == "3000"
		}},
	} {
		in := x.applicationInput()
		in.Name = ptr(" ")
		c.change(&in)
		s := must(w.c.CreateApplication(t.Context(), w.owner, in))(t)
		a := s.Application
		if a.Name != "application-"+string(a.UUID) || a.Server != x.server || a.Project != x.project || !c.check(a.Application) {
			t.Errorf("%s: %+v", name, a)
		}
		if !a.AutoDeploy.Enabled || a.Build.KeepImages != 2 || a.Health.Enabled || !a.Serve.ForceHTTPS || a.Runtime.Limits != core.DefaultLimits() {
			t.Errorf("%s: defaults %+v", name, a)
		}
	}
}

func TestCreateApplicationTellsAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	before := w.dump(t)
	_, err := w.c.CreateApplication(t.Context(), w.owner, control.ApplicationInput{
		ApplicationPatch: control.ApplicationPatch{Name: ptr("a;b")}, From: control.FromPublic,
	})
	wantFields(t, err, "name", "git_repository", "build_pack", "project_uuid", "server_uuid", "environment_name", "environment_uuid")
	for name, c := range map[string]struct {
		change func(*control.ApplicationInput)
		fields []string
	}{
		"no way":             {func(in *control.ApplicationInput) { in.From = "elsewhere" }, []string{"source", "dockerfile"}},
		"key left out":       {func(in *control.ApplicationInput) { in.From = control.FromDeployKey }, []string{"private_key_uuid"}},
		"App left out":       {func(in *control.ApplicationInput) { in.From = control.FromGitHubApp }, []string{"github_app_uuid"}},
		"Dockerfile missing": {func(in *control.ApplicationInput) { in.From = control.FromDockerfile }, []string{"dockerfile"}},
		"image missing":      {func(in *control.ApplicationInput) { in.From = control.FromImage }, []string{"docker_registry_image_name"}},
		"image of git":       {func(in *control.ApplicationInput) { in.Build.Pack = ptr(core.PackImage) }, []string{"build_pack", "docker_registry_image_name"}},
		"compose file": {func(in *control.ApplicationInput) {
			in.Build.Pack, in.Build.ComposePath = ptr(core.PackCompose), ptr("/../../etc/compose.yml")
			in.Runtime.StartCompose, in.Runtime.BuildCompose = ptr("sh -c id"), ptr("docker compose -f x build")
		}, []string{"docker_compose_location", "docker_compose_custom_start_command", "docker_compose_custom_build_command"}},
		"branch missing":  {func(in *control.ApplicationInput) { in.Source.Branch = nil }, []string{"git_branch"}},
		"ssh without key": {func(in *control.ApplicationInput) { in.Source.Repository = ptr("git@git.example.com:a/b") }, []string{"git_repository"}},
		"several": {func(in *control.ApplicationInput) {
			in.Serve.Ports, in.Runtime.StopGrace, in.Limits.Memory = ptr("x"), ptr(4000), ptr("much")
		}, []string{"ports_exposes", "stop_grace_period", "limits_memory"}},
	} {
		in := x.applicationInput()
		c.change(&in)
		if in.From == control.FromPublic && in.Source.Repository == nil {
			t.Fatal(name)
		}
		_, err := w.c.CreateApplication(t.Context(), w.owner, in)
		if err == nil {
			t.Errorf("%s is accepted", name)
			continue
		}
		wantFields(t, err, c.fields...)
	}
	if w.dump(t) != before {
		t.Error("a refused application was stored")
	}
}

// attacks are patches that must be refused, with the field that is at fault.
func attacks() map[string]func(text string) control.ApplicationPatch {
	source := func(change func(*control.SourcePatch, *string)) func(string) control.ApplicationPatch {
		return func(text string) (p control.ApplicationPatch) {
			change(&p.Source, &text)
			return p
		}
	}
	build := func(change func(*control.BuildPatch, *string)) func(string) control.ApplicationPatch {
		return func(text string) (p control.ApplicationPatch) {
			change(&p.Build, &text)
			return p
		}
	}
	serve := func(change func(*control.ServePatch, *string)) func(string) control.ApplicationPatch {
		return func(text string) (p control.ApplicationPatch) {
			change(&p.Serve, &text)
			return p
		}
	}
	return map[string]func(string) control.ApplicationPatch{
		"git_repository":             source(func(s *control.SourcePatch, v *string) { s.Repository = v }),
		"git_branch":                 source(func(s *control.SourcePatch, v *string) { s.Branch = v }),
		"git_commit_sha":             source(func(s *control.SourcePatch, v *string) { s.Commit = v }),
		"base_directory":             build(func(b *control.BuildPatch, v *string) { b.BaseDirectory = v }),
		"dockerfile_location":        build(func(b *control.BuildPatch, v *string) { b.DockerfilePath = v }),
		"docker_compose_location":    build(func(b *control.BuildPatch, v *string) { b.ComposePath = v }),
		"publish_directory":          build(func(b *control.BuildPatch, v *string) { b.PublishDir = v }),
		"dockerfile_target_build":    build(func(b *control.BuildPatch, v *string) { b.TargetStage = v }),
		"docker_registry_image_name": build(func(b *control.BuildPatch, v *string) { b.ImageName = v }),
		"static_image":               build(func(b *control.BuildPatch, v *string) { b.StaticImage = v }),
		"docker_compose_domains": build(func(b *control.BuildPatch, v *string) {
			b.ComposeDomains = &[]core.PartDomain{{Name: "web", Domain: "https://a.example/" + *v}}
		}),
		"domains":                  serve(func(s *control.ServePatch, v *string) { *v = "https://a.example/" + *v; s.Domains = v }),
		"ports_exposes":            serve(func(s *control.ServePatch, v *string) { s.Ports = v }),
		"ports_mappings":           serve(func(s *control.ServePatch, v *string) { s.Mappings = v }),
		"redirect":                 serve(func(s *control.ServePatch, v *string) { s.Redirect = v }),
		"http_basic_auth_username": serve(func(s *control.ServePatch, v *string) { s.User = v }),
		"preview_url_template":     serve(func(s *control.ServePatch, v *string) { *v = "{{pr_id}}." + *v; s.PreviewURL = v }),
		"custom_network_aliases":   serve(func(s *control.ServePatch, v *string) { s.Aliases = v }),
		"custom_internal_name": func(text string) control.ApplicationPatch {
			return control.ApplicationPatch{Runtime: control.RuntimePatch{CustomName: &text}}
		},
		"custom_docker_run_options": func(text string) control.ApplicationPatch {
			return control.ApplicationPatch{Runtime: control.RuntimePatch{DockerOptions: &text}}
		},
		"health_check_path": func(text string) control.ApplicationPatch {
			text = "/" + text
			return control.ApplicationPatch{Health: control.AppHealthPatch{Path: &text}}
		},
		"health_check_host": func(text string) control.ApplicationPatch {
			return control.ApplicationPatch{Health: control.AppHealthPatch{Host: &text}}
		},
		"pre_deployment_command_container": func(text string) control.ApplicationPatch {
			return control.ApplicationPatch{Hooks: control.HooksPatch{PreContainer: &text}}
		},
		"build_pack": func(text string) control.ApplicationPatch {
			return control.ApplicationPatch{Build: control.BuildPatch{Pack: ptr(core.BuildPack(text))}}
		},
	}
}

// allowed are payloads that mean nothing in a field: names of files and branches that are
// odd, parts of URLs behind a slash.
func allowed(field, text string) bool {
	long := strings.HasPrefix(text, "xxx")
	switch field {
	case "base_directory", "dockerfile_location", "docker_compose_location", "publish_directory":
		return text == "%0aid" || long
	case "git_branch":
		return text == "%0aid" || text == "a\u202eb"
	case "domains", "docker_compose_domains":
		return text == "-x"
	case "health_check_path":
		return long || slices.Contains([]string{"a;id", "-oProxyCommand=id", "--upload-pack=id", "%0aid", "../../etc/passwd", "a/../../b", "-x"}, text)
	}
	return false
}

func TestNothingThatMeansSomethingElsewhereIsStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	more := []string{"../../etc/passwd", "a/../../b", "-x", "--upload-pack=id", "a b", "x:y --privileged"}
	for field, patch := range attacks() {
		for _, text := range slices.Concat(payloads(), more) {
			if allowed(field, text) {
				continue
			}
			_, err := w.c.UpdateApplication(t.Context(), w.owner, x.app.application, patch(text))
			var e *core.Error
			if !errors.As(err, &e) || e.Code != core.CodeInvalid || len(e.Fields[field]) == 0 {
				t.Errorf("%s = %q: %v", field, text, err)
			}
		}
	}
}

func TestUpdateApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	old := must(w.c.GetApplication(ctx, w.owner, id))(t)
	patch := control.ApplicationPatch{
		Name: ptr(" Web "), Source: control.SourcePatch{Repository: ptr("https://github.com/Acme/Site"), WatchPaths: ptr("src/**\r\n!docs/")},
		Build:  control.BuildPatch{KeepImages: ptr(5), ComposeDomains: &[]core.PartDomain{{Name: "web", Domain: "HTTPS://A.example/"}}},
		Serve:  control.ServePatch{Domains: ptr(" HTTPS://Web.example , http://b.example:8080/api "), NoIndex: &[]string{"web.example"}},
		Limits: control.LimitsPatch{Memory: ptr("512m")}, Health: control.AppHealthPatch{Enabled: ptr(true), Code: ptr(204)},
		Hooks: control.HooksPatch{Pre: ptr("migrate && seed")}, AutoDeploy: control.AutoDeployPatch{Enabled: ptr(false)},
	}
	s := must(w.c.UpdateApplication(ctx, w.owner, id, patch))(t)
	a := s.Application
	want := []string{"https://web.example", "http://b.example:8080/api", "https://a.example"}
	if a.Name != "Web" || a.Source.Key != "github.com/acme/site" || a.Source.WatchPaths != "src/**\n!docs/" || !slices.Equal(s.Domains, want) {
		t.Errorf("application %+v, domains %v", a, s.Domains)
	}
	if a.Build.KeepImages != 5 || a.Runtime.Limits.Memory != "512m" || a.Health.Code != 204 || a.AutoDeploy.Enabled || a.Hooks.Pre != "migrate && seed" {
		t.Errorf("application %+v", a)
	}
	if a.Source.Branch != old.Source.Branch || a.Hooks.GitHub != old.Hooks.GitHub || a.Build.BaseDirectory != "/" || a.ServerID != old.ServerID {
		t.Errorf("what was not named changed: %+v", a)
	}
	if len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "has no proxy") {
		t.Errorf("warnings %v", s.Warnings)
	}
	keyed := must(w.c.UpdateApplication(ctx, w.owner, id, control.ApplicationPatch{Source: control.SourcePatch{Key: &x.key}}))(t).Application
	apped := must(w.c.UpdateApplication(ctx, w.owner, id, control.ApplicationPatch{Source: control.SourcePatch{GitHubApp: ptr(string(x.app.gitHub))}}))(t).Application
	if keyed.Source.KeyID == 0 || keyed.Source.GitHubApp != 0 || apped.Source.KeyID != 0 || apped.Source.GitHubApp == 0 {
		t.Errorf("sources %+v, then %+v", keyed.Source, apped.Source)
	}
	_, err := w.c.UpdateApplication(ctx, w.owner, id, control.ApplicationPatch{Source: control.SourcePatch{Key: &x.key, GitHubApp: ptr("1")}})
	wantFields(t, err, "private_key_uuid")
	none := must(w.c.UpdateApplication(ctx, w.owner, id, control.ApplicationPatch{Source: control.SourcePatch{GitHubApp: ptr("")}}))(t).Application
	if none.Source.GitHubApp != 0 {
		t.Error("the GitHub App cannot be taken away")
	}
}

// TestWebhookSecrets: what could be guessed by everybody cannot be set.
func TestWebhookSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	for _, text := range []string{" ", "\t", "a\x00b", strings.Repeat("x", 256)} {
		_, err := w.c.UpdateApplication(t.Context(), w.owner, x.app.application, control.ApplicationPatch{Hooks: control.HooksPatch{GitHub: secret(text)}})
		wantFields(t, err, "manual_webhook_secret_github")
		_, err = w.c.UpdateGitHubApp(t.Context(), w.owner, string(x.app.gitHub), control.GitHubAppPatch{WebhookSecret: secret(text)})
		wantFields(t, err, "webhook_secret")
	}
}

func TestDomainsBelongToOneResourceOfAnyKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner) // its application has https://shop.example.com
	ctx := t.Context()
	urls := func(text string) control.ServicePatch {
		return control.ServicePatch{URLs: []control.PartURL{{Name: "web", URL: text}}}
	}
	_, err := w.c.UpdateService(ctx, w.owner, x.service, urls("http://Shop.example.com:8080"))
	var conflict *control.ConflictError
	if !errors.As(err, &conflict) || len(conflict.Conflicts) != 1 || conflict.Conflicts[0].ResourceType != core.KindApplication ||
		conflict.Conflicts[0].ResourceUUID != x.app.application {
		t.Errorf("service with the domain of an application: %v", err)
	}
	must(w.c.UpdateService(ctx, w.owner, x.service, urls("https://service.example")))(t)
	in := x.applicationInput()
	in.Serve.Domains = ptr("https://fresh.example,https://service.example,https://shop.example.com/")
	_, err = w.c.CreateApplication(ctx, w.owner, in)
	if !errors.As(err, &conflict) || core.CodeOf(err) != core.CodeConflict || len(conflict.Conflicts) != 2 {
		t.Errorf("application with domains of others: %v", err)
	}
	in.Serve.Domains = ptr("https://shop.example.com/other")
	must(w.c.CreateApplication(ctx, w.owner, in))(t) // another path is another address
	in.Serve.Domains, in.ForceDomainOverride = ptr("https://shop.example.com"), true
	forced := must(w.c.CreateApplication(ctx, w.owner, in))(t).Application.UUID
	must(w.c.UpdateApplication(ctx, w.owner, forced, control.ApplicationPatch{Name: ptr("B")}))(t)
	_, err = w.c.UpdateApplication(ctx, w.owner, forced, control.ApplicationPatch{Serve: control.ServePatch{Domains: ptr("https://service.example")}})
	wantCode(t, err, core.CodeConflict, "")
}

func TestADomainOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	made := func(change func(*control.ApplicationInput)) control.ApplicationSaved {
		in := x.applicationInput()
		change(&in)
		return must(w.c.CreateApplication(ctx, w.owner, in))(t)
	}
	if s := made(func(*control.ApplicationInput) {}); len(s.Domains) != 0 {
		t.Errorf("without a proxy: %v", s.Domains)
	}
	s := made(func(in *control.ApplicationInput) { in.AutogenerateDomain = ptr(true) })
	if want := "http://" + string(s.Application.UUID) + ".10.0.0.9.sslip.io"; !slices.Equal(s.Domains, []string{want}) {
		t.Errorf("asked for: %v", s.Domains)
	}
	must(w.c.SetProxy(ctx, w.owner, x.server, "caddy"))(t)
	if s := made(func(*control.ApplicationInput) {}); len(s.Domains) != 1 || len(s.Warnings) != 0 {
		t.Errorf("with a proxy: %v, %v", s.Domains, s.Warnings)
	}
	if s := made(func(in *control.ApplicationInput) { in.AutogenerateDomain = ptr(false) }); len(s.Domains) != 0 {
		t.Errorf("not wanted: %v", s.Domains)
	}
	if s := made(func(in *control.ApplicationInput) { in.Serve.Domains = ptr("https://a.example") }); !slices.Equal(s.Domains, []string{"https://a.example"}) {
		t.Errorf("given: %v", s.Domains)
	}
	must(w.c.UpdateServer(ctx, w.owner, x.server, control.ServerPatch{IP: ptr("2001:db8::7")}))(t)
	s = made(func(*control.ApplicationInput) {})
	if want := "http://" + string(s.Application.UUID) + ".2001-db8--7.sslip.io"; !slices.Equal(s.Domains, []string{want}) {
		t.Errorf("on IPv6: %v", s.Domains)
	}
}

func TestDeleteApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	must(w.c.StartApplication(ctx, w.owner, id, control.Action{}))(t)
	away := core.Removal{Configurations: true, Volumes: true, Networks: true, Images: true}
	must(w.c.DeleteApplication(ctx, w.owner, id, away))(t)
	_, err := w.c.GetApplication(ctx, w.owner, id)
	wantCode(t, err, core.CodeNotFound, "Application not found.")
	list, _, err := w.c.ListResourceDeployments(ctx, w.owner, core.KindApplication, id, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	// Its own stop, that on the further server, and that of the preview; the start is cancelled.
	stops := map[[2]int64]bool{}
	for _, d := range list {
		switch {
		case d.Verb == core.VerbStop && d.Status == core.StatusQueued && d.Options.Remove == away:
			stops[[2]int64{d.Server.RowID, int64(d.Revision.PullRequest)}] = true
		case d.Verb == core.VerbDeploy && d.Status == core.StatusCancelled:
		default:
			t.Errorf("deployment %+v", d)
		}
	}
	if len(list) != 4 || len(stops) != 3 {
		t.Errorf("%d deployments, stops %v", len(list), stops)
	}
}
