package rest

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

type serverDomains struct {
	UUID     string `path:"uuid"`
	Resource string `query:"uuid" doc:"Only those of this resource."`
}

// listDomains lists the host names that lead to a server.
func (a *API) listDomains(ctx context.Context, p auth.Principal, in serverDomains) ([]api.Domains, error) {
	s, err := a.control.GetServer(ctx, p, core.ID(in.UUID))
	if err != nil {
		return nil, err
	}
	services, err := a.control.ListServices(ctx, p)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, service := range services {
		if service.ServerID == s.RowID && (in.Resource == "" || in.Resource == string(service.UUID)) {
			names = append(names, hostNames(service)...)
		}
	}
	if len(names) == 0 {
		return []api.Domains{}, nil
	}
	slices.Sort(names)
	return []api.Domains{{IP: s.IP, Domains: slices.Compact(names)}}, nil
}

func hostNames(s core.Service) []string {
	var out []string
	for _, part := range s.Parts {
		for address := range strings.SplitSeq(part.Fqdn, ",") {
			if u, err := url.Parse(strings.TrimSpace(address)); err == nil && u.Hostname() != "" {
				out = append(out, u.Hostname())
			}
		}
	}
	return out
}
