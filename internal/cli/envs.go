package cli

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// envFlags are the ways to give variables on the command line.
type envFlags struct {
	pairs   []string
	files   []string
	lock    []string
	literal bool
}

func (f *envFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.pairs, "env", "e", nil, "variable as KEY=VALUE; KEY alone takes the value from this environment")
	flags.StringArrayVar(&f.files, "env-file", nil, "file of KEY=VALUE lines; '-' reads standard input")
	f.addMarks(cmd)
}

func (f *envFlags) addMarks(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.lock, "lock", nil, "KEY whose value is never shown again")
	cmd.Flags().BoolVar(&f.literal, "literal", false, "take values as they are, $ included")
}

// read returns the variables; later ones win.
func (f *envFlags) read(a *app) ([]api.EnvWrite, error) {
	var list []api.EnvWrite
	for _, path := range f.files {
		content, err := a.readFile(path)
		if err != nil {
			return nil, err
		}
		pairs, err := parseEnvFile(content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		list = put(list, pairs...)
	}
	for _, pair := range f.pairs {
		e, err := a.parsePair(pair)
		if err != nil {
			return nil, err
		}
		list = put(list, e)
	}
	for i := range list {
		multiline := strings.Contains(text(list[i].Value), "\n")
		list[i].IsLiteral, list[i].IsMultiline = &f.literal, &multiline
	}
	return f.mark(list), nil
}

// mark locks variables; one that is not in the list is locked as it is stored.
func (f *envFlags) mark(list []api.EnvWrite) []api.EnvWrite {
	locked := true
	for _, key := range f.lock {
		i := slices.IndexFunc(list, func(e api.EnvWrite) bool { return e.Key == key })
		if i < 0 {
			list = append(list, api.EnvWrite{Key: key})
			i = len(list) - 1
		}
		list[i].IsShownOnce = &locked
	}
	return list
}

func put(list []api.EnvWrite, add ...api.EnvWrite) []api.EnvWrite {
	for _, e := range add {
		list = slices.DeleteFunc(list, func(old api.EnvWrite) bool { return old.Key == e.Key })
		list = append(list, e)
	}
	return list
}

func (a *app) parsePair(pair string) (api.EnvWrite, error) {
	key, value, given := strings.Cut(pair, "=")
	if key == "" {
		return api.EnvWrite{}, fmt.Errorf("%q is no variable: write KEY=VALUE", pair)
	}
	if !given {
		if value = a.Getenv(key); value == "" {
			return api.EnvWrite{}, fmt.Errorf("%s has no value: write %s=VALUE, or set it in the environment", key, key)
		}
	}
	return api.EnvWrite{Key: key, Value: &value}, nil
}

// parseEnvFile reads KEY=VALUE lines. A value may stand in quotes of either sort, which
// are taken off; nothing in it is replaced.
func parseEnvFile(content []byte) ([]api.EnvWrite, error) {
	var list []api.EnvWrite
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		key = strings.TrimSpace(key)
		if !found || key == "" {
			return nil, fmt.Errorf("line %d: it must read KEY=VALUE", n)
		}
		value = unquote(strings.TrimSpace(value))
		list = append(list, api.EnvWrite{Key: key, Value: &value})
	}
	return list, lines.Err()
}

func unquote(value string) string {
	if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		return value[1 : len(value)-1]
	}
	return value
}

func (a *app) envsCommand(of sort) *cobra.Command {
	return group("envs", "Environment variables of a "+of.word, a.envsList(of), a.envsSet(of), a.envsUnset(of))
}

func (a *app) envsList(of sort) *cobra.Command {
	return &cobra.Command{
		Use: "list NAME", Aliases: []string{"ls"}, Short: "List the variables of a " + of.word, Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := of.find(ctx, c, args[0])
			if err != nil {
				return err
			}
			list, err := c.ListEnvs(ctx, of.kind, found.uuid)
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				view := table{head: []string{"KEY", "VALUE", "NOTES"}}
				for _, e := range list {
					view.rows = append(view.rows, []string{e.Key, envValue(e), envNotes(e)})
					view.names = append(view.names, e.Key)
				}
				return view
			})
		}),
	}
}

func envValue(e api.EnvironmentVariable) string {
	switch {
	case e.IsShownOnce:
		return "(locked)"
	case e.Value == nil:
		return "(hidden)"
	}
	return *e.Value
}

func envNotes(e api.EnvironmentVariable) string {
	var notes []string
	for _, n := range []struct {
		on   bool
		text string
	}{
		{e.IsLiteral, "literal"}, {e.IsMultiline, "multiline"}, {e.IsRequired, "required"}, {e.IsPreview, "preview"},
		{!e.IsRuntime, "build only"}, {text(e.Comment) != "", text(e.Comment)},
	} {
		if n.on {
			notes = append(notes, n.text)
		}
	}
	return strings.Join(notes, ", ")
}

func (a *app) envsSet(of sort) *cobra.Command {
	var f envFlags
	cmd := &cobra.Command{
		Use: "set NAME KEY=VALUE…", Short: "Set variables; deploy the " + of.word + " to bring the change about",
		Long: `Sets variables, all or none. KEY alone takes the value from this environment, which
keeps it out of the process list and the shell's history.`,
		Example: fmt.Sprintf(`  taffrail %[1]s envs set shop LOG_LEVEL=debug
  API_KEY=… taffrail %[1]s envs set shop API_KEY --lock API_KEY`, of.kind),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(cmd, "NAME is missing.")
			}
			return nil
		},
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			f.pairs = args[1:]
			variables, err := f.read(a)
			if err != nil {
				return err
			}
			if len(variables) == 0 {
				return fmt.Errorf("there is nothing to set: give KEY=VALUE, --env-file or --lock")
			}
			found, err := of.find(ctx, c, args[0])
			if err != nil {
				return err
			}
			list, err := c.UpsertEnvs(ctx, of.kind, found.uuid, api.EnvBulk{Data: variables})
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				return table{rows: [][]string{{fmt.Sprintf("%d set. Deploy the %s to bring the change about.", len(list), of.word)}}}
			})
		}),
	}
	cmd.Flags().StringArrayVar(&f.files, "env-file", nil, "file of KEY=VALUE lines; '-' reads standard input")
	f.addMarks(cmd)
	return cmd
}

func (a *app) envsUnset(of sort) *cobra.Command {
	return &cobra.Command{
		Use: "unset NAME KEY", Short: "Remove a variable", Args: exactly("NAME", "KEY"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			found, err := of.find(ctx, c, args[0])
			if err != nil {
				return err
			}
			list, err := c.ListEnvs(ctx, of.kind, found.uuid)
			if err != nil {
				return err
			}
			env, err := pick("variable", args[1], collect(list, func(e api.EnvironmentVariable) named { return named{e.UUID, e.Key, envNotes(e)} }))
			if err != nil {
				return err
			}
			return a.message(c.DeleteEnv(ctx, of.kind, found.uuid, env.uuid))
		}),
	}
}
