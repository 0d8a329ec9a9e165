package engine

import (
	"encoding/xml"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// FuzzQuotes reads back what every way of quoting made of a password.
func FuzzQuotes(f *testing.F) {
	for _, seed := range []string{"", "a", ` !"#$%&'()*+,-./:;<=>?@[\]^_{|}~`, `\`, `\\'"`, "a#b;c", "${x}$(id)`id`", "äß€密", "%20+ ", "]]>", "\\x41"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := url.QueryUnescape(escapeURI(s)); err != nil || got != s {
			t.Errorf("URL: %q becomes %q: %v", s, got, err)
		}
		if strings.Trim(escapeURI(s), alphabet+"-._~%") != "" {
			t.Errorf("URL: %q has more than needs no escape", escapeURI(s))
		}
		if got, ok := readOption(escapeOption(s)); !ok || got != s {
			t.Errorf("option: %q becomes %q, whole %t", s, got, ok)
		}
		if got, err := readHex(escapeHex(s)); err != nil || got != s {
			t.Errorf("hex: %q becomes %q: %v", s, got, err)
		}
		bad := faults{}
		bad.password("p", s)
		if len(bad) > 0 {
			return // XML cannot hold control characters: they are refused before
		}
		var back struct {
			Text string `xml:",chardata"`
		}
		if err := xml.Unmarshal([]byte("<p>"+escapeXML(s)+"</p>"), &back); err != nil || back.Text != s {
			t.Errorf("XML: %q becomes %q: %v", s, back.Text, err)
		}
	})
}

// readOption reads the inside of a quoted string as MySQL does; false when it would end
// before its end.
func readOption(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			if !strings.ContainsRune(`\'"`, rune(s[i])) {
				return "", false
			}
			b.WriteByte(s[i])
		case strings.ContainsRune(`\'"`, rune(s[i])):
			return "", false
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), true
}

func readHex(s string) (string, error) {
	var b strings.Builder
	for ; s != ""; s = s[4:] {
		n, err := strconv.ParseUint(strings.TrimPrefix(s[:4], `\x`), 16, 8)
		if err != nil {
			return "", err
		}
		b.WriteByte(byte(n))
	}
	return b.String(), nil
}

// TestTemplates fills in every template there is, in every state that they ask for.
func TestTemplates(t *testing.T) {
	t.Parallel()
	for _, s := range All() {
		for _, f := range s.files {
			if f.script != "" {
				if b, err := scriptFiles.ReadFile("scripts/" + f.script); err != nil || !strings.HasPrefix(string(b), "# ") {
					t.Errorf("%s: %s: %v", s.Name, f.script, err)
				}
			} else if f.text == "" {
				t.Errorf("%s: %s has nothing in it", s.Name, f.path)
			}
		}
	}
}
