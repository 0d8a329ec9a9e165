package control_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
)

// The commits of the repository on paper.
var (
	firstCommit  = strings.Repeat("a1", 20)
	secondCommit = strings.Repeat("b2", 20)
	pullCommit   = strings.Repeat("c3", 20)
)

// codeHost is a repository, GitHub, kept snapshots and proxies that exist on paper: what
// they answer is set by the test.
type codeHost struct {
	mu      sync.Mutex
	head    string // of every branch; empty: firstCommit
	fault   error
	hold    chan struct{} // when set, an answer waits for it
	asked   []string      // "<repository> <ref> from <server>"
	changes []control.Difference
	moved   []string    // "<what> <server>"
	moves   chan string // when set, gets them, too
	status  string
}

func (h *codeHost) set(change func(h *codeHost)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(h)
}

func (h *codeHost) asks() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

func (h *codeHost) Resolve(ctx context.Context, s core.Server, a core.Application, ref git.Ref) (core.Revision, error) {
	h.mu.Lock()
	h.asked = append(h.asked, a.Source.Repository+" "+ref.String()+" from "+s.Name)
	commit, fault, hold := h.head, h.fault, h.hold
	h.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return core.Revision{}, ctx.Err()
		}
	}
	switch {
	case fault != nil:
		return core.Revision{}, fault
	case strings.HasPrefix(ref.Full, "refs/pull/"), strings.HasPrefix(ref.Full, "refs/merge-requests/"):
		return core.Revision{Commit: pullCommit}, nil
	case commit == "":
		commit = firstCommit
	}
	return core.Revision{Commit: commit, Branch: ref.Name}, nil
}

func (h *codeHost) Repositories(_ context.Context, g core.GitHubApp) ([]git.AppRepository, error) {
	return []git.AppRepository{{FullName: g.Name + "/shop"}}, nil
}

func (h *codeHost) Branches(_ context.Context, _ core.GitHubApp, repository string) ([]git.AppBranch, error) {
	return []git.AppBranch{{Name: "main of " + repository}}, nil
}

func (h *codeHost) Compare(now, target core.Deployment) ([]control.Difference, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, "compare "+string(now.UUID)+" "+string(target.UUID))
	return h.changes, h.fault
}

func (h *codeHost) move(what string, s core.Server) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.moved = append(h.moved, what+" "+s.ProxyType)
	if h.moves != nil {
		h.moves <- what + " " + s.Name
	}
	return h.fault
}

func (h *codeHost) Start(_ context.Context, s core.Server) error   { return h.move("start", s) }
func (h *codeHost) Restart(_ context.Context, s core.Server) error { return h.move("restart", s) }
func (h *codeHost) Stop(_ context.Context, s core.Server) error    { return h.move("stop", s) }
func (h *codeHost) Status(_ context.Context, s core.Server) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.moves != nil {
		h.moves <- "status " + s.Name
	}
	return h.status, h.fault
}

// appIDs names one of everything that an application can have, and of its sources.
type appIDs struct {
	application, env, storage, place, shared, gitHub core.ID
}

func allApp(id core.ID) appIDs { return appIDs{id, id, id, id, id, id} }

const (
	hookSecret = "hook-secret-of-ours"
	appSecret  = "secret-of-the-app"
	address    = "https://git.example.com/acme/shop.git"
)

func (x ids) applicationInput() control.ApplicationInput {
	return control.ApplicationInput{
		ApplicationPatch: control.ApplicationPatch{
			Name: ptr("Shop"), Source: control.SourcePatch{Repository: ptr(address), Branch: ptr("main")},
			Build: control.BuildPatch{Pack: ptr(core.PackDockerfile)},
		},
		From: control.FromPublic, Project: x.project, Environment: "production", Server: x.server,
	}
}

// hooked is an input with all that webhooks take.
func (x ids) hooked() control.ApplicationInput {
	in := x.applicationInput()
	in.Hooks = control.HooksPatch{
		GitHub: secret(hookSecret), GitLab: secret(hookSecret), Gitea: secret(hookSecret), Bitbucket: secret(hookSecret), Generic: secret(hookSecret),
	}
	in.Serve.Domains = ptr("https://shop.example.com")
	in.AutoDeploy.Previews = ptr(true)
	return in
}

// furnishApplication gives p's team an application with one of everything.
func (w *world) furnishApplication(t testing.TB, p auth.Principal, x *ids) {
	t.Helper()
	ctx := t.Context()
	a := &x.app
	in := x.hooked()
	in.Serve.Password, in.Serve.User = secret("clerk-password"), ptr("clerk")
	in.Build.Dockerfile = ptr("FROM scratch\nENV TOKEN=of-the-file")
	a.application = must(w.c.CreateApplication(ctx, p, in))(t).Application.UUID
	a.env = must(w.c.CreateEnv(ctx, p, core.KindApplication, a.application, control.EnvInput{Key: "PORT", Value: secret("80")}))(t).UUID
	a.storage = must(w.c.CreateStorage(ctx, p, core.KindApplication, a.application, control.StorageInput{MountPath: "/uploads"}))(t).UUID
	second := must(w.c.CreateServer(ctx, p, control.ServerInput{Name: "second", IP: "10.0.0.10", Key: x.key}))(t).UUID
	a.place = must(w.c.ListDestinations(ctx, p, second))(t)[0].UUID
	if err := w.c.AddPlace(ctx, p, a.application, a.place); err != nil {
		t.Fatal(err)
	}
	a.shared = must(w.c.CreateShared(ctx, p, x.shared(), control.EnvInput{Key: "REGION", Value: secret("eu-shared")}))(t).UUID
	a.gitHub = must(w.c.CreateGitHubApp(ctx, p, control.GitHubAppPatch{
		Name: ptr("our app"), AppID: ptr(int64(11)), InstallationID: ptr(int64(12)), Key: &x.key, WebhookSecret: secret(appSecret), ClientSecret: secret("client-secret"),
	}))(t).UUID
	w.preview(t, p, a.application, 7)
}

func (x ids) shared() control.Scope {
	return control.Scope{Project: x.project, Environment: string(x.environment)}
}

// preview stores a pull request of an application.
func (w *world) preview(t testing.TB, p auth.Principal, id core.ID, pullRequest int) core.Preview {
	t.Helper()
	a := must(w.db.GetApplication(t.Context(), p.TeamID, id))(t)
	return must(w.db.PutPreview(t.Context(), p.TeamID, core.Preview{
		Application: a.RowID, PullRequest: pullRequest, Branch: "feature", URL: "https://git.example.com/acme/shop/pulls/7", Title: "A feature",
	}))(t)
}
