package control

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/proxy"
)

// ApplicationSaved is an application that was created or changed.
type ApplicationSaved struct {
	Application Application
	Domains     []string
	Warnings    []string        // what will not be as one may think, and why
	Deployment  core.Deployment // that was queued with it, if any
}

// CreateApplication stores an application. It may get a domain, which clients can leave to
// us.
func (c *Control) CreateApplication(ctx context.Context, p auth.Principal, in ApplicationInput) (ApplicationSaved, error) {
	if err := p.Require(auth.Write); err != nil {
		return ApplicationSaved{}, err
	}
	a := newApplication(p.TeamID, in)
	f := faults{}
	f.place(in.place())
	f.sourceInput(in, &a)
	if err := c.checkApplication(ctx, p, &a, in.Source, f); err != nil {
		return ApplicationSaved{}, err
	}
	at, err := c.locate(ctx, p, in.place())
	if err != nil {
		return ApplicationSaved{}, err
	}
	a.EnvironmentID, a.ServerID, a.DestinationID = at.environment.RowID, at.server.RowID, at.destination.RowID
	if in.wantsDomain(a, at.server) {
		a.Serve.Domains = "http://" + string(a.UUID) + "." + c.domainOf(at.server)
	}
	if err := c.freeDomains(ctx, p, a.UUID, domainsOfApplication(a), in.ForceDomainOverride); err != nil {
		return ApplicationSaved{}, err
	}
	if a, err = c.deps.Applications.Store.CreateApplication(ctx, a, nil); err != nil {
		return ApplicationSaved{}, err
	}
	c.did(ctx, p, "application created", a.UUID)
	return c.savedApplication(ctx, p, a.UUID, in.InstantDeploy)
}

// UpdateApplication changes an application. What runs goes on as it is until it is
// deployed.
func (c *Control) UpdateApplication(ctx context.Context, p auth.Principal, id core.ID, in ApplicationPatch) (ApplicationSaved, error) {
	if err := p.Require(auth.Write); err != nil {
		return ApplicationSaved{}, err
	}
	old, err := c.application(ctx, p, id)
	if err != nil {
		return ApplicationSaved{}, err
	}
	a := in.onto(old)
	if err := c.checkApplication(ctx, p, &a, in.Source, faults{}); err != nil {
		return ApplicationSaved{}, err
	}
	if mine := domainsOfApplication(a); !slices.Equal(mine, domainsOfApplication(old)) {
		if err := c.freeDomains(ctx, p, id, mine, in.ForceDomainOverride); err != nil {
			return ApplicationSaved{}, err
		}
	}
	if err := c.deps.Applications.Store.UpdateApplication(ctx, a); err != nil {
		return ApplicationSaved{}, named(err, "Application")
	}
	c.did(ctx, p, "application updated", id)
	return c.savedApplication(ctx, p, id, in.InstantDeploy)
}

// savedApplication makes the answer, and queues the deployment that was asked for with it.
func (c *Control) savedApplication(ctx context.Context, p auth.Principal, id core.ID, deploy bool) (ApplicationSaved, error) {
	a, err := c.application(ctx, p, id)
	if err != nil {
		return ApplicationSaved{}, err
	}
	server, err := c.serverByRow(ctx, p, a.ServerID)
	if err != nil {
		return ApplicationSaved{}, err
	}
	out := ApplicationSaved{Domains: domainsOfApplication(a)}
	if len(out.Domains) > 0 && server.ProxyType == string(proxy.None) {
		out.Warnings = append(out.Warnings, fmt.Sprintf("Server %s has no proxy, so nobody answers for the domains: choose traefik or caddy for it.", server.Name))
	}
	if deploy {
		var warning string
		out.Deployment, warning = c.runSaved(ctx, p, ofApplication(a), core.VerbDeploy, core.Options{})
		if warning != "" {
			out.Warnings = append(out.Warnings, warning)
		}
	}
	out.Application, err = c.shownApplication(ctx, p, a)
	return out, err
}

