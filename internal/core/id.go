package core

import (
	"crypto/rand"
	"strings"
)

// ID is the public identifier of anything a person can name: 24 characters of
// [a-z0-9], the first a letter, so that it is also a valid container, network and
// compose project name. Row ids (int64) stay inside the store, but for the
// integer ids that the REST contract shows.
type ID string

const (
	idLetters = "abcdefghijklmnopqrstuvwxyz"
	idSymbols = idLetters + "0123456789"
	idLength  = 24
)

// NewID returns a fresh random ID (more than 120 bits).
func NewID() ID {
	return ID(randomText(1, idLetters) + randomText(idLength-1, idSymbols))
}

// Valid says whether id has the form that NewID makes. Ids that come from outside
// are checked with it before they are used in a path or a name.
func (id ID) Valid() bool {
	if len(id) != idLength || !strings.Contains(idLetters, string(id[:1])) {
		return false
	}
	for i := range len(id) {
		if strings.IndexByte(idSymbols, id[i]) < 0 {
			return false
		}
	}
	return true
}

// RandomText returns n characters drawn evenly from alphabet (at most 256 ASCII
// characters) by the operating system's random source.
func RandomText(n int, alphabet string) string { return randomText(n, alphabet) }

func randomText(n int, alphabet string) string {
	// Bytes at or above the largest multiple of len(alphabet) are thrown away: a
	// plain remainder would favour the first characters.
	limit := 256 - 256%len(alphabet)
	out := make([]byte, 0, n)
	buf := make([]byte, n+n/2+8)
	for len(out) < n {
		_, _ = rand.Read(buf) // never fails since Go 1.24: it ends the program instead
		for _, b := range buf {
			if int(b) < limit && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out)
}
