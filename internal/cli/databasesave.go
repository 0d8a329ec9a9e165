package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
	"github.com/taffrail/taffrail/internal/engine"
)

// databasesEngines shows the catalog, so that nobody has to guess what --set takes.
func (a *app) databasesEngines() *cobra.Command {
	return &cobra.Command{
		Use: "engines [ENGINE]", Short: "List the engines, or the settings of one",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(cmd, "There is one argument too many: %q.", args[1])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.print(engine.All(), engines)
			}
			spec, err := findEngine(cmd, args[0])
			if err != nil {
				return err
			}
			return a.print(spec.Fields, func() table {
				view := table{head: []string{"SETTING", "DEFAULT", "WHAT"}}
				for _, f := range spec.Fields {
					value := f.Default
					if f.Role == engine.RolePassword || f.Role == engine.RoleRootPassword {
						value = "(generated)"
					}
					view.rows = append(view.rows, []string{f.Name, value, f.Doc})
					view.names = append(view.names, f.Name)
				}
				return view
			})
		},
	}
}

func engines() table {
	view := table{head: []string{"ENGINE", "IMAGE", "WHAT"}}
	for _, s := range engine.All() {
		view.rows = append(view.rows, []string{s.Name, s.Image, s.Title})
		view.names = append(view.names, s.Name)
	}
	return view
}

func findEngine(cmd *cobra.Command, name string) (*engine.Spec, error) {
	spec, ok := engine.Find(name)
	if !ok {
		return nil, usage(cmd, "There is no engine %q; there are: %s.", name, strings.Join(engines().names, ", "))
	}
	return spec, nil
}

// databaseFlags are what can be set of a database on the command line.
type databaseFlags struct {
	cmd                        *cobra.Command
	name, description, image   string
	sslMode, ports, options    string
	memory, cpus               string
	port, timeout              int
	ssl                        bool
	allow, set, setFile, files []string
}

func (f *databaseFlags) add(cmd *cobra.Command) {
	f.cmd = cmd
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "name of the database")
	flags.StringVar(&f.description, "description", "", "what it is for")
	flags.StringVar(&f.image, "image", "", "image (default: that of the engine)")
	flags.StringArrayVar(&f.set, "set", nil, "setting of the engine as NAME=VALUE; NAME alone takes the value from this environment")
	flags.StringArrayVar(&f.setFile, "set-file", nil, "setting of the engine as NAME=FILE, such as a configuration file")
	flags.StringArrayVar(&f.files, "init-script", nil, "file that the image runs when the data volume is empty")
	flags.IntVar(&f.port, "public-port", 0, "port of the server by which it is reached from outside; 0 takes it away")
	flags.IntVar(&f.timeout, "public-timeout", 0, "seconds without traffic after which such a connection ends")
	flags.StringSliceVar(&f.allow, "allow", nil, "network or address that may connect from outside (default: all)")
	flags.BoolVar(&f.ssl, "ssl", false, "encrypt connections, with a certificate of the server's own authority")
	flags.StringVar(&f.sslMode, "ssl-mode", "", "one of the engine's modes")
	flags.StringVar(&f.ports, "ports", "", "published directly, as HOST:CONTAINER,…")
	flags.StringVar(&f.options, "docker-options", "", "options of docker run, such as --shm-size=1g")
	flags.StringVar(&f.memory, "memory", "", "limit, such as 512m; 0 is none")
	flags.StringVar(&f.cpus, "cpus", "", "limit, such as 1.5; 0 is none")
}

// given returns the value of a flag that a person has set, and nil otherwise.
func given[T any](cmd *cobra.Command, flag string, value *T) *T {
	if !cmd.Flags().Changed(flag) {
		return nil
	}
	return value
}

// read makes the settings that were given.
func (f *databaseFlags) read(a *app) (api.DatabaseSettings, api.LimitSettings, map[string]string, error) {
	s := api.DatabaseSettings{
		Name: given(f.cmd, "name", &f.name), Description: given(f.cmd, "description", &f.description),
		Image: given(f.cmd, "image", &f.image), PublicPortTimeout: given(f.cmd, "public-timeout", &f.timeout),
		PublicAllowList: given(f.cmd, "allow", &f.allow), EnableSSL: given(f.cmd, "ssl", &f.ssl),
		SSLMode: given(f.cmd, "ssl-mode", &f.sslMode), PortsMappings: given(f.cmd, "ports", &f.ports),
		CustomDockerRunOptions: given(f.cmd, "docker-options", &f.options),
	}
	if port := given(f.cmd, "public-port", &f.port); port != nil {
		on := *port != 0
		if s.IsPublic = &on; on {
			s.PublicPort = port
		}
	}
	limits := api.LimitSettings{Memory: given(f.cmd, "memory", &f.memory), CPUs: given(f.cmd, "cpus", &f.cpus)}
	fields, err := f.fields(a)
	if err == nil {
		s.InitScripts, err = f.scripts(a)
	}
	return s, limits, fields, err
}

