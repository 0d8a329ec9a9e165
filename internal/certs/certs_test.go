package certs_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/certs"
	"github.com/taffrail/taffrail/internal/core"
)

var (
	names = []string{"db0aaaaaaaaaaaaaaaaaaaaa", "db.example.com"}
	ips   = []net.IP{net.ParseIP("203.0.113.7"), net.ParseIP("2001:db8::7")}
)

const before = 30 * 24 * time.Hour

func authority(t *testing.T, now time.Time) core.Certificate {
	t.Helper()
	ca, err := certs.NewAuthority("Taffrail CA srv0", now)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func leaf(t *testing.T, ca core.Certificate, now time.Time) core.Certificate {
	t.Helper()
	c, err := certs.NewLeaf(ca, names, ips, now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func parsed(t *testing.T, c core.Certificate) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode([]byte(c.Cert))
	if block == nil || len(rest) > 0 {
		t.Fatalf("not one PEM block: %q", c.Cert)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// TestAuthority: what it is good for, and for how long.
func TestAuthority(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 10, 0, 0, 123, time.UTC)
	ca := authority(t, now)
	cert := parsed(t, ca)
	if !cert.IsCA || !cert.BasicConstraintsValid || cert.MaxPathLen != 0 || !cert.MaxPathLenZero {
		t.Errorf("CA %t, path length %d", cert.IsCA, cert.MaxPathLen)
	}
	if cert.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign || len(cert.ExtKeyUsage) > 0 {
		t.Errorf("usage %v %v", cert.KeyUsage, cert.ExtKeyUsage)
	}
	if got := cert.NotAfter.Sub(now).Round(time.Minute); got != certs.AuthorityLife || !cert.NotAfter.Equal(ca.NotAfter) {
		t.Errorf("ends after %s, on %s and %s", got, cert.NotAfter, ca.NotAfter)
	}
	if cert.Subject.CommonName != "Taffrail CA srv0" || len(cert.SubjectKeyId) == 0 || cert.SerialNumber.Sign() <= 0 {
		t.Errorf("subject %s, key id %x, serial %s", cert.Subject, cert.SubjectKeyId, cert.SerialNumber)
	}
	if again := parsed(t, authority(t, now)); again.SerialNumber.Cmp(cert.SerialNumber) == 0 {
		t.Error("two authorities have one serial number")
	}
}

// TestLongName: what X.509 has no room for must not make a certificate that is refused.
func TestLongName(t *testing.T) {
	t.Parallel()
	ca, err := certs.NewAuthority(strings.Repeat("a", 100), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if got := len(parsed(t, ca).Subject.CommonName); got != 64 {
		t.Errorf("%d characters", got)
	}
}

// TestLeafVerifies: by name and by address, as a server and as a client, and by nobody
// who trusts another authority.
func TestLeafVerifies(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ca := authority(t, now)
	cert := parsed(t, leaf(t, ca, now))
	pool, others := x509.NewCertPool(), x509.NewCertPool()
	pool.AddCert(parsed(t, ca))
	others.AddCert(parsed(t, authority(t, now)))
	for name, c := range map[string]struct {
		opts x509.VerifyOptions
		want bool
	}{
		"own name":       {x509.VerifyOptions{Roots: pool, DNSName: names[0]}, true},
		"server's name":  {x509.VerifyOptions{Roots: pool, DNSName: names[1]}, true},
		"address":        {x509.VerifyOptions{Roots: pool, DNSName: "203.0.113.7"}, true},
		"IPv6":           {x509.VerifyOptions{Roots: pool, DNSName: "2001:db8::7"}, true},
		"client":         {x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, true},
		"slow clock":     {x509.VerifyOptions{Roots: pool, CurrentTime: now.Add(-23 * time.Hour)}, true},
		"at its end":     {x509.VerifyOptions{Roots: pool, CurrentTime: now.Add(certs.LeafLife - time.Minute)}, true},
		"before it":      {x509.VerifyOptions{Roots: pool, CurrentTime: now.Add(-25 * time.Hour)}, false},
		"behind its end": {x509.VerifyOptions{Roots: pool, CurrentTime: now.Add(certs.LeafLife + time.Minute)}, false},
		"other name":     {x509.VerifyOptions{Roots: pool, DNSName: "db1aaaaaaaaaaaaaaaaaaaaa"}, false},
		"other address":  {x509.VerifyOptions{Roots: pool, DNSName: "203.0.113.8"}, false},
		"other CA":       {x509.VerifyOptions{Roots: others}, false},
		"signs code":     {x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}}, false},
	} {
		if _, err := cert.Verify(c.opts); (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if cert.IsCA || cert.KeyUsage != x509.KeyUsageDigitalSignature {
		t.Errorf("CA %t, usage %v", cert.IsCA, cert.KeyUsage)
	}
}

// TestLeafSignsNothing: who has a database's key cannot make certificates with it.
func TestLeafSignsNothing(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ca := authority(t, now)
	middle := leaf(t, ca, now)
	below := leaf(t, middle, now)
	pool, between := x509.NewCertPool(), x509.NewCertPool()
	pool.AddCert(parsed(t, ca))
	between.AddCert(parsed(t, middle))
	if _, err := parsed(t, below).Verify(x509.VerifyOptions{Roots: pool, Intermediates: between}); err == nil {
		t.Error("a leaf's signature is good")
	}
}

// TestLeafEndsWithItsAuthority: what is signed by something that is over is worth nothing.
func TestLeafEndsWithItsAuthority(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ca := authority(t, now)
	late := now.Add(certs.AuthorityLife - 100*24*time.Hour)
	if got := leaf(t, ca, late); !got.NotAfter.Equal(ca.NotAfter) {
		t.Errorf("the authority ends on %s, the leaf on %s", ca.NotAfter, got.NotAfter)
	}
	if c, err := certs.NewLeaf(ca, names, ips, now.Add(certs.AuthorityLife)); err == nil {
		t.Errorf("signed behind its end: %v", c)
	}
}

func TestNeedsRenewal(t *testing.T) {
	t.Parallel()
	now := time.Now()
	c := leaf(t, authority(t, now), now)
	for name, tc := range map[string]struct {
		c    core.Certificate
		at   time.Time
		want bool
	}{
		"new":               {c, now, false},
		"31 days before":    {c, now.Add(certs.LeafLife - before - 24*time.Hour), false},
		"29 days before":    {c, now.Add(certs.LeafLife - before + 24*time.Hour), true},
		"over":              {c, now.Add(certs.LeafLife + time.Hour), true},
		"none":              {core.Certificate{}, now, true},
		"not a certificate": {core.Certificate{Cert: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}, now, true},
	} {
		if got := certs.NeedsRenewal(tc.c, tc.at, before); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ca := authority(t, now)
	c := leaf(t, ca, now)
	for name, tc := range map[string]struct {
		ca, leaf core.Certificate
		names    []string
		ips      []net.IP
		want     bool
	}{
		"all":            {ca, c, names, ips, true},
		"some":           {ca, c, names[:1], nil, true},
		"other name":     {ca, c, []string{names[0], "moved.example.com"}, ips, false},
		"other address":  {ca, c, names, []net.IP{net.ParseIP("203.0.113.8")}, false},
		"other CA":       {authority(t, now), c, names, ips, false},
		"no leaf":        {ca, core.Certificate{}, nil, nil, false},
		"no CA":          {core.Certificate{}, c, nil, nil, false},
		"leaf of a leaf": {c, leaf(t, c, now), names, ips, false},
	} {
		if got := certs.Covers(tc.ca, tc.leaf, tc.names, tc.ips); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestBadAuthority: what cannot sign says so.
func TestBadAuthority(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ca, other := authority(t, now), authority(t, now)
	for name, bad := range map[string]core.Certificate{
		"nothing": {}, "no key": {Cert: ca.Cert}, "another's key": {Cert: ca.Cert, Key: other.Key},
		"torn": {Cert: ca.Cert[:len(ca.Cert)/2], Key: ca.Key},
	} {
		if c, err := certs.NewLeaf(bad, names, ips, now); err == nil {
			t.Errorf("%s: %v", name, c)
		}
	}
	if _, err := certs.NewLeaf(ca, []string{"naïve.example"}, nil, now); err == nil {
		t.Error("a name that no certificate can hold was taken")
	}
}

// TestKeyForm: the form that every server reads.
func TestKeyForm(t *testing.T) {
	t.Parallel()
	now := time.Now()
	block, rest := pem.Decode([]byte(leaf(t, authority(t, now), now).Key.Reveal()))
	if block == nil || block.Type != "PRIVATE KEY" || len(rest) > 0 {
		t.Fatalf("block %v", block)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if k, ok := key.(*ecdsa.PrivateKey); !ok || k.Curve != elliptic.P256() {
		t.Errorf("a %T", key)
	}
}

// TestHandshake: a server with the leaf, a client that trusts the authority alone.
func TestHandshake(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ca := authority(t, now)
	c := leaf(t, ca, now)
	pair, err := tls.X509KeyPair([]byte(c.Cert), []byte(c.Key.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(ca.Cert))
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "hello") // what went wrong, the client says
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-served })
	for name, good := range map[string]bool{names[0]: true, "203.0.113.7": true, "db1.example.com": false} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			got, err := hello(t, listener.Addr().String(), &tls.Config{RootCAs: pool, ServerName: name, MaxVersion: version})
			if (err == nil) != good || good && got != "hello" {
				t.Errorf("%s with version %x: %q, %v", name, version, got, err)
			}
		}
	}
}

// hello reads what a server says.
func hello(t *testing.T, address string, config *tls.Config) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	text, err := io.ReadAll(conn)
	return string(text), err
}

// TestOpenSSL: what the servers are linked to reads the files and follows the chain.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("openssl is needed")
		}
		t.Skip("openssl is needed: apt-get install openssl")
	}
	now := time.Now()
	ca := authority(t, now)
	c := leaf(t, ca, now)
	dir := t.TempDir()
	for name, text := range map[string]string{"ca.crt": ca.Cert, "server.crt": c.Cert, "server.key": c.Key.Reveal()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"verify", "-x509_strict", "-CAfile", "ca.crt", "-purpose", "sslserver", "-verify_hostname", names[0], "server.crt"},
		{"verify", "-x509_strict", "-CAfile", "ca.crt", "-purpose", "sslclient", "-verify_ip", "203.0.113.7", "server.crt"},
		{"pkey", "-in", "server.key", "-check", "-noout"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, "openssl", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		cancel()
	}
}
