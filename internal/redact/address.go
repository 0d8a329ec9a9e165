package redact

import (
	"bytes"
	"net/netip"
)

// privateAddress masks an address of a private network.
func privateAddress(v *view) {
	if b := v.byteAt(v.from - 1); isWord(b) || b == '.' || b == ':' {
		return
	}
	end := v.from
	for end < len(v.text) && (hexDigit(v.text[end]) >= 0 || v.text[end] == '.' || v.text[end] == ':') {
		end++
	}
	word := bytes.TrimRight(v.text[v.from:end], ".:")
	if bytes.IndexByte(word, '.') > 0 {
		if i := bytes.IndexByte(word, ':'); i > 0 {
			word = word[:i]
		}
	}
	next := v.byteAt(v.from + len(word))
	if isWord(next) || next == '-' {
		return
	}
	addr, err := netip.ParseAddr(string(word))
	if err == nil && addr.IsPrivate() {
		v.mask(v.from, v.from+len(word))
	}
}
