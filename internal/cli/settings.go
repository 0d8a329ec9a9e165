package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) settingsCommand() *cobra.Command {
	var apiOn, legacy bool
	cmd := &cobra.Command{
		Use: "settings", Short: "Show or change the settings of the instance", Args: exactly(),
		Example: "  taffrail settings\n  taffrail settings --legacy-get  # for CI actions that ask for deployments by GET",
	}
	cmd.RunE = a.do(func(ctx context.Context, c *client.Client, _ []string) error {
		var r api.InstanceUpdate
		if cmd.Flags().Changed("api") {
			r.APIEnabled = &apiOn
		}
		if cmd.Flags().Changed("legacy-get") {
			r.LegacyGet = &legacy
		}
		if r == (api.InstanceUpdate{}) {
			return a.showSettings(c.GetSettings(ctx))
		}
		return a.showSettings(c.UpdateSettings(ctx, r))
	})
	cmd.Flags().BoolVar(&apiOn, "api", true, "tokens may use the API; when it is off, only this command and POST /enable work")
	cmd.Flags().BoolVar(&legacy, "legacy-get", false, "GET may ask for deployments, starts and stops, as with Coolify before 4.2")
	return cmd
}

func (a *app) showSettings(v api.InstanceSettings, err error) error {
	if err != nil {
		return err
	}
	return a.print(v, func() table {
		return table{rows: [][]string{{"api", strconv.FormatBool(v.APIEnabled)}, {"legacy-get", strconv.FormatBool(v.LegacyGet)}}}
	})
}
