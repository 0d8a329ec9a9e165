package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// applicationFlags are what can be set of an application on the command line.
type applicationFlags struct {
	cmd                           *cobra.Command
	name, description, git        string
	branch, commit, key, github   string
	pack, base, file, path, stage string
	image, tag, domains, ports    string
	mappings, start, health       string
	publish                       string
	spa, force                    bool
	images                        imageFlags
	around                        aroundFlags
}

// imageFlags are where images of an application are built, and how many stay.
type imageFlags struct {
	buildServer bool
	keep        int
}

// aroundFlags are what is around the container of an application.
type aroundFlags struct {
	memory, cpus, pre, post string
	compose                 composeFlags
}

// composeFlags are what is about a compose file in the repository.
type composeFlags struct {
	path    string
	domains []string
}

func (f *composeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.path, "compose", "", "path of the compose file in the repository, with --build-pack dockercompose")
	cmd.Flags().StringArrayVar(&f.domains, "service-domain", nil, "SERVICE=URL,… for a service of the compose file, all of them; may be repeated")
}

// read makes the settings that were given.
func (f *composeFlags) read(cmd *cobra.Command) (api.ComposeSettings, error) {
	s := api.ComposeSettings{ComposePath: given(cmd, "compose", &f.path)}
	if !cmd.Flags().Changed("service-domain") {
		return s, nil
	}
	list := []api.ComposeDomainWrite{}
	for _, one := range f.domains {
		name, urls, found := strings.Cut(one, "=")
		if !found || name == "" {
			return s, usage(cmd, "Write --service-domain as SERVICE=URL.")
		}
		list = append(list, api.ComposeDomainWrite{Name: name, Domain: urls})
	}
	s.Domains = &list
	return s, nil
}

func (f *applicationFlags) add(cmd *cobra.Command) {
	f.cmd = cmd
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "name of the application")
	flags.StringVar(&f.description, "description", "", "what it is for")
	flags.StringVar(&f.git, "git", "", "repository: https or ssh URL, or git@host:path")
	flags.StringVar(&f.branch, "branch", "", "branch or tag (default: main)")
	flags.StringVar(&f.commit, "commit", "", "deploy this commit unless somebody says otherwise")
	flags.StringVar(&f.key, "key", "", "private key that may read the repository (see 'taffrail keys')")
	flags.StringVar(&f.github, "github-app", "", "uuid of the GitHub App that may read the repository")
	flags.StringVar(&f.pack, "build-pack", "", "dockerfile, static, dockercompose, nixpacks, railpack or buildpacks (default: dockerfile)")
	flags.StringVar(&f.base, "base", "", "folder of the repository that it is in")
	flags.StringVarP(&f.file, "file", "f", "", "Dockerfile to build without a repository; '-' reads standard input")
	flags.StringVar(&f.path, "dockerfile", "", "path of the Dockerfile in the repository")
	flags.StringVar(&f.stage, "target", "", "stage of the Dockerfile to build")
	flags.StringVar(&f.publish, "publish", "", "folder of a static site to serve")
	flags.BoolVar(&f.spa, "spa", false, "static site: unknown paths get index.html")
	flags.StringVar(&f.image, "image", "", "image to run; with a repository: where to push what is built")
	flags.StringVar(&f.tag, "tag", "", "tag of the image, or sha256:…")
	flags.BoolVar(&f.images.buildServer, "build-server", false, "build on a build server of the team, and push to --image")
	flags.IntVar(&f.images.keep, "keep-images", 0, "images of earlier deployments that stay (default: 2)")
	flags.StringVar(&f.domains, "domains", "", "URLs, separated by commas")
	flags.StringVar(&f.ports, "ports", "", "ports that it listens on, separated by commas; the first gets the requests")
	flags.StringVar(&f.mappings, "publish-ports", "", "published directly, as HOST:CONTAINER,…; there is no rolling update then")
	flags.StringVar(&f.start, "start-command", "", "in place of the image's own")
	flags.StringVar(&f.health, "health", "", "path that must answer with 200 before traffic changes over")
	flags.StringVar(&f.around.memory, "memory", "", "limit, such as 512m; 0 is none")
	flags.StringVar(&f.around.cpus, "cpus", "", "limit, such as 1.5; 0 is none")
	flags.StringVar(&f.around.pre, "pre", "", "command in the running container before a deployment")
	flags.StringVar(&f.around.post, "post", "", "command in the new container after a deployment")
	f.around.compose.add(cmd)
	flags.BoolVar(&f.force, "take-domains", false, "take domains that other resources have")
}

