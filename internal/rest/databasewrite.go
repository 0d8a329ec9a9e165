package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

type createDatabase struct {
	Body api.DatabaseCreate `in:"body"`
}

// createDatabase is a handler for each engine: it is in the path, and with it the fields
// that the body may have.
func (a *API) createDatabase(spec *engine.Spec) handler[createDatabase, api.DatabaseCreated] {
	return func(ctx context.Context, p auth.Principal, in createDatabase) (api.DatabaseCreated, error) {
		b := in.Body
		environment, err := environmentOf(b.EnvironmentUUID, b.EnvironmentName)
		if err != nil {
			return api.DatabaseCreated{}, err
		}
		change := databasePatch(b.DatabaseSettings, b.LimitSettings, b.HealthCheckSettings)
		change.Fields, change.InstantDeploy = givenFields(b.Fields), b.InstantDeploy
		s, err := a.control.CreateDatabase(ctx, p, spec.Name, control.DatabaseInput{
			DatabasePatch: change, Project: core.ID(b.ProjectUUID), Environment: environment,
			Server: core.ID(b.ServerUUID), Destination: core.ID(b.DestinationUUID),
		})
		return api.DatabaseCreated{
			UUID: string(s.Database.UUID), InternalURL: reveal(s.Database.InternalURL), ExternalURL: reveal(s.Database.ExternalURL),
			Warnings: s.Warnings, DeploymentUUID: string(s.Deployment.UUID),
		}, err
	}
}

func (a *API) taggedDatabase(spec *engine.Spec) handler[createDatabase, api.DatabaseCreated] {
	return tagging(a, core.KindDatabase, a.createDatabase(spec),
		func(in createDatabase) []string { return in.Body.Tags }, func(out api.DatabaseCreated) string { return out.UUID })
}

type updateDatabase struct {
	UUID string             `path:"uuid"`
	Body api.DatabaseUpdate `in:"body"`
}

func (a *API) updateDatabase(ctx context.Context, p auth.Principal, in updateDatabase) (api.DatabaseUpdated, error) {
	b := in.Body
	change := databasePatch(b.DatabaseSettings, b.LimitSettings, b.HealthCheckSettings)
	change.Fields, change.InstantDeploy = givenFields(b.Fields), b.InstantDeploy
	s, err := a.control.UpdateDatabase(ctx, p, core.ID(in.UUID), change)
	return api.DatabaseUpdated{
		Message: "Database updated.", UUID: string(s.Database.UUID), Warnings: s.Warnings,
		DeploymentUUID: string(s.Deployment.UUID),
	}, err
}

func databasePatch(s api.DatabaseSettings, l api.LimitSettings, h api.HealthCheckSettings) control.DatabasePatch {
	return control.DatabasePatch{
		Name: s.Name, Description: s.Description, Image: s.Image,
		Public:    control.PublicPatch{Enabled: s.IsPublic, Port: s.PublicPort, Timeout: s.PublicPortTimeout, Allow: s.PublicAllowList},
		EnableSSL: s.EnableSSL, SSLMode: s.SSLMode, PortsMappings: s.PortsMappings, DockerOptions: s.CustomDockerRunOptions,
		Limits:      limitsPatch(l),
		Health:      control.HealthPatch(h),
		InitScripts: initScripts(s.InitScripts),
	}
}

func limitsPatch(l api.LimitSettings) control.LimitsPatch {
	return control.LimitsPatch{
		Memory: l.Memory, MemorySwap: l.MemorySwap, MemoryReservation: l.MemoryReservation,
		MemorySwappiness: l.MemorySwappiness, CPUs: l.CPUs, CPUSet: l.CPUSet, CPUShares: l.CPUShares,
	}
}

func initScripts(in *[]api.InitScriptWrite) *[]core.InitScript {
	if in == nil {
		return nil
	}
	out := list(*in, func(s api.InitScriptWrite) core.InitScript {
		return core.InitScript{Filename: s.Filename, Content: s.Content}
	})
	return &out
}
