package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) retentionCommand() *cobra.Command {
	return group("retention", "How long deployments are kept, and what goes",
		a.retentionShowCommand(), a.retentionSetCommand(), a.retentionPruneCommand())
}

func (a *app) retentionShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show how long deployments are kept", Args: exactly(),
		RunE: a.do(func(ctx context.Context, c *client.Client, _ []string) error {
			r, err := c.GetRetention(ctx)
			return a.limits(r, err)
		}),
	}
}

func (a *app) retentionSetCommand() *cobra.Command {
	var days, failed, cancelled, count int
	var bytes int64
	cmd := &cobra.Command{
		Use: "set", Short: "Change how long deployments are kept", Args: exactly(),
		Long: `What runs, the last success, pinned deployments and what can be gone back to stay in any case.
0 is for ever, or any number.`,
		Example: "  taffrail retention set --days 60 --count 500",
	}
	flags := cmd.Flags()
	flags.IntVar(&days, "days", 90, "those that finished")
	flags.IntVar(&failed, "failed-days", 180, "those that failed")
	flags.IntVar(&cancelled, "cancelled-days", 30, "those that were cancelled")
	flags.IntVar(&count, "count", 0, "at most so many of one resource")
	flags.Int64Var(&bytes, "bytes", 0, "at most so many bytes of logs of one resource")
	cmd.RunE = a.do(func(ctx context.Context, c *client.Client, _ []string) error {
		var r api.HistoryLimitsUpdate
		for name, to := range map[string]struct {
			from *int
			to   **int
		}{"days": {&days, &r.Days}, "failed-days": {&failed, &r.FailedDays}, "cancelled-days": {&cancelled, &r.CancelledDays}, "count": {&count, &r.Count}} {
			if flags.Changed(name) {
				*to.to = to.from
			}
		}
		if flags.Changed("bytes") {
			r.Bytes = &bytes
		}
		limits, err := c.UpdateRetention(ctx, r)
		return a.limits(limits, err)
	})
	return cmd
}

func (a *app) limits(r api.HistoryLimits, err error) error {
	if err != nil {
		return err
	}
	some := func(n int64, unit string) string {
		if n == 0 {
			return "no limit"
		}
		return strconv.FormatInt(n, 10) + " " + unit
	}
	return a.print(r, func() table {
		return table{rows: [][]string{
			{"finished", some(int64(r.Days), "days")}, {"failed", some(int64(r.FailedDays), "days")}, {"cancelled", some(int64(r.CancelledDays), "days")},
			{"of one resource", some(int64(r.Count), "deployments")}, {"its logs", some(r.Bytes, "bytes")},
		}}
	})
}

func (a *app) retentionPruneCommand() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use: "prune", Short: "Take away now what retention takes away each hour", Args: exactly(),
		Example: "  taffrail retention prune --dry-run",
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would go, and why")
	cmd.RunE = a.do(func(ctx context.Context, c *client.Client, _ []string) error {
		if !dry {
			return a.message(c.Prune(ctx))
		}
		plan, err := c.PlanRetention(ctx)
		if err != nil {
			return err
		}
		return a.print(plan, func() table { return doomedTable(plan) })
	})
	return cmd
}

func doomedTable(plan api.RetentionPlan) table {
	view := table{head: []string{"ENDED", "RESOURCE", "VERB", "STATUS", "LOG", "WHY", "UUID"}}
	for _, d := range plan.Deployments {
		view.rows = append(view.rows, []string{moment(d.EndedAt), d.ResourceName, d.Verb, string(d.Status), size(d.Size), d.Reason, d.DeploymentUUID})
		view.names = append(view.names, d.DeploymentUUID)
	}
	if plan.More {
		view.rows = append(view.rows, []string{"There are more."})
	}
	return view
}
