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
		a.servicesList(), a.servicesGet(), a.servicesCreate(), a.servicesUpdate(), a.servicesDelete(),
		a.servicesAction("start", "Start a service", (*client.Client).StartService),
		a.servicesAction("stop", "Stop a service; its volumes stay", (*client.Client).StopService),
		a.servicesAction("restart", "Restart a service", (*client.Client).RestartService),
		a.envsCommand(), a.servicesLogs())
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
			found, err := findService(ctx, c, args[0])
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

func (a *app) servicesDelete() *cobra.Command {
	var yes, volumes bool
	cmd := &cobra.Command{
		Use: "delete NAME", Aliases: []string{"rm"}, Short: "Stop a service and delete it; its history stays",
		Long: `Stops the service and deletes it with its folder, networks and unused images on the
server. Its named volumes stay unless --volumes is given. Its deployments stay readable.`,
		Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := findService(ctx, c, args[0])
			if err != nil {
				return err
			}
			question := "Delete the service " + found.name + "?"
			if volumes {
				question = "Delete the service " + found.name + " with all data in its volumes?"
			}
			if err := a.confirm(yes, question); err != nil {
				return err
			}
			return a.message(c.DeleteService(ctx, found.uuid, api.RemoveOptions{DeleteVolumes: &volumes}))
		}),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&volumes, "volumes", false, "delete its named volumes with all their data")
	return cmd
}

// act is what start, stop and restart have in common.
type act func(c *client.Client, ctx context.Context, uuid string, r api.ActionRequest) (api.Accepted, error)

func (a *app) servicesAction(verb, short string, do act) *cobra.Command {
	var r api.ActionRequest
	var watch watchFlags
	cmd := &cobra.Command{
		Use: verb + " NAME", Short: short, Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := findService(ctx, c, args[0])
			if err != nil {
				return err
			}
			accepted, err := do(c, ctx, found.uuid, r)
			if err != nil {
				return err
			}
			return a.afterwards(ctx, c, watch, api.DeployedItem{
				Message: accepted.Message, ResourceUUID: found.uuid, DeploymentUUID: accepted.DeploymentUUID})
		}),
	}
	cmd.Flags().StringVar(&r.Note, "note", "", "why; kept with the deployment")
	cmd.Flags().BoolVar(&r.Force, "force", false, "do not join an equal deployment that is queued")
	if verb != "stop" {
		cmd.Flags().BoolVar(&r.Latest, "pull", false, "pull images even when they are there")
		cmd.Flags().BoolVar(&r.StopBeforeStart, "stop-first", false, "stop what runs before the new one starts")
	}
	watch.add(cmd)
	return cmd
}

func (a *app) servicesLogs() *cobra.Command {
	var lines int
	var timestamps bool
	cmd := &cobra.Command{
		Use: "logs NAME CONTAINER", Short: "Show the last lines a running container wrote", Args: exactly("NAME", "CONTAINER"),
		Example: "  taffrail services logs web db --lines 50",
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := findService(ctx, c, args[0])
			if err != nil {
				return err
			}
			logs, err := c.ServiceLogs(ctx, found.uuid, args[1], lines, timestamps)
			if err != nil {
				return err
			}
			if a.output != "table" {
				return a.print(logs, func() table { return table{} })
			}
			return a.writeOutput(logs.Logs)
		}),
	}
	cmd.Flags().IntVarP(&lines, "lines", "n", 100, "how many lines")
	cmd.Flags().BoolVarP(&timestamps, "timestamps", "t", false, "show when each line was written")
	return cmd
}

func findService(ctx context.Context, c *client.Client, word string) (named, error) {
	list, err := c.ListServices(ctx)
	if err != nil {
		return named{}, err
	}
	return pick("service", word, collect(list, func(s api.Service) named { return named{s.UUID, s.Name, s.Status} }))
}
