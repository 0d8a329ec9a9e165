package engine

import (
	"net"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

func (s *Spec) port(db core.Database) int {
	if db.Settings.EnableSSL {
		return s.TLSPort
	}
	return s.Port
}

// InternalURL is how containers on its network reach a database. It holds the password.
func (s *Spec) InternalURL(db core.Database) string {
	return s.urlAt(db, string(db.UUID), s.port(db))
}

// ExternalURL is how others reach a database through host; "" when it has no public
// port. It holds the password.
func (s *Spec) ExternalURL(db core.Database, host string) string {
	if p := db.Settings.Public; p.Enabled && p.Port != 0 {
		return s.urlAt(db, host, p.Port)
	}
	return ""
}

func (s *Spec) urlAt(db core.Database, host string, port int) string {
	sc := s.scope(db)
	sc.Address = net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port))
	return sc.text(s.url)
}
