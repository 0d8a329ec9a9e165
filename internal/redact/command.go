package redact

import "bytes"

// flagged masks the word after a flag of a command, or what is joined to it.
func flagged(v *view, flag string, joined bool) {
	rest := v.after(nearby)
	i := bytes.Index(rest, []byte(" "+flag))
	if i < 0 {
		return
	}
	at := v.to + i + 1 + len(flag)
	if b := v.byteAt(at); b == ' ' || b == '=' {
		at++
	} else if !joined {
		return
	}
	if at >= len(v.text) || v.text[at] == ' ' || v.text[at] == '-' {
		return
	}
	from, to := valueAt(v.text, at, false)
	if from < to && !placeholder(v.text[from:to]) {
		v.mask(from, to)
	}
}

// loginCommand is docker login -u bot -p password.
func loginCommand(v *view) {
	if v.byteAt(v.from-1) == ' ' {
		flagged(v, "-p", false)
	}
}

// shellPass is sshpass -p password.
func shellPass(v *view) { flagged(v, "-p", true) }

// mysqlCommand is mysql -ppassword; with a blank it would be a database.
func mysqlCommand(v *view) {
	rest := v.after(nearby)
	if i := bytes.Index(rest, []byte(" -p")); i >= 0 && v.byteAt(v.to+i+3) != ' ' {
		flagged(v, "-p", true)
	}
}

// redisCommand is redis-cli -a password.
func redisCommand(v *view) { flagged(v, "-a", false) }

// curlCommand is curl -u user:password.
func curlCommand(v *view) {
	rest := v.after(nearby)
	for _, flag := range [...]string{" -u ", " --user ", " --proxy-user "} {
		i := bytes.Index(rest, []byte(flag))
		if i < 0 {
			continue
		}
		from, to := valueAt(v.text, min(v.to+i+len(flag), len(v.text)-1), false)
		if colon := bytes.IndexByte(v.text[from:to], ':'); colon >= 0 && !placeholder(v.text[from+colon+1:to]) {
			v.mask(from+colon+1, to)
		}
	}
}

// identifiedBy is CREATE USER a IDENTIFIED BY 'password'.
func identifiedBy(v *view) {
	at := v.to
	for v.byteAt(at) == ' ' {
		at++
	}
	if b := v.byteAt(at); b == '\'' || b == '"' {
		from, to := valueAt(v.text, at, false)
		v.mask(from, to)
	}
}

// registryAuth is "auth": "base64" of a Docker configuration, and _auth= of npm.
func registryAuth(v *view) {
	at := afterName(v, v.to)
	if at < 0 || v.text[v.from] != '_' && v.text[v.from] != '"' {
		return
	}
	end := at
	for end < len(v.text) && isBase64(v.text[end]) {
		end++
	}
	if end-at >= 8 && !isName(v.byteAt(v.to)) {
		v.mask(at, end)
	}
}
