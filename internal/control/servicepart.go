package control

import (
	"context"
	"slices"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// PartPatch changes a container of a service; what is nil stays.
type PartPatch struct {
	HumanName           *string
	Description         *string
	ExcludeFromStatus   *bool   // its health does not count; a change of the compose text sets it anew
	URL                 *string // comma-separated; empty takes them away
	Image               *string // can only be what it is: the compose text says it
	ForceDomainOverride bool
}

// UpdatePart changes a container of a service. Addresses reach the proxy with the next
// deployment.
func (c *Control) UpdatePart(ctx context.Context, p auth.Principal, service, part core.ID, kind core.PartKind, in PartPatch) (core.ServicePart, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.ServicePart{}, err
	}
	s, err := c.service(ctx, p, service)
	if err != nil {
		return core.ServicePart{}, err
	}
	i, err := partAt(s, part, kind)
	if err != nil {
		return core.ServicePart{}, err
	}
	one := &s.Parts[i]
	trim(&one.HumanName, in.HumanName)
	trim(&one.Description, in.Description)
	if err := in.check(*one); err != nil {
		return core.ServicePart{}, err
	}
	if in.URL != nil {
		urls := []PartURL{{Name: one.Name, URL: *in.URL}}
		if _, err := c.recompose(ctx, p, &s, ServicePatch{URLs: urls, ForceDomainOverride: in.ForceDomainOverride}); err != nil {
			return core.ServicePart{}, err
		}
		if i, err = partAt(s, part, kind); err != nil {
			return core.ServicePart{}, err
		}
	}
	set(&s.Parts[i].ExcludeFromStatus, in.ExcludeFromStatus)
	if err := c.deps.Services.UpdateService(ctx, s, nil); err != nil {
		return core.ServicePart{}, named(err, "Service")
	}
	c.did(ctx, p, "container of service updated", part)
	s, err = c.service(ctx, p, service)
	if err != nil {
		return core.ServicePart{}, err
	}
	i, err = partAt(s, part, kind)
	if err != nil {
		return core.ServicePart{}, err
	}
	return s.Parts[i], nil
}

func (in PartPatch) check(part core.ServicePart) error {
	f := faults{}
	f.text("human_name", part.HumanName, maxText)
	f.description(part.Description)
	if in.URL != nil {
		f.urls([]PartURL{{Name: part.Name, URL: *in.URL}})
	}
	if in.Image != nil && *in.Image != part.Image {
		f.add("image", "The image is that of the compose text: change it there.")
	}
	return f.err()
}

func partAt(s core.Service, part core.ID, kind core.PartKind) (int, error) {
	i := slices.IndexFunc(s.Parts, func(o core.ServicePart) bool { return o.UUID == part && o.Kind == kind })
	if i < 0 {
		return 0, core.NotFound("Service resource")
	}
	return i, nil
}
