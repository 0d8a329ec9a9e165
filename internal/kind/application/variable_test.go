package application_test

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/taffrail/taffrail/internal/core"
)

// environment is what the container of a plan gets, and what is noted in the log.
func environment(tb testing.TB, s *shelf, d core.Deployment) (env map[string]string, notes string) {
	tb.Helper()
	plan := s.must(tb, d, observed())
	var tree struct {
		Services map[string]struct {
			Environment map[string]string `yaml:"environment"`
		} `yaml:"services"`
	}
	if err := yaml.Unmarshal([]byte(composed(tb, plan)), &tree); err != nil {
		tb.Fatal(err)
	}
	for _, step := range plan.Script.Steps {
		if step.Name == "note" {
			notes += step.Title + "\n"
		}
	}
	for _, service := range tree.Services {
		env = service.Environment
	}
	for name, value := range env {
		env[name] = strings.ReplaceAll(value, "$$", "$") // as Compose does
	}
	return env, notes
}

// TestVariables: what is set, what refers to something, and what Taffrail tells by itself.
func TestVariables(t *testing.T) {
	t.Parallel()
	s := newShelf()
	literal := func(e *core.EnvVar) { e.IsLiteral = true }
	s.env("USER", "ann")
	s.env("URL", "postgres://$USER:${PASS}@db:${DB_PORT:-5432}/{{team.NAME}}")
	s.env("PASS", "P@$$w0rd{{ server.SUFFIX }}")
	s.env("LITERAL", "$USER ${USER} {{project.KEY}}", literal)
	s.env("NOT_THERE", "$HOME {{environment.NONE}} {{team.name}} {{x.Y}} {{.Values}}")
	s.env("OWN_PORT", "$PORT", nil...)
	s.env("HOST", "127.0.0.1")
	s.env("BUILD_ONLY", "x", func(e *core.EnvVar) { e.IsRuntime = false })
	s.env("NAME", "$BUILD_ONLY-$SOURCE_COMMIT")
	s.env("PREVIEW", "no", func(e *core.EnvVar) { e.IsPreview = true })
	for key, value := range map[string]string{"team.NAME": "shop$USER", "server.SUFFIX": "!", "project.KEY": "{{team.NAME}}"} {
		s.Shared = append(s.Shared, core.EnvVar{Key: key, Value: core.NewSecret(value)})
	}
	s.Application.Serve.Domains = "https://a.test:3000,http://b.test/x"
	env, notes := environment(t, s, deployment(core.VerbDeploy))
	for name, want := range map[string]string{
		"USER": "ann", "PASS": "P@$$w0rd!", "URL": "postgres://ann:P@$$w0rd!@db:${DB_PORT:-5432}/shop$USER", "LITERAL": "$USER ${USER} {{team.NAME}}",
		"NOT_THERE": "$HOME {{environment.NONE}} {{team.name}} {{x.Y}} {{.Values}}", "OWN_PORT": "3000", "PORT": "3000", "HOST": "127.0.0.1",
		"NAME": "x-" + commit, "COOLIFY_URL": "https://a.test,http://b.test/x", "COOLIFY_FQDN": "a.test,b.test/x", "COOLIFY_BRANCH": "main",
		"COOLIFY_RESOURCE_UUID": string(uuid), "SOURCE_COMMIT": commit, "COOLIFY_CONTAINER_NAME": string(uuid) + "-dep1bbbb",
	} {
		if got := env[name]; got != strings.ReplaceAll(want, "$$", "$") && got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"BUILD_ONLY", "PREVIEW"} {
		if value, there := env[name]; there {
			t.Errorf("%s=%q is in the container", name, value)
		}
	}
	if want := "There is no shared variable for NOT_THERE: {{environment.NONE}}, so it stays as it is.\n" +
		"There is no shared variable for NOT_THERE: {{team.name}}, so it stays as it is.\n"; notes != want {
		t.Errorf("notes %q", notes)
	}
}

// TestPreviewIsApart: a pull request has its own variables, names, folder, volumes and
// domain, and no port of the server.
func TestPreviewIsApart(t *testing.T) {
	t.Parallel()
	s := newShelf()
	preview(s)
	d := deployment(core.VerbDeploy)
	d.Revision.PullRequest, d.Revision.Provider, d.Revision.Branch = 3, "github", "feature"
	env, _ := environment(t, s, d)
	if env["A"] != "of the preview" || env["COOLIFY_URL"] != "https://3.shop.test" || env["COOLIFY_BRANCH"] != "feature" {
		t.Errorf("%v", env)
	}
	plan := s.must(t, d, observed())
	file := composed(t, plan)
	for _, want := range []string{string(uuid) + "-data-pr-3", "shop-pr-3", string(uuid) + "-pr-3-dep1bbbb"} {
		if !strings.Contains(file, want) {
			t.Errorf("%s is not in\n%s", want, file)
		}
	}
	if strings.Contains(file, "8080") || strings.Contains(file, "//shop.test") || !strings.HasSuffix(plan.Script.Dir, string(uuid)+"-pr-3") {
		t.Errorf("in %s:\n%s", plan.Script.Dir, file)
	}
	if fetch := step(t, plan, "fetch"); !strings.Contains(strings.Join(fetch.Argv, " "), "refs/pull/3/head") {
		t.Errorf("%v", fetch.Argv)
	}
}

// TestSecretsAreMasked: what people set is, in every form in which it arrives; what
// Taffrail tells is not.
func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	s := newShelf()
	s.env("URL", "x://{{team.PASSWORD}}")
	s.Shared = []core.EnvVar{{Key: "team.PASSWORD", Value: core.NewSecret("hush-hush")}}
	s.Application.Serve.Password, s.Application.Hooks.GitHub = core.NewSecret("basic-pass"), core.NewSecret("hook-secret")
	s.Storages = []core.Storage{{IsFile: true, FsPath: "a", MountPath: "/a", Content: core.NewSecret("file-content")}}
	target, err := s.kind().Load(t.Context(), deployment(core.VerbDeploy))
	if err != nil {
		t.Fatal(err)
	}
	masked := map[string]bool{}
	for _, v := range target.Secrets() {
		masked[v.Value] = true
	}
	for _, want := range []string{"x://{{team.PASSWORD}}", "x://hush-hush", "hush-hush", "basic-pass", "hook-secret", "file-content"} {
		if !masked[want] {
			t.Errorf("%q is not masked", want)
		}
	}
	for _, open := range []string{"main", "3000", commit, "0.0.0.0", string(uuid)} {
		if masked[open] {
			t.Errorf("%q is masked", open)
		}
	}
}
