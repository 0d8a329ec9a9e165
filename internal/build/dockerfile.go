package build

import (
	_ "embed"
	"maps"
	"path"
	"slices"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// injectScript writes Dockerfile $1 to $2 with "ARG name" behind each FROM, for all names
// from $3 on. Lines of texts within it and continued lines are left alone.
//
//go:embed inject.sh
var injectScript string

// injected is the Dockerfile with the arguments in it.
const injected = "build/Dockerfile"

// dockerfile builds what is in the repository, or what was pasted: that one has nothing
// of a source.
func (in Input) dockerfile(image string) ([]run.Step, error) {
	r := recipe{name: "image", image: image, context: path.Join(Tree, in.Base), secrets: in.secretly()}
	r.dockerfile = path.Join(Tree, in.Base, in.Dockerfile)
	var files []run.File
	if in.Commit == "" {
		if in.Build.Dockerfile == "" {
			return nil, core.Errorf(core.CodeBadRequest, "There is neither a Dockerfile nor a repository with one.")
		}
		r.context, r.dockerfile = context, path.Join(context, DefaultDockerfile)
		files = append(files, run.File{Path: context, Mode: 0o700, IsDir: true}, run.File{Path: r.dockerfile, Mode: 0o600, Content: in.Build.Dockerfile})
	}
	var steps []run.Step
	inject := in.Build.InjectArgs && !in.secretly() && len(in.Vars) > 0
	source := r.dockerfile
	if inject {
		r.dockerfile = injected
	}
	if !in.secretly() {
		r.args = in.Vars
	}
	compose, env, err := in.write(r)
	if err != nil {
		return nil, err
	}
	steps = append(steps, run.Step{Name: "prepare", Title: "Preparing the build.", Hidden: true, Files: append(files, compose)})
	if inject {
		argv := append([]string{"sh", "-c", injectScript, "sh", source, injected}, names(in.Vars)...)
		steps = append(steps, run.Step{Name: "arguments", Title: "Giving the build variables to each stage of the Dockerfile.", Argv: argv, Hidden: true})
	}
	return append(steps, in.compose("build", "Building the image.", r.name, env)), nil
}

func names(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for key, value := range m {
		out[key] = value
	}
	return out
}
