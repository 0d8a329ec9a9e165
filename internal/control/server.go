package control

import (
	"context"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// Settings of a new server.
const (
	defaultPort      = 22
	defaultUser      = "root"
	defaultProxy     = "none"
	defaultBuilds    = 2
	defaultQueue     = 25
	defaultTimeout   = 3600
	defaultConnect   = 10
	defaultRemoteDir = "/data/taffrail"
	maxBuilds        = 1000
	maxQueue         = 100_000
	maxTimeout       = 7 * 24 * 3600
	maxConnect       = 300
	maxPort          = 65535
)

// ServerInput is a server that is to be created.
type ServerInput struct {
	Name          string // empty: made of the address
	Description   string
	IP            string
	Port          *int   // nil: 22
	User          string // empty: root
	Key           core.ID
	IsBuildServer bool
	ProxyType     string // traefik, caddy or none; empty: none
	Validate      bool   // begin to validate it at once
}

// ServerPatch changes a server; what is nil stays.
type ServerPatch struct {
	Name                 *string
	Description          *string
	IP                   *string
	Port                 *int
	User                 *string
	Key                  *core.ID
	IsBuildServer        *bool
	ProxyType            *string
	ConcurrentBuilds     *int
	DynamicTimeout       *int
	DeploymentQueueLimit *int
	ConnectionTimeout    *int
	RemoteDir            *string
	ForgetHostKey        bool // the next contact pins anew
	Validate             bool // begin to validate it afterwards
}

// ListServers returns the servers of the team.
func (c *Control) ListServers(ctx context.Context, p auth.Principal) ([]core.Server, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	return c.deps.Servers.ListServers(ctx, p.TeamID)
}

// GetServer returns one server.
func (c *Control) GetServer(ctx context.Context, p auth.Principal, id core.ID) (core.Server, error) {
	if err := p.Require(auth.Read); err != nil {
		return core.Server{}, err
	}
	return c.server(ctx, p, id)
}

// CreateServer stores a server that is reached over SSH. It does not contact it unless
// in.Validate says so, and then only in the background.
func (c *Control) CreateServer(ctx context.Context, p auth.Principal, in ServerInput) (core.Server, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.Server{}, err
	}
	s := newServer(p.TeamID, in)
	f := faults{}
	f.required("private_key_uuid", string(in.Key))
	f.server(s)
	if err := f.err(); err != nil {
		return core.Server{}, err
	}
	key, err := c.key(ctx, p, in.Key)
	if err != nil {
		return core.Server{}, err
	}
	s.KeyID = key.RowID
	s, err = c.deps.Servers.CreateServer(ctx, s)
	if err != nil {
		return core.Server{}, instead(err, core.CodeConflict, addressTaken())
	}
	c.did(ctx, p, "server created", s.UUID)
	if in.Validate {
		c.checks.begin(s, false, false)
	}
	return s, nil
}

// UpdateServer changes a server. A new address, user or key drops the kept connection;
// a new address also forgets the pinned host key, which belonged to the old one.
func (c *Control) UpdateServer(ctx context.Context, p auth.Principal, id core.ID, in ServerPatch) (core.Server, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.Server{}, err
	}
	old, err := c.server(ctx, p, id)
	if err != nil {
		return core.Server{}, err
	}
	s, err := c.patchServer(ctx, p, old, in)
	if err != nil {
		return core.Server{}, err
	}
	if err := c.deps.Servers.UpdateServer(ctx, s); err != nil {
		err = instead(err, core.CodeConflict, addressTaken())
		return core.Server{}, named(err, "Server")
	}
	moved := reach(s) != reach(old)
	if moved {
		c.deps.Hosts.Forget(s.RowID)
	}
	c.did(ctx, p, "server updated", s.UUID)
	if in.Validate {
		c.checks.begin(s, false, moved)
	}
	return c.server(ctx, p, id)
}

// DeleteServer forgets a server that has no resources; on the machine nothing changes.
func (c *Control) DeleteServer(ctx context.Context, p auth.Principal, id core.ID) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	s, err := c.server(ctx, p, id)
	if err != nil {
		return err
	}
	if s.Local() {
		return core.Errorf(core.CodeBadRequest, "Local server cannot be deleted.")
	}
	if err := c.deps.Servers.DeleteServer(ctx, p.TeamID, id); err != nil {
		return named(err, "Server")
	}
	c.deps.Hosts.Forget(s.RowID)
	c.did(ctx, p, "server deleted", id)
	return nil
}

// ValidateServer begins to look at a server in the background and returns at once; what
// it finds is written to the server's facts and log as it goes. With install it also
// installs Docker and Compose where they are missing. While a validation of the server
// runs, another one joins it.
func (c *Control) ValidateServer(ctx context.Context, p auth.Principal, id core.ID, install bool) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	s, err := c.server(ctx, p, id)
	if err != nil {
		return err
	}
	c.checks.begin(s, install, false)
	return nil
}

// ListDestinations returns the Docker networks of a server.
func (c *Control) ListDestinations(ctx context.Context, p auth.Principal, server core.ID) ([]core.Destination, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	if _, err := c.server(ctx, p, server); err != nil {
		return nil, err
	}
	list, err := c.deps.Servers.ListDestinations(ctx, p.TeamID, server)
	return list, named(err, "Server")
}

func (c *Control) server(ctx context.Context, p auth.Principal, id core.ID) (core.Server, error) {
	if err := known(id, "Server"); err != nil {
		return core.Server{}, err
	}
	s, err := c.deps.Servers.GetServer(ctx, p.TeamID, id)
	return s, named(err, "Server")
}

