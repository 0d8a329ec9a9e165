package application_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

const older = string(uuid) + "-dep0aaaa"

func image(s *shelf) {
	s.Application.Source = core.Source{}
	s.Application.Build = core.Build{Pack: core.PackImage, ImageName: "nginx", ImageTag: "stable-alpine"}
}

func pack(p core.BuildPack) func(*shelf) {
	return func(s *shelf) {
		s.env("API", "https://x")
		s.env("PATH", "/evil")
		s.Application.Build.Pack, s.Application.Build.BaseDirectory, s.Application.Build.PublishDir = p, "/apps/web", "/dist"
		s.Application.Build.BuildCommand, s.Application.Runtime.StartCommand = "npm run build", "npm start"
	}
}

// situation is what a plan is made for.
type situation struct {
	verb   core.Verb
	change func(*shelf)
	d      func(*core.Deployment)
	seen   []core.Container
}

// packs are situations of each pack.
func packs() map[string]situation {
	return map[string]situation{
		"dockerfile-first": {verb: core.VerbDeploy, change: func(s *shelf) { s.env("API", "https://x") }},
		"dockerfile-rolling": {verb: core.VerbDeploy, seen: []core.Container{running(older)}, change: func(s *shelf) {
			s.Server.ProxyType, s.Application.Serve.Domains = "traefik", "https://shop.test,https://www.shop.test/api"
			s.Application.Health = core.AppHealth{Enabled: true, Type: "http", Path: "/up", Code: 200, Interval: 2, Timeout: 3, Retries: 4, Start: 1}
			s.Application.Hooks = core.Hooks{Pre: "./backup.sh $HOME", Post: `["/app", "warm up"]`}
			s.Kept = []core.Deployment{{Config: core.Config{Digests: map[string]string{string(uuid) + ":kept": "sha256:1", "nginx:1": "x"}}}}
		}},
		"dockerfile-secrets": {verb: core.VerbDeploy, change: func(s *shelf) {
			s.env("NPM_TOKEN", "s3cret-value")
			s.Application.Build.UseSecrets, s.Application.Build.TargetStage, s.Application.Build.NoCache = true, "prod", true
			s.Application.Build.ImageName = "registry.test/ann/shop"
			s.Application.Source.Submodules, s.Application.Source.LFS = true, true
		}},
		"dockerfile-pasted": {verb: core.VerbStart, change: func(s *shelf) {
			s.Application.Source, s.Application.Build.Dockerfile = core.Source{}, "FROM nginx\n"
			s.env("A", "1")
		}, d: func(d *core.Deployment) { d.Revision.Commit = "HEAD" }},
		"ports":         {verb: core.VerbDeploy, change: func(s *shelf) { image(s); s.Application.Serve.Mappings = "8080:80" }, seen: []core.Container{running(older)}},
		"fixed-name":    {verb: core.VerbDeploy, change: func(s *shelf) { image(s); s.Application.Runtime.FixedName = true }, seen: []core.Container{running(string(uuid))}},
		"custom-name":   {verb: core.VerbDeploy, change: func(s *shelf) { image(s); s.Application.Runtime.CustomName = "shop" }},
		"address":       {verb: core.VerbDeploy, change: func(s *shelf) { image(s); s.Application.Runtime.DockerOptions = "--ip 10.1.2.3 --init" }},
		"stop-before":   {verb: core.VerbDeploy, change: image, d: func(d *core.Deployment) { d.Options.StopBeforeStart = true }, seen: []core.Container{running(older)}},
		"image":         {verb: core.VerbDeploy, change: image},
		"image-restart": {verb: core.VerbRestart, change: image, seen: []core.Container{{ID: "i", Name: older, Service: older, Image: "nginx:1", State: "running"}}},
		"image-digest": {verb: core.VerbDeploy, change: func(s *shelf) {
			image(s)
			s.Application.Build.ImageTag = "sha256:" + strings.Repeat("ab", 32)
			s.Application.Health = core.AppHealth{Enabled: true, Type: "cmd", Command: `test "$(wget -qO- localhost)" = ok`, Interval: 1, Timeout: 1, Retries: 2}
		}},
		"restart": {verb: core.VerbRestart, change: func(s *shelf) {
			s.Application.Ran = core.ApplicationRan{Commit: commit, Image: string(uuid) + ":old", BuildHash: "h"}
		}, seen: []core.Container{running(older), {ID: "dead", Name: "dead", Service: "dead", State: "exited", Image: "x"}}},
	}
}

