package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) environmentsCommand() *cobra.Command {
	return group("environments", "Environments of a project", a.environmentsList(), a.environmentsCreate(), a.environmentsDelete())
}

func (a *app) environmentsList() *cobra.Command {
	return &cobra.Command{
		Use: "list PROJECT", Aliases: []string{"ls"}, Short: "List the environments of a project", Args: exactly("PROJECT"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			p, err := getProject(ctx, c, args[0])
			if err != nil {
				return err
			}
			return a.print(p.Environments, func() table {
				view := table{head: []string{"NAME", "DESCRIPTION", "UUID"}}
				for _, e := range p.Environments {
					view.rows = append(view.rows, []string{e.Name, text(e.Description), e.UUID})
					view.names = append(view.names, e.Name)
				}
				return view
			})
		}),
	}
}

func (a *app) environmentsCreate() *cobra.Command {
	var r api.EnvironmentCreate
	cmd := &cobra.Command{
		Use: "create PROJECT NAME", Short: "Make an environment", Args: exactly("PROJECT", "NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			p, err := findProject(ctx, c, args[0])
			if err != nil {
				return err
			}
			r.Name = args[1]
			made, err := c.CreateEnvironment(ctx, p.uuid, r)
			if err != nil {
				return err
			}
			return a.printMade(made, r.Name)
		}),
	}
	cmd.Flags().StringVar(&r.Description, "description", "", "what it is for")
	return cmd
}

func (a *app) environmentsDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete PROJECT NAME", Aliases: []string{"rm"}, Short: "Delete an empty environment", Args: exactly("PROJECT", "NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			p, err := findProject(ctx, c, args[0])
			if err != nil {
				return err
			}
			return a.message(c.DeleteEnvironment(ctx, p.uuid, args[1]))
		}),
	}
}
