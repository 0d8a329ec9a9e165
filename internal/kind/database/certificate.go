package database

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/certs"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

// certificates are what TLS takes; zero when it is off.
type certificates struct{ ca, leaf core.Certificate }

// known reads the certificates that there are.
func (k *Kind) known(ctx context.Context, v core.LoadedDatabase) (c certificates, fault, err error) {
	if !v.Database.Settings.EnableSSL {
		return c, nil, nil
	}
	if c.ca, err = k.store.GetAuthority(ctx, v.Database.TeamID, v.Server.RowID); err == nil {
		c.leaf, err = k.store.GetCertificate(ctx, v.Database.TeamID, v.Database.RowID)
	}
	if err != nil && core.CodeOf(err) != core.CodeNotFound {
		return c, nil, fmt.Errorf("load certificates: %w", err)
	}
	return c, nil, nil
}

// current reads the certificates and makes what is missing, too old, or no longer says
// where the database is. fault is why that is not possible; err is the store's.
func (k *Kind) current(ctx context.Context, v core.LoadedDatabase) (c certificates, fault, err error) {
	if !v.Database.Settings.EnableSSL {
		return c, nil, nil
	}
	if c, _, err = k.known(ctx, v); err != nil {
		return c, nil, err
	}
	now, db := k.nowFunc(), v.Database
	if c.ca.Cert == "" {
		made, err := certs.NewAuthority("Taffrail CA "+string(v.Server.UUID), now)
		if err != nil {
			return c, uncertified(v, err), nil
		}
		if c.ca, err = k.store.CreateAuthority(ctx, db.TeamID, v.Server.RowID, made); err != nil {
			return c, nil, fmt.Errorf("store authority: %w", err)
		}
	}
	names, ips := k.reachedBy(v)
	if certs.Covers(c.ca, c.leaf, names, ips) && !certs.NeedsRenewal(c.leaf, now, engine.Renewal) {
		return c, nil, nil
	}
	if c.leaf, err = certs.NewLeaf(c.ca, names, ips, now); err != nil {
		return c, uncertified(v, err), nil
	}
	if err := k.store.PutCertificate(ctx, db.TeamID, db.RowID, c.leaf); err != nil {
		return c, nil, fmt.Errorf("store certificate: %w", err)
	}
	return c, nil, nil
}

func uncertified(v core.LoadedDatabase, err error) error {
	return &core.Error{
		Op: "make certificate", Code: core.CodeBadRequest, Err: err,
		Msg: fmt.Sprintf("No certificate can be made for database %s on server %s (%s): check the server's address, or switch SSL off.",
			v.Database.Name, v.Server.Name, v.Server.IP),
	}
}

// reachedBy are the names and addresses that a client may have for a database: its own on
// its network, that of its server, and those of the machine itself, for clients in the
// container and at the end of a tunnel.
func (k *Kind) reachedBy(v core.LoadedDatabase) (names []string, ips []net.IP) {
	names = []string{string(v.Database.UUID), core.LocalhostIP}
	ips = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	reached := []string{v.Server.IP}
	if v.Server.Local() {
		reached = append(reached, k.own...)
	}
	for _, address := range reached {
		address = strings.Trim(address, "[]")
		if ip := net.ParseIP(address); ip != nil {
			ips = append(ips, ip)
		} else if address != "" && !slices.Contains(names, address) {
			names = append(names, address)
		}
	}
	return names, ips
}
