package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) auditCommand() *cobra.Command {
	var f client.AuditFilter
	cmd := &cobra.Command{
		Use: "audit", Short: "List who changed what, when, and from where; newest first",
		Example: `  taffrail audit --subject UUID
  taffrail audit --action "token created" -o json`,
		Args: exactly(),
		RunE: a.do(func(ctx context.Context, c *client.Client, _ []string) error {
			page, err := c.ListAudit(ctx, f)
			if err != nil {
				return err
			}
			return a.print(page, func() table { return auditTable(page) })
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Actor, "actor", "", "only by this one")
	flags.StringVar(&f.Subject, "subject", "", "only of this uuid, or id of a token")
	flags.StringVar(&f.Action, "action", "", "only this, in the words of the list")
	flags.StringVar(&f.Cursor, "cursor", "", "go on where the page before ended")
	flags.IntVar(&f.Limit, "limit", 20, "how many")
	return cmd
}

func auditTable(page api.Audit) table {
	view := table{head: []string{"WHEN", "ACTION", "SUBJECT", "BY", "FROM"}}
	for _, e := range page.Entries {
		view.rows = append(view.rows, []string{
			moment(e.CreatedAt), e.Action, e.Subject, first(e.Actor.Name, e.Actor.Kind) + " (" + e.Trigger + ")", e.Address})
		view.names = append(view.names, strconv.FormatInt(e.ID, 10))
	}
	if cursor := text(page.NextCursor); cursor != "" {
		view.rows = append(view.rows, []string{"There are more: --cursor " + cursor})
	}
	return view
}
