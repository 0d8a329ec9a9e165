// Package build turns what people say about how an image is made into the steps of a run
// that make it: from a Dockerfile, a folder of files, or by a builder that looks at the
// source itself. It does no I/O and knows nothing of git: where the source is, a checkout
// was made before.
//
// The name of an image says the commit and a hash of everything else that decides what is
// built. So an image that is there is the one that is wanted, and is not built again.
//
// Values of build variables are in no argument list: those of arguments are in a file of
// the resource's folder, those of secrets in the environment of one command under names
// of ours, which no program on the server gives a meaning.
package build

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path"
	"strings"

	"github.com/distribution/reference"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// Names below the folder of a resource. Folder is emptied behind a build.
const (
	Folder = "build"
	Tree   = "build/source" // for the checkout

	file    = "build/compose.yml"
	context = "build/context" // empty
	plan    = "build/plan"    // what a builder makes
)

// Group is that of the steps that an image which is there spares.
const Group = "build"

// Defaults of what people leave out.
const (
	DefaultDockerfile  = "Dockerfile"
	DefaultStaticImage = "nginx:alpine"
	defaultBuilder     = "paketobuildpacks/builder-jammy-base"
	railpackFrontend   = "ghcr.io/railwayapp/railpack-frontend"
)

const (
	maxTag     = 128
	maxSecret  = 100 << 10 // bytes; the kernel takes 128 KiB for one
	tagHash    = 12        // characters of the hash in a tag
	onlyHash   = 24        // where there is no commit
	formOfHash = 1         // raised when the same input gives another image
)

// Input is what is built.
type Input struct {
	Repository string     // of the image on its server: the application's uuid, with "-pr-3" behind it for a preview
	Commit     string     // empty: there is no source
	Dir        string     // of the resource on its server, absolute
	Build      core.Build // its paths count for nothing, those below do
	// Base is the folder of the source, Dockerfile and Publish are below it; all clean, "."
	// for the folder itself.
	Base, Dockerfile, Publish string

	Start    string            // command, for builders that want to know
	Vars     map[string]string // of the build
	Labels   map[string]string // of the image
	Source   []string          // what else decides what the checkout holds
	Checkout []run.Step        // make Tree
	Fresh    bool              // nothing is reused
	Pull     bool              // images that are built upon are looked for anew
	Shared   bool              // an earlier server of the same deployment pushed it already
	Prefix   string            // of its tag in the registry: "pr-3-" for a preview
}

// Output is how it is built.
type Output struct {
	Image string // to start containers from
	Hash  string // of all that decides what is built but the commit
	Steps []run.Step
	Notes []string // what a person should know of it
}

// Need is something that the checkout must have.
type Need struct {
	Name  string
	IsDir bool
}

// Needs are what a build takes from the checkout, besides what builders find themselves.
func (in Input) Needs() []Need {
	var needs []Need
	if in.Base != "." {
		needs = append(needs, Need{in.Base, true})
	}
	switch in.Build.Pack {
	case core.PackDockerfile:
		return append(needs, Need{path.Join(in.Base, in.Dockerfile), false})
	case core.PackStatic:
		return append(needs, Need{path.Join(in.Base, in.Publish), true})
	}
	return needs
}

// Make says how an image comes about. Errors are *core.Error fit for a person.
func Make(in Input) (Output, error) {
	if in.Build.Pack == core.PackImage {
		return in.pull()
	}
	for name, value := range in.Vars {
		if in.secretly() && len(value) > maxSecret {
			return Output{}, core.Errorf(core.CodeBadRequest, "The build variable %s is larger than %d KiB, which no build secret may be.", name, maxSecret>>10)
		}
	}
	out := Output{Hash: in.hash()}
	out.Image = in.Repository + ":" + in.tag(out.Hash)
	making, err := in.making(&out)
	if err != nil {
		return Output{}, err
	}
	if !in.Fresh && !in.Pull {
		out.Steps = append(out.Steps, look(out.Image))
	}
	shared, err := in.shared(out.Image)
	if err != nil {
		return Output{}, err
	}
	out.Steps = append(out.Steps, shared...)
	for _, s := range append(append(in.Checkout[:len(in.Checkout):len(in.Checkout)], making...), in.tidy()) {
		s.Group = Group
		out.Steps = append(out.Steps, s)
	}
	push, err := in.push(out.Image)
	out.Steps = append(out.Steps, push...)
	for i := range out.Steps {
		out.Steps[i].Prepares = true
	}
	return out, err
}

// making are the steps that make the image of the checkout.
func (in Input) making(out *Output) ([]run.Step, error) {
	switch in.Build.Pack {
	case core.PackDockerfile:
		return in.dockerfile(out.Image)
	case core.PackStatic:
		return in.static(out.Image, path.Join("source", in.Base, in.Publish), "")
	case core.PackNixpacks, core.PackRailpack, core.PackBuildpacks:
		return in.builder(out)
	default:
		return nil, core.Errorf(core.CodeBadRequest, "There is no build pack %q.", in.Build.Pack)
	}
}