func (f *databaseFlags) fields(a *app) (map[string]string, error) {
	out := map[string]string{}
	for _, pair := range f.set {
		e, err := a.parsePair(pair)
		if err != nil {
			return nil, err
		}
		out[e.Key] = encodeField(e.Key, *e.Value)
	}
	for _, pair := range f.setFile {
		name, path, found := strings.Cut(pair, "=")
		if !found || name == "" {
			return nil, fmt.Errorf("--set-file %q must read NAME=FILE", pair)
		}
		content, err := a.readFile(path)
		if err != nil {
			return nil, err
		}
		out[name] = encodeField(name, string(content))
	}
	return out, nil
}

// encodeField puts configurations into base64, as the controller wants them.
func encodeField(name, value string) string {
	for _, s := range engine.All() {
		if f, ok := s.Field(name); ok && f.Role == engine.RoleConf {
			return client.EncodeText([]byte(value))
		}
	}
	return value
}

func (f *databaseFlags) scripts(a *app) (*[]api.InitScriptWrite, error) {
	if !f.cmd.Flags().Changed("init-script") {
		return nil, nil
	}
	out := []api.InitScriptWrite{}
	for _, path := range f.files {
		content, err := a.readFile(path)
		if err != nil {
			return nil, err
		}
		out = append(out, api.InitScriptWrite{Filename: filepath.Base(path), Content: client.EncodeText(content)})
	}
	return &out, nil
}

func (a *app) databasesCreate() *cobra.Command {
	var f databaseFlags
	var where place
	var start bool
	cmd := &cobra.Command{
		Use: "create ENGINE", Short: "Make a database",
		Long: `Makes a database of an engine with generated passwords, unless they are given.
"taffrail databases engines" lists the engines, and "taffrail databases engines ENGINE"
what --set takes for one.`,
		Example: `  taffrail databases create ENGINE --name orders --start
  taffrail databases create ENGINE --name cache --memory 512m --docker-options "--shm-size=1g"
  taffrail databases create ENGINE --name shop --public-port 33060 --allow 10.0.0.0/8 --ssl`,
		Args: exactly("ENGINE"),
	}
	cmd.RunE = a.do(func(ctx context.Context, c *client.Client, args []string) error {
		spec, err := findEngine(cmd, args[0])
		if err != nil {
			return err
		}
		r := api.DatabaseCreate{InstantDeploy: start}
		if r.DatabaseSettings, r.LimitSettings, r.Fields, err = f.read(a); err != nil {
			return err
		}
		at, err := where.find(ctx, c)
		if err != nil {
			return err
		}
		r.ProjectUUID, r.EnvironmentName, r.ServerUUID = at.project, at.environment, at.server
		made, err := c.CreateDatabase(ctx, spec.Name, r)
		if err != nil {
			return err
		}
		a.notes(made.Warnings)
		return a.print(made, func() table {
			view := table{rows: [][]string{{made.UUID}}, names: []string{first(f.name, made.UUID)}}
			if made.DeploymentUUID != "" {
				view.rows = append(view.rows, []string{"starting: taffrail logs " + made.DeploymentUUID + " -f"})
			}
			return view
		})
	})
	f.add(cmd)
	where.add(cmd)
	cmd.Flags().BoolVar(&start, "start", false, "start it at once")
	return cmd
}

func (a *app) notes(warnings []string) {
	for _, warning := range warnings {
		a.say("Note: %s", warning)
	}
}

func (a *app) databasesUpdate() *cobra.Command {
	var f databaseFlags
	var watch watchFlags
	cmd := &cobra.Command{
		Use: "update NAME", Short: "Change a database; restart it to bring the change about", Args: exactly("NAME"),
		Long: `Changes a database. Public access changes at once; everything else takes effect with
the next start.`,
		Example: `  taffrail databases update orders --image NAME:TAG
  taffrail databases restart orders --backup-before --wait`,
	}
	cmd.RunE = a.do(func(ctx context.Context, c *client.Client, args []string) error {
		found, err := databases().find(ctx, c, args[0])
		if err != nil {
			return err
		}
		var r api.DatabaseUpdate
		if r.DatabaseSettings, r.LimitSettings, r.Fields, err = f.read(a); err != nil {
			return err
		}
		changed, err := c.UpdateDatabase(ctx, found.uuid, r)
		if err != nil {
			return err
		}
		a.notes(changed.Warnings)
		if changed.DeploymentUUID != "" && (watch.wait || watch.json) {
			return a.afterwards(ctx, c, watch, api.DeployedItem{
				Message: changed.Message, ResourceUUID: found.uuid, DeploymentUUID: changed.DeploymentUUID})
		}
		return a.print(changed, func() table { return table{rows: [][]string{{changed.Message}}, names: args} })
	})
	f.add(cmd)
	watch.add(cmd)
	return cmd
}
