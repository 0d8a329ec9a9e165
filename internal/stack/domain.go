package stack

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// address is where a part of a service is reached by its users.
type address struct {
	scheme, host, port, path string
}

func (a address) url() string  { return a.scheme + "://" + a.fqdn() }
func (a address) fqdn() string { return a.host + portSuffix(a.port) + a.path }

func portSuffix(port string) string {
	if port == "" {
		return ""
	}
	return ":" + port
}

// generatedHost is the host name that a part has until somebody chooses one.
func generatedHost(id string, owner core.ID, server core.Server) string {
	label := strings.Trim(strings.ReplaceAll(strings.ToLower(id), "_", "-"), "-")
	label = strings.Trim(label[:min(len(label), 38)], "-") // a label of a host name has at most 63 characters
	return label + "-" + string(owner) + "." + serverDomain(server)
}

// serverDomain is a domain whose every name leads to the server.
func serverDomain(server core.Server) string {
	ip := server.IP
	if server.Local() || ip == core.LocalhostIP || ip == "" {
		ip = "127.0.0.1"
	}
	addr, err := netip.ParseAddr(ip)
	switch {
	case err != nil:
		return ip // a host name
	case addr.Is4():
		return addr.String() + ".sslip.io"
	default:
		return strings.ReplaceAll(addr.WithZone("").String(), ":", "-") + ".sslip.io"
	}
}

// chosenAddress reads the first of a part's comma-separated URLs.
func chosenAddress(fqdn string) (address, bool) {
	first, _, _ := strings.Cut(fqdn, ",")
	u, err := url.Parse(strings.TrimSpace(first))
	if err != nil || u.Hostname() == "" {
		return address{}, false
	}
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return address{scheme: u.Scheme, host: host, port: u.Port(), path: strings.TrimSuffix(u.EscapedPath(), "/")}, true
}

// public returns the URLs and the hosts of a part, without the container's port, which
// only the proxy needs.
func public(fqdn string) (urls, hosts string) {
	var u, h []string
	for one := range strings.SplitSeq(fqdn, ",") {
		a, ok := chosenAddress(one)
		if !ok {
			continue
		}
		a.port = ""
		u, h = append(u, a.url()), append(h, a.host)
	}
	return strings.Join(u, ","), strings.Join(h, ",")
}
