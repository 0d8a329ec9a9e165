package rest

import (
	"context"
	"slices"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) listParts(ctx context.Context, p auth.Principal, in one) ([]api.ServicePart, error) {
	return a.partsOf(ctx, p, in.UUID, core.PartApplication)
}

func (a *API) listDatabaseParts(ctx context.Context, p auth.Principal, in one) ([]api.ServicePart, error) {
	return a.partsOf(ctx, p, in.UUID, core.PartDatabase)
}

type onePart struct {
	UUID string `path:"uuid"`
	Part string `path:"part" doc:"Uuid of a container."`
}

func (a *API) getPart(ctx context.Context, p auth.Principal, in onePart) (api.ServicePart, error) {
	return a.partOf(ctx, p, in, core.PartApplication)
}

func (a *API) getDatabasePart(ctx context.Context, p auth.Principal, in onePart) (api.ServicePart, error) {
	return a.partOf(ctx, p, in, core.PartDatabase)
}

func (a *API) partsOf(ctx context.Context, p auth.Principal, service string, kind core.PartKind) ([]api.ServicePart, error) {
	s, err := a.control.GetService(ctx, p, core.ID(service))
	parts := slices.DeleteFunc(s.Parts, func(o core.ServicePart) bool { return o.Kind != kind })
	return list(parts, showPart), err
}

func (a *API) partOf(ctx context.Context, p auth.Principal, in onePart, kind core.PartKind) (api.ServicePart, error) {
	parts, err := a.partsOf(ctx, p, in.UUID, kind)
	if err != nil {
		return api.ServicePart{}, err
	}
	i := slices.IndexFunc(parts, func(o api.ServicePart) bool { return o.UUID == in.Part })
	if i < 0 {
		return api.ServicePart{}, core.NotFound("Service resource")
	}
	return parts[i], nil
}

type updatePart struct {
	UUID  string                `path:"uuid"`
	Part  string                `path:"part" doc:"Uuid of a container."`
	Force bool                  `query:"force_domain_override"`
	Body  api.ServicePartUpdate `in:"body"`
}

// changePart changes a container of one sort.
func (a *API) changePart(kind core.PartKind) handler[updatePart, api.ServicePart] {
	return func(ctx context.Context, p auth.Principal, in updatePart) (api.ServicePart, error) {
		b := in.Body
		part, err := a.control.UpdatePart(ctx, p, core.ID(in.UUID), core.ID(in.Part), kind, control.PartPatch{
			HumanName: b.HumanName, Description: b.Description, ExcludeFromStatus: b.ExcludeFromStatus, URL: b.URL, Image: b.Image,
			ForceDomainOverride: in.Force,
		})
		return showPart(part), conflicting(err)
	}
}

type partLogs struct {
	UUID       string `path:"uuid"`
	Part       string `path:"part" doc:"Uuid of a container."`
	Lines      int    `query:"lines" default:"100" rule:"min=1,max=10000"`
	Timestamps bool   `query:"show_timestamps"`
}

// partLogs is what a container of one sort wrote last.
func (a *API) partLogs(kind core.PartKind) handler[partLogs, api.Logs] {
	return func(ctx context.Context, p auth.Principal, in partLogs) (api.Logs, error) {
		part, err := a.partOf(ctx, p, onePart{in.UUID, in.Part}, kind)
		if err != nil {
			return api.Logs{}, err
		}
		out, err := a.control.ServiceLogs(ctx, p, core.ID(in.UUID), part.Name, in.Lines, in.Timestamps)
		return api.Logs{Logs: out}, err
	}
}
