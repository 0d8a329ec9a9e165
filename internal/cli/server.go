package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/internal/config"
	"github.com/taffrail/taffrail/internal/server"
)

// configFlags gives a command the options of a controller and reads them.
type configFlags struct {
	cmd  *cobra.Command
	file string
}

// addConfig adds the options named to a command, or all when none is.
func addConfig(cmd *cobra.Command, only ...string) *configFlags {
	f := &configFlags{cmd: cmd}
	wanted := map[string]bool{}
	for _, name := range only {
		wanted[name] = true
	}
	for _, o := range config.Options() {
		if len(only) > 0 && !wanted[o.Name] {
			continue
		}
		help := fmt.Sprintf("%s (env %s)", o.Help, o.Env())
		cmd.Flags().Var(&optionValue{text: o.Default, kind: o.Value}, o.Name, help)
	}
	cmd.Flags().StringVar(&f.file, "config", "", "File with lines \"name = value\" for these options (env TAFFRAIL_CONFIG)")
	return f
}

// optionValue is a flag whose text package config understands; the help shows kind.
type optionValue struct{ text, kind string }

// Set implements pflag.Value.
func (v *optionValue) Set(text string) error {
	v.text = text
	return nil
}

// String implements pflag.Value.
func (v *optionValue) String() string { return v.text }

// Type implements pflag.Value.
func (v *optionValue) Type() string { return v.kind }

// load makes the Config of what was given on the command line and in the environment.
func (f *configFlags) load(a *app) (config.Config, error) {
	given := map[string]string{}
	for _, o := range config.Options() {
		if flag := f.cmd.Flags().Lookup(o.Name); flag != nil && flag.Changed {
			given[o.Name] = flag.Value.String()
		}
	}
	cfg, err := config.Load(config.Source{Flags: given, Getenv: a.Getenv, File: first(f.file, a.Getenv("TAFFRAIL_CONFIG"))})
	if err != nil {
		return cfg, usage(f.cmd, "%s", err)
	}
	return cfg, nil
}

func (a *app) serverCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "server", Short: "Run a controller", Args: exactly(),
		Long: `Runs a controller: the API, and the workers that carry deployments out. It is ready when
GET /api/health answers OK. SIGTERM or an interrupt stops it in order; a second one ends
it at once. Deployments that run on their servers go on meanwhile.`,
		Example: `  taffrail server --listen 127.0.0.1:8000 --data ./data
  TAFFRAIL_DATABASE_URL=postgres://… taffrail server --data /var/lib/taffrail`,
	}
	flags := addConfig(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := flags.load(a)
		if err != nil {
			return err
		}
		return a.serve(cmd.Context(), cfg)
	}
	return cmd
}

func (a *app) serve(ctx context.Context, cfg config.Config) error {
	s, err := server.Open(ctx, cfg, server.Options{Log: logger(a.Err, cfg), Version: a.Version})
	if err != nil {
		return err
	}
	fmt.Fprint(a.Out, s.Welcome())
	return errors.Join(s.Run(ctx), s.Close())
}

// logger is the operator's log: what the controller says of itself.
func logger(w io.Writer, cfg config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