// read makes the settings that were given.
func (f *applicationFlags) read(ctx context.Context, a *app, c *client.Client) (api.ApplicationSettings, error) {
	s := api.ApplicationSettings{
		Name: given(f.cmd, "name", &f.name), Description: given(f.cmd, "description", &f.description), ForceDomainOverride: f.force,
		SourceSettings: api.SourceSettings{
			GitRepository: given(f.cmd, "git", &f.git), GitBranch: given(f.cmd, "branch", &f.branch),
			GitCommitSHA: given(f.cmd, "commit", &f.commit), GitHubAppUUID: given(f.cmd, "github-app", &f.github),
		},
		BuildSettings: api.BuildSettings{
			BuildPack: given(f.cmd, "build-pack", &f.pack), BaseDirectory: given(f.cmd, "base", &f.base),
			DockerfilePath: given(f.cmd, "dockerfile", &f.path), TargetStage: given(f.cmd, "target", &f.stage),
			ImageName: given(f.cmd, "image", &f.image), ImageTag: given(f.cmd, "tag", &f.tag),
			BuildServer: given(f.cmd, "build-server", &f.images.buildServer), KeepImages: given(f.cmd, "keep-images", &f.images.keep),
		},
		StaticSettings: api.StaticSettings{PublishDirectory: given(f.cmd, "publish", &f.publish), IsSPA: given(f.cmd, "spa", &f.spa)},
		ServeSettings: api.ServeSettings{
			Domains: given(f.cmd, "domains", &f.domains), Ports: given(f.cmd, "ports", &f.ports), Mappings: given(f.cmd, "publish-ports", &f.mappings),
		},
		RunSettings:   api.RunSettings{StartCommand: given(f.cmd, "start-command", &f.start)},
		LimitSettings: api.LimitSettings{Memory: given(f.cmd, "memory", &f.around.memory), CPUs: given(f.cmd, "cpus", &f.around.cpus)},
		HookSettings:  api.HookSettings{PreCommand: given(f.cmd, "pre", &f.around.pre), PostCommand: given(f.cmd, "post", &f.around.post)},
	}
	var err error
	if s.ComposeSettings, err = f.around.compose.read(f.cmd); err != nil {
		return s, err
	}
	if path := given(f.cmd, "health", &f.health); path != nil {
		on := *path != ""
		s.Enabled, s.Path = &on, path
	}
	if f.file != "" {
		content, err := a.readFile(f.file)
		if err != nil {
			return s, err
		}
		dockerfile := string(content)
		s.Dockerfile = &dockerfile
	}
	if f.key != "" {
		key, err := keyUUID(ctx, c, f.key)
		if err != nil {
			return s, err
		}
		s.PrivateKeyUUID = &key
	}
	return s, nil
}

// source tells from the flags where a new application comes from.
func (f *applicationFlags) source() client.Source {
	switch {
	case f.file != "":
		return client.FromText
	case f.git == "":
		return client.FromImage
	case f.github != "":
		return client.FromGitHubApp
	case f.key != "":
		return client.FromDeployKey
	default:
		return client.FromPublic
	}
}

func (a *app) applicationsCreate() *cobra.Command {
	var f applicationFlags
	var where place
	var envs envFlags
	var deploy bool
	cmd := &cobra.Command{
		Use: "create", Short: "Make an application from a repository, a Dockerfile or an image", Args: exactly(),
		Example: `  taffrail applications create --name shop --git https://git.example.com/shop.git --ports 8080 --domains https://shop.example.com
  taffrail applications create --name docs --git git@git.example.com:docs.git --key deploy --build-pack static --publish public
  taffrail applications create --name stack --git https://git.example.com/stack.git --build-pack dockercompose --service-domain web=https://stack.example.com
  taffrail applications create --name cache-ui --image registry.example.com/ui --tag 1.4 --ports 80 --deploy`,
	}
	cmd.RunE = a.do(func(ctx context.Context, c *client.Client, _ []string) error {
		variables, err := envs.read(a)
		if err != nil {
			return err
		}
		if f.git == "" && f.file == "" && f.image == "" {
			return usage(cmd, "Say where it comes from: --git, --file or --image.")
		}
		var r api.ApplicationCreate
		if r.ApplicationSettings, err = f.read(ctx, a, c); err != nil {
			return err
		}
		from := f.source()
		if from != client.FromText && from != client.FromImage {
			branch, pack := first(f.branch, "main"), first(f.pack, "dockerfile")
			r.GitBranch, r.BuildPack = &branch, &pack
		}
		at, err := where.find(ctx, c)
		if err != nil {
			return err
		}
		r.ProjectUUID, r.EnvironmentName, r.ServerUUID = at.project, at.environment, at.server
		r.InstantDeploy = deploy && len(variables) == 0
		return a.createApplication(ctx, c, from, r, variables, deploy)
	})
	f.add(cmd)
	where.add(cmd)
	envs.add(cmd)
	cmd.Flags().BoolVar(&deploy, "deploy", false, "deploy it at once")
	return cmd
}

// createApplication makes an application with its variables, which come before its first
// deployment.
func (a *app) createApplication(ctx context.Context, c *client.Client, from client.Source, r api.ApplicationCreate, variables []api.EnvWrite, deploy bool) error {
	made, err := c.CreateApplication(ctx, from, r)
	if err != nil {
		return err
	}
	a.notes(made.Warnings)
	if len(variables) > 0 {
		if _, err := c.UpsertEnvs(ctx, client.Applications, made.UUID, api.EnvBulk{Data: variables}); err != nil {
			return refusedVariables("application", client.Applications, made.UUID, err)
		}
		if deploy {
			if _, err := c.StartApplication(ctx, made.UUID, api.ApplicationActionRequest{}); err != nil {
				return err
			}
		}
	}
	return a.print(made, func() table {
		return table{rows: [][]string{{made.UUID}}, names: []string{first(text(r.Name), made.UUID)}}
	})
}

func (a *app) applicationsUpdate() *cobra.Command {
	var f applicationFlags
	cmd := &cobra.Command{
		Use: "update NAME", Short: "Change an application; deploy it to bring the change about", Args: exactly("NAME"),
		Example: "  taffrail applications update shop --branch release && taffrail deploy shop --wait",
	}
	cmd.RunE = a.do(func(ctx context.Context, c *client.Client, args []string) error {
		found, err := applications().find(ctx, c, args[0])
		if err != nil {
			return err
		}
		var r api.ApplicationUpdate
		if r.ApplicationSettings, err = f.read(ctx, a, c); err != nil {
			return err
		}
		changed, err := c.UpdateApplication(ctx, found.uuid, r)
		if err != nil {
			return err
		}
		a.notes(changed.Warnings)
		return a.print(changed, func() table { return table{rows: [][]string{{changed.UUID}}, names: args} })
	})
	f.add(cmd)
	return cmd
}
