package redact

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// Values longer than these are not looked for in the encoding: each costs a
// multiple of the value in memory.
const (
	maxTwice  = 96
	maxHex    = 4 << 10
	maxBase64 = 32 << 10
)

// maxNeedle bounds encoded needles, and so what is held back for them; longer
// ones are looked for part by part.
const maxNeedle = 4096

// encodings returns base64 in both alphabets and at the three places where a
// value can stand in the encoded text, base64 of that, and hexadecimal.
func encodings(text string) []string {
	if len(text) > maxBase64 {
		return nil
	}
	list := aligned([]byte(text), 2)
	if len(text) <= maxTwice {
		for _, once := range aligned([]byte(text), 1) {
			list = append(list, aligned([]byte(once), 1)...)
		}
	}
	if len(text) <= maxHex {
		h := hex.EncodeToString([]byte(text))
		list = append(list, h, strings.ToUpper(h))
	}
	var out []string
	for _, e := range list {
		for len(e) > maxNeedle {
			out = append(out, e[:maxNeedle])
			e = e[maxNeedle:]
		}
		out = append(out, e)
	}
	return out
}

// aligned is base64 of text after 0, 1 and 2 unknown bytes, cut to the
// characters that depend on text alone, in the first so many alphabets.
func aligned(text []byte, alphabets int) []string {
	var list []string
	for shift := range 3 {
		padded := append(make([]byte, shift, shift+len(text)), text...)
		from, to := (8*shift+5)/6, 8*len(padded)/6
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding}[:alphabets] {
			list = append(list, enc.EncodeToString(padded)[from:to])
		}
	}
	return list
}
