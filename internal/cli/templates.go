package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) servicesTemplates() *cobra.Command {
	return &cobra.Command{
		Use: "templates [TYPE]", Short: "List the one-click services, or show the compose text of one", Args: atMost("TYPE"),
		Example: "  taffrail services templates\n  taffrail services templates grafana > compose.yaml",
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			if len(args) == 1 {
				return a.showTemplate(c.GetServiceTemplate(ctx, args[0]))
			}
			list, err := c.ListServiceTemplates(ctx)
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				view := table{head: []string{"TYPE", "CATEGORY", "DESCRIPTION"}}
				for _, t := range list {
					view.rows = append(view.rows, []string{t.Type, t.Category, strings.TrimSpace(t.Name + ": " + t.Description)})
					view.names = append(view.names, t.Type)
				}
				return view
			})
		}),
	}
}

// showTemplate prints the compose text, so that it can be put into a file.
func (a *app) showTemplate(t api.ServiceTemplate, err error) error {
	switch {
	case err != nil:
		return err
	case a.output == "table":
		return a.writeOutput(t.Compose)
	default:
		return a.print(t, func() table { return table{names: []string{t.Type}} })
	}
}
