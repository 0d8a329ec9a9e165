package control

import (
	"net/netip"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The patterns of what people may name things. They are narrow on purpose: what is
// stored comes to stand in files, labels and paths later.
var (
	namePattern    = regexp.MustCompile(`^[\p{L}\p{M}\p{N} \-_.@/&()#,:+]+$`)
	descPattern    = regexp.MustCompile(`^[\p{L}\p{M}\p{N} \-_.@/&()#,:+!?'"=*]+$`)
	keyPattern     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)
	networkPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	userPattern    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)
	pathPattern    = regexp.MustCompile(`^(/[A-Za-z0-9_~@+][A-Za-z0-9._\-~@+]*)+$`)
	label          = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
	numeral        = regexp.MustCompile(`^([0-9]+|0[xX][0-9A-Fa-f]*)$`)
)

const (
	maxText  = 255 // characters of names and descriptions
	maxHost  = 253
	maxNote  = 1000
	maxCause = 256 // characters of the comment of a variable
)

// validHost says whether s is a host name or an address, and nothing else: no port, no
// brackets, no zone, no network mask, and no number that some resolver takes for an
// address.
func validHost(s string) bool {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Zone() == "" && !a.IsUnspecified() && !a.IsMulticast()
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

// validDir says whether s is a clean absolute path below the root.
func validDir(s string) bool {
	return len(s) <= maxText && pathPattern.MatchString(s) && path.Clean(s) == s
}

// validText says whether s is text a person may write freely: lines, tabs, and no
// other control characters.
func validText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t'
	})
}
