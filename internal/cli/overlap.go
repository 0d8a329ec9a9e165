package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) overlapCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use: "overlap NAME", Short: "Show or change what a new deployment does to those before it",
		Long: `Shows or changes what a new deployment of a resource does to those before it that have
not ended: "wait" for them, "replace" those that are queued, or "cancel" the running one too.
Dumps, restores and stops are never touched. Who waits with --wait for one whose place
was taken gets exit code 5.`,
		Example: `  taffrail overlap shop
  taffrail overlap shop --set replace`,
		Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := findResource(ctx, c, args[0])
			if err != nil {
				return err
			}
			var policy api.QueuePolicy
			if to == "" {
				policy, err = c.GetQueue(ctx, found.uuid)
			} else {
				policy, err = c.UpdateQueue(ctx, found.uuid, api.QueuePolicy{Overlap: to})
			}
			if err != nil {
				return err
			}
			return a.print(policy, func() table { return table{names: []string{policy.Overlap}, rows: [][]string{{policy.Overlap}}} })
		}),
	}
	cmd.Flags().StringVar(&to, "set", "", "change it: wait, replace or cancel")
	return cmd
}
