package build

import (
	"path"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// needScript fails with advice when a program is not there.
const needScript = `command -v "$1" >/dev/null 2>&1 && exit 0
echo "The program $1 is not on the server that builds. Install it there ($2), or choose another build pack." >&2
exit 127`

// need is the program of a build pack.
func need(program, where string) run.Step {
	return run.Step{
		Name: "builder", Title: "Looking for " + program + ".", Hidden: true,
		Argv: []string{"sh", "-c", needScript, "sh", program, where},
	}
}

// hostNames mean something to programs on the server: they are given to no builder that
// takes variables from its own environment.
func hostName(name string) bool {
	switch name {
	case "PATH", "HOME", "IFS", "ENV", "BASH_ENV", "TMPDIR", "SHELL", "PWD", "USER", "CDPATH", "GCONV_PATH", "LOCPATH":
		return true
	}
	upper := strings.ToUpper(name)
	return slices.ContainsFunc([]string{"LD_", "DOCKER_", "BUILDX_", "BUILDKIT_", "COMPOSE_", "GIT_", "SSL_", "XDG_", "TAFFRAIL_", "GODEBUG", "PACK_"},
		func(prefix string) bool { return strings.HasPrefix(upper, prefix) }) || strings.HasSuffix(upper, "_PROXY")
}

// builder makes the image with a program that finds out itself what the source is.
func (in Input) builder(out *Output) ([]run.Step, error) {
	source := path.Join(Tree, in.Base)
	built := out.Image
	if in.Build.IsStatic {
		built += "-app"
		if _, tag, _ := strings.Cut(built, ":"); len(tag) > maxTag {
			return nil, core.Errorf(core.CodeBadRequest, "The name of the image is too long.")
		}
	}
	env := map[string]string{}
	var flags []string
	for _, name := range names(in.Vars) {
		if hostName(name) || len(in.Vars[name]) > maxSecret {
			out.Notes = append(out.Notes, "The variable "+name+" is not given to the build: "+string(in.Build.Pack)+" would take it for one of the server, or it is too large.")
			continue
		}
		env[name] = in.Vars[name]
		flags = append(flags, "--env", name) // its value comes from the environment
	}
	var steps []run.Step
	var err error
	switch in.Build.Pack {
	case core.PackNixpacks:
		steps, err = in.nixpacks(source, built, flags, env)
	case core.PackRailpack:
		steps, err = in.railpack(source, built, flags, env)
	default:
		steps = in.buildpacks(source, built, flags, env)
	}
	if err != nil || !in.Build.IsStatic {
		return steps, err
	}
	site, err := in.static(out.Image, path.Join("/app", in.Publish), built)
	return append(steps, site...), err
}

// nixpacks writes a Dockerfile, which is built as any other.
func (in Input) nixpacks(source, image string, flags []string, env map[string]string) ([]run.Step, error) {
	argv := append([]string{"nixpacks", "build", source, "--out", plan, "--name", image}, flags...)
	for _, c := range []struct{ flag, text string }{
		{"--install-cmd", in.Build.InstallCommand}, {"--build-cmd", in.Build.BuildCommand}, {"--start-cmd", in.Start},
	} {
		if c.text != "" {
			argv = append(argv, c.flag, c.text)
		}
	}
	if in.Build.IsStatic {
		argv = append(argv, "--no-error-without-start")
	}
	compose, secrets, err := in.write(recipe{name: "image", image: image, context: plan, dockerfile: path.Join(plan, ".nixpacks/Dockerfile"), args: in.Vars})
	return []run.Step{
		need("nixpacks", "https://nixpacks.com/docs/install"),
		{Name: "plan", Title: "Nixpacks looks at the source.", Argv: argv, Env: env},
		{Name: "prepare", Title: "Preparing the build.", Hidden: true, Files: []run.File{compose}},
		in.compose("build", "Building the image.", "image", secrets),
	}, err
}

// railpack writes a plan, which its own frontend of BuildKit builds. Its variables are
// secrets of the build.
func (in Input) railpack(source, image string, flags []string, env map[string]string) ([]run.Step, error) {
	file := path.Join(plan, "railpack-plan.json")
	for _, c := range []struct{ name, text string }{
		{"RAILPACK_INSTALL_CMD", in.Build.InstallCommand}, {"RAILPACK_BUILD_CMD", in.Build.BuildCommand}, {"RAILPACK_START_CMD", in.Start},
	} {
		if c.text != "" && env[c.name] == "" {
			env[c.name] = c.text
			flags = append(flags, "--env", c.name)
		}
	}
	compose, secrets, err := in.write(recipe{
		name: "image", image: image, context: source, dockerfile: file, secrets: true,
		args: map[string]string{"BUILDKIT_SYNTAX": railpackFrontend, "secrets-hash": in.hash()},
	})
	return []run.Step{
		need("railpack", "https://railpack.com/installation"),
		{Name: "prepare", Title: "Preparing the build.", Hidden: true, Files: []run.File{compose, {Path: plan, Mode: 0o700, IsDir: true}}},
		{Name: "plan", Title: "Railpack looks at the source.", Argv: append([]string{"railpack", "prepare", source, "--plan-out", file}, flags...), Env: env},
		in.compose("build", "Building the image.", "image", secrets),
	}, err
}

// buildpacks does all by itself.
func (in Input) buildpacks(source, image string, flags []string, env map[string]string) []run.Step {
	argv := []string{"pack", "build", image, "--path", source, "--builder", defaultBuilder, "--no-color"}
	if in.Fresh {
		argv = append(argv, "--clear-cache")
	}
	if !in.Fresh && !in.Pull {
		argv = append(argv, "--pull-policy", "if-not-present")
	}
	return []run.Step{
		need("pack", "https://buildpacks.io/docs/for-platform-operators/how-to/integrate-ci/pack"),
		{Name: "build", Title: "Building the image.", Argv: append(argv, flags...), Env: env},
	}
}
