package server

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/secretbox"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// asked is one request that a fake of GitHub got.
type asked struct {
	method, path, auth string
	body               map[string]any
}

// fakeGitHub answers like GitHub as far as deployments are concerned.
type fakeGitHub struct {
	*httptest.Server
	requests chan asked

	mu     sync.Mutex
	broken bool // guarded by mu: everything but tokens fails
	tokens int  // guarded by mu: given
}

func newFakeGitHub(t testing.TB) *fakeGitHub {
	t.Helper()
	g := &fakeGitHub{requests: make(chan asked, 100)}
	g.Server = httptest.NewServer(http.HandlerFunc(g.serve))
	t.Cleanup(g.Close)
	return g
}

func (g *fakeGitHub) serve(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, "/access_tokens") {
		g.tokens++
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]any{"token": "ghs_ofTheFake", "expires_at": time.Now().Add(time.Hour)})
		return
	}
	a := asked{method: r.Method, path: r.URL.Path, auth: r.Header.Get("Authorization")}
	if text, _ := io.ReadAll(r.Body); len(text) > 0 {
		_ = json.Unmarshal(text, &a.body)
	}
	g.requests <- a
	switch {
	case g.broken:
		w.WriteHeader(http.StatusInternalServerError)
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/comments"):
		_, _ = io.WriteString(w, "[]")
	case strings.HasSuffix(r.URL.Path, "/installation/repositories"):
		_, _ = io.WriteString(w, `{"total_count":1,"repositories":[{"full_name":"acme/shop"}]}`)
	case strings.HasSuffix(r.URL.Path, "/branches"):
		_, _ = io.WriteString(w, `[{"name":"main"}]`)
	default:
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id":4711}`)
	}
}

func (g *fakeGitHub) counted() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tokens
}

func (g *fakeGitHub) fail(yes bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.broken = yes
}

// next is the next request but for questions.
func (g *fakeGitHub) next(t testing.TB) asked {
	t.Helper()
	for {
		select {
		case a := <-g.requests:
			if a.method != http.MethodGet {
				return a
			}
		case <-time.After(20 * time.Second):
			t.Fatal("GitHub was not told")
		}
	}
}

// none checks that nothing was told by now.
func (g *fakeGitHub) none(t testing.TB) {
	t.Helper()
	select {
	case a := <-g.requests:
		t.Errorf("GitHub was told %+v", a)
	default:
	}
}

var rsaPEM = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
})

// paper is a database with an application from a GitHub App, and its preview.
type paper struct {
	db      *sqlstore.DB
	team    core.Team
	server  core.Server
	app     core.GitHubApp
	a       core.Application
	preview core.Preview
}

func newPaper(t testing.TB, api string) *paper {
	t.Helper()
	ctx := t.Context()
	box, err := secretbox.New([]byte(strings.Repeat("k", 32)))
	ok(t, err)
	p := &paper{}
	p.db, err = sqlstore.Open(ctx, sqlstore.Options{Path: filepath.Join(t.TempDir(), "taffrail.sqlite"), Box: box})
	ok(t, err)
	t.Cleanup(func() { ok(t, p.db.Close()) })
	p.team, _, err = p.db.EnsureRoot(ctx)
	ok(t, err)
	p.server, err = p.db.EnsureLocalhost(ctx, p.team.RowID)
	ok(t, err)
	key, err := p.db.CreateKey(ctx, core.PrivateKey{TeamID: p.team.RowID, Name: "app", Fingerprint: "f", PrivateKey: core.NewSecret(rsaPEM())})
	ok(t, err)
	p.app, err = p.db.CreateGitHubApp(ctx, core.GitHubApp{
		TeamID: p.team.RowID, Name: "our app", APIURL: api, HTMLURL: "https://git.example.com", AppID: 7, InstallationID: 8, KeyID: key.RowID,
	})
	ok(t, err)
	projects, err := p.db.CreateProject(ctx, core.Project{TeamID: p.team.RowID, Name: "Shop"})
	ok(t, err)
	to, err := p.db.ListDestinations(ctx, p.team.RowID, p.server.UUID)
	ok(t, err)
	p.a, err = p.db.CreateApplication(ctx, core.Application{
		TeamID: p.team.RowID, Name: "web", EnvironmentID: projects.Environments[0].RowID, ServerID: p.server.RowID, DestinationID: to[0].RowID,
		Source: core.Source{Repository: "acme/shop", Key: "git.example.com/acme/shop", Branch: "main", GitHubApp: p.app.RowID},
	}, nil)
	ok(t, err)
	p.preview, err = p.db.PutPreview(ctx, p.team.RowID, core.Preview{
		Application: p.a.RowID, PullRequest: 3, Branch: "feature", Domains: "https://3.shop.example,https://3.b.example",
	})
	ok(t, err)
	return p
}

// queue stores a deployment of the application.
func (p *paper) queue(t testing.TB, r core.Revision, verb core.Verb) core.Deployment {
	t.Helper()
	d, _, err := p.db.EnqueueDeployment(t.Context(), core.Deployment{
		Kind: core.KindApplication, TeamID: p.team.RowID, Resource: core.Resource{RowID: p.a.RowID}, Server: core.ServerRef{RowID: p.server.RowID},
		Verb: verb, Revision: r, Status: core.StatusQueued,
	})
	ok(t, err)
	return d
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// keys gives a team's leave and a key to gitHubApps.
type keys struct {
	leave   bool
	changed time.Time
	text    string
}

func (k *keys) GetTeam(context.Context, int64) (core.Team, error) {
	return core.Team{AllowHostAccess: k.leave}, nil
}

func (k *keys) GetKeyByRow(_ context.Context, _, row int64) (core.PrivateKey, error) {
	return core.PrivateKey{RowID: row, PrivateKey: core.NewSecret(k.text), UpdatedAt: k.changed}, nil
}
