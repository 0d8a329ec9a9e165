package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) listDatabases(ctx context.Context, p auth.Principal, in withTag) ([]api.Database, error) {
	databases, err := a.control.ListDatabases(ctx, p)
	if err == nil {
		databases, err = having(ctx, a, p, in.Tag, databases, func(d control.Database) core.ID { return d.UUID })
	}
	return list(databases, databaseView(p)), err
}

func (a *API) getDatabase(ctx context.Context, p auth.Principal, in one) (api.Database, error) {
	d, err := a.control.GetDatabase(ctx, p, core.ID(in.UUID))
	return databaseView(p)(d), err
}

type containerLogs struct {
	UUID       string `path:"uuid"`
	Lines      int    `query:"lines" default:"100" rule:"min=1,max=10000"`
	Timestamps bool   `query:"show_timestamps"`
}

func (a *API) databaseLogs(ctx context.Context, p auth.Principal, in containerLogs) (api.Logs, error) {
	out, err := a.control.DatabaseLogs(ctx, p, core.ID(in.UUID), in.Lines, in.Timestamps)
	return api.Logs{Logs: out}, err
}

// databaseView shows databases to p.
func databaseView(p auth.Principal) func(control.Database) api.Database {
	return func(d control.Database) api.Database { return showDatabase(d, p.SeesSecrets()) }
}

func showDatabase(d control.Database, secrets bool) api.Database {
	s := d.Settings
	return api.Database{
		ID: d.RowID, UUID: string(d.UUID), Description: text(d.Description), Name: d.Name,
		BackupConfigs: list(d.Schedules, showSchedule), ConfigHash: text(d.ConfigHash), DatabaseType: "standalone-" + d.Type,
		DestinationID: d.DestinationID, DestinationType: "standalone", CustomDockerRunOptions: text(s.DockerOptions),
		EnvironmentID: d.EnvironmentID, Image: d.Image, InitScripts: list(s.InitScripts, scriptView(secrets)),
		PortsMappings: text(s.PortsMappings), ServerID: d.ServerID, Status: statusText(d.Status), Type: d.Type,
		Version: text(d.Ran.Version), DatabaseAccess: showAccess(d), Limits: showLimits(s.Limits),
		HealthCheck: api.HealthCheck(s.Health), Fields: showFields(d.Database, secrets),
		CreatedAt: at(d.CreatedAt), UpdatedAt: at(d.UpdatedAt), DeletedAt: at(d.DeletedAt),
	}
}

func showAccess(d control.Database) api.DatabaseAccess {
	s := d.Settings
	out := api.DatabaseAccess{
		EnableSSL: s.EnableSSL, SSLMode: text(s.SSLMode), IsPublic: s.Public.Enabled, PublicPortTimeout: s.Public.Timeout,
		PublicAllowList: list(s.Public.Allow, func(s string) string { return s }),
		InternalURL:     reveal(d.InternalURL), ExternalURL: reveal(d.ExternalURL),
	}
	if s.Public.Port != 0 {
		out.PublicPort = &s.Public.Port
	}
	return out
}

func showLimits(l core.Limits) api.Limits {
	return api.Limits{
		Memory: l.Memory, MemorySwap: l.MemorySwap, MemorySwappiness: l.MemorySwappiness,
		MemoryReservation: l.MemoryReservation, CPUs: l.CPUs, CPUSet: text(l.CPUSet), CPUShares: l.CPUShares,
	}
}

func scriptView(secrets bool) func(core.InitScript) api.InitScript {
	return func(s core.InitScript) api.InitScript {
		out := api.InitScript{Filename: s.Filename}
		if secrets {
			out.Content = &s.Content
		}
		return out
	}
}
