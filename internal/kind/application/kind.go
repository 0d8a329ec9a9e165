package application

import (
	"context"
	"fmt"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/stack"
)

// Options are what the kind asks others for. All of them may be nil.
type Options struct {
	// Token is asked for what reads a repository ("owner/name") through a GitHub App.
	Token func(ctx context.Context, app core.GitHubApp, repository string) (core.Secret, error)
	// Resolver says which certificate resolver the proxy of a server has; empty: none.
	Resolver func(s core.Server) string
	// Hosts returns the machine of a server, on which repositories are looked into. Without
	// it no application from a compose file can be deployed.
	Hosts func(ctx context.Context, s core.Server) (host.Host, error)
	// Reader reads compose texts.
	Reader *stack.Reader
}

// Kind is the kind "application". It implements deploy.Kind and is safe for use by
// several goroutines.
type Kind struct {
	store   Store
	options Options
}

var _ deploy.Kind = (*Kind)(nil)

// New returns the kind.
func New(store Store, o Options) *Kind { return &Kind{store: store, options: o} }

// Load implements deploy.Kind. What cannot be deployed is no error of Load: Plan reports
// it, and a stop is possible all the same.
func (k *Kind) Load(ctx context.Context, d core.Deployment) (deploy.Target, error) {
	t, err := k.read(ctx, d)
	if err != nil {
		return nil, err
	}
	if t.Application.Build.Pack == core.PackCompose && d.Verb != core.VerbRollback && d.Verb != core.VerbStop {
		t.setup, t.fault = k.composed(ctx, t, d)
		return t, nil
	}
	switch d.Verb {
	case core.VerbDeploy, core.VerbStart:
		if t.fault = k.reach(ctx, t); t.fault == nil {
			t.setup, t.fault = k.draft(t)
		}
	case core.VerbRestart:
		t.setup, t.fault = k.draft(t)
	case core.VerbRollback:
		t.setup, t.fault = t.brought()
	}
	return t, nil
}

// read loads an application without asking what it would be deployed as.
func (k *Kind) read(ctx context.Context, d core.Deployment) (*target, error) {
	loaded, err := k.store.LoadApplication(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("load application: %w", err)
	}
	t := &target{LoadedApplication: loaded, revision: d.Revision, verb: d.Verb}
	t.dir = t.folder(loaded.Server)
	return t, nil
}

// draft makes the setup, with what only the wiring knows.
func (k *Kind) draft(t *target) (*setup, error) {
	s, err := t.draft()
	if err != nil {
		return nil, err
	}
	return s, k.guarded(t, s)
}

// guarded is what only the wiring knows of the routes, and who gets in by them.
func (k *Kind) guarded(t *target, s *setup) error {
	if k.options.Resolver != nil {
		s.Route.Resolver = k.options.Resolver(t.LoadedApplication.Server)
	}
	if v := t.Application.Serve; v.BasicAuth {
		hash, err := proxy.HashPassword("http_basic_auth_password", v.Password)
		if err != nil {
			return err
		}
		s.Route.Auth = proxy.Auth{User: v.User, Hash: hash}
	}
	return nil
}

// reach finds out how the source is read.
func (k *Kind) reach(ctx context.Context, t *target) error {
	source := t.Application.Source
	if source.Repository == "" {
		return nil
	}
	// Whether a repository may be read without protection was asked when it was stored.
	repository, err := git.Parse(source.Repository, git.Options{Base: t.GitHub.HTMLURL, Plain: true})
	if err != nil {
		return err
	}
	var auth git.Auth
	if source.KeyID != 0 {
		auth.Key = t.Key.PrivateKey // otherwise it is that by which an App shows who it is
	}
	if t.GitHub.RowID != 0 && !t.GitHub.IsPublic {
		if k.options.Token == nil {
			return core.Errorf(core.CodeUnavailable, "GitHub Apps are not set up on this Taffrail.")
		}
		if auth.Token, err = k.options.Token(ctx, t.GitHub, repository.FullName()); err != nil {
			return err
		}
		auth.Key = core.Secret{}
	}
	t.remote, err = git.NewRemote(repository, auth)
	return err
}

// Sum implements deploy.Kind.
func (k *Kind) Sum(ctx context.Context, r core.Resting, seen []core.Container) (core.Condition, error) {
	t, err := k.read(ctx, core.Deployment{
		Kind: core.KindApplication, TeamID: r.TeamID, Server: core.ServerRef{RowID: r.ServerID},
		Resource: core.Resource{RowID: r.RowID, UUID: r.UUID},
	})
	if err != nil {
		return core.Condition{}, err
	}
	if parts := t.Application.Ran.Composed.Parts; len(parts) > 0 {
		status, by := stack.Status(partsOf(parts), seen)
		return core.Condition{Status: status, Parts: by}, nil
	}
	return core.Condition{Status: status(seen, t.proven(r.Status))}, nil
}
