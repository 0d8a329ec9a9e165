package server

import (
	"context"
	"net"
	"net/url"
)

// outgoing is the address of this machine in the network that its default route leads
// to, which is where others most likely reach it; empty when it has none. Nothing is
// sent: a socket for datagrams only chooses its own address.
func outgoing(ctx context.Context) string {
	var d net.Dialer
	c, err := d.DialContext(ctx, "udp", "192.0.2.1:9") // of the block for documentation: nobody's
	if err != nil {
		return ""
	}
	defer c.Close()
	host, _, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		return ""
	}
	return host
}

// reachedBy are the names and addresses by which others may reach this machine: that of
// its public URL, and that of its way out.
func reachedBy(ctx context.Context, publicURL string) []string {
	var out []string
	if u, err := url.Parse(publicURL); err == nil && u.Hostname() != "" {
		out = append(out, u.Hostname())
	}
	if address := outgoing(ctx); address != "" {
		out = append(out, address)
	}
	return out
}
