package rest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strconv"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) listApplications(ctx context.Context, p auth.Principal, in withTag) ([]api.Application, error) {
	found, err := a.control.ListApplications(ctx, p)
	if err == nil {
		found, err = having(ctx, a, p, in.Tag, found, func(o control.Application) core.ID { return o.UUID })
	}
	return list(found, showApplication), err
}

func (a *API) getApplication(ctx context.Context, p auth.Principal, in one) (api.Application, error) {
	o, err := a.control.GetApplication(ctx, p, core.ID(in.UUID))
	return showApplication(o), err
}

func showApplication(o control.Application) api.Application {
	s := o.Source
	return api.Application{
		ID: o.RowID, UUID: string(o.UUID), Description: text(o.Description), Name: o.Name, BuildPack: string(o.Build.Pack),
		ComposeParsingVersion: "5", ConfigHash: text(o.ConfigHash), DestinationID: o.DestinationID,
		DestinationType: "standalone", EnvironmentID: o.EnvironmentID, PrivateKeyID: row(s.KeyID), ServerID: o.ServerID,
		SourceID: row(s.GitHubApp), Status: statusText(o.Status),
		ApplicationSource: api.ApplicationSource{
			GitRepository: s.Repository, GitBranch: s.Branch, GitCommitSHA: s.Commit, WatchPaths: text(s.WatchPaths),
		},
		ApplicationBuild: showBuild(o.Application), ApplicationServe: showServe(o.Serve),
		ApplicationRun: api.ApplicationRun{
			ComposeStartCommand: text(o.Runtime.StartCompose), CustomDockerRunOptions: text(o.Runtime.DockerOptions),
			MaxRestartCount: o.Runtime.MaxRestarts, StartCommand: text(o.Runtime.StartCommand),
		},
		Limits: showLimits(o.Runtime.Limits), ApplicationHealth: showHealth(o.Health),
		ApplicationHooks: showHooks(o.Hooks, o.AutoDeploy), Settings: showSetting(o.Application),
		ApplicationPlace: api.ApplicationPlace{EnvironmentUUID: string(o.Environment), ProjectUUID: string(o.Project), ServerUUID: string(o.Server)},
		ApplicationTimes: api.ApplicationTimes{CreatedAt: at(o.CreatedAt), UpdatedAt: at(o.UpdatedAt), DeletedAt: at(o.DeletedAt)},
	}
}

// row is null for the number of nothing.
func row(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

func showBuild(o core.Application) api.ApplicationBuild {
	b, r, ran := o.Build, o.Runtime, o.Ran.Composed
	return api.ApplicationBuild{
		DockerCompose: text(ran.Text.Reveal()), DockerComposeRaw: text(ran.Raw.Reveal()),
		BaseDirectory: b.BaseDirectory, BuildCommand: text(b.BuildCommand), CustomNginxConfiguration: text(b.NginxConf),
		DockerComposeDomains: showPartDomains(b.ComposeDomains), DockerComposeLocation: b.ComposePath,
		ComposeBuildCommand: text(r.BuildCompose), Dockerfile: text(b.Dockerfile), DockerfileLocation: b.DockerfilePath,
		DockerfileTargetBuild: text(b.TargetStage), ImageName: text(b.ImageName), ImageTag: text(b.ImageTag),
		InstallCommand: text(b.InstallCommand), PublishDirectory: text(b.PublishDir), StaticImage: b.StaticImage,
	}
}

// showPartDomains is the text that clients expect: a JSON object by the names of services.
func showPartDomains(parts []core.PartDomain) *string {
	type domain struct {
		Domain   string  `json:"domain"`
		Redirect *string `json:"redirect,omitempty"`
	}
	if len(parts) == 0 {
		return nil
	}
	named := map[string]domain{}
	for _, part := range parts {
		named[part.Name] = domain{part.Domain, text(part.Redirect)}
	}
	data, err := json.Marshal(named)
	if err != nil {
		return nil // never: it is all text
	}
	return text(string(data))
}

func showServe(s core.Serve) api.ApplicationServe {
	return api.ApplicationServe{
		Fqdn: text(s.Domains), BasicAuth: s.BasicAuth, BasicAuthPassword: reveal(s.Password), BasicAuthUsername: text(s.User),
		CustomLabels:   text(base64.StdEncoding.EncodeToString([]byte(s.Labels))),
		NetworkAliases: text(s.Aliases), NoIndexDomains: list(s.NoIndex, func(s string) string { return s }),
		PortsExposes: s.Ports, PortsMappings: text(s.Mappings), PreviewURL: s.PreviewURL, Redirect: text(s.Redirect),
	}
}

func showHealth(h core.AppHealth) api.ApplicationHealth {
	out := api.ApplicationHealth{
		Enabled: h.Enabled, Type: h.Type, Command: text(h.Command), Method: h.Method, Scheme: h.Scheme, Host: text(h.Host),
		Path: h.Path, ReturnCode: h.Code, ResponseText: text(h.Text), Interval: h.Interval, Timeout: h.Timeout,
		Retries: h.Retries, StartPeriod: h.Start,
	}
	if h.Port != 0 {
		out.Port = text(strconv.Itoa(h.Port))
	}
	return out
}

func showHooks(h core.Hooks, auto core.AutoDeploy) api.ApplicationHooks {
	out := api.ApplicationHooks{
		PreCommand: text(h.Pre), PreContainer: text(h.PreContainer), PostCommand: text(h.Post), PostContainer: text(h.PostContainer),
		GitHubSecret: reveal(h.GitHub), GitLabSecret: reveal(h.GitLab), BitbucketSecret: reveal(h.Bitbucket),
		GiteaSecret: reveal(h.Gitea), GenericSecret: reveal(h.Generic),
	}
	if !auto.PausedAt.IsZero() {
		out.AutoDeployPaused = &api.Paused{At: at(auto.PausedAt), By: auto.PausedBy, DeploymentUUID: text(auto.PausedFor)}
	}
	return out
}

func showSetting(o core.Application) api.ApplicationSetting {
	out := api.ApplicationSetting{
		SourceSetting: api.SourceSetting{
			AutoDeploy: o.AutoDeploy.Enabled, GitLFS: o.Source.LFS, Shallow: o.Source.Shallow, Submodules: o.Source.Submodules,
			Previews: o.AutoDeploy.Previews, PublicPreviews: o.AutoDeploy.PublicPreviews,
		},
		BuildSetting: api.BuildSetting{
			NoCache: o.Build.NoCache, KeepImages: o.Build.KeepImages, IncludeCommit: o.Build.IncludeCommit,
			InjectArgs: o.Build.InjectArgs, BuildServer: o.Build.BuildServer, IsSPA: o.Build.IsSPA, IsStatic: o.Build.IsStatic,
			UseSecrets: o.Build.UseSecrets,
		},
		ServeSetting: api.ServeSetting{
			ForceHTTPS: o.Serve.ForceHTTPS, Gzip: o.Serve.Gzip, StripPrefix: o.Serve.StripPrefix,
			LabelEscape: o.Serve.LabelEscape, LabelReadonly: true,
		},
		RunSetting: api.RunSetting{
			ConnectToDockerNetwork: o.Runtime.ConnectToNet, CustomInternalName: text(o.Runtime.CustomName),
			FixedName: o.Runtime.FixedName, RawCompose: o.Runtime.RawCompose,
		},
	}
	if o.Runtime.StopGrace != 0 {
		out.StopGracePeriod = &o.Runtime.StopGrace
	}
	return out
}
