package cli

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) databasesCommand() *cobra.Command {
	return group("databases", "Standalone databases",
		a.databasesEngines(), a.databasesList(), a.databasesGet(), a.databasesCreate(), a.databasesUpdate(),
		a.deleteCommand(databases(), "its folder"),
		a.databasesAction("start", "Start a database, and wait until it answers", (*client.Client).StartDatabase),
		a.databasesAction("stop", "Stop a database; its data stays", (*client.Client).StopDatabase),
		a.databasesAction("restart", "Restart a database", (*client.Client).RestartDatabase),
		a.databasesLogs(), a.envsCommand(databases()), a.storagesCommand(databases()), a.taggingCommand(databases()), a.backupsCommand())
}

func (a *app) databasesList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the databases", Args: exactly(),
		RunE: a.do(func(ctx context.Context, c *client.Client, _ []string) error {
			list, err := c.ListDatabases(ctx)
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				view := table{head: []string{"NAME", "ENGINE", "STATUS", "IMAGE", "PUBLIC", "UUID"}}
				for _, d := range list {
					view.rows = append(view.rows, []string{d.Name, d.Type, d.Status, d.Image, public(d), d.UUID})
					view.names = append(view.names, d.Name)
				}
				return view
			})
		}),
	}
}

// public is the port by which a database is reached from outside.
func public(d api.Database) string {
	if !d.IsPublic || d.PublicPort == nil {
		return "-"
	}
	return strconv.Itoa(*d.PublicPort)
}

func (a *app) databasesGet() *cobra.Command {
	return &cobra.Command{
		Use: "get NAME", Aliases: []string{"show"}, Short: "Show a database with its URLs and settings", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := databases().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			d, err := c.GetDatabase(ctx, found.uuid)
			if err != nil {
				return err
			}
			return a.print(d, func() table { return databaseTable(d) })
		}),
	}
}

func databaseTable(d api.Database) table {
	view := table{names: []string{d.Name}, rows: [][]string{
		{"name", d.Name}, {"uuid", d.UUID}, {"description", text(d.Description)}, {"engine", d.Type}, {"image", d.Image},
		{"version", text(d.Version)}, {"status", d.Status}, {"public port", public(d)},
		{"internal URL", hidden(d.InternalURL)}, {"external URL", text(d.ExternalURL)},
	}}
	if d.EnableSSL {
		view.rows = append(view.rows, []string{"ssl", first(text(d.SSLMode), "on")})
	}
	for _, name := range slices.Sorted(maps.Keys(d.Fields)) {
		value := strings.TrimSpace(text(d.Fields[name]))
		if strings.Contains(value, "\n") {
			value = strconv.Itoa(strings.Count(value, "\n")+1) + " lines"
		}
		view.rows = append(view.rows, []string{name, value})
	}
	view.rows = append(view.rows, []string{"made", d.CreatedAt.String()})
	return view
}

// hidden says so when a value may not be shown.
func hidden(value *string) string {
	if value == nil {
		return "(hidden: the token may not read secrets)"
	}
	return *value
}

// databasesAction is one of start, stop and restart.
func (a *app) databasesAction(verb, short string, do func(c *client.Client, ctx context.Context, uuid string, r api.DatabaseActionRequest) (api.Accepted, error)) *cobra.Command {
	var r api.DatabaseActionRequest
	cmd := a.actCommand(databases(), verb, short, func(ctx context.Context, c *client.Client, uuid string) (api.Accepted, error) {
		return do(c, ctx, uuid, r)
	})
	cmd.Flags().StringVar(&r.Note, "note", "", "why; kept with the deployment")
	cmd.Flags().BoolVar(&r.Force, "force", false, "do not join an equal deployment that is queued")
	if verb != "stop" {
		cmd.Flags().BoolVar(&r.Latest, "pull", false, "pull the image even when it is there")
		cmd.Flags().BoolVar(&r.BackupBefore, "backup-before", false, "dump what runs before anything else")
		cmd.Flags().BoolVar(&r.ForceVersion, "force-version-change", false, "go to an image whose version may not read the data")
	}
	return cmd
}

func (a *app) databasesLogs() *cobra.Command {
	var tail tailFlags
	cmd := &cobra.Command{
		Use: "logs NAME", Short: "Show the last lines that a running database wrote", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := databases().find(ctx, c, args[0])
			if err != nil {
				return err
			}
			return a.containerLogs(c.DatabaseLogs(ctx, found.uuid, tail.lines, tail.timestamps))
		}),
	}
	tail.add(cmd)
	return cmd
}