// look asks whether an image is there.
func look(image string) run.Step {
	return run.Step{
		Name: "look", Title: "Looking whether the image " + image + " is there.", Hidden: true, Spares: Group,
		Argv: []string{"docker", "image", "inspect", "--format", "{{.Id}}", image},
	}
}

// tidy deletes what was only needed to build, also behind a failure.
func (in Input) tidy() run.Step {
	return run.Step{Name: "tidy", Title: "Tidying up.", Always: true, Hidden: true, Delete: []string{path.Join(in.Dir, Folder)}}
}

// hash is over everything that decides what is built.
func (in Input) hash() string {
	b := in.Build
	text, err := json.Marshal([]any{
		formOfHash, b.Pack, in.Base, in.Dockerfile, in.Publish, b.Dockerfile, b.TargetStage, b.StaticImage, b.IsStatic, b.IsSPA, b.NginxConf,
		b.InstallCommand, b.BuildCommand, in.Start, b.UseSecrets, b.InjectArgs, in.Vars, in.Source,
	})
	if err != nil {
		panic("build: " + err.Error()) // texts, switches and a map of texts
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (in Input) tag(hash string) string {
	if in.Commit == "" {
		return hash[:onlyHash]
	}
	return in.Commit + "-" + hash[:tagHash]
}

// pull is how an image that somebody else built comes here. One by digest never changes.
func (in Input) pull() (Output, error) {
	image, err := Reference(in.Build.ImageName, in.Build.ImageTag)
	if err != nil {
		return Output{}, err
	}
	out := Output{Image: image, Hash: in.hash()}
	if strings.Contains(image, "@") {
		out.Steps = append(out.Steps, look(image))
	}
	out.Steps = append(out.Steps, run.Step{
		Name: "pull", Title: "Pulling " + image + ".", Argv: []string{"docker", "pull", image}, Retries: compose.PullRetries, Group: Group,
	})
	for i := range out.Steps {
		out.Steps[i].Prepares = true
	}
	return out, nil
}

// Reference puts the name of an image and a tag or digest ("sha256:…") together. A name
// that has one of its own needs none. The *core.Error is for a person.
func Reference(name, tag string) (string, error) {
	text := strings.TrimSpace(name)
	tag = strings.TrimPrefix(strings.TrimSpace(tag), "@")
	switch {
	case strings.HasPrefix(tag, "sha256:"):
		text += "@" + tag
	case tag != "":
		text += ":" + tag
	}
	ref, err := reference.ParseDockerRef(text)
	if err != nil || strings.HasPrefix(text, "-") {
		return "", core.Invalid("docker_registry_image_name", "%.120q is no reference of an image: write a name like ghcr.io/owner/name, and a tag or a digest.", text)
	}
	return reference.FamiliarString(ref), nil
}

// compose is the command that builds the image of the compose file.
func (in Input) compose(name, title string, service string, env map[string]string) run.Step {
	args := []string{"build"}
	if in.Fresh {
		args = append(args, "--no-cache")
	}
	if in.Fresh || in.Pull {
		args = append(args, "--pull")
	}
	return in.project(env).Step(name, title, append(args, service)...)
}

// project is the compose file that builds.
func (in Input) project(env map[string]string) compose.Project {
	p := compose.Project{Name: in.Repository, Dir: in.Dir, File: file, Env: map[string]string{"DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"}}
	for key, value := range env {
		p.Env[key] = value
	}
	return p
}

// secretly says whether the build variables are secrets rather than arguments.
func (in Input) secretly() bool { return in.Build.UseSecrets || in.Build.Pack == core.PackRailpack }

// recipe is one image of the compose file.
type recipe struct {
	name, image, context, dockerfile string // paths below the folder of the resource
	args                             map[string]string
	secrets                          bool // the variables are given as secrets
}

// write makes the compose file of some images, and the environment that it takes.
func (in Input) write(list ...recipe) (run.File, map[string]string, error) {
	env, services, secrets := map[string]string{}, map[string]any{}, map[string]any{}
	for _, r := range list {
		build := map[string]any{
			"context": path.Join(in.Dir, r.context), "dockerfile": path.Join(in.Dir, r.dockerfile), "labels": anyMap(in.Labels), "args": anyMap(r.args),
		}
		if in.Build.TargetStage != "" && in.Build.Pack == core.PackDockerfile {
			build["target"] = in.Build.TargetStage
		}
		if r.secrets {
			build["secrets"] = in.giveSecrets(env, secrets)
		}
		services[r.name] = map[string]any{"image": r.image, "build": build}
	}
	tree := map[string]any{"services": services}
	if len(secrets) > 0 {
		tree["secrets"] = secrets
	}
	text, err := compose.Render(tree)
	return run.File{Path: file, Mode: 0o600, Content: text}, env, err
}
