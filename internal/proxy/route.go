package proxy

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// Kind is which proxy a server has, as Server.ProxyType.
type Kind string

// The proxies. With None people bring their own, and containers have no routes.
const (
	Traefik Kind = "traefik"
	Caddy   Kind = "caddy"
	None    Kind = "none"
)

// Redirect is what becomes of the "www." in front of a host. Requests go only to a
// host that the resource has as well: elsewhere nobody would answer for it.
type Redirect string

// The redirects. The empty one is RedirectBoth.
const (
	RedirectBoth   Redirect = "both" // none: each host answers
	RedirectWWW    Redirect = "www"
	RedirectNonWWW Redirect = "non-www"
)

// MaxGeneration is the highest number of a generation.
const MaxGeneration = 1<<22 - 1

// maxRoutes is how many domains a container may have.
const maxRoutes = 200

// DefaultResolver is the certificate resolver of the managed Traefik.
const DefaultResolver = "letsencrypt"

var (
	baseName    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,126}[a-z0-9])?$`)
	networkName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`)
	resolver    = regexp.MustCompile(`^[A-Za-z0-9-]{0,64}$`)
)

// Route is a domain of a container.
type Route struct {
	Domain
	NoIndex bool // search engines are told to leave it out
}

// Input is all that the labels of a container are made of.
type Input struct {
	// Name is what the names of routes end in: the resource's uuid, with "-<service>"
	// or "-pr-<n>" behind it where there are several. See Name.
	Name string
	// Generation is 0 for containers that are stopped before their successors start.
	// Otherwise it is higher than that of every container of this Name that still runs.
	Generation int
	Container  string // its name, with Generation 0
	Network    string // that the proxy reaches the container over
	Port       int    // of the container, for domains that name none
	Routes     []Route
	ForceHTTPS bool // HTTP requests for an HTTPS domain are sent there
	KeepPrefix bool // the container sees the domain's path
	Gzip       bool
	Redirect   Redirect
	Auth       Auth
	Resolver   string            // of certificates, with Traefik; "" gives its own certificate
	Own        map[string]string // the container's other labels, which nothing overrides
	// Custom are labels that a person wrote. One that has a name of ours is left out,
	// unless CustomWins. Own ones always stay.
	Custom     map[string]string
	CustomWins bool
}

// Name makes an Input.Name of a resource and something that tells its containers apart,
// which may be empty. Service names may have dots and underscores, which would cut the
// name of a label in two: those get a hash, so that "a.b" and "a-b" stay apart.
func Name(id core.ID, part string) string {
	if part == "" {
		return string(id)
	}
	clean := strings.Trim(unsafeChars.ReplaceAllString(strings.ToLower(part), "-"), "-")
	if clean != part {
		clean = strings.TrimPrefix(clean+"-"+hash(part), "-")
	}
	return string(id) + "-" + clean
}

// faults are what is wrong with which field.
type faults map[string][]string

func (f faults) add(field, format string, args ...any) {
	f[field] = append(f[field], fmt.Sprintf(format, args...))
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return &core.Error{Code: core.CodeInvalid, Msg: "Validation failed.", Fields: f}
}

// Validate finds everything that is wrong with the input, by field. It does not trust
// that domains come from ParseDomain.
func (in Input) Validate() error {
	f := faults{}
	if !baseName.MatchString(in.Name) {
		f.add("name", "The name of the routes must be of lower case letters, digits and -.")
	}
	if in.Generation < 0 || in.Generation > MaxGeneration {
		f.add("generation", "The generation must be from 0 to %d.", MaxGeneration)
	}
	if len(in.Routes) > 0 && !networkName.MatchString(in.Network) {
		f.add("network", "The network must be named.")
	}
	if in.Generation == 0 && len(in.Routes) > 0 && !networkName.MatchString(in.Container) {
		f.add("container", "A container without a generation must be named.")
	}
	if !resolver.MatchString(in.Resolver) {
		f.add("resolver", "The certificate resolver may have letters, digits and -.")
	}
	switch in.Redirect {
	case "", RedirectBoth, RedirectWWW, RedirectNonWWW:
	default:
		f.add("redirect", "The redirect must be both, www or non-www.")
	}
	f.routes(in)
	f.auth(in.Auth)
	f.custom(in.Custom)
	return f.err()
}

func (f faults) routes(in Input) {
	if len(in.Routes) > maxRoutes {
		f.add("domains", "There may be at most %d domains.", maxRoutes)
		return
	}
	seen := map[string]bool{}
	for _, r := range in.Routes {
		again, err := ParseDomain("domains", r.String())
		switch {
		case err != nil || again != r.Domain:
			f.add("domains", "%q is no domain.", shorten(r.String()))
		case seen[r.Public()]:
			f.add("domains", "%q is given twice.", r.Public())
		case r.Port == 0 && (in.Port < 1 || in.Port > maxPort):
			f.add("ports_exposes", "%s needs the port that the container listens on.", r.Public())
		}
		seen[r.Public()] = true
	}
}

// Labels returns the labels of a container. The values are as Docker is to get them:
// "$" is not doubled for Compose. The *core.Error has the fields at fault.
func Labels(kind Kind, in Input) (map[string]string, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	var ours map[string]string
	switch kind {
	case Traefik:
		ours = traefikLabels(in)
	case Caddy:
		ours = caddyLabels(in)
	case None:
	default:
		return nil, core.Invalid("proxy_type", "Invalid proxy type.")
	}
	out := merge(ours, in.isolated(), in.CustomWins)
	maps.Copy(out, in.Own)
	return out, nil
}

// port is where the container listens for a route.
func (in Input) port(r Route) int {
	if r.Port != 0 {
		return r.Port
	}
	return in.Port
}

// suffix tells the generations of a name apart.
func (in Input) suffix() string {
	if in.Generation == 0 {
		return ""
	}
	return fmt.Sprintf("-g%d", in.Generation)
}

// has says whether the container answers for this host and path with the scheme.
func (in Input) has(scheme Scheme, host, path string) bool {
	for _, r := range in.Routes {
		if r.Scheme == scheme && r.Host == host && r.Path == path {
			return true
		}
	}
	return false
}

// redirected is the host that requests for r are sent to instead, or "".
func (in Input) redirected(r Route) string {
	www := strings.HasPrefix(r.Host, "www.")
	if in.Redirect == RedirectWWW && www || in.Redirect == RedirectNonWWW && !www ||
		in.Redirect == RedirectBoth || in.Redirect == "" {
		return ""
	}
	other := r.counterpart()
	if in.has(r.Scheme, other, r.Path) {
		return other
	}
	return ""
}

// plain says what an HTTPS route needs besides, for those who come by HTTP: to be sent
// on, to be served, or nothing, since there is a route of its own for them.
func (in Input) plain(r Route) (redirect, serve bool) {
	if r.Scheme != HTTPS || in.has(HTTP, r.Host, r.Path) {
		return false, false
	}
	return in.ForceHTTPS, !in.ForceHTTPS
}
