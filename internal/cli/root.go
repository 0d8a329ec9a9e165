package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// app is one invocation: where it writes, and what the global flags say.
type app struct {
	IO
	url     string
	token   string
	context string
	output  string
}

// Groups of commands in the help.
const (
	groupDaily = "daily"
	groupSetup = "setup"
	groupHost  = "host"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "taffrail",
		Short: "Deploys to your own servers and keeps the whole story of every deployment",
		Long: `Taffrail deploys applications, compose stacks and databases to your own servers over SSH
and Docker, and keeps the whole story of every deployment: who asked and why, what ran, every line of output
with the secrets taken out, how it ended.`,
		Example: `  taffrail server                          # run a controller on this machine
  taffrail token create --name me --abilities root
  taffrail services create --name web --file compose.yaml
  taffrail deploy web --wait               # deploy and watch
  taffrail deployments                     # what happened`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownCommand,
		RunE:          help,
	}
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.HiddenDefaultCmd = false
	flags := root.PersistentFlags()
	flags.StringVar(&a.url, "url", "", "address of the controller (env TAFFRAIL_URL)")
	flags.StringVar(&a.token, "token", "", "API token (env TAFFRAIL_TOKEN)")
	flags.StringVar(&a.context, "context", "", "context of the config file to use (env TAFFRAIL_CONTEXT)")
	flags.StringVarP(&a.output, "output", "o", "table", "form of the output: table, json, yaml or name")
	root.AddGroup(
		&cobra.Group{ID: groupDaily, Title: "Deployments:"},
		&cobra.Group{ID: groupSetup, Title: "What is deployed, and where to:"},
		&cobra.Group{ID: groupHost, Title: "Running a controller:"})
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return a.checkOutput(cmd) }
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, "%s.", sentence(err.Error())) })
	a.addCommands(root)
	return root
}

func (a *app) addCommands(root *cobra.Command) {
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupHost, a.serverCommand(), a.tokenCommand(), a.userCommand(), a.doctorCommand(), a.settingsCommand(), a.redactCommand(), a.mcpCommand(), a.versionCommand(), a.backupCommand(), a.restoreCommand())
	add(groupDaily, a.deployCommand(), a.logsCommand(), a.deploymentsCommand(), a.showCommand(), a.cancelCommand(),
		a.retryCommand(), a.rollbackCommand(), a.compareCommand(), a.pinCommand(), a.noteCommand(), a.deleteLogCommand(), a.rescrubCommand(), a.retentionCommand(), a.auditCommand())
	add(groupSetup, a.applicationsCommand(), a.servicesCommand(), a.databasesCommand(), a.projectsCommand(), a.serversCommand(), a.destinationsCommand(), a.keysCommand(), a.bucketsCommand(), a.tagsCommand(), a.overlapCommand(), a.contextCommand())
}

// group makes a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: unknownCommand, RunE: help, SuggestionsMinimumDistance: 2}
	c.AddCommand(commands...)
	return c
}

func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// unknownCommand refuses words that are no command, and says which ones come near.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = " Did you mean " + strings.Join(near, " or ") + "?"
	}
	return usage(cmd, "There is no command %q.%s", cmd.CommandPath()+" "+args[0], hint)
}

// exactly wants these arguments and names the missing one.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usage(cmd, "%s is missing.", names[len(args)])
		}
		if len(args) > len(names) {
			return usage(cmd, "There is one argument too many: %q.", args[len(names)])
		}
		return nil
	}
}

// atMost takes none or some of these arguments.
func atMost(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > len(names) {
			return exactly(names...)(cmd, args)
		}
		return nil
	}
}

// sentence gives a text of another library a capital letter and no full stop.
func sentence(text string) string {
	text = strings.TrimSuffix(text, ".")
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
