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
	wanted := func(server int64, id core.ID) bool {
		return server == s.RowID && (in.Resource == "" || in.Resource == string(id))
	}
	services, err := a.control.ListServices(ctx, p)
	if err != nil {
		return nil, err
	}
	applications, err := a.control.ListApplications(ctx, p)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, o := range services {
		if wanted(o.ServerID, o.UUID) {
			names = append(names, hostNames(serviceAddresses(o))...)
		}
	}
	for _, o := range applications {
		if wanted(o.ServerID, o.UUID) {
			names = append(names, hostNames(applicationAddresses(o.Application))...)
		}
	}
	if len(names) == 0 {
		return []api.Domains{}, nil
	}
	slices.Sort(names)
	return []api.Domains{{IP: s.IP, Domains: slices.Compact(names)}}, nil
}

func serviceAddresses(s core.Service) []string {
	return list(s.Parts, func(o core.ServicePart) string { return o.Fqdn })
}

func applicationAddresses(o core.Application) []string {
	return append(list(o.Build.ComposeDomains, func(d core.PartDomain) string { return d.Domain }), o.Serve.Domains)
}

// hostNames are those of lists of comma-separated URLs.
func hostNames(addresses []string) []string {
	var out []string
	for _, csv := range addresses {
		for address := range strings.SplitSeq(csv, ",") {
			if u, err := url.Parse(strings.TrimSpace(address)); err == nil && u.Hostname() != "" {
				out = append(out, u.Hostname())
			}
		}
	}
	return out
}
