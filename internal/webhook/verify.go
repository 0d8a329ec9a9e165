package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	// window is how far a signed time may be from ours, either way.
	window         = 5 * time.Minute
	standardPrefix = "whsec_"
	hexPrefix      = "sha256="
)

// Verify checks that whoever sent a body knows the secret. It goes by the bytes as they
// came, and by a signed time where the sender gives one. A secret that is empty proves
// nothing: then every delivery is refused. All its errors look the same and have
// CodeUnauthenticated.
func Verify(p Provider, h http.Header, body []byte, secret core.Secret, now time.Time) error {
	check, ok := map[Provider]func(http.Header, []byte, string, time.Time) bool{
		GitHub:    signedBy(hexPrefix, "X-Hub-Signature-256"),
		Gitea:     signedBy("", "X-Forgejo-Signature", "X-Gitea-Signature"),
		Bitbucket: signedBy(hexPrefix, "X-Hub-Signature"),
		GitLab:    verifyGitLab, Generic: verifyGeneric,
	}[p]
	value := secret.Reveal()
	if ok && strings.TrimSpace(value) != "" && check(h, body, value, now) {
		return nil
	}
	return core.Errorf(core.CodeUnauthenticated, "The webhook's signature is missing or wrong. Its secret must be the one that is set here.")
}

// sum is the HMAC of the parts, one behind the other.
func sum(key []byte, parts ...string) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		_, _ = mac.Write([]byte(part)) // never fails
	}
	return mac.Sum(nil)
}

// one is the value of a header that is there exactly once.
func one(h http.Header, name string) string {
	if values := h.Values(name); len(values) == 1 {
		return values[0]
	}
	return ""
}

// signedBy checks the first of the headers that is there. A wrong one is not made good by
// another.
func signedBy(prefix string, names ...string) func(http.Header, []byte, string, time.Time) bool {
	return func(h http.Header, body []byte, secret string, _ time.Time) bool {
		for _, name := range names {
			if len(h.Values(name)) > 0 {
				return equalHex(one(h, name), prefix, sum([]byte(secret), string(body)))
			}
		}
		return false
	}
}

func equalHex(value, prefix string, want []byte) bool {
	text, ok := strings.CutPrefix(value, prefix)
	got, err := hex.DecodeString(text)
	return ok && err == nil && hmac.Equal(got, want)
}

// verifyGitLab knows both ways of GitLab: a token that is sent along, and a signing token,
// which signs as Standard Webhooks do.
func verifyGitLab(h http.Header, body []byte, secret string, now time.Time) bool {
	encoded, signing := strings.CutPrefix(secret, standardPrefix)
	if signature := one(h, "Webhook-Signature"); signing && signature != "" {
		return verifyStandard(h, body, encoded, signature, now)
	}
	token := one(h, "X-Gitlab-Token")
	// Of sums, since comparing the texts would tell how long the secret is.
	a, b := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(secret))
	return token != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// verifyStandard: the header may have several signatures, while a key is being replaced.
func verifyStandard(h http.Header, body []byte, encoded, header string, now time.Time) bool {
	key, err := base64.StdEncoding.DecodeString(encoded)
	id, at := one(h, "Webhook-Id"), one(h, "Webhook-Timestamp")
	if err != nil || len(key) == 0 || id == "" || !recent(at, now) {
		return false
	}
	want := sum(key, id, ".", at, ".", string(body))
	for _, entry := range strings.Fields(header) {
		version, text, _ := strings.Cut(entry, ",")
		got, err := base64.StdEncoding.DecodeString(text)
		if version == "v1" && err == nil && hmac.Equal(got, want) {
			return true
		}
	}
	return false
}

func recent(text string, now time.Time) bool {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return false
	}
	apart := now.Sub(time.Unix(seconds, 0))
	return apart.Abs() <= window
}

// The headers of the generic sender.
const (
	HeaderSignature = "X-Taffrail-Signature"
	HeaderTimestamp = "X-Taffrail-Timestamp"
	HeaderDelivery  = "X-Taffrail-Delivery"
)

// Sign is what the generic sender puts into HeaderSignature: the HMAC of the seconds in
// HeaderTimestamp, a dot and the body.
func Sign(secret core.Secret, seconds int64, body []byte) string {
	return hexPrefix + hex.EncodeToString(sum([]byte(secret.Reveal()), strconv.FormatInt(seconds, 10), ".", string(body)))
}

func verifyGeneric(h http.Header, body []byte, secret string, now time.Time) bool {
	at := one(h, HeaderTimestamp)
	return recent(at, now) && equalHex(one(h, HeaderSignature), hexPrefix, sum([]byte(secret), at, ".", string(body)))
}