// situations are those that there are besides.
func situations() map[string]situation {
	return map[string]situation{
		"static":     {verb: core.VerbDeploy, change: func(s *shelf) { pack(core.PackStatic)(s); s.Application.Build.IsSPA = true }},
		"nixpacks":   {verb: core.VerbDeploy, change: pack(core.PackNixpacks)},
		"railpack":   {verb: core.VerbDeploy, change: func(s *shelf) { pack(core.PackRailpack)(s); s.Application.Build.IsStatic = true }},
		"buildpacks": {verb: core.VerbDeploy, change: pack(core.PackBuildpacks), d: func(d *core.Deployment) { d.Options.Force = true }},
		"stop":       {verb: core.VerbStop},
		"stop-all": {verb: core.VerbStop, change: storages, d: func(d *core.Deployment) {
			d.Options.Remove = core.Removal{Configurations: true, Volumes: true, Images: true}
		}},
		"storages": {verb: core.VerbDeploy, change: func(s *shelf) { image(s); storages(s) }},
		"preview": {verb: core.VerbDeploy, change: preview, d: func(d *core.Deployment) {
			d.Revision.PullRequest, d.Revision.Provider, d.Revision.Branch = 3, "github", "feature"
		}},
		"build-server":       {verb: core.VerbDeploy, change: apart, d: builtBy(9), seen: []core.Container{running(older)}},
		"build-server-image": {verb: core.VerbDeploy, change: func(s *shelf) { image(s); s.Application.Build.BuildServer = true }},
		"build-server-again": {verb: core.VerbDeploy, change: apart, d: func(d *core.Deployment) {
			builtBy(9)(d)
			d.Options.Force, d.Options.PullLatest, d.Revision.OnlyHere = true, true, true
		}},
		"build-server-itself": {verb: core.VerbDeploy, change: func(s *shelf) { apart(s); s.Builder = s.Server }, d: builtBy(1)},
		"registry-further": {verb: core.VerbDeploy, change: func(s *shelf) { s.Application.Build.ImageName = "registry.test/ann/shop" },
			d: func(d *core.Deployment) { d.Revision.OnlyHere = true }},
		"registry-preview": {verb: core.VerbDeploy, change: func(s *shelf) {
			preview(s)
			s.Application.Build.ImageName, s.Application.Build.ImageTag = "registry.test/ann/shop", "latest"
		}, d: func(d *core.Deployment) { d.Revision.PullRequest = 3 }},
		"tag-asked":      {verb: core.VerbDeploy, change: image, d: func(d *core.Deployment) { d.Revision.Tag = "1.29" }},
		"pull-latest":    {verb: core.VerbDeploy, d: func(d *core.Deployment) { d.Options.PullLatest = true }},
		"limits-options": {verb: core.VerbDeploy, change: func(s *shelf) { image(s); limits(s) }},
	}
}

// TestPlans holds the plan and the compose file of each pack and situation.
func TestPlans(t *testing.T) {
	t.Parallel()
	all := packs()
	maps.Copy(all, situations())
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			if c.change != nil {
				c.change(s)
			}
			d := deployment(c.verb)
			if c.d != nil {
				c.d(&d)
			}
			plan := s.must(t, d, observed(c.seen...))
			text := plan.String()
			for _, one := range plan.Script.Steps {
				for _, f := range one.Files {
					if !f.IsDir && !f.Check && f.Path != "git/git.sh" {
						text += "--- " + f.Path + "\n" + f.Content
					}
				}
			}
			if strings.Contains(text, "s3cret-value") != (name == "dockerfile-secrets") || strings.Contains(plan.String(), "s3cret-value") {
				t.Error("a secret is in the plan, or the file of the container lacks it")
			}
			golden(t, "plan-"+name+".golden", text)
			again := s.must(t, d, observed(c.seen...))
			if again.Hash != plan.Hash || again.String() != plan.String() {
				t.Error("the same input gives another plan")
			}
		})
	}
}

// apart has another server build.
func apart(s *shelf) {
	s.Application.Build.BuildServer, s.Application.Build.ImageName, s.Application.Build.ImageTag = true, "registry.test/ann/shop", "latest"
	s.Builder = core.Server{RowID: 9, Name: "forge", Settings: core.ServerSettings{IsBuildServer: true, RemoteDir: "/opt/taffrail", DynamicTimeout: 60}}
}

func builtBy(row int64) func(*core.Deployment) {
	return func(d *core.Deployment) { d.Revision.BuildServer = row }
}

