package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) deploymentsCommand() *cobra.Command {
	var f client.HistoryFilter
	var resource, server string
	cmd := &cobra.Command{
		Use: "deployments", Aliases: []string{"history"}, Short: "List deployments, newest first",
		Example: `  taffrail deployments --resource shop --status failed
  taffrail deployments --limit 50 -o json`,
		Args: exactly(),
		RunE: a.do(func(ctx context.Context, c *client.Client, _ []string) error {
			if resource != "" {
				found, err := findResource(ctx, c, resource)
				if err != nil {
					return err
				}
				f.Resource = found.uuid
			}
			if server != "" {
				uuid, err := serverUUID(ctx, c, server)
				if err != nil {
					return err
				}
				f.Server = uuid
			}
			page, err := c.ListHistory(ctx, f)
			if err != nil {
				return err
			}
			return a.print(page, func() table { return deploymentTable(page) })
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&resource, "resource", "", "only of this resource")
	flags.StringVar(&server, "server", "", "only on this server")
	flags.StringVar(&f.Status, "status", "", "only with one of these statuses, separated by commas")
	flags.StringVar(&f.Kind, "kind", "", "only of these kinds: application, service, database")
	flags.StringVar(&f.Trigger, "trigger", "", "only asked for this way: ui, api, cli, webhook, schedule, mcp")
	flags.StringVar(&f.Actor, "actor", "", "only asked for by this one")
	flags.StringVarP(&f.Query, "query", "q", "", "only with this text in a name or note")
	flags.StringVar(&f.Cursor, "cursor", "", "go on where the page before ended")
	flags.IntVar(&f.Limit, "limit", 20, "how many")
	return cmd
}

func deploymentTable(page api.History) table {
	view := table{head: []string{"STARTED", "RESOURCE", "VERB", "STATUS", "TOOK", "BY", "UUID"}}
	for _, d := range page.Deployments {
		view.rows = append(view.rows, []string{
			moment(d.CreatedAt), d.ResourceName, d.Verb, string(d.Status), took(d), by(d), d.DeploymentUUID})
		view.names = append(view.names, d.DeploymentUUID)
	}
	if cursor := text(page.NextCursor); cursor != "" {
		view.rows = append(view.rows, []string{"There are more: --cursor " + cursor})
	}
	return view
}

// moment is short and in the reader's own time.
func moment(t api.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func took(d api.Deployment) string {
	switch {
	case d.StartedAt.IsZero():
		return ""
	case d.FinishedAt.IsZero():
		return duration(d.StartedAt.Time, time.Now()) + " …"
	}
	return duration(d.StartedAt.Time, d.FinishedAt.Time)
}

func by(d api.Deployment) string { return first(d.Actor.Name, d.Actor.Kind) + " (" + d.Trigger + ")" }

func (a *app) showCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show UUID", Short: "Show a deployment: who asked and why, its steps, how it ended",
		Args: exactly("UUID"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			uuid, err := findDeployment(ctx, c, args[0])
			if err != nil {
				return err
			}
			d, err := c.GetDeployment(ctx, uuid)
			if err != nil {
				return err
			}
			d.Logs = nil // 'logs' shows them, whole
			steps, err := c.ListSteps(ctx, uuid)
			if err != nil {
				return err
			}
			value := struct {
				api.Deployment
				Steps []api.Step `json:"steps"`
			}{d, steps}
			return a.print(value, func() table { return story(d, steps) })
		}),
	}
}

func (a *app) cancelCommand() *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use: "cancel UUID", Short: "Cancel a deployment", Args: exactly("UUID"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			uuid, err := findDeployment(ctx, c, args[0])
			if err != nil {
				return err
			}
			reply, err := c.CancelDeployment(ctx, uuid)
			if err != nil {
				return err
			}
			if wait && !reply.Status.Terminal() {
				d, err := c.Follow(ctx, uuid, 0, func(api.LogLine) error { return nil })
				if err != nil {
					return left(ctx, uuid, err)
				}
				reply.Status = d.Status
				reply.Message = "It ended as " + string(d.Status) + "."
			}
			return a.print(reply, func() table {
				return table{rows: [][]string{{reply.DeploymentUUID, string(reply.Status), reply.Message}}, names: []string{reply.DeploymentUUID}}
			})
		}),
	}
	cmd.Flags().BoolVarP(&wait, "wait", "w", false, "wait until it has ended")
	return cmd
}
