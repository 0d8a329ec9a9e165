package cli

import (
	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/internal/server"
)

func (a *app) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check what a controller needs, and say how to mend what is missing",
		Long: `Checks the data folder, the secret key, the database, Docker, Compose and git on this
machine, and every server that is registered. It changes nothing. Exit code 1 when
something needs mending.`,
		Args: exactly(),
	}
	flags := addConfig(cmd, "data", "database-url", "secret-key-file")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := flags.load(a)
		if err != nil {
			return err
		}
		findings := server.Examine(cmd.Context(), cfg, server.Options{Version: a.Version})
		if err := a.print(findings, func() table { return findingTable(findings) }); err != nil {
			return err
		}
		for _, f := range findings {
			if f.State == server.Broken {
				return &exitError{code: ExitError}
			}
		}
		return nil
	}
	return cmd
}

func findingTable(findings []server.Finding) table {
	var view table
	for _, f := range findings {
		view.rows = append(view.rows, []string{string(f.State), f.What, f.Detail})
		if f.Mend != "" {
			view.rows = append(view.rows, []string{"", "", "→ " + f.Mend})
		}
		view.names = append(view.names, f.What)
	}
	return view
}