// serverByRow finds the server that a resource names by its row.
func (c *Control) serverByRow(ctx context.Context, p auth.Principal, row int64) (core.Server, error) {
	list, err := c.deps.Servers.ListServers(ctx, p.TeamID)
	if err != nil {
		return core.Server{}, err
	}
	i := slices.IndexFunc(list, func(s core.Server) bool { return s.RowID == row })
	if i < 0 {
		return core.Server{}, core.NotFound("Server")
	}
	return list[i], nil
}

func (c *Control) patchServer(ctx context.Context, p auth.Principal, s core.Server, in ServerPatch) (core.Server, error) {
	old := s
	f := faults{}
	if s.Local() {
		f.localStays(in)
	}
	s = patched(s, in)
	f.server(s)
	if err := f.err(); err != nil {
		return core.Server{}, err
	}
	if in.Key != nil {
		key, err := c.key(ctx, p, *in.Key)
		if err != nil {
			return core.Server{}, err
		}
		s.KeyID = key.RowID
	}
	if in.ForgetHostKey || s.IP != old.IP || s.Port != old.Port {
		s.HostKey = ""
	}
	return s, nil
}

func newServer(team int64, in ServerInput) core.Server {
	s := core.Server{
		UUID:        core.NewID(),
		TeamID:      team,
		Name:        strings.TrimSpace(in.Name),
		Description: strings.TrimSpace(in.Description),
		IP:          strings.TrimSpace(in.IP),
		Port:        defaultPort,
		User:        strings.TrimSpace(in.User),
		ProxyType:   in.ProxyType,
		Settings:    newSettings(),
	}
	set(&s.Port, in.Port)
	s.Settings.IsBuildServer = in.IsBuildServer
	if s.User == "" {
		s.User = defaultUser
	}
	if s.ProxyType == "" {
		s.ProxyType = defaultProxy
	}
	if s.Name == "" {
		s.Name = s.IP
	}
	return s
}

func newSettings() core.ServerSettings {
	return core.ServerSettings{
		ConcurrentBuilds:     defaultBuilds,
		DeploymentQueueLimit: defaultQueue,
		DynamicTimeout:       defaultTimeout,
		ConnectionTimeout:    defaultConnect,
		RemoteDir:            defaultRemoteDir,
	}
}

func patched(s core.Server, in ServerPatch) core.Server {
	trim(&s.Name, in.Name)
	trim(&s.Description, in.Description)
	trim(&s.IP, in.IP)
	trim(&s.User, in.User)
	set(&s.Port, in.Port)
	if s.ProxyType == "" {
		s.ProxyType = defaultProxy
	}
	set(&s.ProxyType, in.ProxyType)
	set(&s.Settings.IsBuildServer, in.IsBuildServer)
	set(&s.Settings.ConcurrentBuilds, in.ConcurrentBuilds)
	set(&s.Settings.DynamicTimeout, in.DynamicTimeout)
	set(&s.Settings.DeploymentQueueLimit, in.DeploymentQueueLimit)
	set(&s.Settings.ConnectionTimeout, in.ConnectionTimeout)
	set(&s.Settings.RemoteDir, in.RemoteDir)
	return s
}

// server checks all fields of a server but its key.
func (f faults) server(s core.Server) {
	if f.required("ip", s.IP) && !validHost(s.IP) {
		f.add("ip", "The ip field must be a host name or an IP address, without port or brackets.")
	} else if s.IP != "" {
		f.name("name", s.Name) // a missing name is made of the address: one fault is enough
	}
	f.description(s.Description)
	if f.required("user", s.User) && (!userPattern.MatchString(s.User) || len(s.User) > maxText) {
		f.add("user", "The user field may only contain letters, digits and . _ -.")
	}
	f.between("port", s.Port, 1, maxPort)
	if !slices.Contains([]string{"traefik", "caddy", "none"}, s.ProxyType) {
		f.add("proxy_type", "Invalid proxy type.")
	}
	f.between("concurrent_builds", s.Settings.ConcurrentBuilds, 1, maxBuilds)
	f.between("deployment_queue_limit", s.Settings.DeploymentQueueLimit, 1, maxQueue)
	f.between("dynamic_timeout", s.Settings.DynamicTimeout, 1, maxTimeout)
	f.between("connection_timeout", s.Settings.ConnectionTimeout, 1, maxConnect)
	if !validDir(s.Settings.RemoteDir) {
		f.add("remote_dir", "The remote dir field must be an absolute path of letters, digits and . _ - ~ @ +, without dot folders.")
	}
}

// localStays refuses to turn the machine of the controller into another one.
func (f faults) localStays(in ServerPatch) {
	for field, given := range map[string]bool{
		"ip": in.IP != nil, "port": in.Port != nil, "user": in.User != nil, "private_key_uuid": in.Key != nil,
	} {
		if given {
			f.add(field, "The %s field of the local server cannot be changed.", words(field))
		}
	}
}

// reach is everything that a kept connection to a server depends on.
func reach(s core.Server) core.Server {
	return core.Server{
		IP: s.IP, Port: s.Port, User: s.User, KeyID: s.KeyID, HostKey: s.HostKey,
		Settings: core.ServerSettings{ConnectionTimeout: s.Settings.ConnectionTimeout},
	}
}

func addressTaken() error {
	return core.Errorf(core.CodeBadRequest, "A server with this IP/Domain is already in use.")
}
