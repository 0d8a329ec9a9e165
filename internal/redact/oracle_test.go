package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/taffrail/taffrail/internal/redact"
)

// encoders are the ways in which programs print a value.
var encoders = map[string]func(string) string{
	"raw":           func(s string) string { return s },
	"json":          func(s string) string { return trimQuotes(jsonText(s)) },
	"json2":         func(s string) string { return trimQuotes(jsonText(jsonText(s))) },
	"json3":         func(s string) string { return trimQuotes(jsonText(jsonText(jsonText(s)))) },
	"go":            func(s string) string { return trimQuotes(strconv.Quote(s)) },
	"ascii":         func(s string) string { return trimQuotes(strconv.QuoteToASCII(s)) },
	"query":         url.QueryEscape,
	"path":          url.PathEscape,
	"query2":        func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"html":          html.EscapeString,
	"yaml":          func(s string) string { return strings.ReplaceAll(s, "'", "''") },
	"csv":           func(s string) string { return strings.ReplaceAll(s, `"`, `""`) },
	"shell":         func(s string) string { return strings.ReplaceAll(s, "'", `'\''`) },
	"shlex":         func(s string) string { return strings.ReplaceAll(s, "'", `'"'"'`) },
	"dollar":        func(s string) string { return strings.ReplaceAll(s, "$", "$$") },
	"colour":        func(s string) string { return s[:1] + "\x1b[31m" + s[1:] },
	"nul":           func(s string) string { return strings.Join(strings.Split(s, ""), "\x00") },
	"bell":          func(s string) string { return s[:1] + "\a" + s[1:] },
	"crlf":          func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
	"hex":           func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEX":           func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"query-in-json": func(s string) string { return trimQuotes(jsonText(url.QueryEscape(s) + `"`)) },
}

func jsonText(s string) string {
	b, _ := json.Marshal(s) // a string does not fail
	return string(b)
}

func trimQuotes(s string) string { return s[1 : len(s)-1] }

// values draws secrets that are strong by construction: a letter at each end,
// hard bytes between, never a word of a dictionary.
func values() *rapid.Generator[string] {
	middle := rapid.StringOfN(rapid.RuneFrom([]rune(`abXY019 "'\$%&+/<>=;:@#-_.é🐚`)), 6, 24, -1)
	return rapid.Map(middle, func(s string) string { return "q7" + s + "Zx4k" })
}

// TestEveryEncodingIsMasked prints a random value in each way and looks for
// what must be gone: the encoded value itself.
func TestEveryEncodingIsMasked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := values().Draw(t, "value")
		set := compile([]string{value})
		for name, encode := range encoders {
			text := "before " + encode(value) + " after\n"
			got := set.String(text)
			left := strings.Trim(strings.Replace(got, redact.Mask, "", 1), `\"`)
			left = strings.NewReplacer(`\`, "", `"`, "").Replace(left)
			if left != "before  after\n" {
				t.Fatalf("%s of %q: %q became %q", name, value, text, got)
			}
		}
	})
}

// TestBase64IsMasked checks that no character that depends on the value alone
// stays, at each alignment, wrapped and twice encoded.
func TestBase64IsMasked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := values().Draw(t, "value")
		before := rapid.SampledFrom([]string{"", "u:", "a", "user:"}).Draw(t, "before")
		enc := rapid.SampledFrom([]*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawURLEncoding}).Draw(t, "encoding")
		set := compile([]string{value})
		text := enc.EncodeToString([]byte(before + value + rapid.SampledFrom([]string{"", "\n"}).Draw(t, "after")))
		got := set.String("x " + text + " y\n")
		if left := len(got) - len("x "+redact.Mask+" y\n"); left > 4*(len(before)+2)/3+6 {
			t.Fatalf("%q as %q: %q", value, text, got)
		}
	})
}

// oracle masks the union of all plain occurrences of the values.
func oracle(text string, values []string) string {
	masked := make([]int, len(text)+1) // 1 + where the match that covers a byte starts
	type span struct{ start, end int }
	var spans []span
	for _, v := range values {
		for i := 0; i+len(v) <= len(text); i++ {
			if text[i:i+len(v)] == v {
				spans = append(spans, span{i, i + len(v)})
			}
		}
	}
	joined := make([]bool, len(text)+1) // a match crosses the place before this byte
	for _, s := range spans {
		for i := s.start; i < s.end; i++ {
			masked[i] = 1
			joined[i] = joined[i] || i > s.start
		}
	}
	var out strings.Builder
	for i := range len(text) {
		switch {
		case masked[i] == 0:
			out.WriteByte(text[i])
		case !joined[i]:
			out.WriteString(redact.Mask)
		}
	}
	return out.String()
}

// TestUnionOfMatches compares with the oracle on values that overlap
// themselves and each other, over every cut of the text.
func TestUnionOfMatches(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		period := rapid.SampledFrom([]string{"ab", "abc", "aab", "aabb", "abcd"}).Draw(t, "letters")
		word := rapid.StringOfN(rapid.RuneFrom([]rune(period)), 6, 14, -1)
		secrets := rapid.SliceOfN(word, 1, 5).Draw(t, "secrets")
		text := rapid.StringOfN(rapid.RuneFrom([]rune(period)), 0, 60, -1).Draw(t, "text")
		want := oracle(text, secrets)
		set := compile(secrets)
		for _, cut := range cuts(len(text), 0) {
			if got := pass(t, set, []byte(text[:cut[0]]), []byte(text[cut[0]:cut[1]]), []byte(text[cut[1]:])); got != want {
				t.Fatalf("%q in %q cut at %v: got %q, want %q", secrets, text, cut, got, want)
			}
		}
	})
}
