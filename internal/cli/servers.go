package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// pollEvery is how often the API is asked again where it has no stream.
const pollEvery = 500 * time.Millisecond

func (a *app) serversCommand() *cobra.Command {
	return group("servers", "Machines to deploy to",
		a.serversList(), a.serversGet(), a.serversAdd(), a.serversUpdate(), a.serversValidate(), a.serversDelete())
}

func (a *app) serversList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the servers", Args: exactly(),
		RunE: a.do(func(ctx context.Context, c *client.Client, _ []string) error {
			list, err := c.ListServers(ctx)
			if err != nil {
				return err
			}
			return a.print(list, func() table {
				view := table{head: []string{"NAME", "ADDRESS", "STATE", "DOCKER", "COMPOSE", "UUID"}}
				for _, s := range list {
					view.rows = append(view.rows, []string{s.Name, address(s), serverState(s), s.Facts.DockerVersion, s.Facts.ComposeVersion, s.UUID})
					view.names = append(view.names, s.Name)
				}
				return view
			})
		}),
	}
}

func address(s api.Server) string {
	if s.IsLocalhost {
		return "this machine"
	}
	return s.User + "@" + net.JoinHostPort(s.IP, strconv.Itoa(s.Port))
}

func serverState(s api.Server) string {
	switch {
	case s.IsUsable:
		return "usable"
	case s.Facts.CheckedAt.IsZero():
		return "not validated"
	case s.IsReachable:
		return "not usable"
	}
	return "unreachable"
}

func (a *app) serversGet() *cobra.Command {
	return &cobra.Command{
		Use: "get NAME", Aliases: []string{"show"}, Short: "Show a server and what its last validation found", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			uuid, err := serverUUID(ctx, c, args[0])
			if err != nil {
				return err
			}
			s, err := c.GetServer(ctx, uuid)
			if err != nil {
				return err
			}
			return a.printServer(s)
		}),
	}
}

func (a *app) printServer(s api.Server) error {
	return a.print(s, func() table {
		view := table{names: []string{s.Name}, rows: [][]string{
			{"name", s.Name}, {"uuid", s.UUID}, {"address", address(s)}, {"state", serverState(s)},
			{"system", s.Facts.OS}, {"architecture", s.Facts.Arch},
			{"docker", s.Facts.DockerVersion}, {"compose", s.Facts.ComposeVersion},
			{"disk", disk(s.Facts)}, {"host key", text(s.HostKey)}, {"checked", s.Facts.CheckedAt.String()},
		}}
		view.rows = slices.DeleteFunc(view.rows, func(row []string) bool { return row[1] == "" })
		for i, line := range strings.Split(strings.TrimSpace(text(s.ValidationLogs)), "\n") {
			label := ""
			if i == 0 {
				label = "validation"
			}
			view.rows = append(view.rows, []string{label, line})
		}
		return view
	})
}

func disk(f api.ServerFacts) string {
	if f.DiskTotal == 0 {
		return ""
	}
	const gigabyte = 1 << 30
	return fmt.Sprintf("%.1f of %.1f GiB free", float64(f.DiskFree)/gigabyte, float64(f.DiskTotal)/gigabyte)
}

func (a *app) serversAdd() *cobra.Command {
	var r api.ServerCreate
	var port int
	var key string
	var validate bool
	cmd := &cobra.Command{
		Use: "add HOST", Short: "Add a server that is reached over SSH",
		Example: `  taffrail keys generate deploy            # prints the public key for authorized_keys
  taffrail servers add 203.0.113.7 --name web1 --key deploy --validate`,
		Args: exactly("HOST"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			uuid, err := keyUUID(ctx, c, key)
			if err != nil {
				return err
			}
			r.IP, r.Port, r.PrivateKeyUUID = args[0], &port, uuid
			made, err := c.CreateServer(ctx, r)
			if err != nil {
				return err
			}
			if validate {
				return a.validate(ctx, c, made.UUID, api.ValidateRequest{})
			}
			return a.print(made, func() table {
				return table{rows: [][]string{{made.UUID}}, names: []string{first(r.Name, r.IP)}}
			})
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&r.Name, "name", "", "name (default: the host)")
	flags.StringVar(&r.Description, "description", "", "what it is for")
	flags.StringVar(&r.User, "user", "root", "user to log in as; needs access to Docker")
	flags.IntVar(&port, "port", 22, "port of SSH")
	flags.StringVar(&key, "key", "", "name or uuid of the private key (needed)")
	flags.BoolVar(&r.IsBuildServer, "build-server", false, "it builds for other servers of the team")
	flags.BoolVar(&validate, "validate", false, "check it at once, and wait for the result")
	_ = cmd.MarkFlagRequired("key")
	return cmd
}

func (a *app) serversValidate() *cobra.Command {
	var r api.ValidateRequest
	var wait bool
	cmd := &cobra.Command{
		Use: "validate NAME", Short: "Check that a server can be reached and has what is needed",
		Long: `Checks that the server can be reached, has Docker 20.10 or later with the Compose
plugin, and enough disk. With --install, what is missing is installed (Debian, Ubuntu).`,
		Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			uuid, err := serverUUID(ctx, c, args[0])
			if err != nil {
				return err
			}
			if wait {
				return a.validate(ctx, c, uuid, r)
			}
			m, err := c.ValidateServer(ctx, uuid, r)
			if err != nil {
				return err
			}
			return a.print(m, func() table { return table{rows: [][]string{{m.Message}}, names: []string{uuid}} })
		}),
	}
	cmd.Flags().BoolVar(&r.Install, "install", false, "install Docker and Compose where they are missing")
	cmd.Flags().BoolVar(&wait, "wait", false, "wait for the result; exit code 2 when the server is not usable")
	return cmd
}

// validate checks a server and waits until its facts are newer than before.
func (a *app) validate(ctx context.Context, c *client.Client, uuid string, r api.ValidateRequest) error {
	before, err := c.GetServer(ctx, uuid)
	if err != nil {
		return err
	}
	if _, err := c.ValidateServer(ctx, uuid, r); err != nil {
		return err
	}
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		s, err := c.GetServer(ctx, uuid)
		if err != nil {
			return err
		}
		if s.Facts.CheckedAt.After(before.Facts.CheckedAt.Time) {
			return errors.Join(a.printServer(s), usable(s))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

func usable(s api.Server) error {
	if s.IsUsable {
		return nil
	}
	return &exitError{code: ExitFailed, message: "Error: the server " + s.Name + " is " + serverState(s) + "."}
}

func (a *app) serversDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME", Aliases: []string{"rm"}, Short: "Forget a server that nothing is deployed on", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			uuid, err := serverUUID(ctx, c, args[0])
			if err != nil {
				return err
			}
			return a.message(c.DeleteServer(ctx, uuid))
		}),
	}
}

// message shows the reply of an action.
func (a *app) message(m api.Message, err error) error {
	if err != nil {
		return err
	}
	return a.print(m, func() table { return table{rows: [][]string{{m.Message}}} })
}

func serverUUID(ctx context.Context, c *client.Client, word string) (string, error) {
	list, err := c.ListServers(ctx)
	if err != nil {
		return "", err
	}
	n, err := pick("server", word, collect(list, func(s api.Server) named { return named{s.UUID, s.Name, address(s)} }))
	return n.uuid, err
}
