package rest_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"sync"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
)

// applicationThings are what the world has of applications.
type applicationThings struct {
	application, image core.ID // from git, and from an image
	appEnv, appVolume  core.ID // of the first
	deployed           core.ID // its finished deployment
	unused             core.ID // a destination that nothing is on
	elsewhere          core.ID // a destination of another server, where it is deployed, too
	gitHubApp, rsa     core.ID // an App, and its key
	spareApp           core.ID // an App that nothing needs
	shared             map[string]core.ID
}

// Secrets of the applications.
const (
	appDockerfile = "FROM scratch\nLABEL nobody=reads-this-file\n"
	appNginx      = "server { # nobody-reads-this-conf\n}"
	appLabels     = "nobody.reads=this-label"
	appPassword   = " basic & <word> "
	appHook       = "secret-of-a-webhook"
	appValue      = "value-of-an-application"
	appShared     = "value-that-is-shared"
	gitHubSecret  = "secret-of-an-app"
	someCommit    = "0123456789abcdef0123456789abcdef01234567"
)

// refs, codeHosts, snapshots and proxies stand in for code hosts and servers.
type refs struct{}

func (refs) Resolve(_ context.Context, _ core.Server, a core.Application, ref git.Ref) (core.Revision, error) {
	if strings.Contains(a.Source.Repository, "missing") {
		return core.Revision{}, core.Errorf(core.CodeBadRequest, "The repository has no branch %s.", ref.Name)
	}
	return core.Revision{Commit: someCommit, Message: "fix: the shop", Branch: a.Source.Branch}, nil
}

type codeHosts struct{}

func (codeHosts) Repositories(context.Context, core.GitHubApp) ([]git.AppRepository, error) {
	return []git.AppRepository{{ID: 7, Name: "shop", FullName: "acme/shop", Private: true, DefaultBranch: "main"}}, nil
}

func (codeHosts) Branches(_ context.Context, _ core.GitHubApp, repository string) ([]git.AppBranch, error) {
	if repository != "acme/shop" {
		return nil, core.Errorf(core.CodeBadRequest, "GitHub does not know %s.", repository)
	}
	return []git.AppBranch{{Name: "main", Protected: true}}, nil
}

type snapshots struct{}

func (snapshots) Compare(core.Deployment, core.Deployment) ([]control.Difference, error) {
	return []control.Difference{{Field: "start_command", Old: "serve"}}, nil
}

type proxies struct{}

func (proxies) Start(context.Context, core.Server) error            { return nil }
func (proxies) Restart(context.Context, core.Server) error          { return nil }
func (proxies) Stop(context.Context, core.Server) error             { return nil }
func (proxies) Status(context.Context, core.Server) (string, error) { return "running:healthy", nil }

var rsaKey = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
})

// applications makes two of them, and everything that the first can have.
func (w *world) applications(ctx context.Context, ctl *control.Control, p auth.Principal) {
	w.sources(ctx, ctl, p)
	w.application = w.newApplication(ctx, ctl, p, control.FromDeployKey, control.ApplicationPatch{
		Name: pointer("web"), Description: pointer("what people see"),
		Source: control.SourcePatch{Repository: pointer("git@git.example.com:acme/shop.git"), Branch: pointer("main"), Key: &w.key},
		Build:  control.BuildPatch{Pack: pointer(core.PackStatic), NginxConf: pointer(appNginx)},
		Serve: control.ServePatch{
			Domains: pointer("https://shop.example.com"), Ports: pointer("80"), Labels: pointer(appLabels),
			BasicAuth: pointer(true), User: pointer("clerk"), Password: pointer(core.NewSecret(appPassword)),
		},
		Hooks: control.HooksPatch{Gitea: pointer(core.NewSecret(appHook)), Generic: pointer(core.NewSecret(appHook))},
	})
	w.image = w.newApplication(ctx, ctl, p, control.FromDockerfile, control.ApplicationPatch{
		Name: pointer("tool"), Build: control.BuildPatch{Dockerfile: pointer(appDockerfile)}, Serve: control.ServePatch{Ports: pointer("80")},
	})
	value := core.NewSecret(appValue)
	e, err := ctl.CreateEnv(ctx, p, core.KindApplication, w.application, control.EnvInput{Key: "TOKEN", Value: &value})
	must(w.t, err)
	_, err = ctl.CreateEnv(ctx, p, core.KindApplication, w.application, control.EnvInput{Key: "TOKEN", Value: &value, IsPreview: true})
	must(w.t, err)
	s, err := ctl.CreateStorage(ctx, p, core.KindApplication, w.application, control.StorageInput{Name: "uploads", MountPath: "/uploads"})
	must(w.t, err)
	w.appEnv, w.appVolume = e.UUID, s.UUID
	w.further(ctx, ctl, p)
	w.deployOnce(ctx, ctl, p)
	o, err := w.db.GetApplication(ctx, w.team, w.application)
	must(w.t, err)
	_, err = w.db.PutPreview(ctx, w.team, core.Preview{
		UUID: core.NewID(), Application: o.RowID, PullRequest: 7, Branch: "feature", URL: "https://git.example.com/acme/shop/pulls/7",
		Domains: "https://7.shop.example.com", Title: "A feature", Status: "exited:unhealthy",
	})
	must(w.t, err)
}

