package cli

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/internal/server"
)

func (a *app) tokenCommand() *cobra.Command {
	return group("token", "API tokens, on the controller's machine", a.tokenCreate())
}

func (a *app) tokenCreate() *cobra.Command {
	var order server.TokenOrder
	cmd := &cobra.Command{
		Use: "create", Short: "Make an API token and print it",
		Long: `Makes an API token and prints "<id>|<secret>", alone. It is shown only this once.
It works on the data folder or the database itself, with or without a running controller.`,
		Example: `  taffrail token create --data ./data --name me --abilities root
  TAFFRAIL_TOKEN=$(taffrail token create --data ./data --name ci --abilities read,deploy)`,
		Args: exactly(),
	}
	flags := addConfig(cmd, "data", "database-url", "secret-key-file")
	cmd.Flags().StringVar(&order.Name, "name", "", "what it is for (needed)")
	cmd.Flags().StringSliceVar(&order.Abilities, "abilities", []string{"root"},
		"what it may do: root, or some of read, read:sensitive, write, write:sensitive, deploy")
	cmd.Flags().DurationVar(&order.Lifetime, "lifetime", 0, "how long it is good for; 0 is for ever")
	_ = cmd.MarkFlagRequired("name")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := flags.load(a)
		if err != nil {
			return err
		}
		text, err := server.CreateToken(cmd.Context(), cfg, slog.New(slog.DiscardHandler), order)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(a.Out, text.Reveal())
		return err
	}
	return cmd
}
