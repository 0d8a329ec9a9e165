package redact

import "bytes"

// userInfo masks the password of scheme://user:password@host. Everything
// happens inside one word: a pattern that runs on finds an @ somewhere.
func userInfo(v *view) {
	t := v.text[v.to:]
	colon := bytes.IndexAny(t, ":@/?#")
	if colon < 0 {
		return
	}
	if t[colon] == '@' {
		tokenUser(v, colon)
		return
	}
	if t[colon] != ':' {
		return
	}
	at := passwordEnd(t, colon+1)
	if at <= colon+1 || placeholder(t[colon+1:at]) {
		return
	}
	v.mask(v.to+colon+1, v.to+at)
}

// passwordEnd finds the @ after a password that starts at from, -1 for none.
func passwordEnd(t []byte, from int) int {
	rest := t[from:]
	path := bytes.IndexAny(rest, "/?#")
	if path < 0 {
		path = len(rest)
	}
	if i := bytes.LastIndexByte(rest[:path], '@'); i >= 0 {
		if isDigest(rest[i+1:]) {
			return -1
		}
		return from + i
	}
	if isPort(rest[:path]) {
		return -1
	}
	for i := path; i < min(len(rest), path+nearby); i++ {
		if rest[i] == '@' && startsHost(rest[i+1:]) {
			return from + i
		}
	}
	return -1
}

// isPort tells whether a text is one, or is nothing.
func isPort(t []byte) bool {
	for _, b := range t {
		if b < '0' || b > '9' {
			return false
		}
	}
	return len(t) <= 5
}

func isDigest(t []byte) bool {
	return bytes.HasPrefix(t, []byte("sha256:")) || bytes.HasPrefix(t, []byte("sha512:"))
}

// startsHost tells whether a host follows, up to its port, path or end.
func startsHost(t []byte) bool {
	i := 0
	for i < len(t) && (isAlnum(t[i]) || t[i] == '.' || t[i] == '-' || t[i] == '_') {
		i++
	}
	return i > 0 && !isDigest(t) && (i == len(t) || bytes.IndexByte([]byte(":/?#,;'\\)"), t[i]) >= 0)
}

// tokenUser masks a user without a password that can only be a token.
func tokenUser(v *view, size int) {
	user := v.text[v.to : v.to+size]
	if size >= 20 && looksRandom(user) {
		v.mask(v.to, v.to+size)
	}
}

// looksRandom tells whether a word has digits and letters, and no blank.
func looksRandom(word []byte) bool {
	digits, letters := 0, 0
	for _, b := range word {
		switch {
		case b >= '0' && b <= '9':
			digits++
		case isAlnum(b):
			letters++
		case b <= ' ':
			return false
		}
	}
	return digits > 1 && letters > 1
}

// driverName masks the password of user:password@tcp(host), which has no scheme.
func driverName(v *view) {
	if v.base+v.from < v.out.drivers || !isWord(v.byteAt(v.from-1)) {
		return
	}
	v.out.drivers = v.base + len(v.text) // the first colon of a word decides
	rest := v.text[v.to:]
	if bytes.IndexByte(rest, '@') < 0 {
		return
	}
	for _, sep := range [...]string{"@tcp(", "@unix("} {
		if i := bytes.LastIndex(rest, []byte(sep)); i > 0 {
			v.mask(v.to, v.to+i)
			return
		}
	}
}

// signedParam masks the value of a parameter of a signed URL.
func signedParam(v *view) {
	if v.text[v.from] != '?' && v.text[v.from] != '&' && isWord(v.byteAt(v.from-1)) {
		return
	}
	value := v.text[v.to:]
	if i := bytes.IndexAny(value, "&#,;'\\"); i >= 0 {
		value = value[:i]
	}
	if len(value) >= 8 && !placeholder(value) {
		v.mask(v.to, v.to+len(value))
	}
}
