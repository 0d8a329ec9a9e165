package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// place says where a new resource goes.
type place struct{ project, environment, server string }

func (a *app) servicesCreate() *cobra.Command {
	var r api.ServiceCreate
	var file string
	var where place
	var envs envFlags
	cmd := &cobra.Command{
		Use: "create", Short: "Make a service from a compose file or a template",
		Example: `  taffrail services create --name shop --file compose.yaml
  taffrail services create --type grafana  # 'taffrail services templates' lists them
  taffrail services create --name shop --file compose.yaml --server web1 --env-file .env --lock API_KEY`,
		Args: exactly(),
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			if (file == "") == (r.Type == "") {
				return usage(cmd, "Give either --file or --type.")
			}
			return nil
		},
		RunE: a.do(func(ctx context.Context, c *client.Client, _ []string) error {
			variables, err := envs.read(a)
			if err != nil {
				return err
			}
			if file != "" {
				compose, err := a.readFile(file)
				if err != nil {
					return err
				}
				r.DockerComposeRaw = client.EncodeCompose(compose)
			}
			at, err := where.find(ctx, c)
			if err != nil {
				return err
			}
			r.ProjectUUID, r.EnvironmentName, r.ServerUUID = at.project, at.environment, at.server
			return a.createService(ctx, c, r, variables)
		}),
	}
	flags := cmd.Flags()
	flags.StringVarP(&file, "file", "f", "", "compose file; '-' reads standard input")
	flags.StringVarP(&r.Type, "type", "t", "", "one-click service, instead of a file")
	flags.StringVar(&r.Name, "name", "", "name of the service")
	flags.StringVar(&r.Description, "description", "", "what it is for")
	where.add(cmd)
	envs.add(cmd)
	return cmd
}

func (p *place) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&p.project, "project", "", "project (default: the only one, or \"default\")")
	flags.StringVar(&p.environment, "environment", "production", "environment of the project")
	flags.StringVar(&p.server, "server", "", "server (default: the only one, or \"localhost\")")
}

// find returns the place with the uuids of the project and the server that a person means.
func (p place) find(ctx context.Context, c *client.Client) (place, error) {
	projects, err := c.ListProjects(ctx)
	if err != nil {
		return place{}, err
	}
	project, err := pickDefault("project", p.project, "default",
		collect(projects, func(p api.Project) named { return named{p.UUID, p.Name, "made " + moment(p.CreatedAt)} }))
	if err != nil {
		return place{}, err
	}
	servers, err := c.ListServers(ctx)
	if err != nil {
		return place{}, err
	}
	server, err := pickDefault("server", p.server, "localhost",
		collect(servers, func(s api.Server) named { return named{s.UUID, s.Name, address(s)} }))
	if err != nil {
		return place{}, err
	}
	return place{project.uuid, p.environment, server.uuid}, nil
}

// pickDefault is pick, where no word means the only one there is, or the usual one.
func pickDefault(what, word, usual string, list []named) (named, error) {
	if word == "" && len(list) == 1 {
		return list[0], nil
	}
	found, err := pick(what, first(word, usual), list)
	if err != nil && word == "" {
		return found, fmt.Errorf("say which %s with --%s%s", what, what, known(list))
	}
	return found, err
}

func (a *app) createService(ctx context.Context, c *client.Client, r api.ServiceCreate, variables []api.EnvWrite) error {
	made, err := c.CreateService(ctx, r)
	if err != nil {
		return err
	}
	for _, warning := range made.Warnings {
		a.say("Note: %s", warning)
	}
	if len(variables) > 0 {
		if _, err := c.UpsertEnvs(ctx, client.Services, made.UUID, api.EnvBulk{Data: variables}); err != nil {
			return refusedVariables("service", client.Services, made.UUID, err)
		}
	}
	return a.print(made, func() table { return table{rows: [][]string{{made.UUID}}, names: []string{first(r.Name, made.UUID)}} })
}

// refusedVariables is the answer when a resource was made and its variables were not taken.
func refusedVariables(what string, kind client.Kind, uuid string, err error) error {
	return errors.Join(fmt.Errorf("the %s %s was made, but its variables were refused; set them with 'taffrail %s envs set'", what, uuid, kind), err)
}

func (a *app) servicesUpdate() *cobra.Command {
	var name, description, file string
	cmd := &cobra.Command{
		Use: "update NAME", Short: "Change a service; deploy it to bring the change about", Args: exactly("NAME"),
		Example: "  taffrail services update shop --file compose.yaml && taffrail deploy shop --wait",
	}
	cmd.RunE = a.do(func(ctx context.Context, c *client.Client, args []string) error {
		found, err := services().find(ctx, c, args[0])
		if err != nil {
			return err
		}
		var r api.ServiceUpdate
		if cmd.Flags().Changed("name") {
			r.Name = &name
		}
		if cmd.Flags().Changed("description") {
			r.Description = &description
		}
		if file != "" {
			compose, err := a.readFile(file)
			if err != nil {
				return err
			}
			encoded := client.EncodeCompose(compose)
			r.DockerComposeRaw = &encoded
		}
		changed, err := c.UpdateService(ctx, found.uuid, r)
		if err != nil {
			return err
		}
		for _, warning := range changed.Warnings {
			a.say("Note: %s", warning)
		}
		return a.print(changed, func() table { return table{rows: [][]string{{changed.UUID}}, names: args} })
	})
	cmd.Flags().StringVar(&name, "name", "", "new name")
	cmd.Flags().StringVar(&description, "description", "", "new description")
	cmd.Flags().StringVarP(&file, "file", "f", "", "new compose file; '-' reads standard input")
	return cmd
}
