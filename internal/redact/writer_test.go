package redact_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/taffrail/taffrail/internal/redact"
)

// pieces are what random input is made of: values, parts of them, escapes,
// keywords of shapes, line ends.
var pieces = []string{
	"kelp-Harbor-4471", "kelp-", "Harbor", "-4471", "kelp-Harx", "4471\n", "aaaaaa", "a", "aabaab", "aabaabX7", "tokentokenX9", "token",
	"Qx7!", "Rock\"Pool\\Tide/4", `Rock\"Pool\\Tide/4`, `\\\"`, `Rock\\\"Pool\\\\Tide/4`, "Rock", "row-one-Secret-1", "row-two-Secret-2",
	"\n", "\n", "\r\n", "\r", "  ", " ", "\t", `\n`, `\`, `\\`, `"`, `""`, `'`, `''`, `'\''`, `'"'"'`, "$", "$$", "%", "%6b", "%256b", "%2D", "&", "&#45;", "&amp;", "&quot;",
	"\x1b[31m", "\x1b[", "\x1b", "\x1b]0;x\a", "\x1b]", "\u009b1m", "\xc2", "\b", "\x00", "\a", `\u001b[1m`, `\u002d`, `\x6b`, `\ud83d\udc1a`, "é",
	"password=", "password: ", "token=", "PIN=7", "PIN=", "7", " ok", "://u:", "pw55", "@h/", "@tcp(", "Bearer ", "Authorization: Basic ", "Set-Cookie: a=", ";",
	"ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8", "ghp_", "eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxMjM0NTY3ODkwIn0.", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----",
	"MIIEpQ7wZ0tLk9vXb2Nn8YcQm4Hs1Jd5Rf6Tg3Uh0Vi2Wj4Xk6Yl8Zm1An3Bo5Cp", "a2VscC1IYXJib3It", "NDQ3MQ==", "a2Vsc", "10.1.2.3", "192.168.", "<REDACTED>", "<RED", "REDACTED",
	"curl -u ", "a:b", "docker login -p ", "api-1  | ", "x", ".", ",", "=", ":", "<", ">", "{", "}",
}

func propertySets() []*redact.Set {
	values := []string{
		"kelp-Harbor-4471", "aaaaaa", "aabaabX7", "tokentokenX9", "Qx7!", `Rock"Pool\Tide/4`,
		"row-one-Secret-1\nrow-two-Secret-2", "REDACTED", "7", "pearl-🐚-é-31",
	}
	o := redact.Options{Vars: map[string]string{"PIN": "7"}, HidePrivateIPs: true}
	for _, v := range values {
		o.Secrets = append(o.Secrets, redact.Value{Value: v})
	}
	return []*redact.Set{redact.Compile(o), redact.Compile(redact.Options{Secrets: o.Secrets[:1]}), redact.Compile(redact.Options{})}
}

func drawText(t *rapid.T) []byte {
	return []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 50).Draw(t, "pieces"), ""))
}

// drawParts cuts a text at random places.
func drawParts(t *rapid.T, text []byte) [][]byte {
	var parts [][]byte
	for len(text) > 0 {
		n := rapid.IntRange(1, min(len(text), 40)).Draw(t, "part")
		parts = append(parts, text[:n])
		text = text[n:]
	}
	return parts
}

// often checks a property some thousand times.
func often(t *testing.T, property func(t *rapid.T)) {
	t.Helper()
	for range 20 {
		rapid.Check(t, property)
	}
}

func TestCutsDoNotMatter(t *testing.T) {
	t.Parallel()
	sets := propertySets()
	often(t, func(t *rapid.T) {
		text := drawText(t)
		set := rapid.SampledFrom(sets).Draw(t, "set")
		want := pass(t, set, text)
		if d := cmp.Diff(want, pass(t, set, drawParts(t, text)...)); d != "" {
			t.Fatalf("%q: cut differs from whole:\n%s", text, d)
		}
		if d := cmp.Diff(want, pass(t, set, split(text, 1)...)); d != "" {
			t.Fatalf("%q: bytes differ from whole:\n%s", text, d)
		}
	})
}

func TestRestartAtMark(t *testing.T) {
	t.Parallel()
	sets := propertySets()
	often(t, func(t *rapid.T) {
		set := rapid.SampledFrom(sets).Draw(t, "set")
		text := drawText(t)
		checkRestart(t, set, drawParts(t, text))
	})
}

// checkRestart takes the mark after each write and compares what a new writer
// makes of the rest with what the first one made of it.
func checkRestart(tb rapid.TB, set *redact.Set, parts [][]byte) {
	tb.Helper()
	type mark struct{ in, out int64 }
	var out bytes.Buffer
	var marks []mark
	w := set.NewWriter(&out)
	note := func() {
		in, at := w.Mark()
		if n := len(marks); n > 0 && (in < marks[n-1].in || at < marks[n-1].out) {
			tb.Fatalf("mark went back: %v, %v", marks[n-1], mark{in, at})
		}
		marks = append(marks, mark{in, at})
	}
	note()
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			tb.Fatal(err)
		}
		note()
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	note()
	text := bytes.Join(parts, nil)
	for _, m := range marks {
		again := set.Bytes(text[m.in:])
		if d := cmp.Diff(string(out.Bytes()[m.out:]), string(again)); d != "" {
			tb.Fatalf("%q: restart at %v differs:\n%s", text, m, d)
		}
	}
}

