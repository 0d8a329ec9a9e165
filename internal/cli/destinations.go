package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) destinationsCommand() *cobra.Command {
	return group("destinations", "Docker networks of servers that resources are put on",
		a.destinationsList(), a.destinationsCreate(), a.destinationsRename(), a.destinationsDelete())
}

func (a *app) destinationsList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the destinations", Args: exactly(),
		RunE: a.do(func(ctx context.Context, c *client.Client, _ []string) error {
			list, err := c.ListAllDestinations(ctx)
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				view := table{head: []string{"NAME", "NETWORK", "SERVER", "UUID"}}
				for _, d := range list {
					view.rows = append(view.rows, []string{d.Name, d.Network, d.ServerUUID, d.UUID})
					view.names = append(view.names, d.Name)
				}
				return view
			})
		}),
	}
}

func (a *app) destinationsCreate() *cobra.Command {
	var r api.DestinationCreate
	var server string
	cmd := &cobra.Command{
		Use: "create NETWORK", Short: "Add a network of a server; the first deployment makes it", Args: exactly("NETWORK"),
		Example: "  taffrail destinations create internal --server web1",
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			servers, err := c.ListServers(ctx)
			if err != nil {
				return err
			}
			on, err := pickDefault("server", server, "localhost",
				collect(servers, func(s api.Server) named { return named{s.UUID, s.Name, address(s)} }))
			if err != nil {
				return err
			}
			r.Network = args[0]
			return a.showDestination(c.CreateDestination(ctx, on.uuid, r))
		}),
	}
	cmd.Flags().StringVar(&r.Name, "name", "", "name of it (default: that of the network)")
	cmd.Flags().StringVar(&server, "server", "", "server (default: the only one, or \"localhost\")")
	return cmd
}

func (a *app) destinationsRename() *cobra.Command {
	return &cobra.Command{
		Use: "rename NAME NEW", Short: "Rename a destination; its network stays", Args: exactly("NAME", "NEW"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := findDestination(ctx, c, args[0])
			if err != nil {
				return err
			}
			return a.showDestination(c.UpdateDestination(ctx, found.uuid, api.DestinationUpdate{Name: &args[1]}))
		}),
	}
}

func (a *app) destinationsDelete() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete NAME", Aliases: []string{"rm"}, Short: "Forget a destination that nothing is on", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := findDestination(ctx, c, args[0])
			if err != nil {
				return err
			}
			if err := a.confirm(yes, "Forget the destination "+found.name+"?"); err != nil {
				return err
			}
			return a.message(c.DeleteDestination(ctx, found.uuid))
		}),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func findDestination(ctx context.Context, c *client.Client, word string) (named, error) {
	list, err := c.ListAllDestinations(ctx)
	if err != nil {
		return named{}, err
	}
	return pick("destination", word, collect(list, func(d api.Destination) named { return named{d.UUID, d.Name, "network " + d.Network} }))
}

func (a *app) showDestination(d api.Destination, err error) error {
	if err != nil {
		return err
	}
	return a.print(d, func() table { return table{rows: [][]string{{d.UUID}}, names: []string{d.Name}} })
}
