package redact_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/taffrail/taffrail/internal/redact"
)

// allowance is what may wait beside the longest value.
const allowance = 4 << 10

// TestHoldIsBounded: however the text goes, what waits for more is no longer than the
// longest value and 4 KiB.
func TestHoldIsBounded(t *testing.T) {
	t.Parallel()
	key := "-----BEGIN PRIVATE KEY-----\n" + strings.Repeat("MIIEpQ7wZ0tLk9vXb2Nn8YcQm4Hs1Jd5Rf6Tg3Uh0Vi2Wj4Xk6Yl8Zm1An3Bo5Cp\n", 30) + "-----END PRIVATE KEY-----"
	secrets := []string{strings.Repeat("a", 40) + "01", "kelp-Harbor-4471", strings.Repeat("ab", 700) + "X", key}
	longest := len(slices.MaxFunc(secrets, func(a, b string) int { return len(a) - len(b) }))
	set := compile(secrets)
	texts := adversaries(secrets)
	for _, start := range []string{"password=", "://u:", "Bearer ", "\x1b]0;", "ghp_", "eyJ", "Set-Cookie: a=", "&#", `\u`, "-----BEGIN PRIVATE KEY-----\n"} {
		for _, rest := range []string{"x", "x\n", " ", "=", "%", `\`, "\x1b[", "A1b2", "\"", "\r"} {
			texts = append(texts, adversary{start + rest, rest})
			checkHold(t, set, longest, start, []byte(start+repeat(rest, 64<<10)))
		}
	}
	for _, text := range texts {
		checkHold(t, set, longest, text.name, []byte(repeat(text.part, 64<<10)))
	}
	for _, s := range secrets {
		checkHold(t, set, longest, "a value", []byte(strings.Repeat(s[:len(s)-1], 1+(64<<10)/len(s))))
	}
	rapid.Check(t, func(rt *rapid.T) {
		checkHold(rt, set, longest, "random", bytes.Repeat(drawText(rt), 50))
	})
}

func checkHold(t rapid.TB, set *redact.Set, longest int, name string, text []byte) {
	t.Helper()
	w := set.NewWriter(&bytes.Buffer{})
	for _, part := range split(text, 997) {
		mustWrite(t, w, part)
		if held := redact.Held(w); held > longest+allowance {
			t.Fatalf("%s: %d bytes are held, the longest value has %d", name, held, longest)
		}
	}
}