// checkApplication tells all faults of an application, and of the patch that led to it,
// with those that f has already. It fills in what the source turns out to be, and brings
// texts into the form in which they are stored.
func (c *Control) checkApplication(ctx context.Context, p auth.Principal, a *core.Application, in SourcePatch, f faults) error {
	team, err := c.deps.Teams.GetTeam(ctx, p.TeamID)
	if err != nil {
		return err
	}
	base, err := c.credentials(ctx, p, &a.Source, in, f)
	if err != nil {
		return err
	}
	f.application(*a, base, team.AllowHostAccess)
	if err := f.err(); err != nil {
		return err
	}
	a.Source.Key = ""
	if fromGit(*a) {
		repository, err := git.Parse(a.Source.Repository, git.Options{Base: base})
		if err != nil {
			return err
		}
		a.Source.Key = repository.Key()
	}
	a.Source.Commit = strings.ToLower(a.Source.Commit)
	if a.Source.Commit == "" || a.Source.Commit == "head" {
		a.Source.Commit = headCommit
	}
	a.Build.ImageTag = digestOr(a.Build.ImageTag)
	a.Serve.Domains = tidyDomains(a.Serve.Domains)
	for i := range a.Build.ComposeDomains {
		a.Build.ComposeDomains[i].Domain = tidyDomains(a.Build.ComposeDomains[i].Domain)
	}
	return nil
}

// headCommit stands for the newest commit of a branch.
const headCommit = "HEAD"

// credentials finds the key and the GitHub App that a source names, among the team's own,
// and returns what "owner/name" alone is below.
func (c *Control) credentials(ctx context.Context, p auth.Principal, s *core.Source, in SourcePatch, f faults) (base string, err error) {
	key, app := in.Key != nil && *in.Key != "", in.GitHubApp != nil && *in.GitHubApp != ""
	if key && app {
		f.add("private_key_uuid", "A repository is read by a private key or by a GitHub App, not by both.")
		return "", nil
	}
	if in.Key != nil || app {
		s.KeyID = 0
	}
	if in.GitHubApp != nil || key {
		s.GitHubApp = 0
	}
	if key {
		found, err := c.key(ctx, p, *in.Key)
		if err != nil {
			return "", err
		}
		s.KeyID = found.RowID
	}
	if app {
		found, err := c.gitHubApp(ctx, p, *in.GitHubApp)
		if err != nil {
			return "", err
		}
		s.GitHubApp = found.RowID
	}
	if s.GitHubApp == 0 {
		return "", nil
	}
	found, err := c.deps.Applications.GitHubApps.GetGitHubAppByRow(ctx, p.TeamID, s.GitHubApp)
	return found.HTMLURL, named(err, gitHubApp)
}

// sourceInput checks what a new application must have by the way that it is made, and
// takes away what it cannot have.
func (f faults) sourceInput(in ApplicationInput, a *core.Application) {
	switch in.From {
	case FromPublic, FromDeployKey, FromGitHubApp:
		f.required("git_repository", a.Source.Repository)
		f.required("build_pack", string(a.Build.Pack))
		if a.Build.Pack == core.PackImage {
			f.add("build_pack", "An image that is there already has no repository: use /applications/dockerimage.")
		}
		if in.From == FromDeployKey && (in.Source.Key == nil || *in.Source.Key == "") {
			f.required("private_key_uuid", "")
		}
		if in.From == FromGitHubApp && (in.Source.GitHubApp == nil || *in.Source.GitHubApp == "") {
			f.required("github_app_uuid", "")
		}
	case FromDockerfile:
		f.required("dockerfile", a.Build.Dockerfile)
	case FromImage:
	default:
		f.add("source", "There is no such source of applications.")
	}
}

