package control

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/webhook"
)

// resolveLimit is how long somebody who asks for a deployment waits for the repository.
const resolveLimit = 25 * time.Second

// revise finds out which commit a deployment of an application is about, so that it says
// so from the beginning and an equal one can be joined.
func (c *Control) revise(ctx context.Context, p auth.Principal, r Resource, verb core.Verb, in Action) (Action, error) {
	a, err := c.application(ctx, p, r.UUID)
	if err != nil {
		return in, err
	}
	deploys := verb == core.VerbDeploy || verb == core.VerbStart
	if begins(verb) {
		c.wantProxy(ctx, p, a)
	}
	switch {
	case in.PullRequest != 0 && !deploys:
		return in, core.Errorf(core.CodeBadRequest, "Only the deployment of a pull request can be asked for. Delete its preview to stop it.")
	case in.PullRequest != 0:
		in.revision, err = c.revisePreview(ctx, p, a, in)
	case verb == core.VerbRestart && a.Ran.Deployment == "":
		return in, core.Errorf(core.CodeBadRequest, "Application was never deployed, so there is nothing to restart: deploy it first.")
	case verb == core.VerbRestart:
		in.revision = core.Revision{Commit: orHead(a.Ran.Commit), Branch: a.Source.Branch}
	case deploys:
		in.revision, err = c.reviseOwn(ctx, p, a)
	default:
		in.revision = core.Revision{Commit: headCommit}
	}
	return in, err
}

func orHead(commit string) string {
	if commit == "" {
		return headCommit
	}
	return commit
}

// reviseOwn finds the commit of an application itself.
func (c *Control) reviseOwn(ctx context.Context, p auth.Principal, a core.Application) (core.Revision, error) {
	if !fromGit(a) {
		return core.Revision{Commit: headCommit}, nil
	}
	ref, err := git.ParseRef(a.Source.Branch, a.Source.Commit)
	if err != nil {
		return core.Revision{}, err
	}
	found, err := c.resolve(ctx, p, a, ref)
	if found.Branch == "" {
		found.Branch = a.Source.Branch
	}
	return found, err
}

// resolve asks the repository of an application, unless the answer is known.
func (c *Control) resolve(ctx context.Context, p auth.Principal, a core.Application, ref git.Ref) (core.Revision, error) {
	if known, ok := ref.Known(); ok {
		return core.Revision{Commit: known.Commit, Branch: known.Branch()}, nil
	}
	server, err := c.builder(ctx, p, a)
	if err != nil {
		return core.Revision{}, err
	}
	limited, cancel := context.WithTimeout(ctx, resolveLimit)
	defer cancel()
	found, err := c.deps.Applications.Refs.Resolve(limited, server, a, ref)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return core.Revision{}, &core.Error{Op: "ask the repository", Code: core.CodeUnavailable, Err: err,
			Msg: "The repository did not answer in time. Try again later, and check the way to it from server " + server.Name + "."}
	}
	return found, err
}

// builder is the server that is asked about a repository: one that builds, where the
// application wants that.
func (c *Control) builder(ctx context.Context, p auth.Principal, a core.Application) (core.Server, error) {
	if a.Build.BuildServer {
		servers, err := c.deps.Servers.ListServers(ctx, p.TeamID)
		if err != nil {
			return core.Server{}, err
		}
		if s, ok := core.PickBuilder(servers, a); ok {
			return s, nil
		}
	}
	return c.serverByRow(ctx, p, a.ServerID)
}

var dockerTagPattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// revisePreview finds the commit of a pull request. Whoever asks for it in person answers
// for what is in it, so that this is the approval that a fork waits for.
func (c *Control) revisePreview(ctx context.Context, p auth.Principal, a core.Application, in Action) (core.Revision, error) {
	if a.Build.Pack == core.PackImage {
		return c.reviseTag(ctx, p, a, in)
	}
	if in.DockerTag != "" {
		return core.Revision{}, core.Errorf(core.CodeBadRequest, "docker_tag is for applications from an image.")
	}
	v, err := c.preview(ctx, p, a, in.PullRequest)
	if err != nil {
		return core.Revision{}, err
	}
	ref, err := pullRef(v)
	if err != nil {
		return core.Revision{}, err
	}
	found, err := c.resolve(ctx, p, a, ref)
	found.PullRequest, found.Branch, found.Message, found.Provider = v.PullRequest, v.Branch, v.Title, pullServer(v)
	return found, err
}

// reviseTag is the preview of an application from an image: another tag of it.
func (c *Control) reviseTag(ctx context.Context, p auth.Principal, a core.Application, in Action) (core.Revision, error) {
	if in.PullRequest < 0 {
		return core.Revision{}, noPull(in.PullRequest)
	}
	if in.DockerTag == "" {
		_, err := c.preview(ctx, p, a, in.PullRequest)
		return core.Revision{Commit: headCommit, PullRequest: in.PullRequest}, err
	}
	if !dockerTagPattern.MatchString(in.DockerTag) {
		return core.Revision{}, core.Invalid("docker_tag", "The docker tag field must be the tag of an image.")
	}
	_, err := c.deps.Applications.Revisions.PutPreview(ctx, p.TeamID, core.Preview{
		Application: a.RowID, PullRequest: in.PullRequest, Domains: previewDomains(a, in.PullRequest), Title: "Tag " + in.DockerTag,
	})
	return core.Revision{Commit: headCommit, PullRequest: in.PullRequest, Tag: in.DockerTag}, named(err, "Application")
}

// pullServer says on what kind of server a pull request is: the address of its page tells.
func pullServer(v core.Preview) string {
	switch {
	case strings.Contains(v.URL, "/merge_requests/"):
		return string(webhook.GitLab)
	case strings.Contains(v.URL, "/pulls/"):
		return string(webhook.Gitea)
	case strings.Contains(v.URL, "/pull/"):
		return string(webhook.GitHub)
	default:
		return ""
	}
}

// pullRef is where the head of a pull request is.
func pullRef(v core.Preview) (git.Ref, error) {
	if ref, ok := git.PullRequest(pullServer(v), v.PullRequest); ok {
		return ref, nil
	}
	if v.FromFork {
		return git.Ref{}, core.Errorf(core.CodeBadRequest,
			"Pull request %d comes from another repository, and the server of this one does not say where its commits are.", v.PullRequest)
	}
	return git.ParseRef(v.Branch, "")
}
