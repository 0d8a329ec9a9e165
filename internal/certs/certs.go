// Package certs makes the certificates that databases speak TLS with: an authority for
// each server, and a leaf that it signs for each database. It does no I/O but drawing
// random numbers.
//
// Keys are ECDSA on P-256, written as PKCS#8. That is the one curve that everything in
// question takes: OpenSSL since 1.0.0, which all official images are linked to, BoringSSL,
// which some releases of the engines use and which knows no secp521r1, and the TLS
// of Java, .NET, Go and Node on the side of the clients. An old PostgreSQL even speaks no
// other curve unless told to. RSA would be taken as well, for a key that takes a hundred
// times as long to make.
package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"slices"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// How long certificates are good for.
const (
	AuthorityLife = 10 * 365 * 24 * time.Hour
	LeafLife      = 365 * 24 * time.Hour
)

// skew is how far a clock may be behind ours for a new certificate to be good there. A
// machine whose hardware clock is on local time is off by up to half a day.
const skew = 24 * time.Hour

// maxName is the longest common name that X.509 allows.
const maxName = 64

// NewAuthority makes a certificate that signs leaves and nothing else. name is what
// people see in it.
func NewAuthority(name string, now time.Time) (core.Certificate, error) {
	key, template, err := draft(name, now, now.Add(AuthorityLife))
	if err != nil {
		return core.Certificate{}, fmt.Errorf("make authority: %w", err)
	}
	template.IsCA, template.MaxPathLenZero = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	made, err := sign(template, template, key, key)
	if err != nil {
		return core.Certificate{}, fmt.Errorf("make authority: %w", err)
	}
	return made, nil
}

// NewLeaf makes a certificate for a server that is reached by these names and addresses,
// signed by ca. The first name is its subject. It may stand for a client too, since
// members of a cluster use theirs when they call each other. It does not outlive ca.
func NewLeaf(ca core.Certificate, names []string, ips []net.IP, now time.Time) (core.Certificate, error) {
	issuer, issuerKey, err := open(ca)
	if err != nil {
		return core.Certificate{}, fmt.Errorf("read authority: %w", err)
	}
	if !now.Before(issuer.NotAfter) {
		return core.Certificate{}, fmt.Errorf("make certificate: the authority ended on %s", issuer.NotAfter.Format(time.DateOnly))
	}
	until := now.Add(LeafLife)
	if issuer.NotAfter.Before(until) {
		until = issuer.NotAfter
	}
	subject := ""
	if len(names) > 0 {
		subject = names[0]
	}
	key, template, err := draft(subject, now, until)
	if err != nil {
		return core.Certificate{}, fmt.Errorf("make certificate: %w", err)
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.DNSNames, template.IPAddresses = names, ips
	made, err := sign(template, issuer, key, issuerKey)
	if err != nil {
		return core.Certificate{}, fmt.Errorf("make certificate: %w", err)
	}
	return made, nil
}

// NeedsRenewal says whether less than before is left of a certificate, or whether it is none.
func NeedsRenewal(c core.Certificate, now time.Time, before time.Duration) bool {
	cert, err := parse(c)
	return err != nil || cert.NotAfter.Sub(now) < before
}

// Covers says whether a leaf is signed by ca and stands for all of these names and addresses.
func Covers(ca, leaf core.Certificate, names []string, ips []net.IP) bool {
	issuer, err := parse(ca)
	if err != nil {
		return false
	}
	cert, err := parse(leaf)
	if err != nil || cert.CheckSignatureFrom(issuer) != nil {
		return false
	}
	for _, name := range names {
		if !slices.Contains(cert.DNSNames, name) {
			return false
		}
	}
	for _, ip := range ips {
		if !slices.ContainsFunc(cert.IPAddresses, ip.Equal) {
			return false
		}
	}
	return true
}

// draft makes a key, and what authorities and leaves have in common.
func draft(name string, now, until time.Time) (*ecdsa.PrivateKey, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	return key, &x509.Certificate{
		SerialNumber:          serial.Add(serial, big.NewInt(1)), // zero is not allowed
		Subject:               pkix.Name{CommonName: name[:min(len(name), maxName)]},
		NotBefore:             now.Add(-skew).UTC(),
		NotAfter:              until.UTC(),
		BasicConstraintsValid: true,
	}, nil
}

func sign(template, issuer *x509.Certificate, key, issuerKey *ecdsa.PrivateKey) (core.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey)
	if err != nil {
		return core.Certificate{}, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return core.Certificate{}, err
	}
	return core.Certificate{
		Cert:     string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		Key:      core.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))),
		NotAfter: template.NotAfter.Truncate(time.Second), // X.509 knows no fractions
	}, nil
}

func parse(c core.Certificate) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(c.Cert))
	if block == nil {
		return nil, fmt.Errorf("there is no PEM block")
	}
	return x509.ParseCertificate(block.Bytes)
}

// open reads a certificate with its key, which must belong together.
func open(c core.Certificate) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	pair, err := tls.X509KeyPair([]byte(c.Cert), []byte(c.Key.Reveal()))
	if err != nil {
		return nil, nil, err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, fmt.Errorf("the key is a %T", pair.PrivateKey)
	}
	return pair.Leaf, key, nil
}
