package application

import (
	"fmt"
	"strings"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/redact"
)

// target is a loaded application, or the preview of one.
type target struct {
	core.LoadedApplication
	revision core.Revision
	verb     core.Verb
	dir      string     // on the server
	remote   git.Remote // zero without a repository
	setup    *setup     // nil when fault is set, and for stops
	fault    error
}

// Server implements deploy.Target.
func (t *target) Server() core.Server { return t.LoadedApplication.Server }

// Builder implements deploy.Builder.
func (t *target) Builder() core.Server {
	if t.LoadedApplication.Builder.RowID == t.LoadedApplication.Server.RowID {
		return core.Server{}
	}
	return t.LoadedApplication.Builder
}

// folder is that of the application on a server.
func (t *target) folder(on core.Server) string {
	return compose.Folder(on, "applications", core.ID(t.Project()))
}

// Project implements deploy.Target.
func (t *target) Project() string { return string(t.Application.UUID) + t.suffix() }

// preview says whether this is about a pull request.
func (t *target) preview() bool { return t.revision.PullRequest != 0 }

// suffix tells a preview from the application itself, wherever something is named.
func (t *target) suffix() string {
	if !t.preview() {
		return ""
	}
	return fmt.Sprintf("-pr-%d", t.revision.PullRequest)
}

// proven says whether an application counts as well that was so before. What the runner
// saw answer is not asked again by Docker.
func (t *target) proven(before string) bool {
	h := t.Application.Health
	return h.Enabled && h.Type != healthCommand && before == healthy
}

// Plan implements deploy.Target.
func (t *target) Plan(d core.Deployment, seen deploy.Observed) (deploy.Plan, error) {
	if !t.Application.DeletedAt.IsZero() && d.Verb != core.VerbStop {
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest, "Application %s was deleted after this was asked for.", t.Application.Name)
	}
	p := planner{target: t, d: d, seen: seen}
	return p.plan()
}

// Secrets implements deploy.Target: all variables as they are stored and as they arrive,
// what reads the source, and the passwords.
func (t *target) Secrets() []redact.Value {
	var out redact.Values
	add := out.Add
	for _, e := range t.Envs {
		add(e.Key, e.Value.Reveal())
	}
	for _, e := range t.Shared {
		add(e.Key[strings.LastIndexByte(e.Key, '.')+1:], e.Value.Reveal())
	}
	if t.setup != nil {
		theirs := map[string]bool{}
		for _, name := range t.setup.Theirs {
			theirs[name] = true
		}
		for _, name := range keysOf(t.setup.Env) {
			if theirs[name] {
				add(name, t.setup.Env[name])
			}
		}
		for _, name := range t.setup.Secret {
			add(name, t.setup.Build[name])
		}
		add("HTTP basic auth", t.setup.Route.Auth.Hash)
	}
	if t.setup != nil && t.setup.Stack != nil {
		for _, one := range t.setup.Stack.Hidden {
			add(one[0], one[1])
		}
	}
	for _, secret := range t.remote.Secrets() {
		add("credentials of the repository", secret.Reveal())
	}
	h := t.Application.Hooks
	for _, secret := range []core.Secret{t.Application.Serve.Password, t.Key.PrivateKey, h.GitHub, h.GitLab, h.Bitbucket, h.Gitea, h.Generic} {
		add("secret", secret.Reveal())
	}
	for _, st := range t.Storages {
		if st.IsFile {
			add(st.MountPath, st.Content.Reveal())
		}
	}
	return out.List()
}
