package rest

import (
	"context"
	"strings"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) listServices(ctx context.Context, p auth.Principal, in withTag) ([]api.Service, error) {
	services, err := a.control.ListServices(ctx, p)
	if err == nil {
		services, err = having(ctx, a, p, in.Tag, services, func(s core.Service) core.ID { return s.UUID })
	}
	return list(services, showService), err
}

func (a *API) getService(ctx context.Context, p auth.Principal, in one) (api.Service, error) {
	s, err := a.control.GetService(ctx, p, core.ID(in.UUID))
	return showService(s), err
}

type serviceLogs struct {
	UUID       string `path:"uuid"`
	Part       string `query:"sub_service_name" doc:"Name of a container in the compose text."`
	Lines      int    `query:"lines" default:"100" rule:"min=1,max=10000"`
	Timestamps bool   `query:"show_timestamps"`
}

func (a *API) serviceLogs(ctx context.Context, p auth.Principal, in serviceLogs) (api.Logs, error) {
	out, err := a.control.ServiceLogs(ctx, p, core.ID(in.UUID), in.Part, in.Lines, in.Timestamps)
	return api.Logs{Logs: out}, err
}

func showService(s core.Service) api.Service {
	out := api.Service{
		ID: s.RowID, UUID: string(s.UUID), Description: text(s.Description), Name: s.Name,
		Applications: []api.ServicePart{}, Databases: []api.ServicePart{}, ConfigHash: text(s.ConfigHash),
		ConnectToDockerNetwork: s.ConnectToDockerNetwork, DestinationID: s.DestinationID,
		DestinationType: "standalone", DockerCompose: reveal(s.Compose), DockerComposeRaw: reveal(s.ComposeRaw),
		EnvironmentID: s.EnvironmentID, LabelEscape: s.LabelEscape, ServerID: s.ServerID,
		ServiceType: text(s.Type), Status: statusText(s.Status), CreatedAt: at(s.CreatedAt), UpdatedAt: at(s.UpdatedAt),
		DeletedAt: at(s.DeletedAt),
	}
	for _, part := range s.Parts {
		if part.Kind == core.PartDatabase {
			out.Databases = append(out.Databases, showPart(part))
		} else {
			out.Applications = append(out.Applications, showPart(part))
		}
	}
	return out
}

// statusText is "<state>:<health>", which clients take apart: what does not run has no
// health of its own.
func statusText(s string) string {
	if s == "" {
		s = "exited"
	}
	if !strings.Contains(s, ":") {
		s += ":unhealthy"
	}
	return s
}

func showPart(s core.ServicePart) api.ServicePart {
	return api.ServicePart{
		ID: s.RowID, UUID: string(s.UUID), Description: text(s.Description), Name: s.Name,
		ExcludeFromStatus: s.ExcludeFromStatus, Fqdn: text(s.Fqdn), HumanName: text(s.HumanName), Image: s.Image,
		ServiceID: s.ServiceID, Status: statusText(s.Status), CreatedAt: at(s.CreatedAt), UpdatedAt: at(s.UpdatedAt),
	}
}
