package redact_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/redact"
)

// seedTexts gives a fuzzer what the corpus and the property tests know.
func seedTexts(f *testing.F) {
	f.Helper()
	for _, c := range loadCorpus(f) {
		whole := bytes.Join(c.input(), nil)
		if c.PadBefore == 0 && len(whole) < 2000 && len(c.Secrets) > 0 {
			f.Add(whole, c.Secrets[0], uint16(len(whole)/2))
		}
	}
	for _, a := range adversaries([]string{"kelp-Harbor-4471"}) {
		f.Add([]byte(repeat(a.part, 300)), "kelp-Harbor-4471", uint16(7))
	}
	f.Add([]byte(strings.Join(pieces, "")), "tokentokenX9", uint16(100))
}

func fuzzSet(secret string) *redact.Set {
	return redact.Compile(redact.Options{
		Secrets: []redact.Value{{Name: "PIN", Value: secret}}, HidePrivateIPs: len(secret)%2 == 0,
	})
}

// FuzzNoLeak: a strong value is nowhere in the output, wherever the input is
// cut, and the output does not depend on the cut.
func FuzzNoLeak(f *testing.F) {
	seedTexts(f)
	f.Fuzz(func(t *testing.T, text []byte, secret string, cut uint16) {
		set := fuzzSet(secret)
		secret = strings.TrimSpace(secret)
		at := min(int(cut), len(text))
		got := pass(t, set, text[:at], []byte(secret), text[at:])
		whole := bytes.Join([][]byte{text[:at], []byte(secret), text[at:]}, nil)
		if want := set.Bytes(whole); got != string(want) {
			t.Fatalf("cut differs from whole: %q, %q", got, want)
		}
		// A value that shares a byte with the mask may come about beside one.
		if len(secret) >= 6 && len(set.Weak()) == 0 && !strings.ContainsAny(secret, redact.Mask) && strings.Contains(got, secret) {
			t.Fatalf("%q leaks: %q", secret, got)
		}
	})
}

// FuzzNothingLost: the output without its masks is the input without some of
// its parts, in order, and without masks it is the input.
func FuzzNothingLost(f *testing.F) {
	seedTexts(f)
	f.Fuzz(func(t *testing.T, text []byte, secret string, cut uint16) {
		at := min(int(cut), len(text))
		got := pass(t, fuzzSet(secret), text[:at], text[at:])
		rest := text
		parts := strings.Split(got, redact.Mask)
		for i, part := range parts {
			j := bytes.Index(rest, []byte(part))
			if j < 0 || i == 0 && j > 0 || i == len(parts)-1 && !bytes.HasSuffix(rest, []byte(part)) {
				t.Fatalf("%q of %q is not in the input %q", part, got, text)
			}
			rest = rest[j+len(part):]
		}
		if len(parts) == 1 && got != string(text) {
			t.Fatalf("changed without a mask: %q, %q", text, got)
		}
	})
}

// FuzzRestart: a new writer that starts at a mark goes on as the old one did.
func FuzzRestart(f *testing.F) {
	seedTexts(f)
	f.Fuzz(func(t *testing.T, text []byte, secret string, cut uint16) {
		checkRestart(t, fuzzSet(secret), split(text, 1+int(cut)%64))
	})
}

// FuzzSlow: the work for a text is a small multiple of its length.
func FuzzSlow(f *testing.F) {
	seedTexts(f)
	f.Fuzz(func(t *testing.T, text []byte, secret string, cut uint16) {
		size := 16 << 10
		if len(text) == 0 || len(text) > size {
			return
		}
		checkWork(t, fuzzSet(secret), bytes.Repeat(text, size/len(text)))
	})
}

func TestWorkIsLinear(t *testing.T) {
	t.Parallel()
	secrets := []string{strings.Repeat("a", 40) + "01", strings.Repeat("a", 40) + "02", "kelp-Harbor-4471"}
	set := compile(secrets)
	for _, a := range adversaries(secrets) {
		checkWork(t, set, []byte(repeat(a.part, 64<<10)))
	}
}

// maxWork is what a byte may cost: the lanes and the decisions about shapes.
const maxWork = 24

func checkWork(t *testing.T, set *redact.Set, text []byte) {
	t.Helper()
	w := set.NewWriter(&bytes.Buffer{})
	mustWrite(t, w, text)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if work := redact.Work(w); work > maxWork*len(text)+1<<12 {
		t.Errorf("%q...: %d steps for %d bytes", short(string(text[:min(60, len(text))])), work, len(text))
	}
}
