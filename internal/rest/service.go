package rest

import (
	"context"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

const maxCompose = 1 << 20

func (a *API) listServices(ctx context.Context, p auth.Principal, _ none) ([]api.Service, error) {
	services, err := a.control.ListServices(ctx, p)
	return list(services, showService), err
}

func (a *API) getService(ctx context.Context, p auth.Principal, in one) (api.Service, error) {
	s, err := a.control.GetService(ctx, p, core.ID(in.UUID))
	return showService(s), err
}

type deleteService struct {
	UUID string            `path:"uuid"`
	Body api.RemoveOptions `in:"query"`
}

func (a *API) deleteService(ctx context.Context, p auth.Principal, in deleteService) (api.Message, error) {
	b := in.Body
	_, err := a.control.DeleteService(ctx, p, core.ID(in.UUID), core.Removal{
		Configurations: unlessFalse(b.DeleteConfigurations), Volumes: unlessFalse(b.DeleteVolumes),
		Networks: unlessFalse(b.DeleteConnectedNetworks), Images: unlessFalse(b.DockerCleanup),
	})
	return api.Message{Message: "Service deletion request queued."}, err
}

type actOn struct {
	UUID string            `path:"uuid"`
	Body api.ActionRequest `in:"query"`
}

func (a *API) startService(ctx context.Context, p auth.Principal, in actOn) (api.Accepted, error) {
	return accepted(a.control.StartService(ctx, p, core.ID(in.UUID), action(in.Body)))
}

func (a *API) restartService(ctx context.Context, p auth.Principal, in actOn) (api.Accepted, error) {
	return accepted(a.control.RestartService(ctx, p, core.ID(in.UUID), action(in.Body)))
}

func (a *API) stopService(ctx context.Context, p auth.Principal, in actOn) (api.Accepted, error) {
	do := action(in.Body)
	do.Options.Remove.Images = in.Body.DockerCleanup != nil && *in.Body.DockerCleanup
	return accepted(a.control.StopService(ctx, p, core.ID(in.UUID), do))
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

func action(b api.ActionRequest) control.Action {
	return control.Action{
		Options: core.Options{PullLatest: b.Latest, StopBeforeStart: b.StopBeforeStart, Force: b.Force},
		Note:    b.Note,
	}
}

func accepted(q control.Queued, err error) (api.Accepted, error) {
	return api.Accepted{Message: q.Message, DeploymentUUID: string(q.Deployment.UUID)}, err
}

func unlessFalse(b *bool) bool { return b == nil || *b }

// decodeCompose reads compose text out of base64, however it is wrapped and padded.
func decodeCompose(encoded string) (core.Secret, error) {
	const field = "docker_compose_raw"
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, encoded)
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(plain, "="))
	switch {
	case err != nil || !utf8.Valid(data):
		return core.Secret{}, core.Invalid(field, "The docker_compose_raw should be base64 encoded.")
	case len(data) > maxCompose:
		return core.Secret{}, core.Invalid(field, "The compose text must not be larger than 1 MiB.")
	}
	return core.NewSecret(string(data)), nil
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