// newApplication is an application with what in says, and defaults for the rest.
func newApplication(team int64, in ApplicationInput) core.Application {
	a := core.Application{
		UUID: core.NewID(), TeamID: team,
		Source: core.Source{Commit: headCommit, Submodules: true, LFS: true, Shallow: true},
		Build: core.Build{
			BaseDirectory: "/", DockerfilePath: "/Dockerfile", StaticImage: "nginx:alpine", ComposePath: "/docker-compose.yaml", InjectArgs: true, KeepImages: 2,
		},
		Serve: core.Serve{
			Redirect: string(proxy.RedirectBoth), ForceHTTPS: true, Gzip: true, StripPrefix: true, LabelEscape: true, PreviewURL: "{{pr_id}}.{{domain}}",
		},
		Runtime:    core.Runtime{Limits: core.DefaultLimits(), MaxRestarts: 10},
		Health:     core.AppHealth{Type: "http", Method: "GET", Scheme: "http", Host: "localhost", Path: "/", Code: 200, Interval: 5, Timeout: 5, Retries: 10, Start: 5},
		AutoDeploy: core.AutoDeploy{Enabled: true},
	}
	a = in.onto(a)
	none := func(sources ...SourceKind) bool { return !slices.Contains(sources, in.From) }
	if none(FromPublic, FromDeployKey, FromGitHubApp) {
		a.Source.Repository, a.Source.Branch = "", ""
	}
	switch in.From {
	case FromDockerfile:
		a.Build.Pack = core.PackDockerfile
	case FromImage:
		a.Build.Pack = core.PackImage
		a.Build.ImageTag = cmp.Or(a.Build.ImageTag, tagOf(a.Build.ImageName))
	}
	// An empty text means the same as none, as clients expect of a new application.
	a.Name = cmp.Or(a.Name, "application-"+string(a.UUID))
	a.Serve.Ports = cmp.Or(a.Serve.Ports, defaultPorts(a.Build))
	a.Build.BaseDirectory = cmp.Or(a.Build.BaseDirectory, "/")
	return a
}

// tagOf is the tag of an image whose name says none.
func tagOf(name string) string {
	_, last, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	if last != "" || strings.Contains(name, "@") || name == "" {
		return ""
	}
	return "latest"
}

var exposePattern = regexp.MustCompile(`(?im)^\s*EXPOSE\s+(\d{1,5})(?:/tcp)?\s*(?:$|\s)`)

// defaultPorts are where an application of a build pack listens when nobody says.
func defaultPorts(b core.Build) string {
	switch {
	case b.Pack == core.PackStatic || b.IsStatic:
		return "80"
	case b.Pack == core.PackNixpacks, b.Pack == core.PackRailpack, b.Pack == core.PackBuildpacks:
		return "3000"
	case b.Pack == core.PackCompose:
		return ""
	}
	if found := exposePattern.FindStringSubmatch(b.Dockerfile); found != nil {
		return found[1]
	}
	return "80"
}

// wantsDomain says whether a new application gets a domain that nobody chose. Unasked it
// does only where a proxy would answer for it.
func (in ApplicationInput) wantsDomain(a core.Application, server core.Server) bool {
	if a.Serve.Domains != "" || a.Build.Pack == core.PackCompose {
		return false
	}
	if in.AutogenerateDomain != nil {
		return *in.AutogenerateDomain
	}
	return server.ProxyType != string(proxy.None)
}

// domainOf is a domain whose every name leads to a server.
func (c *Control) domainOf(s core.Server) string {
	at := c.addressOf(s)
	if at == core.LocalhostIP || at == "" {
		at = "127.0.0.1"
	}
	addr, err := netip.ParseAddr(at)
	switch {
	case err != nil:
		return at // a host name
	case addr.Is4():
		return addr.String() + ".sslip.io"
	default:
		return strings.ReplaceAll(addr.WithZone("").String(), ":", "-") + ".sslip.io"
	}
}

// domainsOfApplication are all addresses of an application, but those of its previews.
func domainsOfApplication(a core.Application) []string {
	out := split(a.Serve.Domains)
	for _, part := range a.Build.ComposeDomains {
		out = append(out, split(part.Domain)...)
	}
	return out
}

// tidyDomains is how domains are stored.
func tidyDomains(text string) string {
	list, err := proxy.ParseDomains("domains", text)
	if err != nil {
		return text
	}
	out := make([]string, 0, len(list))
	for _, d := range list {
		out = append(out, d.String())
	}
	return strings.Join(out, ",")
}
