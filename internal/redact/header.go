package redact

import (
	"bytes"
	"strings"
)

// authSchemes are the first words of an Authorization header that stay readable.
var authSchemes = words(`basic bearer token digest apikey api-key negotiate ntlm key hawk aws4-hmac-sha256
	sharedkey sharedaccesssignature oauth private deploy bot`)

// afterName skips what stands between a header's name and its value: a quote,
// blanks, a colon or an equals sign, and a quote again. It returns -1 if
// neither colon nor sign is there.
func afterName(v *view, i int) int {
	signs := 0
	for ; i < len(v.text); i++ {
		switch v.text[i] {
		case ':', '=':
			signs++
		case ' ', '\t', '"', '\'', '\\', '[':
		default:
			if signs == 0 {
				return -1
			}
			return i
		}
		if signs > 1 {
			return -1
		}
	}
	return -1
}

// authorization masks the credentials of an Authorization header.
func authorization(v *view) {
	at := afterName(v, v.to)
	if at < 0 {
		return
	}
	start := headerValue(v.text[at:min(len(v.text), at+nearby)])
	word, _, two := bytes.Cut(start, []byte(" "))
	if !two {
		if looksRandom(word) && len(word) >= 8 {
			v.mask(at, at+len(headerValue(v.text[at:])))
		}
		return
	}
	name := strings.ToLower(string(word))
	if !authSchemes[name] {
		return
	}
	value := headerValue(v.text[at:])
	if rest := value[len(word)+1:]; len(rest) == 0 || placeholder(rest) {
		return
	}
	if name == "digest" || strings.HasPrefix(name, "aws4") {
		v.mask(at+len(word)+1, len(v.text))
		return
	}
	v.mask(at+len(word)+1, at+len(value))
}

// headerValue cuts a value at the quote that closes it.
func headerValue(t []byte) []byte {
	if i := bytes.IndexAny(t, "\"'\\\x1b"); i >= 0 {
		t = t[:i]
	}
	return bytes.TrimRight(t, " \t")
}

// bearer masks a token after the word Bearer. Prose has short words there.
func bearer(v *view) {
	if isWord(v.byteAt(v.from - 1)) {
		return
	}
	i := v.to
	for i < len(v.text) && v.text[i] == ' ' {
		i++
	}
	j := i
	for i > v.to && j < len(v.text) && (isBase64(v.text[j]) || v.text[j] == '.' || v.text[j] == '~') {
		j++
	}
	if word := v.text[i:j]; i > v.to && (len(word) >= 24 || len(word) >= 8 && looksRandom(word)) {
		v.mask(i, j)
	}
}

// cookie masks the values of a Cookie header, or the first of a Set-Cookie one.
func cookie(v *view) {
	at := afterName(v, v.to)
	if at < 0 || isAlnum(v.byteAt(v.from-1)) {
		return
	}
	set := v.from >= 4 && bytes.EqualFold(v.text[v.from-4:v.from], []byte("set-"))
	value := headerValue(v.text[at:])
	v.judged(at + len(value))
	for len(value) > 0 {
		pair, rest, _ := bytes.Cut(value, []byte(";"))
		if i := bytes.IndexByte(pair, '='); i > 0 && bytes.IndexByte(bytes.TrimSpace(pair[:i]), ' ') < 0 {
			v.mask(at+i+1, at+len(pair))
		}
		if set {
			return
		}
		at += len(value) - len(rest)
		value = rest
	}
}
