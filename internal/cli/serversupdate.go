package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// serverChange is what "servers update" can change. What is not named stays.
type serverChange struct {
	name, description, ip, user, key, remoteDir  string
	port, concurrent, queueLimit, limit, timeout int
	forgetHostKey, builds                        bool
}

func (a *app) serversUpdate() *cobra.Command {
	var change serverChange
	cmd := &cobra.Command{
		Use: "update NAME", Short: "Change a server; what is not named stays as it is", Args: exactly("NAME"),
		Long: `Changes a server; what is not named stays as it is. Validate it afterwards.

The host key of a server is pinned at first contact, and another one is refused: either
the server was installed anew, or somebody is in between. --forget-host-key makes the
next contact pin anew.`,
		Example: `  taffrail servers update web1 --forget-host-key && taffrail servers validate web1 --wait
  taffrail servers update web1 --user deploy --remote-dir /srv/taffrail`,
	}
	cmd.RunE = a.do(func(ctx context.Context, c *client.Client, args []string) error {
		uuid, err := serverUUID(ctx, c, args[0])
		if err != nil {
			return err
		}
		r := change.request(cmd.Flags().Changed)
		if cmd.Flags().Changed("key") {
			key, err := keyUUID(ctx, c, change.key)
			if err != nil {
				return err
			}
			r.PrivateKeyUUID = &key
		}
		if r == (api.ServerUpdate{}) {
			return errors.New("nothing to change; see taffrail servers update --help")
		}
		changed, err := c.UpdateServer(ctx, uuid, r)
		if err != nil {
			return err
		}
		return a.print(changed, func() table { return table{rows: [][]string{{changed.UUID}}, names: args} })
	})
	flags := cmd.Flags()
	flags.StringVar(&change.name, "name", "", "new name")
	flags.StringVar(&change.description, "description", "", "what it is for")
	flags.StringVar(&change.ip, "ip", "", "host name or address; forgets the host key")
	flags.IntVar(&change.port, "port", 0, "port of SSH; forgets the host key")
	flags.StringVar(&change.user, "user", "", "user to log in as; needs access to Docker")
	flags.StringVar(&change.key, "key", "", "name or uuid of the private key")
	flags.BoolVar(&change.forgetHostKey, "forget-host-key", false, "pin the host key anew at the next contact")
	flags.IntVar(&change.concurrent, "concurrent", 0, "deployments at the same time")
	flags.IntVar(&change.queueLimit, "queue-limit", 0, "deployments that may wait")
	flags.BoolVar(&change.builds, "build-server", false, "it builds for other servers of the team; =false ends that")
	flags.StringVar(&change.remoteDir, "remote-dir", "", "folder for everything of Taffrail on the server")
	flags.IntVar(&change.limit, "timeout", 0, "longest deployment in seconds")
	flags.IntVar(&change.timeout, "connection-timeout", 0, "seconds to wait for a connection")
	return cmd
}

// request takes over what was named.
func (s serverChange) request(named func(flag string) bool) api.ServerUpdate {
	var r api.ServerUpdate
	for flag, value := range map[string]struct {
		to   **string
		from string
	}{
		"name": {&r.Name, s.name}, "description": {&r.Description, s.description}, "ip": {&r.IP, s.ip},
		"user": {&r.User, s.user}, "remote-dir": {&r.RemoteDir, s.remoteDir},
	} {
		if named(flag) {
			*value.to = &value.from
		}
	}
	for flag, value := range map[string]struct {
		to   **int
		from int
	}{
		"port": {&r.Port, s.port}, "concurrent": {&r.ConcurrentBuilds, s.concurrent}, "queue-limit": {&r.DeploymentQueueLimit, s.queueLimit},
		"timeout": {&r.DynamicTimeout, s.limit}, "connection-timeout": {&r.ConnectionTimeout, s.timeout},
	} {
		if named(flag) {
			*value.to = &value.from
		}
	}
	if named("build-server") {
		r.IsBuildServer = &s.builds
	}
	if s.forgetHostKey {
		r.HostKey = new(string)
	}
	return r
}
