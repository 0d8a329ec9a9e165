package rest

import (
	"context"
	"errors"
	"net/http"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
)

type createService struct {
	Body api.ServiceCreate `in:"body"`
}

func (a *API) createService(ctx context.Context, p auth.Principal, in createService) (api.ServiceCreated, error) {
	b := in.Body
	environment, err := environmentOf(b.EnvironmentUUID, b.EnvironmentName)
	if err != nil {
		return api.ServiceCreated{}, err
	}
	return savedService(a.control.CreateService(ctx, p, control.ServiceInput{
		Name: b.Name, Description: b.Description, Type: b.Type, Compose: core.NewSecret(b.DockerComposeRaw),
		Project: core.ID(b.ProjectUUID), Environment: environment, Server: core.ID(b.ServerUUID),
		Destination: core.ID(b.DestinationUUID), ConnectToDockerNetwork: b.ConnectToDockerNetwork,
		LabelEscape: b.LabelEscape, URLs: list(b.URLs, partURL),
		ForceDomainOverride: b.ForceDomainOverride, InstantDeploy: b.InstantDeploy,
	}))
}

type updateService struct {
	UUID string            `path:"uuid"`
	Body api.ServiceUpdate `in:"body"`
}

func (a *API) updateService(ctx context.Context, p auth.Principal, in updateService) (api.ServiceCreated, error) {
	b := in.Body
	return savedService(a.control.UpdateService(ctx, p, core.ID(in.UUID), control.ServicePatch{
		Name: b.Name, Description: b.Description, Compose: secret(b.DockerComposeRaw),
		ConnectToDockerNetwork: b.ConnectToDockerNetwork, LabelEscape: b.LabelEscape, URLs: list(b.URLs, partURL),
		ForceDomainOverride: b.ForceDomainOverride, InstantDeploy: b.InstantDeploy,
	}))
}

func partURL(u api.ServiceURL) control.PartURL { return control.PartURL{Name: u.Name, URL: u.URL} }

func savedService(s control.ServiceSaved, err error) (api.ServiceCreated, error) {
	return api.ServiceCreated{
		UUID: string(s.Service.UUID), Domains: list(s.Domains, func(d string) string { return d }),
		Warnings: s.Warnings, DeploymentUUID: string(s.Deployment.UUID),
	}, unknownType(conflicting(err))
}

// conflicting makes the answer to domains that are taken; any other error stays.
func conflicting(err error) error {
	var taken *control.ConflictError
	if errors.As(err, &taken) {
		return conflictReply(taken)
	}
	return err
}

// conflictReply says who has the domains, in the shape that clients know.
func conflictReply(taken *control.ConflictError) error {
	e := httpio.Refuse(http.StatusConflict, "Domain conflicts detected. Use force_domain_override=true to proceed.")
	e.Body.Warning = "Using the same domain for several resources leads to unpredictable routing."
	e.Body.Conflicts = list(taken.Conflicts, func(c control.DomainConflict) api.DomainConflict {
		return api.DomainConflict{
			Domain: c.Domain, ResourceName: c.ResourceName, ResourceUUID: string(c.ResourceUUID),
			ResourceType: string(c.ResourceType), Message: "Domain " + c.Domain + " is in use by " + c.ResourceName + ".",
		}
	})
	return e
}
