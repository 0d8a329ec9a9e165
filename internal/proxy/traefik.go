package proxy

import (
	"regexp"
	"strconv"
	"strings"
)

// genBits is how much of a priority tells generations apart. The rest is the length of
// the path, and the whole fits into 31 bits, which is all that Traefik has on some
// machines.
const genBits = 22

// traefikLabels are the labels for Traefik's Docker provider. Routers and services are
// named as people of this field know them: "https-0-<name>", "http-0-<name>".
func traefikLabels(in Input) map[string]string {
	t := &traefik{in: in, labels: map[string]string{}, extra: in.middlewares()}
	if len(in.Routes) == 0 {
		return t.labels
	}
	t.labels["traefik.enable"] = "true"
	t.labels["traefik.docker.network"] = in.Network
	for i, r := range in.Routes {
		t.route(i, r)
	}
	return t.labels
}

// How long Traefik tries again to reach a container that does not take the connection.
// Nothing was sent then, so that any request may be tried again.
const (
	retryAttempts = 8
	retryInterval = "100ms"
)

type traefik struct {
	in     Input
	labels map[string]string
	extra  []string // middlewares of people
}

func (t *traefik) route(i int, r Route) {
	t.router(i, r.Scheme, r, t.serving(i, r))
	redirect, serve := t.in.plain(r)
	switch {
	case redirect:
		t.router(i, HTTP, r, []string{t.middleware("redirect-to-https", "redirectscheme.scheme", "https")})
	case serve:
		t.router(i, HTTP, r, t.serving(i, r))
	}
}

// router makes a router with the service behind it.
func (t *traefik) router(i int, by Scheme, r Route, middlewares []string) {
	name := t.name(string(by) + "-" + strconv.Itoa(i))
	head := "traefik.http.routers." + name + "."
	t.labels[head+"rule"] = rule(r)
	t.labels[head+"entryPoints"] = string(by)
	t.labels[head+"priority"] = strconv.Itoa(len(r.prefix())<<genBits + t.in.Generation)
	t.labels[head+"service"] = name
	t.labels["traefik.http.services."+name+".loadbalancer.server.port"] = strconv.Itoa(t.in.port(r))
	if len(middlewares) > 0 {
		t.labels[head+"middlewares"] = strings.Join(middlewares, ",")
	}
	if by == HTTPS {
		t.labels[head+"tls"] = "true"
		if t.in.Resolver != "" && r.public() {
			t.labels[head+"tls.certresolver"] = t.in.Resolver
		}
	}
}

// rule is what a router answers for. Both parts are free of the quotes around them.
func rule(r Route) string {
	host := "Host(`" + r.Host + "`)"
	if r.Path == "" {
		return host + " && PathPrefix(`/`)"
	}
	// PathPrefix alone takes /api for the beginning of /apis.
	return host + " && (Path(`" + r.Path + "`) || PathPrefix(`" + r.Path + "/`))"
}

// serving are the middlewares of a route that reaches the container, from the outside.
func (t *traefik) serving(i int, r Route) []string {
	n := strconv.Itoa(i)
	var out []string
	if r.NoIndex {
		out = append(out, t.middleware("noindex", "headers.customresponseheaders.X-Robots-Tag", "noindex, nofollow"))
	}
	if to := t.in.redirected(r); to != "" {
		// The host is quoted for the expression, the path is taken over as it came.
		name := t.middleware("redirect-"+n, "redirectregex.regex", `^(https?)://`+regexp.QuoteMeta(r.Host)+`(:[0-9]+)?(/.*)?$`)
		t.labels["traefik.http.middlewares."+name+".redirectregex.replacement"] = "${1}://" + to + "${2}${3}"
		out = append(out, name)
	}
	if t.in.Auth.User != "" {
		out = append(out, t.middleware("http-basic-auth", "basicauth.users", t.in.Auth.User+":"+t.in.Auth.Hash))
	}
	if t.in.Gzip {
		out = append(out, t.middleware("gzip", "compress", "true"))
	}
	if r.Path != "" && !t.in.KeepPrefix {
		out = append(out, t.middleware("stripprefix-"+n, "stripprefix.prefixes", r.Path))
	}
	out = append(out, t.extra...)
	// Last, so that only the way to the container is tried again, and only as long as
	// nothing was sent there.
	name := t.middleware("retry", "retry.attempts", strconv.Itoa(retryAttempts))
	t.labels["traefik.http.middlewares."+name+".retry.initialInterval"] = retryInterval
	return append(out, name)
}

// middleware defines one by its first option and returns its name.
func (t *traefik) middleware(what, option, value string) string {
	name := t.name(what)
	t.labels["traefik.http.middlewares."+name+"."+option] = value
	return name
}

func (t *traefik) name(what string) string { return what + "-" + t.in.Name + t.in.suffix() }
