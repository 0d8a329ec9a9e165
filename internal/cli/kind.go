package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// sort is a sort of resources as commands speak of it.
type sort struct {
	kind client.Kind
	word string // "service"
	list func(ctx context.Context, c *client.Client) ([]named, error)
	// remove deletes one; the message is the controller's.
	remove func(c *client.Client, ctx context.Context, uuid string, o api.RemoveOptions) (api.Message, error)
}

func services() sort {
	return sort{client.Services, "service", func(ctx context.Context, c *client.Client) ([]named, error) {
		list, err := c.ListServices(ctx)
		return collect(list, func(s api.Service) named { return named{s.UUID, s.Name, s.Status} }), err
	}, (*client.Client).DeleteService}
}

func applications() sort {
	return sort{client.Applications, "application", func(ctx context.Context, c *client.Client) ([]named, error) {
		list, err := c.ListApplications(ctx)
		return collect(list, func(one api.Application) named { return named{one.UUID, one.Name, one.Status} }), err
	}, (*client.Client).DeleteApplication}
}

func databases() sort {
	return sort{client.Databases, "database", func(ctx context.Context, c *client.Client) ([]named, error) {
		list, err := c.ListDatabases(ctx)
		return collect(list, func(d api.Database) named { return named{d.UUID, d.Name, d.Type + "  " + d.Status} }), err
	}, (*client.Client).DeleteDatabase}
}

// find finds the one that a person means by name or uuid.
func (s sort) find(ctx context.Context, c *client.Client, word string) (named, error) {
	list, err := s.list(ctx, c)
	if err != nil {
		return named{}, err
	}
	return pick(s.word, word, list)
}

// deleteCommand deletes a resource. what names what goes with it on the server.
func (a *app) deleteCommand(of sort, what string) *cobra.Command {
	var yes, volumes, keepFolder, keepNetworks, keepImages bool
	cmd := &cobra.Command{
		Use: "delete NAME", Aliases: []string{"rm"}, Short: "Stop a " + of.word + " and delete it; its history stays",
		Long: "Stops the " + of.word + " and deletes it with " + what + ` on the server.
Its named volumes stay unless --volumes is given. Its deployments stay readable.`,
		Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := of.find(ctx, c, args[0])
			if err != nil {
				return err
			}
			question := "Delete the " + of.word + " " + found.name + "?"
			if volumes {
				question = "Delete the " + of.word + " " + found.name + " with all data in its volumes?"
			}
			if err := a.confirm(yes, question); err != nil {
				return err
			}
			folder, networks, images := !keepFolder, !keepNetworks, !keepImages
			return a.message(of.remove(c, ctx, found.uuid, api.RemoveOptions{
				DeleteVolumes: &volumes, DeleteConfigurations: &folder, DeleteConnectedNetworks: &networks, DockerCleanup: &images}))
		}),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&volumes, "volumes", false, "delete its named volumes with all their data")
	cmd.Flags().BoolVar(&keepFolder, "keep-folder", false, "leave its folder on the server")
	cmd.Flags().BoolVar(&keepNetworks, "keep-networks", false, "leave its own network")
	cmd.Flags().BoolVar(&keepImages, "keep-images", false, "leave its unused images")
	return cmd
}

// act queues a verb on the resource that args name.
type act func(ctx context.Context, c *client.Client, uuid string) (api.Accepted, error)

// actCommand is what start, stop and restart of all sorts have in common.
func (a *app) actCommand(of sort, verb, short string, do act) *cobra.Command {
	var watch watchFlags
	cmd := &cobra.Command{
		Use: verb + " NAME", Short: short, Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := of.find(ctx, c, args[0])
			if err != nil {
				return err
			}
			accepted, err := do(ctx, c, found.uuid)
			if err != nil {
				return err
			}
			return a.afterwards(ctx, c, watch, api.DeployedItem{
				Message: accepted.Message, ResourceUUID: found.uuid, DeploymentUUID: accepted.DeploymentUUID})
		}),
	}
	watch.add(cmd)
	return cmd
}

// tailFlags say how much of a container's log is shown, and how.
type tailFlags struct {
	lines      int
	timestamps bool
}

func (f *tailFlags) add(cmd *cobra.Command) {
	cmd.Flags().IntVarP(&f.lines, "lines", "n", 100, "how many lines")
	cmd.Flags().BoolVarP(&f.timestamps, "timestamps", "t", false, "show when each line was written")
}

// containerLogs shows the last lines of a container.
func (a *app) containerLogs(logs api.Logs, err error) error {
	switch {
	case err != nil:
		return err
	case a.output != "table":
		return a.print(logs, func() table { return table{} })
	default:
		return a.writeOutput(logs.Logs)
	}
}
