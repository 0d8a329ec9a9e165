package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// about is something that is done with the deployment that args name.
func (a *app) about(do func(ctx context.Context, c *client.Client, uuid string, args []string) error) func(*cobra.Command, []string) error {
	return a.do(func(ctx context.Context, c *client.Client, args []string) error {
		uuid, err := findDeployment(ctx, c, args[0])
		if err != nil {
			return err
		}
		return do(ctx, c, uuid, args[1:])
	})
}

func (a *app) retryCommand() *cobra.Command {
	var r api.RetryRequest
	var watch watchFlags
	cmd := &cobra.Command{
		Use: "retry UUID", Short: "Queue once more what a deployment was to do", Args: exactly("UUID"),
		Long: `Queues the same verb with the same switches on the same server once more; of an
application the very commit. Settings are those of now. The name of a resource stands for
its last deployment.`,
		RunE: a.about(func(ctx context.Context, c *client.Client, uuid string, _ []string) error {
			accepted, err := c.RetryDeployment(ctx, uuid, r)
			if err != nil {
				return err
			}
			return a.afterwards(ctx, c, watch, api.DeployedItem{Message: accepted.Message, DeploymentUUID: accepted.DeploymentUUID})
		}),
	}
	cmd.Flags().StringVar(&r.Note, "note", "", "why; kept with the deployment")
	watch.add(cmd)
	return cmd
}

func (a *app) pinCommand() *cobra.Command {
	var off bool
	cmd := &cobra.Command{
		Use: "pin UUID", Short: "Have retention keep a deployment: its record, its log and its image", Args: exactly("UUID"),
		RunE: a.about(func(ctx context.Context, c *client.Client, uuid string, _ []string) error {
			return a.changed(c.PinDeployment(ctx, uuid, !off))
		}),
	}
	cmd.Flags().BoolVar(&off, "off", false, "no longer")
	return cmd
}

func (a *app) noteCommand() *cobra.Command {
	return &cobra.Command{
		Use: "note UUID TEXT", Short: "Write down why there is a deployment", Args: exactly("UUID", "TEXT"),
		RunE: a.about(func(ctx context.Context, c *client.Client, uuid string, args []string) error {
			return a.changed(c.NoteDeployment(ctx, uuid, args[0]))
		}),
	}
}

// changed shows a deployment that something was said about.
func (a *app) changed(d api.Deployment, err error) error {
	if err != nil {
		return err
	}
	return a.print(d, func() table { return story(d, nil) })
}

func (a *app) compareCommand() *cobra.Command {
	return &cobra.Command{
		Use: "compare UUID UUID", Short: "Compare what two deployments ran with", Args: exactly("UUID", "UUID"),
		Example: `  taffrail compare 3kq0… p71x…
  taffrail compare 3kq0… shop            # with the last deployment of shop`,
		RunE: a.about(func(ctx context.Context, c *client.Client, from string, args []string) error {
			to, err := findDeployment(ctx, c, args[0])
			if err != nil {
				return err
			}
			o, err := c.CompareDeployments(ctx, from, to)
			if err != nil {
				return err
			}
			return a.print(o, func() table { return comparison(o) })
		}),
	}
}

func comparison(o api.Comparison) table {
	switch {
	case !o.Known:
		return table{rows: [][]string{{"Not known: one of the two did not come so far, or was no deployment of settings."}}}
	case len(o.Changes) == 0:
		return table{rows: [][]string{{"Both ran with the same settings."}}}
	}
	view := table{head: []string{"SETTING", "", "FROM", "TO"}}
	for _, d := range o.Changes {
		view.rows = append(view.rows, []string{d.Field, d.How, first(text(d.Old), "-"), first(text(d.New), "-")})
		view.names = append(view.names, d.Field)
	}
	return view
}

func (a *app) rescrubCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rescrub UUID", Short: "Mask in the log of a deployment what became secret later", Args: exactly("UUID"),
		Long: `Has the stored log gone over for the values that its resource has now, in the background, and leaves a
line in it that says so. When a variable changes, that is done by itself for all logs of its resource.`,
		RunE: a.about(func(ctx context.Context, c *client.Client, uuid string, _ []string) error {
			return a.message(c.Rescrub(ctx, uuid))
		}),
	}
}

func (a *app) deleteLogCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete-log UUID", Short: "Delete the log of a deployment; its record stays", Args: exactly("UUID"),
		Long: "Takes the lines of a deployment that has ended away for good, and leaves one that says who did so.",
		RunE: a.about(func(ctx context.Context, c *client.Client, uuid string, _ []string) error {
			if err := a.confirm(yes, "Delete the log of deployment "+uuid+"?"); err != nil {
				return err
			}
			return a.message(c.DeleteLog(ctx, uuid))
		}),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}
