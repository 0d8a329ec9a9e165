package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/webhook"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func hexMAC(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func providers() []webhook.Provider {
	return []webhook.Provider{webhook.GitHub, webhook.GitLab, webhook.Gitea, webhook.Bitbucket, webhook.Generic}
}

// signed is a right header for a body.
func signed(p webhook.Provider, secret, body string, now time.Time) http.Header {
	seconds := strconv.FormatInt(now.Unix(), 10)
	return map[webhook.Provider]http.Header{
		webhook.GitHub:    header("X-Hub-Signature-256", "sha256="+hexMAC(secret, body)),
		webhook.Bitbucket: header("X-Hub-Signature", "sha256="+hexMAC(secret, body)),
		webhook.Gitea:     header("X-Gitea-Signature", hexMAC(secret, body)),
		webhook.GitLab:    header("X-Gitlab-Token", secret),
		webhook.Generic:   header("X-Taffrail-Signature", "sha256="+hexMAC(secret, seconds+"."+body), "X-Taffrail-Timestamp", seconds),
	}[p]
}

// TestKnownSignature is the example of GitHub's documentation.
func TestKnownSignature(t *testing.T) {
	t.Parallel()
	h := header("X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
	if err := webhook.Verify(webhook.GitHub, h, []byte("Hello, World!"), core.NewSecret("It's a Secret to Everybody"), time.Now()); err != nil {
		t.Error(err)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	const secret, body = "hush", `{"a": "ü",  "b":1}` + "\n"
	for _, p := range providers() {
		good := signed(p, secret, body, now)
		check := func(h http.Header, body, secret string) error {
			return webhook.Verify(p, h, []byte(body), core.NewSecret(secret), now)
		}
		if err := check(good, body, secret); err != nil {
			t.Errorf("%s: %v", p, err)
		}
		for name, err := range map[string]error{
			"no header":          check(http.Header{}, body, secret),
			"other secret":       check(good, body, "husk"),
			"empty secret":       check(good, body, ""),
			"blank secret":       check(signed(p, " ", body, now), body, " "),
			"signed with none":   check(signed(p, "", body, now), body, ""),
			"empty header":       check(header(nameOf(good), ""), body, secret),
			"twice":              check(header(nameOf(good), good.Get(nameOf(good)), nameOf(good), good.Get(nameOf(good))), body, secret),
			"half":               check(header(nameOf(good), good.Get(nameOf(good))[:3]), body, secret),
			"provider not known": webhook.Verify("svn", good, []byte(body), core.NewSecret(secret), now),
		} {
			if core.CodeOf(err) != core.CodeUnauthenticated {
				t.Errorf("%s, %s: %v", p, name, err)
			}
		}
		if p != webhook.GitLab && check(good, strings.TrimSpace(body), secret) == nil {
			t.Errorf("%s: another body passed", p)
		}
	}
}

func nameOf(h http.Header) string {
	for _, name := range []string{"X-Hub-Signature-256", "X-Hub-Signature", "X-Gitea-Signature", "X-Gitlab-Token"} {
		if h.Get(name) != "" {
			return name
		}
	}
	return "X-Taffrail-Signature"
}

// TestForgejoGoesFirst: a wrong signature is not made good by another one.
func TestForgejoGoesFirst(t *testing.T) {
	t.Parallel()
	good, secret := hexMAC("hush", "x"), core.NewSecret("hush")
	h := header("X-Forgejo-Signature", good, "X-Gitea-Signature", hexMAC("no", "x"))
	if err := webhook.Verify(webhook.Gitea, h, []byte("x"), secret, time.Now()); err != nil {
		t.Error(err)
	}
	h = header("X-Forgejo-Signature", hexMAC("no", "x"), "X-Gitea-Signature", good)
	if err := webhook.Verify(webhook.Gitea, h, []byte("x"), secret, time.Now()); err == nil {
		t.Error("a wrong signature passed")
	}
}

func TestSignedTime(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	key := []byte("0123456789abcdef0123456789abcdef")
	token := core.NewSecret("whsec_" + base64.StdEncoding.EncodeToString(key))
	standard := func(at string, entries ...string) http.Header {
		mac, _ := hex.DecodeString(hexMAC(string(key), "id-1."+at+".body"))
		value := "v1," + base64.StdEncoding.EncodeToString(mac)
		return header("Webhook-Id", "id-1", "Webhook-Timestamp", at, "Webhook-Signature", strings.Join(append(entries, value), " "))
	}
	generic := func(at string) http.Header {
		return header("X-Taffrail-Timestamp", at, "X-Taffrail-Signature", "sha256="+hexMAC("hush", at+".body"))
	}
	for _, c := range []struct {
		at string
		ok bool
	}{
		{"1800000000", true}, {"1799999701", true}, {"1800000299", true}, {"1799999699", false}, {"1800000301", false},
		{"", false}, {"soon", false}, {"-1", false}, {"9223372036854775807", false}, {"-9223372036854775808", false}, {"18000000000", false},
	} {
		if err := webhook.Verify(webhook.GitLab, standard(c.at), []byte("body"), token, now); (err == nil) != c.ok {
			t.Errorf("gitlab %q: %v", c.at, err)
		}
		if err := webhook.Verify(webhook.Generic, generic(c.at), []byte("body"), core.NewSecret("hush"), now); (err == nil) != c.ok {
			t.Errorf("generic %q: %v", c.at, err)
		}
	}
	if err := webhook.Verify(webhook.GitLab, standard("1800000000", "v1,AAAA", "v2,x", ","), []byte("body"), token, now); err != nil {
		t.Errorf("one of several signatures: %v", err)
	}
	for name, h := range map[string]http.Header{
		"other body": standard("1800000000"), "no id": without(standard("1800000000"), "Webhook-Id"), "no time": without(standard("1800000000"), "Webhook-Timestamp"),
		"plain token beside": with(standard("1800000000"), "X-Gitlab-Token", token.Reveal()),
	} {
		if err := webhook.Verify(webhook.GitLab, h, []byte("other"), token, now); err == nil {
			t.Errorf("%s passed", name)
		}
	}
	if err := webhook.Verify(webhook.GitLab, standard("1800000000"), []byte("body"), core.NewSecret("whsec_"), now); err == nil {
		t.Error("an empty key passed")
	}
	if err := webhook.Verify(webhook.GitLab, header("X-Gitlab-Token", token.Reveal()), nil, token, now); err != nil {
		t.Errorf("as a plain token: %v", err)
	}
	h := header("X-Taffrail-Timestamp", "1800000000", "X-Taffrail-Signature", webhook.Sign(core.NewSecret("hush"), 1_800_000_000, []byte("body")))
	if err := webhook.Verify(webhook.Generic, h, []byte("body"), core.NewSecret("hush"), now); err != nil {
		t.Errorf("Sign: %v", err)
	}
}

func without(h http.Header, name string) http.Header { h.Del(name); return h }

func with(h http.Header, name, value string) http.Header { h.Set(name, value); return h }

func FuzzVerify(f *testing.F) {
	f.Add("sha256=00", "1800000000", "v1,AA==", "body")
	f.Fuzz(func(t *testing.T, signature, at, standard, body string) {
		h := http.Header{}
		for _, name := range []string{"X-Hub-Signature-256", "X-Hub-Signature", "X-Gitea-Signature", "X-Taffrail-Signature", "X-Gitlab-Token"} {
			h.Set(name, signature)
		}
		h.Set("X-Taffrail-Timestamp", at)
		h.Set("Webhook-Timestamp", at)
		h.Set("Webhook-Id", "x")
		h.Set("Webhook-Signature", standard)
		for _, p := range providers() {
			for _, secret := range []string{"", "a secret that nobody guesses", "whsec_bm9ib2R5IGd1ZXNzZXMgdGhpcw=="} {
				if webhook.Verify(p, h, []byte(body), core.NewSecret(secret), time.Unix(1_800_000_000, 0)) == nil && signature != secret {
					t.Fatalf("%s: passed", p)
				}
			}
		}
	})
}
