package stack

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// Alphabets of generated values. Symbols leave out what quotes, escapes or refers to
// something anywhere on the way of a value: quotes, backslash, "$", blanks, and what a
// command line gives a meaning.
const (
	lowers  = "abcdefghijklmnopqrstuvwxyz"
	letters = lowers + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	alnum   = letters + "0123456789"
	symbols = alnum + "!@%^*-_=+[]{}:,.?~"
)

// recipe makes the value of a magic variable whose name starts with prefix.
type recipe struct {
	prefix string // behind SERVICE_
	length int
	make   func(n int) string
	name   magicName
}

// magicName sorts magic variables by where their value comes from.
type magicName uint8

const (
	magicRandom magicName = iota
	magicURL
	magicFQDN
	magicService
	magicAnonKey
	magicServiceKey
)

// recipes returns the table, the longer of two prefixes first.
func recipes() []recipe {
	return []recipe{
		{prefix: "PASSWORDWITHSYMBOLS_64_", length: 64, make: from(symbols)},
		{prefix: "PASSWORDWITHSYMBOLS_", length: 32, make: from(symbols)},
		{prefix: "PASSWORD_64_", length: 64, make: from(alnum)},
		{prefix: "PASSWORD_", length: 32, make: from(alnum)},
		{prefix: "LOWERCASEUSER_", length: 16, make: from(lowers)},
		{prefix: "USER_", length: 16, make: from(alnum)},
		{prefix: "BASE64_128_", length: 128, make: from(alnum)},
		{prefix: "BASE64_64_", length: 64, make: from(alnum)},
		{prefix: "BASE64_32_", length: 32, make: from(alnum)},
		{prefix: "BASE64_", length: 32, make: from(alnum)},
		{prefix: "REALBASE64_128_", length: 128, make: base64Of},
		{prefix: "REALBASE64_64_", length: 64, make: base64Of},
		{prefix: "REALBASE64_32_", length: 32, make: base64Of},
		{prefix: "REALBASE64_", length: 32, make: base64Of},
		{prefix: "HEX_128_", length: 128, make: hexOf},
		{prefix: "HEX_64_", length: 64, make: hexOf},
		{prefix: "HEX_32_", length: 32, make: hexOf},
		{prefix: "URL_", name: magicURL},
		{prefix: "FQDN_", name: magicFQDN},
		{prefix: "NAME_", name: magicService},
		{prefix: "SUPABASEANON_KEY", name: magicAnonKey},
		{prefix: "SUPABASESERVICE_KEY", name: magicServiceKey},
	}
}

func from(alphabet string) func(int) string {
	return func(n int) string { return core.RandomText(n, alphabet) }
}

func base64Of(n int) string { return base64.StdEncoding.EncodeToString(randomBytes(n)) }

func hexOf(n int) string { return hex.EncodeToString(randomBytes(n / 2)) }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24: it ends the program instead
	return b
}

// magic is the name of a magic variable taken apart.
type magic struct {
	recipe
	id   string // behind the prefix: a compose service, or any word
	port string // of SERVICE_URL_<ID>_<port>
}

// IsAddress says whether name is that of a magic variable which holds an address.
func IsAddress(name string) bool {
	m, ok := parseMagic(name)
	return ok && (m.name == magicURL || m.name == magicFQDN)
}

// parseMagic says whether name is that of a magic variable.
func parseMagic(name string) (magic, bool) {
	rest, ok := strings.CutPrefix(name, "SERVICE_")
	if !ok {
		return magic{}, false
	}
	for _, r := range recipes() {
		id, ok := strings.CutPrefix(rest, r.prefix)
		keyOnly := r.name == magicAnonKey || r.name == magicServiceKey
		if !ok || (id == "") != keyOnly {
			continue
		}
		m := magic{recipe: r, id: id}
		if r.name == magicURL || r.name == magicFQDN {
			m.id, m.port = cutPort(id)
		}
		return m, true
	}
	return magic{}, false
}

func cutPort(id string) (string, string) {
	i := strings.LastIndexByte(id, '_')
	if i <= 0 || i == len(id)-1 || len(id)-i > 6 || strings.Trim(id[i+1:], "0123456789") != "" {
		return id, ""
	}
	return id[:i], id[i+1:]
}

// magicID is the form that a compose service's name has in a variable's name.
func magicID(service string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '.' {
			return '_'
		}
		return r
	}, strings.ToUpper(service))
}

// supabaseToken is a JWT for one of the two roles of a Supabase stack, signed with the
// stack's SERVICE_PASSWORD_JWT, as its gateway expects it.
func supabaseToken(role, secret string, now time.Time) string {
	part := func(v any) string {
		text, _ := json.Marshal(v) // a map of texts and numbers
		return base64.RawURLEncoding.EncodeToString(text)
	}
	head := part(map[string]string{"alg": "HS256", "typ": "JWT"})
	body := part(map[string]any{
		"iss": "supabase", "role": role, "iat": now.Unix(), "exp": now.AddDate(100, 0, 0).Unix(),
	})
	sign := hmac.New(sha256.New, []byte(secret))
	sign.Write([]byte(head + "." + body))
	return head + "." + body + "." + base64.RawURLEncoding.EncodeToString(sign.Sum(nil))
}
