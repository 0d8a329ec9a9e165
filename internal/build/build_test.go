package build_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/build"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

var update = flag.Bool("update", false, "write the golden files anew")

const commit = "0123456789abcdef0123456789abcdef01234567"

// input is a Dockerfile in a repository.
func input(changes ...func(*build.Input)) build.Input {
	in := build.Input{
		Repository: "app0", Commit: commit, Dir: "/srv/app0", Base: ".", Dockerfile: "Dockerfile", Publish: ".",
		Build: core.Build{Pack: core.PackDockerfile, InjectArgs: true}, Vars: map[string]string{"A": "1", "B": "two\nlines $x"},
		Labels: map[string]string{"l": "1"}, Checkout: []run.Step{{Name: "checkout", Argv: []string{"git"}}},
	}
	for _, change := range changes {
		change(&in)
	}
	return in
}

func made(tb testing.TB, in build.Input) build.Output {
	tb.Helper()
	out, err := build.Make(in)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// shown is a build as a person may see it, and its files.
func shown(out build.Output) string {
	text := "image " + out.Image + "\n" + strings.Join(out.Notes, "\n") + run.Script{Steps: out.Steps}.String()
	for _, s := range out.Steps {
		for _, f := range s.Files {
			text += "--- " + f.Path + "\n" + f.Content
		}
	}
	return text
}

// TestMake holds the steps of each pack.
func TestMake(t *testing.T) {
	t.Parallel()
	pack := func(p core.BuildPack) func(*build.Input) {
		return func(in *build.Input) {
			in.Build.Pack, in.Base, in.Publish, in.Start = p, "apps/web", "dist", "npm start"
			in.Build.InstallCommand, in.Build.BuildCommand = "npm ci", "npm run build"
			in.Vars["DOCKER_HOST"], in.Vars["https_proxy"] = "tcp://evil", "http://evil"
		}
	}
	for name, change := range map[string]func(*build.Input){
		"dockerfile": func(*build.Input) {},
		"fresh":      func(in *build.Input) { in.Fresh = true },
		"pull":       func(in *build.Input) { in.Pull, in.Build.TargetStage = true, "prod" },
		"declared":   func(in *build.Input) { in.Build.InjectArgs = false },
		"secrets":    func(in *build.Input) { in.Build.UseSecrets = true },
		"pasted":     func(in *build.Input) { in.Commit, in.Checkout, in.Build.Dockerfile = "", nil, "FROM a\n" },
		"push":       func(in *build.Input) { in.Build.ImageName, in.Build.ImageTag = "registry.test:5000/a/b", "latest" },
		"static":     pack(core.PackStatic),
		"own-conf":   func(in *build.Input) { pack(core.PackStatic)(in); in.Build.NginxConf = "server {}\n" },
		"nixpacks":   pack(core.PackNixpacks),
		"site":       func(in *build.Input) { pack(core.PackNixpacks)(in); in.Build.IsStatic = true },
		"railpack":   pack(core.PackRailpack),
		"buildpacks": pack(core.PackBuildpacks),
		"image": func(in *build.Input) {
			in.Build = core.Build{Pack: core.PackImage, ImageName: "ghcr.io/a/b", ImageTag: "1"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := made(t, input(change))
			for _, s := range out.Steps {
				if !s.Prepares {
					t.Errorf("%s: a failure of it would put something back", s.Name)
				}
			}
			golden(t, name+".golden", shown(out))
		})
	}
}

func golden(tb testing.TB, name, got string) {
	tb.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		tb.Errorf("%s differs (-want +got); run with -update when that is right:\n%s", path, diff)
	}
}

// TestHash: whatever decides what is built makes another image, and nothing else does.
func TestHash(t *testing.T) {
	t.Parallel()
	first := made(t, input())
	if !strings.HasPrefix(first.Image, "app0:"+commit+"-") || len(first.Hash) != 64 {
		t.Errorf("%s %s", first.Image, first.Hash)
	}
	for name, c := range map[string]struct {
		same   bool
		change func(*build.Input)
	}{
		"nothing":          {true, func(*build.Input) {}},
		"no cache":         {true, func(in *build.Input) { in.Fresh, in.Build.NoCache = true, true }},
		"newest":           {true, func(in *build.Input) { in.Pull = true }},
		"labels":           {true, func(in *build.Input) { in.Labels = nil }},
		"registry":         {true, func(in *build.Input) { in.Build.ImageName = "a/b" }},
		"images to keep":   {true, func(in *build.Input) { in.Build.KeepImages = 9 }},
		"base":             {false, func(in *build.Input) { in.Base = "a" }},
		"path":             {false, func(in *build.Input) { in.Dockerfile = "b" }},
		"stage":            {false, func(in *build.Input) { in.Build.TargetStage = "c" }},
		"variable":         {false, func(in *build.Input) { in.Vars["A"] = "2" }},
		"another variable": {false, func(in *build.Input) { in.Vars["C"] = "" }},
		"secrets":          {false, func(in *build.Input) { in.Build.UseSecrets = true }},
		"not declared":     {false, func(in *build.Input) { in.Build.InjectArgs = false }},
		"submodules":       {false, func(in *build.Input) { in.Source = []string{"true"} }},
	} {
		out := made(t, input(c.change))
		if (out.Hash == first.Hash) != c.same || (out.Image == first.Image) != c.same {
			t.Errorf("%s: %s, first %s", name, out.Image, first.Image)
		}
	}
	other := made(t, input(func(in *build.Input) { in.Commit = strings.Repeat("f", 40) }))
	if other.Hash != first.Hash || other.Image == first.Image {
		t.Errorf("another commit: %s %s", other.Image, other.Hash)
	}
}

func TestReference(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("ab", 32)
	for _, c := range []struct{ name, tag, want string }{
		{"nginx", "", "nginx:latest"}, {"nginx", "1.29", "nginx:1.29"}, {" ghcr.io/a/b ", "v1", "ghcr.io/a/b:v1"}, {"nginx", digest, "nginx@" + digest},
		{"nginx", "@" + digest, "nginx@" + digest}, {"nginx:1.2", "", "nginx:1.2"}, {"127.0.0.1:5000/a", "x", "127.0.0.1:5000/a:x"},
		{"docker.io/library/nginx", "1", "nginx:1"}, {"nginx@" + digest, "", "nginx@" + digest},
	} {
		if got, err := build.Reference(c.name, c.tag); err != nil || got != c.want {
			t.Errorf("%q %q: %q %v", c.name, c.tag, got, err)
		}
	}
	for _, bad := range []string{"", "-x", "--help", "a b", "$(id)", "A", "a:b c", "a;b", "a\nb", "../a", strings.Repeat("a", 300)} {
		if got, err := build.Reference(bad, ""); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%q: %q %v", bad, got, err)
		}
	}
}
