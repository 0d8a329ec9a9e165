package build

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"path"
	"strconv"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// Part is an image that a compose service is built into.
type Part struct {
	Service string
	Image   string
	// Section is what Compose is told of the build, with absolute paths. It is not changed.
	Section map[string]any
	// Here says that the build is of the checkout, so that its Dockerfile is there to be
	// given arguments.
	Here bool
}

// Parts is what a compose file builds.
type Parts struct {
	List    []Part
	Secrets map[string]any    // those of the compose file, by name
	Env     map[string]string // of the commands of Compose
	Command []string          // arguments of Compose in place of "build"; empty: none
	// Have are absolute paths that must be there besides the images for nothing to be
	// done, Copy the steps that make them of the checkout.
	Have []string
	Copy []run.Step
	// Always says that the copies have to be made whatever is there.
	Always bool
}

// PartImage names the image of a compose service by the commit and all else that decides
// what is built.
func (in Input) PartImage(service string, section map[string]any, command []string) string {
	text, err := json.Marshal([]any{formOfHash, in.Build.Pack, in.Base, in.Build.UseSecrets, in.Build.InjectArgs, in.Vars, in.Source, section, command})
	if err != nil {
		panic("build: " + err.Error()) // texts, numbers and switches
	}
	sum := sha256.Sum256(text)
	return in.Repository + ":" + service + "." + in.tag(hex.EncodeToString(sum[:]))
}

// lookScript exits with 0 when the paths up to "--" and the images behind it are there.
const lookScript = `while [ "$1" != -- ]; do
  [ -e "$1" ] || exit 1
  shift
done
shift
for image in "$@"; do
  docker image inspect --format '{{.Id}}' "$image" >/dev/null 2>&1 || exit 1
done`

// MakeParts says how the images of a compose file come about. Nothing is checked out and
// nothing built when all of it is there. Errors are *core.Error fit for a person.
func MakeParts(in Input, p Parts) (Output, error) {
	var out Output
	if len(p.List) == 0 && len(p.Copy) == 0 {
		return out, nil
	}
	for name, value := range in.Vars {
		if in.secretly() && len(value) > maxSecret {
			return Output{}, core.Errorf(core.CodeBadRequest, "The build variable %s is larger than %d KiB, which no build secret may be.", name, maxSecret>>10)
		}
	}
	if !in.Fresh && !in.Pull && !p.Always {
		argv := append(append([]string{"sh", "-c", lookScript, "sh"}, p.Have...), "--")
		for _, part := range p.List {
			argv = append(argv, part.Image)
		}
		out.Steps = append(out.Steps, run.Step{
			Name: "look", Title: "Looking whether the images of this commit are there.", Hidden: true, Spares: Group, Argv: argv,
		})
	}
	steps := append(in.Checkout[:len(in.Checkout):len(in.Checkout)], p.Copy...)
	if len(p.List) > 0 {
		making, err := in.parts(p)
		if err != nil {
			return Output{}, err
		}
		steps = append(steps, making...)
	}
	for _, s := range append(steps, in.tidy()) {
		s.Group = Group
		out.Steps = append(out.Steps, s)
	}
	for i := range out.Steps {
		out.Steps[i].Prepares = true
	}
	return out, nil
}

// parts are the steps that build.
func (in Input) parts(p Parts) ([]run.Step, error) {
	services, secrets, env := map[string]any{}, maps.Clone(p.Secrets), maps.Clone(p.Env)
	if secrets == nil {
		secrets = map[string]any{}
	}
	if env == nil {
		env = map[string]string{}
	}
	var given []any
	if in.secretly() {
		given = in.giveSecrets(env, secrets)
	}
	var inject []run.Step
	for _, part := range p.List {
		section, step := in.section(part, given)
		if step != nil {
			inject = append(inject, *step)
		}
		services[part.Service] = map[string]any{"image": part.Image, "build": section}
	}
	tree := map[string]any{"services": services}
	if len(secrets) > 0 {
		tree["secrets"] = secrets
	}
	text, err := compose.Render(tree)
	if err != nil {
		return nil, err
	}
	steps := []run.Step{{Name: "prepare", Title: "Preparing the build.", Hidden: true, Files: []run.File{{Path: file, Mode: 0o600, Content: text}}}}
	return append(append(steps, inject...), in.partsStep(p.Command, env)), nil
}

// section is what Compose is told of one build: with the build variables, where the text
// does not say otherwise.
func (in Input) section(part Part, given []any) (map[string]any, *run.Step) {
	section := maps.Clone(part.Section)
	labels := anyMap(in.Labels)
	if own, ok := section["labels"].(map[string]any); ok {
		maps.Copy(labels, own)
	}
	section["labels"] = labels
	if in.secretly() {
		own, _ := section["secrets"].([]any)
		section["secrets"] = append(own[:len(own):len(own)], given...)
		return section, nil
	}
	args := anyMap(in.Vars)
	if own, ok := section["args"].(map[string]any); ok {
		maps.Copy(args, own)
	}
	if len(args) > 0 {
		section["args"] = args
	}
	_, inline := section["dockerfile_inline"]
	if !in.Build.InjectArgs || len(in.Vars) == 0 || inline || !part.Here {
		return section, nil
	}
	dockerfile, _ := section["dockerfile"].(string)
	if dockerfile == "" {
		dockerfile = DefaultDockerfile
	}
	from, _ := section["context"].(string)
	to := injected + "." + part.Service
	section["dockerfile"] = path.Join(in.Dir, to)
	argv := append([]string{"sh", "-c", injectScript, "sh", path.Join(from, dockerfile), to}, names(in.Vars)...)
	return section, &run.Step{
		Name: "arguments", Title: "Giving the build variables to each stage of the Dockerfile of " + part.Service + ".", Argv: argv, Hidden: true,
	}
}

// giveSecrets puts the build variables into the environment under names of ours, and says
// how a build is given them.
func (in Input) giveSecrets(env map[string]string, secrets map[string]any) []any {
	var given []any
	for i, name := range names(in.Vars) {
		key := "TAFFRAIL_BUILD_" + strconv.Itoa(i)
		env[key] = in.Vars[name]
		secrets[name] = map[string]any{"environment": key}
		given = append(given, map[string]any{"source": name, "target": name})
	}
	return given
}

// partsStep is the command that builds all.
func (in Input) partsStep(command []string, env map[string]string) run.Step {
	args := command
	if len(args) == 0 {
		args = []string{"build"}
	}
	args = args[:len(args):len(args)]
	if in.Fresh {
		args = append(args, "--no-cache")
	}
	if in.Fresh || in.Pull {
		args = append(args, "--pull")
	}
	return in.project(env).Step("build", "Building the images.", args...)
}
