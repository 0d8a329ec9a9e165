package proxy

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// The limits of a domain.
const (
	maxURL  = 2048
	maxHost = 253
	maxPath = 200
	maxPort = 65535
)

var (
	label   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	numeral = regexp.MustCompile(`^([0-9]+|0x[0-9a-f]*)$`)
	segment = regexp.MustCompile(`^[A-Za-z0-9._~@+-]+$`)
)

// Scheme is how a domain is spoken to from outside.
type Scheme string

// The schemes. With HTTPS the proxy answers with a certificate of the host.
const (
	HTTP  Scheme = "http"
	HTTPS Scheme = "https"
)

// Domain is an address that a resource answers for. ParseDomain makes it: then nothing
// in it means anything to a rule.
type Domain struct {
	Scheme Scheme
	Host   string // lower case name, or an IPv4 address
	Port   int    // of the container, not of the proxy; 0: the resource's own
	Path   string // "" or "/a/b", without a slash at the end
}

// String is how a domain is stored and shown.
func (d Domain) String() string {
	text := string(d.Scheme) + "://" + d.Host
	if d.Port != 0 {
		text += ":" + strconv.Itoa(d.Port)
	}
	return text + d.Path
}

// Public is the address that people open, without the container's port.
func (d Domain) Public() string { return string(d.Scheme) + "://" + d.Host + d.Path }

// Key is what two domains are compared by: who answers for this host and path, whatever
// the scheme. The port is the container's, so it keeps nobody apart.
func (d Domain) Key() string { return d.Host + d.Path }

// prefix is the path with the slash that a root has.
func (d Domain) prefix() string {
	if d.Path == "" {
		return "/"
	}
	return d.Path
}

// counterpart is the host with "www." in front, or without.
func (d Domain) counterpart() string {
	if bare, ok := strings.CutPrefix(d.Host, "www."); ok {
		return bare
	}
	return "www." + d.Host
}

// public says whether an authority that everybody trusts could vouch for the host.
func (d Domain) public() bool {
	if _, err := netip.ParseAddr(d.Host); err == nil {
		return false
	}
	_, top, dotted := cutLast(d.Host, ".")
	return dotted && !slices.Contains([]string{"test", "example", "invalid", "localhost", "local", "internal", "lan", "arpa"}, top)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// ParseDomain reads one address: http:// or https://, a host name or IPv4 address, the
// container's port and a path if need be. The *core.Error names field.
func ParseDomain(field, text string) (Domain, error) {
	d, wrong := parse(text)
	if wrong != "" {
		return Domain{}, core.Invalid(field, "%s is no domain: %s", strconv.Quote(shorten(text)), wrong)
	}
	return d, nil
}

// ParseDomains reads addresses with commas between them, as resources store them. Each
// may stand there once, and one host and path has one port only.
func ParseDomains(field, text string) ([]Domain, error) {
	var out []Domain
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		d, err := ParseDomain(field, one)
		if err != nil {
			return nil, err
		}
		for _, o := range out {
			if o.Key() == d.Key() && o.Scheme == d.Scheme {
				return nil, core.Invalid(field, "%s is given twice.", strconv.Quote(d.Public()))
			}
		}
		out = append(out, d)
	}
	return out, nil
}

// Conflicts returns those of mine that theirs answer for already.
func Conflicts(mine, theirs []Domain) []Domain {
	var out []Domain
	for _, m := range mine {
		if slices.ContainsFunc(theirs, func(t Domain) bool { return t.Key() == m.Key() }) {
			out = append(out, m)
		}
	}
	return out
}

// parse takes an address apart by hand, so that nothing is decoded on the way.
func parse(text string) (d Domain, wrong string) {
	if len(text) > maxURL {
		return d, "it is too long."
	}
	scheme, rest, found := strings.Cut(text, "://")
	d.Scheme = Scheme(strings.ToLower(scheme))
	if !found || d.Scheme != HTTP && d.Scheme != HTTPS {
		return d, "it must begin with http:// or https://."
	}
	host, path, _ := strings.Cut(rest, "/")
	if path != "" {
		path = "/" + path
	}
	if d.Path, wrong = parsePath(path); wrong != "" {
		return d, wrong
	}
	host, port, ported := strings.Cut(host, ":")
	if d.Host = strings.ToLower(host); !validHost(d.Host) {
		return d, "the host must be a name like app.example.com, or an IPv4 address."
	}
	if ported {
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > maxPort || strconv.Itoa(n) != port {
			return d, "the port must be a number from 1 to 65535."
		}
		d.Port = n
	}
	return d, ""
}

func parsePath(path string) (clean, wrong string) {
	path = strings.TrimSuffix(path, "/")
	if path == "" {
		return "", ""
	}
	if len(path) > maxPath {
		return "", "the path is too long."
	}
	for one := range strings.SplitSeq(path[1:], "/") {
		if one == "." || one == ".." || !segment.MatchString(one) {
			return "", "the path may have letters, digits and . _ ~ @ + - between single slashes."
		}
	}
	return path, ""
}

// validHost says whether s, in lower case, is a host name or an IPv4 address, and
// nothing that some resolver takes for another address.
func validHost(s string) bool {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Is4() && !a.IsUnspecified() && !a.IsMulticast()
	}
	if len(s) > maxHost {
		return false
	}
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if !label.MatchString(l) {
			return false
		}
	}
	return !numeral.MatchString(labels[len(labels)-1])
}

func shorten(text string) string {
	const most = 80
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
