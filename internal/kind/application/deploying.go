package application

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/build"
	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/run"
)

// answerCommit is the fact that what git says of the commit becomes.
const answerCommit = "commit"

// deploying builds the image, unless it is there, and brings it up.
func (p *planner) deploying() (deploy.Plan, error) {
	apart, err := p.apart()
	if err != nil {
		return deploy.Plan{}, err
	}
	in, err := p.building(apart)
	if err != nil {
		return deploy.Plan{}, undeployable(err)
	}
	made, err := build.Make(in)
	if err != nil {
		return deploy.Plan{}, undeployable(err)
	}
	s := *p.setup
	s.Image, s.BuildHash = made.Image, made.Hash
	var steps []run.Step
	for _, one := range made.Notes {
		steps = append(steps, note(one))
	}
	steps = append(steps, made.Steps...)
	if !apart {
		return p.finished(s, steps)
	}
	fetch, err := in.Fetch(made.Image)
	if err != nil {
		return deploy.Plan{}, undeployable(err)
	}
	plan, err := p.finished(s, fetch)
	if err != nil {
		return deploy.Plan{}, err
	}
	on := p.Builder()
	steps = slices.Concat([]run.Step{note("Building on server " + on.Name + ".")}, steps, build.Handed(), p.prune(&s))
	first := compose.Script("", in.Dir, on, steps)
	plan.First = &first
	return plan, nil
}

// apart says whether another server builds what is deployed.
func (p *planner) apart() (bool, error) {
	b := p.Application.Build
	switch {
	case !b.BuildServer || b.Pack == core.PackImage:
		return false, nil
	case p.d.Revision.BuildServer == 0:
		return false, core.Errorf(core.CodeBadRequest,
			"The application is to be built on a build server, and none can be used. Make a server of the team one (is_build_server) and validate it, or switch use_build_server off.")
	case p.LoadedApplication.Builder.RowID == 0:
		return false, core.Errorf(core.CodeBadRequest, "The server that was to build the application was removed from Taffrail. Deploy once more.")
	}
	return p.Builder().RowID != 0, nil
}

// building says what is built, and whether on another server. A further server of a
// deployment gets what was built for the first one, if that can be.
func (p *planner) building(apart bool) (build.Input, error) {
	b, again := p.Application.Build, p.d.Revision.OnlyHere
	made := apart && again // by the same build server, a moment ago
	f := faults{}
	clean := func(field, text string) string {
		at, err := git.CleanPath(field, text)
		f.add(field, err)
		return at
	}
	in := build.Input{
		Repository: p.repository(), Dir: p.dir, Build: b, Shared: again && !apart, Start: p.Application.Runtime.StartCommand,
		Base: clean("base_directory", b.BaseDirectory), Publish: clean("publish_directory", b.PublishDir),
		Dockerfile: clean("dockerfile_location", cmp.Or(b.DockerfilePath, build.DefaultDockerfile)),
		Labels:     map[string]string{"taffrail.managed": "true", labelUUID: string(p.Application.UUID)},
		Fresh:      !made && (p.d.Options.Force || b.NoCache), Pull: !made && p.d.Options.PullLatest,
	}
	if apart {
		in.Dir = p.folder(p.Builder())
	}
	if p.preview() {
		in.Prefix = fmt.Sprintf("pr-%d-", p.revision.PullRequest)
	}
	if p.d.Revision.Tag != "" {
		in.Build.ImageTag = p.d.Revision.Tag
	}
	if err := f.err(); err != nil {
		return in, err
	}
	if b.Pack != core.PackStatic && b.Pack != core.PackImage {
		in.Vars = maps.Clone(p.setup.Build)
	}
	if p.Application.Source.Repository == "" {
		return in, nil
	}
	var err error
	in.Commit = p.setup.Commit
	in.Source = []string{p.remote.Repository.Key(), fmt.Sprint(p.Application.Source.Submodules, p.Application.Source.LFS)}
	var inside []git.Path
	for _, need := range in.Needs() {
		inside = append(inside, git.Path{Name: need.Name, IsDir: need.IsDir})
	}
	in.Checkout, err = p.checkout(in, inside)
	return in, err
}

// checkout makes the folder that is built. inside is what it must have.
func (p *planner) checkout(in build.Input, inside []git.Path) ([]run.Step, error) {
	source := p.Application.Source
	if !git.IsCommit(in.Commit) {
		return nil, core.Errorf(core.CodeBadRequest, "It is not known which commit %q of %s is. Deploy once more.", in.Commit, source.Repository)
	}
	c := git.Checkout{
		Remote: p.remote, Commit: in.Commit, Ref: p.ref(), Tree: build.Tree,
		Full: !source.Shallow, Submodules: source.Submodules, LFS: source.LFS, Inside: inside,
	}
	steps, err := c.Steps()
	if err != nil {
		return nil, err
	}
	return append(steps, run.Step{
		Name: "message", Title: "Reading the message of the commit.", Argv: git.Describe(in.Dir, in.Commit).Argv, Answer: answerCommit,
		MayFail: true, Hidden: true,
	}), nil
}

// ref is where the commit is looked for on servers that do not hand it out by itself.
func (p *planner) ref() string {
	if p.preview() {
		ref, _ := git.PullRequest(p.d.Revision.Provider, p.d.Revision.PullRequest)
		if ref.Full != "" {
			return ref.Full
		}
	}
	switch branch := p.branch(); {
	case branch == "" || branch == "HEAD" || git.IsCommit(branch):
		return ""
	case strings.HasPrefix(branch, "refs/"):
		return branch
	default:
		return "refs/heads/" + branch
	}
}

// restarting brings up anew what runs, with the configuration of now. It never builds.
func (p *planner) restarting() (deploy.Plan, error) {
	s := *p.setup
	if !p.preview() {
		s.Image, s.BuildHash = p.Application.Ran.Image, p.Application.Ran.BuildHash
	}
	for _, c := range p.seen.Containers {
		if c.State == "running" && c.Image != "" || s.Image == "" {
			s.Image = c.Image
			if strings.HasPrefix(c.Image, p.repository()+":") {
				s.exact = c.ImageID
			}
		}
	}
	if s.Image == "" {
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest, "%s was never deployed, so there is nothing to restart. Deploy it.", p.Application.Name)
	}
	return p.finished(s, p.have(&s))
}
