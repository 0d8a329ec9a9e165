package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) projectsCommand() *cobra.Command {
	return group("projects", "Projects and their environments",
		a.projectsList(), a.projectsGet(), a.projectsCreate(), a.projectsDelete(), a.environmentsCommand())
}

func (a *app) projectsList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the projects", Args: exactly(),
		RunE: a.do(func(ctx context.Context, c *client.Client, _ []string) error {
			list, err := c.ListProjects(ctx)
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				view := table{head: []string{"NAME", "DESCRIPTION", "UUID"}}
				for _, p := range list {
					view.rows = append(view.rows, []string{p.Name, text(p.Description), p.UUID})
					view.names = append(view.names, p.Name)
				}
				return view
			})
		}),
	}
}

func (a *app) projectsGet() *cobra.Command {
	return &cobra.Command{
		Use: "get NAME", Aliases: []string{"show"}, Short: "Show a project", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			p, err := getProject(ctx, c, args[0])
			if err != nil {
				return err
			}
			return a.print(p, func() table {
				names := make([]string, len(p.Environments))
				for i, e := range p.Environments {
					names[i] = e.Name
				}
				return table{names: []string{p.Name}, rows: [][]string{
					{"name", p.Name}, {"uuid", p.UUID}, {"description", text(p.Description)},
					{"environments", strings.Join(names, ", ")}, {"made", p.CreatedAt.String()},
				}}
			})
		}),
	}
}

func (a *app) projectsCreate() *cobra.Command {
	var r api.ProjectCreate
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a project, with an environment \"production\"", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			r.Name = args[0]
			made, err := c.CreateProject(ctx, r)
			if err != nil {
				return err
			}
			return a.printMade(made, r.Name)
		}),
	}
	cmd.Flags().StringVar(&r.Description, "description", "", "what it is for")
	return cmd
}

func (a *app) projectsDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME", Aliases: []string{"rm"}, Short: "Delete an empty project", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			p, err := findProject(ctx, c, args[0])
			if err != nil {
				return err
			}
			return a.message(c.DeleteProject(ctx, p.uuid))
		}),
	}
}

func findProject(ctx context.Context, c *client.Client, word string) (named, error) {
	list, err := c.ListProjects(ctx)
	if err != nil {
		return named{}, err
	}
	return pick("project", word, collect(list, func(p api.Project) named { return named{p.UUID, p.Name, "made " + moment(p.CreatedAt)} }))
}

func getProject(ctx context.Context, c *client.Client, word string) (api.Project, error) {
	found, err := findProject(ctx, c, word)
	if err != nil {
		return api.Project{}, err
	}
	return c.GetProject(ctx, found.uuid)
}
