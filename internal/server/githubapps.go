package server

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
)

// sources is where GitHub Apps and what they need are kept.
type sources interface {
	GetTeam(ctx context.Context, team int64) (core.Team, error)
	GetKeyByRow(ctx context.Context, team, row int64) (core.PrivateKey, error)
}

// gitHubApps speaks to GitHub for all Apps that teams have. A client is kept with its
// token as long as nothing of the App changes.
type gitHubApps struct {
	store   sources
	outside *http.Client // reaches public addresses only
	inside  *http.Client // for teams that may use the host: a GitHub of their own is in their network

	mu    sync.Mutex
	known map[int64]knownApp // guarded by mu; by row
}

type knownApp struct {
	changed, keyChanged time.Time
	inside              bool
	app                 *git.App
}

func newGitHubApps(store sources) *gitHubApps {
	everywhere := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	return &gitHubApps{
		store: store, outside: git.NewClient(nil), inside: git.NewClient(everywhere), known: map[int64]knownApp{},
	}
}

// app is the client of an App.
func (s *gitHubApps) app(ctx context.Context, g core.GitHubApp) (*git.App, error) {
	if g.IsPublic || g.KeyID == 0 {
		return nil, core.Errorf(core.CodeBadRequest, "The GitHub App %s is not set up yet: its private key is missing.", g.Name)
	}
	team, err := s.store.GetTeam(ctx, g.TeamID)
	if err != nil {
		return nil, err
	}
	key, err := s.store.GetKeyByRow(ctx, g.TeamID, g.KeyID)
	if err != nil {
		return nil, err
	}
	now := knownApp{changed: g.UpdatedAt, keyChanged: key.UpdatedAt, inside: team.AllowHostAccess}
	s.mu.Lock()
	defer s.mu.Unlock()
	if was, ok := s.known[g.RowID]; ok {
		now.app = was.app
		if now == was {
			return was.app, nil
		}
	}
	client := s.outside
	if now.inside {
		client = s.inside
	}
	config := git.AppConfig{API: g.APIURL, ID: g.AppID, Installation: g.InstallationID, Key: key.PrivateKey, Plain: now.inside}
	if now.app, err = git.NewApp(config, client, time.Now); err != nil {
		return nil, err
	}
	s.known[g.RowID] = now
	return now.app, nil
}

// Token is what reads the repositories of an App. Package kind/application asks for it.
func (s *gitHubApps) Token(ctx context.Context, g core.GitHubApp, _ string) (core.Secret, error) {
	app, err := s.app(ctx, g)
	if err != nil {
		return core.Secret{}, err
	}
	token, err := app.Token(ctx)
	return token.Value, err
}

// Repositories implements control.CodeHosts.
func (s *gitHubApps) Repositories(ctx context.Context, g core.GitHubApp) ([]git.AppRepository, error) {
	app, err := s.app(ctx, g)
	if err != nil {
		return nil, err
	}
	return app.Repositories(ctx)
}

// Branches implements control.CodeHosts.
func (s *gitHubApps) Branches(ctx context.Context, g core.GitHubApp, repository string) ([]git.AppBranch, error) {
	app, err := s.app(ctx, g)
	if err != nil {
		return nil, err
	}
	return app.Branches(ctx, repository)
}