// sources makes a GitHub App with its key, and a shared variable of everything that can
// have one.
func (w *world) sources(ctx context.Context, ctl *control.Control, p auth.Principal) {
	key, err := ctl.CreateKey(ctx, p, control.KeyInput{Name: "key of an App", PrivateKey: core.NewSecret(rsaKey())})
	must(w.t, err)
	g, err := ctl.CreateGitHubApp(ctx, p, control.GitHubAppPatch{
		Name: pointer("our app"), AppID: pointer(int64(11)), InstallationID: pointer(int64(12)), Key: &key.UUID,
		ClientID: pointer("Iv1.x"), ClientSecret: pointer(core.NewSecret(gitHubSecret)), WebhookSecret: pointer(core.NewSecret(gitHubSecret)),
	})
	must(w.t, err)
	spare, err := ctl.CreateGitHubApp(ctx, p, control.GitHubAppPatch{
		Name: pointer("another app"), AppID: pointer(int64(13)), InstallationID: pointer(int64(14)), Key: &key.UUID,
	})
	must(w.t, err)
	w.rsa, w.gitHubApp, w.spareApp, w.shared = key.UUID, g.UUID, spare.UUID, map[string]core.ID{}
	for name, at := range map[string]control.Scope{
		"team": {}, "project": {Project: w.project}, "server": {Server: w.localhost},
		"environment": {Project: w.project, Environment: "production"},
	} {
		value := core.NewSecret(appShared)
		e, err := ctl.CreateShared(ctx, p, at, control.EnvInput{Key: "SHARED", Value: &value})
		must(w.t, err)
		w.shared[name] = e.UUID
	}
}

func (w *world) newApplication(ctx context.Context, ctl *control.Control, p auth.Principal, from control.SourceKind, in control.ApplicationPatch) core.ID {
	w.t.Helper()
	s, err := ctl.CreateApplication(ctx, p, control.ApplicationInput{
		ApplicationPatch: in, From: from, Project: w.project, Environment: "production", Server: w.localhost,
	})
	must(w.t, err)
	return s.Application.UUID
}

// further has the application deployed to another server as well.
func (w *world) further(ctx context.Context, ctl *control.Control, p auth.Principal) {
	far, err := ctl.CreateServer(ctx, p, control.ServerInput{Name: "far", IP: "192.0.2.8", Key: w.key})
	must(w.t, err)
	found, err := ctl.ListDestinations(ctx, p, far.UUID)
	must(w.t, err)
	w.elsewhere = found[0].UUID
	spare, err := ctl.CreateDestination(ctx, p, control.DestinationInput{Server: far.UUID, Network: "spare"})
	must(w.t, err)
	w.unused = spare.UUID
	must(w.t, ctl.AddPlace(ctx, p, w.application, w.elsewhere))
}

// deployOnce makes a deployment that one can go back to.
func (w *world) deployOnce(ctx context.Context, ctl *control.Control, p auth.Principal) {
	queued, err := ctl.Deploy(ctx, p, []core.ID{w.application}, control.Action{Note: "first"})
	must(w.t, err)
	w.deployed = queued[0].Deployment.UUID
	d := w.claim(ctx)
	d.Config = core.Config{Hash: "h", Snapshot: core.NewSecret("{}"), Digests: map[string]string{}}
	must(w.t, w.db.SetConfig(ctx, d))
	ran := core.ApplicationRan{Deployment: d.UUID, Commit: someCommit, Image: "shop:1"}
	must(w.t, w.db.SetApplicationStatus(ctx, d, "exited:unhealthy", "h", &ran))
	must(w.t, w.db.Settle(ctx, settled(d, core.StatusFinished), core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Lines: someLines(1, 2)}))
}