func storages(s *shelf) {
	s.AllowHost = true
	s.Storages = []core.Storage{
		{Name: "data", MountPath: "/data"}, {Name: string(uuid) + "_own", MountPath: "/own"}, {HostPath: "/srv/host", MountPath: "/host"},
		{IsFile: true, FsPath: "/conf/app.conf", MountPath: "/etc/app.conf", Content: core.NewSecret("a=$b\n"), Chmod: "600"},
		{IsFile: true, IsDirectory: true, FsPath: "/srv/taffrail/applications/" + string(uuid) + "/up", MountPath: "/up"},
	}
}

func preview(s *shelf) {
	s.Preview = core.Preview{PullRequest: 3, Domains: "https://3.shop.test"}
	s.Server.ProxyType = "caddy"
	s.Application.Serve.Domains, s.Application.Serve.Mappings, s.Application.Serve.Aliases = "https://shop.test", "8080:80", "shop"
	s.env("A", "of the application")
	s.env("A", "of the preview", func(e *core.EnvVar) { e.IsPreview = true })
	s.Storages = []core.Storage{{Name: "data", MountPath: "/data"}}
}

func limits(s *shelf) {
	s.Application.Runtime.Limits = core.Limits{Memory: "64m", CPUs: "0.5", MemorySwappiness: 60, CPUShares: 512}
	s.Application.Runtime.DockerOptions = "--cap-drop ALL --ulimit nofile=1048576:1048576"
	s.Application.Runtime.StartCommand = `nginx -g "daemon off;"`
	s.Application.Runtime.StopGrace = 90
	s.Application.Serve.Aliases = "shop, store"
	s.Application.Serve.Labels = "one=1\ntraefik.http.middlewares.x.headers.framedeny=true"
}

