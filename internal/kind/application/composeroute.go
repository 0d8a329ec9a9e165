package application

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/stack"
)

// defaultPort is where a compose service listens when nothing says.
const defaultPort = 80

// partDomains are the addresses that people chose, by compose service: those of a preview
// are made of those of the application.
func (t *target) partDomains() map[string]string {
	out := map[string]string{}
	for _, part := range t.Application.Build.ComposeDomains {
		var list []string
		for one := range strings.SplitSeq(part.Domain, ",") {
			if one = strings.TrimSpace(one); one == "" {
				continue
			}
			if !t.preview() {
				list = append(list, one)
				continue
			}
			d, err := proxy.ParseDomain("docker_compose_domains", one)
			if err != nil {
				continue // reported where the domains themselves are read
			}
			if p, ok := proxy.Preview(t.Application.Serve.PreviewURL, d, t.Application.UUID, t.revision.PullRequest); ok {
				list = append(list, p.String())
			}
		}
		if len(list) > 0 {
			out[part.Name] = strings.Join(list, ",")
		}
	}
	return out
}

// marks are the labels of everything that belongs to the application, volumes and networks,
// too. None of them ever changes.
func (t *target) marks() map[string]any {
	out := map[string]any{}
	for name, value := range t.labels() {
		switch name {
		case "coolify.resourceName", "coolify.projectName", "coolify.environmentName", "coolify.serviceName":
		default:
			out[name] = value
		}
	}
	return out
}

// toldPart is what Taffrail tells a container of the source. The commit is told only to
// what is built of it: the others would be made anew with each.
func (t *target) toldPart(st *stack.Stack) func(string, map[string]any) map[string]any {
	built := map[string]bool{}
	for _, s := range st.Services() {
		built[s.Name] = s.Built
	}
	return func(service string, env map[string]any) map[string]any {
		out := map[string]any{}
		set := func(name, value string) {
			if _, given := env[name]; !given && value != "" {
				out[name] = value
			}
		}
		set("COOLIFY_BRANCH", t.branch())
		if built[service] {
			set("SOURCE_COMMIT", t.commit())
		}
		return out
	}
}

// routes gives compose services the labels by which requests reach them.
type routes struct {
	*target
	setup     *setup
	addresses map[string]string // by compose service
	said      map[string]string // those that variables of the text have, with ports
}

func (r *routes) labels(at stack.Place, labels map[string]string) (map[string]string, error) {
	domains, err := proxy.ParseDomains("docker_compose_domains", r.addresses[at.Service])
	if err != nil || len(domains) == 0 {
		return labels, err
	}
	switch {
	case r.kind() == proxy.None:
		return labels, nil
	case at.Network == "":
		r.setup.Notes = append(r.setup.Notes, at.Service+" has a domain, and network_mode keeps the proxy from it: nobody reaches it by that.")
		return labels, nil
	case at.Container == "":
		r.setup.Notes = append(r.setup.Notes, at.Service+" has a domain, and not exactly one container to send requests to: nobody reaches it by that.")
		return labels, nil
	}
	in := r.input(at, domains)
	in.Custom, in.Own = maps.Clone(labels), map[string]string{"coolify.name": at.Container}
	for name := range labels {
		if strings.HasPrefix(name, "taffrail.") || strings.HasPrefix(name, "coolify.") {
			in.Own[name] = labels[name]
			delete(in.Custom, name)
		}
	}
	if !slices.Contains(r.setup.Stack.Networks, at.Network) {
		r.setup.Stack.Networks = append(r.setup.Stack.Networks, at.Network)
		slices.Sort(r.setup.Stack.Networks)
	}
	return proxy.Labels(r.kind(), in)
}

// input is what the proxy is to know of a compose service.
func (r *routes) input(at stack.Place, domains []proxy.Domain) proxy.Input {
	v := r.Application.Serve
	part := strings.TrimPrefix(at.Service+r.suffix(), "-")
	in := proxy.Input{
		Name: proxy.Name(r.Application.UUID, part), Container: at.Container, Network: at.Network, Port: defaultPort,
		ForceHTTPS: v.ForceHTTPS, KeepPrefix: !v.StripPrefix, Gzip: v.Gzip, Redirect: proxy.Redirect(v.Redirect),
		Resolver: r.setup.Route.Resolver, Auth: r.setup.Route.Auth,
	}
	if len(at.Ports) > 0 {
		in.Port = at.Ports[0]
	}
	if d, err := proxy.ParseDomain("docker_compose_domains", r.said[at.Service]); err == nil && d.Port != 0 {
		in.Port = d.Port // SERVICE_URL_WEB_3000
	}
	if i := slices.IndexFunc(r.Application.Build.ComposeDomains, func(d core.PartDomain) bool { return d.Name == at.Service }); i >= 0 {
		in.Redirect = proxy.Redirect(cmp.Or(r.Application.Build.ComposeDomains[i].Redirect, v.Redirect))
	}
	hidden := map[string]bool{}
	for _, one := range v.NoIndex {
		if d, err := proxy.ParseDomain("noindex_domains", one); err == nil {
			hidden[d.Key()] = true
		}
	}
	for _, d := range domains {
		in.Routes = append(in.Routes, proxy.Route{Domain: d, NoIndex: hidden[d.Key()]})
	}
	return in
}
