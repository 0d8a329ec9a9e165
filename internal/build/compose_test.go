package build_test

import (
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/build"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

func section() map[string]any {
	return map[string]any{"context": "/srv/app0/build/source/web", "args": map[string]any{"A": "of the file"}, "secrets": []any{map[string]any{"source": "x"}}}
}

// TestPartImage: an image is another one when anything that decides what is built is.
func TestPartImage(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	add := func(what, image string) {
		if before, there := seen[image]; there {
			t.Errorf("%s and %s are both %s", before, what, image)
		}
		seen[image] = what
	}
	first := input().PartImage("web", section(), nil)
	if !strings.HasPrefix(first, "app0:web."+commit+"-") || first != input().PartImage("web", section(), nil) {
		t.Errorf("image %s", first)
	}
	add("first", first)
	add("service", input().PartImage("api", section(), nil))
	add("command", input().PartImage("web", section(), []string{"build", "--no-cache"}))
	other := section()
	other["target"] = "prod"
	add("section", input().PartImage("web", other, nil))
	for name, change := range map[string]func(*build.Input){
		"commit": func(in *build.Input) { in.Commit = strings.Repeat("f", 40) }, "variable": func(in *build.Input) { in.Vars["A"] = "2" },
		"base": func(in *build.Input) { in.Base = "apps" }, "secrets": func(in *build.Input) { in.Build.UseSecrets = true },
		"source": func(in *build.Input) { in.Source = []string{"elsewhere"} }, "repository": func(in *build.Input) { in.Repository = "app0-pr-3" },
	} {
		add(name, input(change).PartImage("web", section(), nil))
	}
}

func parts(tb testing.TB, in build.Input, p build.Parts) (build.Output, string) {
	tb.Helper()
	out, err := build.MakeParts(in, p)
	if err != nil {
		tb.Fatal(err)
	}
	return out, shown(out)
}

// TestMakeParts: what the file says of a build goes before the variables, secrets are in
// no file, and what is there is not made again.
func TestMakeParts(t *testing.T) {
	t.Parallel()
	p := build.Parts{
		List: []build.Part{{Service: "web", Image: "app0:web", Section: section(), Here: true}, {Service: "far", Image: "app0:far", Section: map[string]any{"context": "https://git.test/x.git"}}},
		Have: []string{"files/1/x"}, Copy: []run.Step{{Name: "copy", Argv: []string{"cp"}}}, Secrets: map[string]any{"x": map[string]any{"environment": "TAFFRAIL_SECRET_1"}},
		Env: map[string]string{"TAFFRAIL_SECRET_1": "s1"},
	}
	_, text := parts(t, input(), p)
	for _, want := range []string{
		"files/1/x -- app0:web app0:far", "spares build", "copy", `A: "of the file"`, "B: |-", "dockerfile: /srv/app0/build/Dockerfile.web", "sh /srv/app0/build/source/web/Dockerfile build/Dockerfile.web A B",
		"context: \"https://git.test/x.git\"", "environment: TAFFRAIL_SECRET_1", "compose.yml build\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	out, text := parts(t, input(func(in *build.Input) { in.Build.UseSecrets, in.Fresh, in.Pull = true, true, true }), p)
	if strings.Contains(text, "two") || strings.Contains(text, "Dockerfile.web") || !strings.Contains(text, "--no-cache --pull") || strings.Contains(text, "spares") {
		t.Errorf("secretly\n%s", text)
	}
	found := false
	for _, s := range out.Steps {
		found = found || s.Env["TAFFRAIL_BUILD_1"] == "two\nlines $x" && s.Env["TAFFRAIL_SECRET_1"] == "s1"
		if !s.Prepares {
			t.Errorf("%s touches what runs", s.Name)
		}
	}
	if !found || len(section()["secrets"].([]any)) != 1 {
		t.Error("the secrets do not reach the build")
	}
	p.Always, p.Command = true, []string{"build", "--parallel", "2"}
	if _, text = parts(t, input(), p); strings.Contains(text, "spares") || !strings.Contains(text, "build --parallel 2\n") {
		t.Errorf("always\n%s", text)
	}
	if out, _ = parts(t, input(), build.Parts{}); len(out.Steps) != 0 {
		t.Errorf("nothing to build: %v", out.Steps)
	}
	in := input(func(in *build.Input) { in.Build.UseSecrets, in.Vars["A"] = true, strings.Repeat("x", 200_000) })
	if _, err := build.MakeParts(in, p); core.CodeOf(err) != core.CodeBadRequest {
		t.Errorf("a large secret: %v", err)
	}
}