// TestRefusals: what cannot be deployed says which field is at fault, in the message.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*shelf){
		`no build pack "cobol"`:                func(s *shelf) { s.Application.Build.Pack = "cobol" },
		"must stay in the repository":          func(s *shelf) { s.Application.Build.BaseDirectory = "../../etc" },
		`"a b" cannot be a path`:               func(s *shelf) { s.Application.Build.DockerfilePath = "a b" },
		"custom docker run options field has":  func(s *shelf) { s.Application.Runtime.DockerOptions = "--privileged" },
		"ports mappings field has":             func(s *shelf) { s.Application.Serve.Mappings = "80" },
		"ports exposes field has":              func(s *shelf) { s.Application.Serve.Ports = "http" },
		"start command field has a quote":      func(s *shelf) { s.Application.Runtime.StartCommand = "'x" },
		"is no domain":                         func(s *shelf) { s.Application.Serve.Domains = "https://a.test) || PathPrefix(/" },
		`The label "com.docker.x" is one that`: func(s *shelf) { s.Application.Serve.Labels = "com.docker.x=1" },
		"no digit first":                       func(s *shelf) { s.env("1A", "x") },
		"holds a NUL":                          func(s *shelf) { s.env("A", "a\x00") },
		"is no destination any more":           func(s *shelf) { s.Destination.Network = "" },
		"was deleted after":                    func(s *shelf) { s.Application.DeletedAt = time.Now() },
		"allow host access":                    func(s *shelf) { s.Storages = []core.Storage{{HostPath: "/", MountPath: "/x"}} },
		"no place for a file of yours": func(s *shelf) {
			s.Storages = []core.Storage{{IsFile: true, FsPath: "docker-compose.yml", MountPath: "/x"}}
		},
		"has /x twice": func(s *shelf) {
			s.Storages = []core.Storage{{Name: "a", MountPath: "/x"}, {Name: "b", MountPath: "/x"}}
		},
		"a mount path begins with /":  func(s *shelf) { s.Storages = []core.Storage{{Name: "a", MountPath: "/x/../y"}} },
		"three octal digits":          func(s *shelf) { s.Storages = []core.Storage{{IsFile: true, FsPath: "a", MountPath: "/x", Chmod: "9"}} },
		"the name of a volume":        func(s *shelf) { s.Storages = []core.Storage{{Name: "../a", MountPath: "/x"}} },
		"needs a private key":         func(s *shelf) { s.Application.Source.Repository = "git@git.test:ann/shop" },
		"by https and ssh only":       func(s *shelf) { s.Application.Source.Repository = "file:///etc" },
		"not set up on this Taffrail": func(s *shelf) { s.GitHub = core.GitHubApp{RowID: 1} },
		"neither a Dockerfile nor":    func(s *shelf) { s.Application.Source = core.Source{} },
		"is no reference of an image": func(s *shelf) { s.Application.Build = core.Build{Pack: core.PackImage, ImageName: "--help"} },
		"no build secret may be":      func(s *shelf) { s.Application.Build.UseSecrets = true; s.env("A", strings.Repeat("x", 200_000)) },
		"password may have at most": func(s *shelf) {
			s.Application.Serve.BasicAuth, s.Application.Serve.Password = true, core.NewSecret(strings.Repeat("x", 80))
		},
	} {
		s := newShelf()
		change(s)
		_, err := s.plan(t, deployment(core.VerbDeploy), observed())
		if err == nil || !strings.Contains(err.Error(), want) || core.CodeOf(err) == core.CodeInternal {
			t.Errorf("%s: %v", want, err)
		}
		if _, err := s.plan(t, deployment(core.VerbStop), observed()); err != nil {
			t.Errorf("%s: cannot be stopped: %v", want, err)
		}
	}
	s := newShelf()
	apart(s)
	s.Builder = core.Server{}
	for want, row := range map[string]int64{"none can be used": 0, "was removed from Taffrail": 9} {
		d := deployment(core.VerbDeploy)
		d.Revision.BuildServer = row
		if _, err := s.plan(t, d, observed()); err == nil || !strings.Contains(err.Error(), want) || core.CodeOf(err) != core.CodeBadRequest {
			t.Errorf("%s: %v", want, err)
		}
	}
	apart(s)
	s.Application.Build.ImageName = ""
	d := deployment(core.VerbDeploy)
	d.Revision.BuildServer = 9
	if _, err := s.plan(t, d, observed()); err == nil || !strings.Contains(err.Error(), "Set docker_registry_image_name") {
		t.Errorf("without a registry: %v", err)
	}
	s = newShelf()
	for want, d := range map[string]core.Deployment{
		"not known which commit": {Verb: core.VerbDeploy, Revision: core.Revision{Commit: "HEAD"}}, `asked to "dance"`: {Verb: "dance"},
		"was never deployed": {Verb: core.VerbRestart, Revision: core.Revision{Commit: commit}}, "Nothing is known any more": {Verb: core.VerbRollback},
	} {
		if _, err := s.plan(t, d, observed()); err == nil || !strings.Contains(err.Error(), want) || core.CodeOf(err) != core.CodeBadRequest {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestSources: how a repository is read, and that what reads it is kept out of the log.
func TestSources(t *testing.T) {
	t.Parallel()
	const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n"
	asked := ""
	for name, c := range map[string]struct {
		change func(*shelf)
		url    string
		secret string
	}{
		"public": {func(*shelf) {}, "https://git.test/ann/shop", ""},
		"deploy key": {func(s *shelf) {
			s.Application.Source.KeyID, s.Key = 1, core.PrivateKey{RowID: 1, PrivateKey: core.NewSecret(key)}
		},
			"git@git.test:ann/shop.git", key},
		"app": {func(s *shelf) {
			s.Application.Source.Repository = "ann/shop"
			s.GitHub = core.GitHubApp{RowID: 5, HTMLURL: "https://github.test"}
			s.options.Token = func(_ context.Context, app core.GitHubApp, repository string) (core.Secret, error) {
				asked = app.HTMLURL + " " + repository
				return core.NewSecret("ghs_token"), nil
			}
		}, "https://github.test/ann/shop", "ghs_token"},
		"public through an app": {func(s *shelf) {
			s.GitHub, s.Key = core.GitHubApp{RowID: 5, IsPublic: true}, core.PrivateKey{RowID: 2, PrivateKey: core.NewSecret(key)}
		}, "https://git.test/ann/shop", ""},
	} {
		s := newShelf()
		c.change(s)
		d := deployment(core.VerbDeploy)
		fetch := step(t, s.must(t, d, observed()), "fetch")
		if !strings.Contains(strings.Join(fetch.Argv, " "), c.url) {
			t.Errorf("%s: %v", name, fetch.Argv)
		}
		target, err := s.kind().Load(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		masked := false
		for _, v := range target.Secrets() {
			masked = masked || strings.TrimSpace(v.Value) == strings.TrimSpace(c.secret)
		}
		if c.secret != "" && !masked {
			t.Errorf("%s: the credentials are not masked", name)
		}
	}
	if asked != "https://github.test ann/shop" {
		t.Errorf("asked for %q", asked)
	}
	s := newShelf()
	s.GitHub = core.GitHubApp{RowID: 5}
	s.options.Token = func(context.Context, core.GitHubApp, string) (core.Secret, error) {
		return core.Secret{}, core.Errorf(core.CodeForbidden, "The App may not.")
	}
	if _, err := s.plan(t, deployment(core.VerbDeploy), observed()); core.CodeOf(err) != core.CodeForbidden {
		t.Errorf("refused: %v", err)
	}
}
