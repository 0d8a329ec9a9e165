package git

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

const (
	dialLimit    = 10 * time.Second
	requestLimit = 30 * time.Second
	maxHeaders   = 64 << 10
	maxRedirects = 3
)

// errPrivate says that an address was not dialled since it is not a public one.
var errPrivate = errors.New("the address is in a private network")

// NewClient is an HTTP client for addresses that people gave. It reaches public addresses
// and the networks that an administrator allows, whatever a name resolves to and when; it
// follows redirects on the same host only, and gives up in time.
func NewClient(allow []netip.Prefix) *http.Client {
	dialer := net.Dialer{
		Timeout: dialLimit,
		// It sees the address itself, after name resolution: a name cannot change its
		// mind between check and use.
		Control: func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			return checkAddr(at.Addr(), allow)
		},
	}
	transport := &http.Transport{
		// A proxy of the environment would be dialled instead of the address.
		Proxy: nil,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address)
		},
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    dialLimit,
		ResponseHeaderTimeout:  requestLimit,
		MaxResponseHeaderBytes: maxHeaders,
		IdleConnTimeout:        requestLimit,
		MaxIdleConnsPerHost:    2,
		ForceAttemptHTTP2:      true,
	}
	return &http.Client{Transport: transport, Timeout: requestLimit, CheckRedirect: stayThere}
}

// stayThere hands the redirect itself back instead of following it to another place.
func stayThere(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	if next.URL.Scheme != first.Scheme || next.URL.Host != first.Host || len(via) > maxRedirects {
		return http.ErrUseLastResponse
	}
	return nil
}

func checkAddr(addr netip.Addr, allow []netip.Prefix) error {
	addr = addr.Unmap().WithZone("")
	holds := func(p netip.Prefix) bool { return p.Contains(addr) }
	if slices.ContainsFunc(allow, holds) {
		return nil
	}
	if !addr.IsGlobalUnicast() || addr.IsPrivate() || slices.ContainsFunc(special(), holds) {
		return fmt.Errorf("%s: %w", addr, errPrivate)
	}
	return nil
}

// special are networks that look public and are not, or that stand for IPv4 addresses
// of which some are not.
func special() []netip.Prefix {
	var all []netip.Prefix
	for _, text := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "2002::/16", "fec0::/10",
	} {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}
