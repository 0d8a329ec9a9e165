package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) listServers(ctx context.Context, p auth.Principal, _ none) ([]api.Server, error) {
	servers, err := a.control.ListServers(ctx, p)
	if err != nil {
		return nil, err
	}
	keys, err := a.keyIDs(ctx, p)
	return list(servers, func(s core.Server) api.Server { return showServer(s, keys) }), err
}

type getServer struct {
	UUID      string `path:"uuid"`
	Resources bool   `query:"resources" doc:"With what is deployed on it."`
}

func (a *API) getServer(ctx context.Context, p auth.Principal, in getServer) (api.Server, error) {
	s, err := a.control.GetServer(ctx, p, core.ID(in.UUID))
	if err != nil {
		return api.Server{}, err
	}
	keys, err := a.keyIDs(ctx, p)
	if err != nil {
		return api.Server{}, err
	}
	out := showServer(s, keys)
	if in.Resources {
		out.Resources, err = a.serverResources(ctx, p, one{in.UUID})
	}
	return out, err
}

type createServer struct {
	Body api.ServerCreate `in:"body"`
}

func (a *API) createServer(ctx context.Context, p auth.Principal, in createServer) (api.UUID, error) {
	b := in.Body
	s, err := a.control.CreateServer(ctx, p, control.ServerInput{
		Name: b.Name, Description: b.Description, IP: b.IP, Port: b.Port, User: b.User, Key: core.ID(b.PrivateKeyUUID),
		IsBuildServer: b.IsBuildServer, ProxyType: b.ProxyType, Validate: b.InstantValidate,
	})
	return api.UUID{UUID: string(s.UUID)}, err
}

type updateServer struct {
	UUID string           `path:"uuid"`
	Body api.ServerUpdate `in:"body"`
}

func (a *API) updateServer(ctx context.Context, p auth.Principal, in updateServer) (api.UUID, error) {
	b := in.Body
	if b.HostKey != nil && *b.HostKey != "" {
		return api.UUID{}, core.Invalid("host_key", "The host key field can only be emptied: the next contact pins anew.")
	}
	s, err := a.control.UpdateServer(ctx, p, core.ID(in.UUID), control.ServerPatch{
		Name: b.Name, Description: b.Description, IP: b.IP, Port: b.Port, User: b.User, Key: newID(b.PrivateKeyUUID),
		IsBuildServer: b.IsBuildServer, ProxyType: b.ProxyType, ConcurrentBuilds: b.ConcurrentBuilds,
		DynamicTimeout: b.DynamicTimeout, DeploymentQueueLimit: b.DeploymentQueueLimit,
		ConnectionTimeout: b.ConnectionTimeout, RemoteDir: b.RemoteDir,
		ForgetHostKey: b.HostKey != nil, Validate: b.InstantValidate,
	})
	return api.UUID{UUID: string(s.UUID)}, err
}

func (a *API) deleteServer(ctx context.Context, p auth.Principal, in one) (api.Message, error) {
	err := a.control.DeleteServer(ctx, p, core.ID(in.UUID))
	return api.Message{Message: "Server deleted."}, err
}

type validateServer struct {
	UUID string              `path:"uuid"`
	Body api.ValidateRequest `in:"query"`
}

func (a *API) validateServer(ctx context.Context, p auth.Principal, in validateServer) (api.Message, error) {
	message := "Validation started."
	if in.Body.Install {
		message = "Validation and installation started."
	}
	err := a.control.ValidateServer(ctx, p, core.ID(in.UUID), in.Body.Install)
	return api.Message{Message: message}, err
}

// keyIDs says which row is which key: a server is shown with the uuid of its key.
func (a *API) keyIDs(ctx context.Context, p auth.Principal) (map[int64]core.ID, error) {
	keys, err := a.control.ListKeys(ctx, p)
	out := make(map[int64]core.ID, len(keys))
	for _, k := range keys {
		out[k.RowID] = k.UUID
	}
	return out, err
}

func showServer(s core.Server, keys map[int64]core.ID) api.Server {
	f := s.Facts
	return api.Server{
		UUID: string(s.UUID), Description: text(s.Description), Name: s.Name, HostKey: text(s.HostKey),
		IP: s.IP, IsLocalhost: s.Local(), IsReachable: f.Reachable, IsUsable: f.Usable, Port: s.Port,
		PrivateKeyUUID: text(keys[s.KeyID]), ProxyType: s.ProxyType, User: s.User, ValidationLogs: text(f.Log),
		Facts: api.ServerFacts{
			OS: f.OS, Arch: f.Arch, DockerVersion: f.DockerVersion, ComposeVersion: f.ComposeVersion,
			DiskFree: f.DiskFree, DiskTotal: f.DiskTotal, CheckedAt: at(f.CheckedAt),
		},
		Settings: api.ServerSettings{
			ID: s.RowID, ServerID: s.RowID, IsReachable: f.Reachable, IsUsable: f.Usable,
			ConcurrentBuilds: s.Settings.ConcurrentBuilds, ConnectionTimeout: s.Settings.ConnectionTimeout,
			DeploymentQueueLimit: s.Settings.DeploymentQueueLimit, DynamicTimeout: s.Settings.DynamicTimeout,
			IsBuildServer: s.Settings.IsBuildServer, RemoteDir: s.Settings.RemoteDir,
			CreatedAt: at(s.CreatedAt), UpdatedAt: at(s.UpdatedAt),
		},
		CreatedAt: at(s.CreatedAt), UpdatedAt: at(s.UpdatedAt),
	}
}
