package host

import (
	"fmt"
	"net"
	"net/netip"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/taffrail/taffrail/internal/core"
)

var (
	// Names may have underscores: people's own networks do.
	nameForm = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$`)
	userForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.@-]{0,63}$`)
)

// CheckAddress says whether a machine's address, port and user have a form that is
// safe to use: an IP address or a DNS name, and a login name.
func CheckAddress(s core.Server) error {
	fields := map[string][]string{}
	if _, err := netip.ParseAddr(s.IP); err != nil && (len(s.IP) > 253 || !nameForm.MatchString(s.IP)) {
		fields["ip"] = []string{"The ip must be an IP address or a host name."}
	}
	if s.Port < 1 || s.Port > 65535 {
		fields["port"] = []string{"The port must be between 1 and 65535."}
	}
	if !userForm.MatchString(s.User) {
		fields["user"] = []string{"The user must be a login name: letters, digits, and _ . @ - inside."}
	}
	if len(fields) == 0 {
		return nil
	}
	return &core.Error{Op: "connect to server", Code: core.CodeInvalid, Msg: "Validation failed.", Fields: fields}
}

// checkDir says whether a remote folder can be one: an absolute path, not the root.
func checkDir(s core.Server) error {
	dir := remoteDir(s)
	if !path.IsAbs(dir) || dir == "/" || strings.ContainsFunc(dir, unicode.IsControl) {
		return core.Invalid("remote_dir", "The remote_dir must be an absolute path of a folder.")
	}
	return nil
}

func address(s core.Server) string { return net.JoinHostPort(s.IP, strconv.Itoa(s.Port)) }

// advice is the command by which a person changes a server.
func advice(s core.Server, flags string) string {
	return fmt.Sprintf("taffrail servers update %s %s", s.UUID, flags)
}

// title names a server in a message.
func title(s core.Server) string {
	if s.Local() {
		return fmt.Sprintf("server %q (this machine)", s.Name)
	}
	return fmt.Sprintf("server %q (%s@%s)", s.Name, s.User, address(s))
}
