package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) servicesCommand() *cobra.Command {
	return group("services", "Compose stacks",
		a.servicesList(), a.servicesGet(), a.servicesCreate(), a.servicesUpdate(), a.deleteCommand(services(), "its folder, networks and unused images"),
		a.servicesAction("start", "Start a service", (*client.Client).StartService),
		a.servicesAction("stop", "Stop a service; its volumes stay", (*client.Client).StopService),
		a.servicesAction("restart", "Restart a service", (*client.Client).RestartService),
		a.envsCommand(services()), a.taggingCommand(services()), a.servicesLogs(), a.servicesTemplates())
}

func (a *app) servicesList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the services", Args: exactly(),
		RunE: a.do(func(ctx context.Context, c *client.Client, _ []string) error {
			list, err := c.ListServices(ctx)
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				view := table{head: []string{"NAME", "STATUS", "CONTAINERS", "UUID"}}
				for _, s := range list {
					view.rows = append(view.rows, []string{s.Name, s.Status, strings.Join(partNames(s), ", "), s.UUID})
					view.names = append(view.names, s.Name)
				}
				return view
			})
		}),
	}
}

func parts(s api.Service) []api.ServicePart {
	return append(append([]api.ServicePart{}, s.Applications...), s.Databases...)
}

func partNames(s api.Service) []string {
	var names []string
	for _, p := range parts(s) {
		names = append(names, p.Name)
	}
	return names
}

func (a *app) servicesGet() *cobra.Command {
	return &cobra.Command{
		Use: "get NAME", Aliases: []string{"show"}, Short: "Show a service", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := services().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			s, err := c.GetService(ctx, found.uuid)
			if err != nil {
				return err
			}
			return a.print(s, func() table {
				view := table{names: []string{s.Name}, rows: [][]string{
					{"name", s.Name}, {"uuid", s.UUID}, {"description", text(s.Description)}, {"status", s.Status},
					{"configuration", text(s.ConfigHash)}, {"made", s.CreatedAt.String()},
				}}
				for _, p := range parts(s) {
					view.rows = append(view.rows, []string{"container", strings.TrimSpace(p.Name + "  " + p.Image + "  " + p.Status + "  " + text(p.Fqdn))})
				}
				return view
			})
		}),
	}
}

// servicesAction is one of start, stop and restart.
func (a *app) servicesAction(verb, short string, do func(c *client.Client, ctx context.Context, uuid string, r api.ActionRequest) (api.Accepted, error)) *cobra.Command {
	var r api.ActionRequest
	cmd := a.actCommand(services(), verb, short, func(ctx context.Context, c *client.Client, uuid string) (api.Accepted, error) {
		return do(c, ctx, uuid, r)
	})
	cmd.Flags().StringVar(&r.Note, "note", "", "why; kept with the deployment")
	cmd.Flags().BoolVar(&r.Force, "force", false, "do not join an equal deployment that is queued")
	if verb != "stop" {
		cmd.Flags().BoolVar(&r.Latest, "pull", false, "pull images even when they are there")
		cmd.Flags().BoolVar(&r.StopBeforeStart, "stop-first", false, "stop what runs before the new one starts")
	}
	return cmd
}

func (a *app) servicesLogs() *cobra.Command {
	var tail tailFlags
	cmd := &cobra.Command{
		Use: "logs NAME CONTAINER", Short: "Show the last lines a running container wrote", Args: exactly("NAME", "CONTAINER"),
		Example: "  taffrail services logs web db --lines 50",
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := services().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			return a.containerLogs(c.ServiceLogs(ctx, found.uuid, args[1], tail.lines, tail.timestamps))
		}),
	}
	tail.add(cmd)
	return cmd
}
