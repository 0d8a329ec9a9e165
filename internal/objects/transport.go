package objects

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const (
	dialLimit   = 10 * time.Second
	answerLimit = 2 * time.Minute // from the end of a request to the begin of its answer
)

// errForbidden says that an address is none that a bucket may be at.
var errForbidden = errors.New("addresses of the link itself (169.254.0.0/16, fe80::/10) are not connected to")

// newTransport connects to what a name stands for at the moment of the connection, if
// that is an address that may be connected to.
func newTransport() http.RoundTripper {
	dialer := &net.Dialer{Timeout: dialLimit, KeepAlive: 15 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error { return checkAddress(address) }}
	return stopper{&http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   dialLimit,
		ResponseHeaderTimeout: answerLimit,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   4,
		DisableCompression:    true, // what is compressed is meant to stay so
	}}
}

func checkAddress(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := to.Addr().Unmap().WithZone("")
	if ip.IsLinkLocalUnicast() || ip == netip.MustParseAddr("fd00:ec2::254") {
		return errForbidden
	}
	return nil
}

// stopper ends what a request belongs to when it failed in a way that another try would
// not change, which its caller would not see.
type stopper struct{ http.RoundTripper }

type stopKey struct{}

// withStop makes a context that a stopper ends, with the reason as its cause.
func withStop(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	return context.WithValue(ctx, stopKey{}, cancel), cancel
}

// RoundTrip implements http.RoundTripper.
func (s stopper) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.RoundTripper.RoundTrip(r)
	if err != nil && permanent(err) {
		if cancel, ok := r.Context().Value(stopKey{}).(context.CancelCauseFunc); ok {
			cancel(err)
		}
	}
	return resp, err
}

func permanent(err error) bool {
	var certificate *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	var name *net.DNSError
	return errors.Is(err, errForbidden) || errors.As(err, &certificate) || errors.As(err, &header) ||
		errors.As(err, &name) && name.IsNotFound
}
