package cli

import (
	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/internal/mcp"
)

func (a *app) mcpCommand() *cobra.Command {
	var o mcp.Options
	cmd := &cobra.Command{
		Use: "mcp", Short: "Let a language model look at deployments (Model Context Protocol)", Args: exactly(),
		Long: `Serves the Model Context Protocol over standard input and output, with the rights of the token and no more.
Without --deploy it only reads. A controller serves the same at /mcp and, with deploying, at /mcp/deploy.`,
		Example: `  claude mcp add taffrail -- taffrail mcp --context home`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.remoteAs(mcp.Agent)
			if err != nil {
				return err
			}
			o.Version = a.Version
			return mcp.Run(cmd.Context(), c, o, a.In, a.Out)
		},
	}
	cmd.Flags().BoolVar(&o.Deploy, "deploy", false, "let it deploy and cancel, too")
	return cmd
}
