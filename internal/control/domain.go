package control

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/proxy"
)

const maxURL = 2048

// DomainConflict is a domain that another resource of the team has.
type DomainConflict struct {
	Domain       string
	ResourceName string
	ResourceUUID core.ID
	ResourceType core.Kind
}

// ConflictError is the CodeConflict error for domains that are taken. The same call
// with ForceDomainOverride takes them all the same.
type ConflictError struct {
	Conflicts []DomainConflict
	cause     *core.Error
}

// Error implements error.
func (e *ConflictError) Error() string { return e.cause.Error() }

// Unwrap gives the *core.Error.
func (e *ConflictError) Unwrap() error { return e.cause }

// freeDomains refuses domains that resources of whatever kind other than id have, unless
// force says that they may be shared.
func (c *Control) freeDomains(ctx context.Context, p auth.Principal, id core.ID, mine []string, force bool) error {
	if force || len(mine) == 0 {
		return nil
	}
	services, err := c.deps.Services.ListServices(ctx, p.TeamID)
	if err != nil {
		return err
	}
	applications, err := c.deps.Applications.Store.ListApplications(ctx, p.TeamID)
	if err != nil {
		return err
	}
	var found []DomainConflict
	look := func(kind core.Kind, other core.ID, name string, theirs []string) {
		if other == id {
			return
		}
		for _, d := range theirs {
			if slices.ContainsFunc(mine, func(m string) bool { return answers(m) == answers(d) }) {
				found = append(found, DomainConflict{Domain: d, ResourceName: name, ResourceUUID: other, ResourceType: kind})
			}
		}
	}
	for _, a := range applications {
		look(core.KindApplication, a.UUID, a.Name, domainsOfApplication(a))
	}
	for _, s := range services {
		look(core.KindService, s.UUID, s.Name, domainsOf(s))
	}
	if len(found) == 0 {
		return nil
	}
	return &ConflictError{found, core.Errorf(core.CodeConflict,
		"Domain conflicts detected. Use force_domain_override=true to proceed.")}
}

// withURLs lays addresses over parts, and adds parts that are not there yet: a new
// service has none before its compose text was read.
func withURLs(parts []core.ServicePart, urls []PartURL) []core.ServicePart {
	out := slices.Clone(parts)
	for _, u := range urls {
		i := slices.IndexFunc(out, func(o core.ServicePart) bool { return o.Name == u.Name })
		if i < 0 {
			i = len(out)
			out = append(out, core.ServicePart{Kind: core.PartApplication, Name: u.Name})
		}
		out[i].Fqdn = tidyURLs(u.URL)
	}
	return out
}

// joinParts returns the parts that the compose text has now, with what people said
// about those that were there before.
func joinParts(old, now []core.ServicePart) []core.ServicePart {
	out := slices.Clone(now)
	for i := range out {
		j := slices.IndexFunc(old, func(o core.ServicePart) bool { return o.Name == out[i].Name })
		if j < 0 {
			continue
		}
		o, n := old[j], &out[i]
		n.RowID, n.ServiceID, n.CreatedAt = o.RowID, o.ServiceID, o.CreatedAt
		n.HumanName, n.Description, n.Status = o.HumanName, o.Description, o.Status
		if o.UUID != "" {
			n.UUID = o.UUID
		}
		if o.Fqdn != "" {
			n.Fqdn = o.Fqdn
		}
	}
	return out
}

func domainsOf(s core.Service) []string {
	out := []string{}
	for _, part := range s.Parts {
		out = append(out, split(part.Fqdn)...)
	}
	return out
}

// named checks that the addresses are for parts that can have some.
func (f faults) named(urls []PartURL, parts []core.ServicePart) {
	for _, u := range urls {
		i := slices.IndexFunc(parts, func(o core.ServicePart) bool { return o.Name == u.Name })
		if i < 0 {
			f.add("urls", "The compose text has no service %q.", u.Name)
		}
	}
}

func (f faults) urls(list []PartURL) {
	for i, u := range list {
		f.required(fmt.Sprintf("urls.%d.name", i), u.Name)
		for _, text := range split(u.URL) {
			if !validURL(text) {
				f.add(fmt.Sprintf("urls.%d.url", i), "The URL must look like https://host.example, with a port or a path if need be.")
			}
		}
	}
}

// validURL says whether text is an address that a proxy rule can be made of: scheme,
// host name, port and plain path, and nothing that means something to a rule.
func validURL(text string) bool {
	if len(text) > maxURL || strings.ContainsAny(text, "`$;&|<>()\\\r\n\t \"'") {
		return false
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || !validHost(u.Hostname()) {
		return false
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#") {
		return false
	}
	if port := u.Port(); port != "" {
		n, err := strconv.Atoi(port)
		return err == nil && n >= 1 && n <= maxPort
	}
	return !strings.HasSuffix(u.Host, ":")
}

// split splits a comma-separated list, and leaves out what is blank.
func split(list string) []string {
	var out []string
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}

// tidyURLs is how addresses are stored: without blanks, scheme and host in lower case.
func tidyURLs(urls string) string {
	list := split(urls)
	for i, text := range list {
		if u, err := url.Parse(text); err == nil {
			u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
			list[i] = u.String()
		}
	}
	return strings.Join(list, ",")
}

// answers is what two addresses are compared by: whoever answers for the host and path,
// whatever the scheme and the container's port.
func answers(text string) string {
	if d, err := proxy.ParseDomain("domains", text); err == nil {
		return d.Key()
	}
	_, rest, _ := strings.Cut(text, "://")
	return strings.TrimRight(strings.ToLower(rest), "/")
}