func TestMarkFollowsOrdinaryOutput(t *testing.T) {
	t.Parallel()
	secrets := anchorSecrets(100)
	text := []byte(anchorLog(1<<20, secrets))
	set := compile(secrets)
	w := set.NewWriter(&bytes.Buffer{})
	written := int64(0)
	for _, p := range split(text, 1000) {
		mustWrite(t, w, p)
		written += int64(len(p))
		if in, _ := w.Mark(); written-in > 4<<10 {
			t.Fatalf("mark %d is %d bytes behind", in, written-in)
		}
	}
}

func TestHoldsBackOnlyWhatMayMatch(t *testing.T) {
	t.Parallel()
	set := redact.Compile(redact.Options{Secrets: []redact.Value{{Value: "kelp-Harbor-4471"}}})
	tests := []struct{ in, want string }{
		{"line\n", "line\n"},
		{"a prompt> ", "a prompt> "},
		{"begin k", "begin "},
		{"begin kelp-Harbor-4471", "begin <REDACTED>"},
		{"Enter passphrase", "Enter passphrase"},
		{"see https://host.test/a b", "see https://host.test/a b"},
		{"key\n-----BEGIN PRIVATE KEY-----\n", "key\n-----BEGIN PRIVATE KEY-----"},
		{"wrapped line ends in kelp\nx", "wrapped line ends in kelp\nx"},
		{"password=" + strings.Repeat("x", 4000), "password=<REDACTED>"},
		{"x kelp-Harbor-4471kelp-", "x <REDACTED>"},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		mustWrite(t, set.NewWriter(&out), []byte(tt.in))
		if out.String() != tt.want {
			t.Errorf("%q: got %q, want %q", short(tt.in), short(out.String()), tt.want)
		}
	}
}

// shortWriter takes so many bytes and then fails.
type shortWriter struct{ left int }

var errFull = errors.New("full")

func (s *shortWriter) Write(p []byte) (int, error) {
	n := min(len(p), s.left)
	s.left -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func TestErrorOfDestinationStays(t *testing.T) {
	t.Parallel()
	w := redact.Compile(redact.Options{}).NewWriter(&shortWriter{left: 5})
	_, err := w.Write([]byte("123456789\n"))
	if !errors.Is(err, errFull) {
		t.Fatalf("Write: %v", err)
	}
	if _, err = w.Write([]byte("more")); !errors.Is(err, errFull) {
		t.Errorf("second Write: %v", err)
	}
	if err := w.Flush(); !errors.Is(err, errFull) {
		t.Errorf("Flush: %v", err)
	}
	if err := w.Swap(redact.Compile(redact.Options{})); !errors.Is(err, errFull) {
		t.Errorf("Swap: %v", err)
	}
}

func TestSwap(t *testing.T) {
	t.Parallel()
	set := func(v ...string) *redact.Set {
		var o redact.Options
		for _, s := range v {
			o.Secrets = append(o.Secrets, redact.Value{Value: s})
		}
		return redact.Compile(o)
	}
	tests := []struct {
		name            string
		old, new        *redact.Set
		before, after   string
		want            string
		wantIn, wantOut int64
	}{
		{"held bytes are judged again", set("kelp-Harbor-4471"), set("kelp-Har!"), "x kelp-Har", "! y", "x <REDACTED> y", 2, 2},
		{"new value", set(), set("tern-Quarry-9038"), "x tern-Quarry-", "9038 tern-Quarry-9038\n", "x tern-Quarry-9038 <REDACTED>\n", 14, 14},
		{"inside a mask", set("aaaaaa"), set("bbbbbb"), "xaaaaaaaaa", "bbbbbb", "x<REDACTED><REDACTED>", 10, 11},
		{"inside a key", set(), set("bbbbbb"), "-----BEGIN PRIVATE KEY-----\nMIIEpQ7wZ0tLk9vXb2Nn8YcQm4Hs1Jd5Rf6Tg3Uh0Vi2Wj4Xk6Yl8Zm1An3Bo5Cp\nMIIE",
			"pQ7wZ0tLk9vXb2Nn8YcQm4Hs1Jd5Rf6Tg3Uh0Vi2Wj4Xk6Yl8Zm1An3Bo5Cp\n-----END PRIVATE KEY-----\nok\n", "-----BEGIN PRIVATE KEY-----<REDACTED>\nok\n", 0, 0},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		w := tt.old.NewWriter(&out)
		mustWrite(t, w, []byte(tt.before))
		if err := w.Swap(tt.new); err != nil {
			t.Fatal(err)
		}
		if in, at := w.Mark(); in != tt.wantIn || at != tt.wantOut {
			t.Errorf("%s: mark %d %d, want %d %d", tt.name, in, at, tt.wantIn, tt.wantOut)
		}
		mustWrite(t, w, []byte(tt.after))
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if out.String() != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, out.String(), tt.want)
		}
	}
	if err := set().NewWriter(&bytes.Buffer{}).Swap(nil); err == nil {
		t.Error("Swap(nil): no error")
	}
}
