package server

import (
	"context"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/host"
)

// refs asks repositories what they have, from the servers that build.
type refs struct {
	hosts func(ctx context.Context, s core.Server) (host.Host, error)
	apps  *gitHubApps
	store interface {
		GetKeyByRow(ctx context.Context, team, row int64) (core.PrivateKey, error)
		GetGitHubAppByRow(ctx context.Context, team, row int64) (core.GitHubApp, error)
	}
}

// Resolve implements control.Refs.
func (r refs) Resolve(ctx context.Context, s core.Server, a core.Application, ref git.Ref) (core.Revision, error) {
	remote, err := r.remote(ctx, a)
	if err != nil {
		return core.Revision{}, err
	}
	h, err := r.hosts(ctx, s)
	if err != nil {
		return core.Revision{}, err
	}
	answer, err := h.Run(ctx, remote.Resolve(ref, compose.Folder(s, "applications", a.UUID)))
	if err != nil {
		return core.Revision{}, err
	}
	found, err := remote.Read(ref, answer)
	return core.Revision{Commit: found.Commit, Branch: found.Branch()}, err
}

// remote is the repository of an application with what it takes to read it.
func (r refs) remote(ctx context.Context, a core.Application) (git.Remote, error) {
	var (
		auth git.Auth
		g    core.GitHubApp
		err  error
	)
	if a.Source.GitHubApp != 0 {
		if g, err = r.store.GetGitHubAppByRow(ctx, a.TeamID, a.Source.GitHubApp); err != nil {
			return git.Remote{}, err
		}
	}
	// Whether a repository may be read without protection was asked when it was stored.
	repository, err := git.Parse(a.Source.Repository, git.Options{Base: g.HTMLURL, Plain: true})
	if err != nil {
		return git.Remote{}, err
	}
	switch {
	case g.RowID != 0 && !g.IsPublic:
		auth.Token, err = r.apps.Token(ctx, g, repository.FullName())
	case a.Source.KeyID != 0:
		var key core.PrivateKey
		key, err = r.store.GetKeyByRow(ctx, a.TeamID, a.Source.KeyID)
		auth.Key = key.PrivateKey
	}
	if err != nil {
		return git.Remote{}, err
	}
	return git.NewRemote(repository, auth)
}
