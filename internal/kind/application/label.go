package application

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/proxy"
)

// labelUUID is the label by which containers and images of an application are found.
const labelUUID = "taffrail.application.uuid"

var slugless = regexp.MustCompile(`[^a-z0-9]+`)

// slug is a name as it stands in labels that others look for.
func slug(name string) string {
	return strings.Trim(slugless.ReplaceAllString(strings.ToLower(name), "-"), "-")
}

// labels are what the containers of an application are found by. That of its own name
// comes when it has one.
func (t *target) labels() map[string]string {
	a := t.Application
	return map[string]string{
		"taffrail.managed": "true", "taffrail.type": "application", labelUUID: string(a.UUID),
		"coolify.managed": "true", "coolify.type": "application", "coolify.applicationId": strconv.FormatInt(a.RowID, 10),
		"coolify.resourceName": slug(a.Name), "coolify.projectName": slug(t.LoadedApplication.Project), "coolify.environmentName": slug(t.Environment),
		"coolify.serviceName": slug(a.Name), "coolify.pullRequestId": strconv.Itoa(t.revision.PullRequest),
	}
}

// route says how requests get in.
func (s *setup) route(f faults, t *target, domains []proxy.Domain, ports []int) {
	v := t.Application.Serve
	custom, err := proxy.ParseLabels("custom_labels", v.Labels)
	f.add("custom_labels", err)
	part := strings.TrimPrefix(t.suffix(), "-")
	s.Route = proxy.Input{
		Name: proxy.Name(t.Application.UUID, part), ForceHTTPS: v.ForceHTTPS, KeepPrefix: !v.StripPrefix, Gzip: v.Gzip,
		Redirect: proxy.Redirect(v.Redirect), Custom: custom,
	}
	if len(ports) > 0 {
		s.Route.Port = ports[0]
	}
	hidden := map[string]bool{}
	for _, one := range v.NoIndex {
		if d, err := proxy.ParseDomain("noindex_domains", one); err == nil {
			hidden[d.Key()] = true
		}
	}
	for _, d := range domains {
		s.Route.Routes = append(s.Route.Routes, proxy.Route{Domain: d, NoIndex: hidden[d.Key()]})
	}
}

// kind is the proxy that the server has.
func (t *target) kind() proxy.Kind {
	switch k := proxy.Kind(strings.ToLower(t.LoadedApplication.Server.ProxyType)); k {
	case proxy.Traefik, proxy.Caddy:
		return k
	default:
		return proxy.None
	}
}
