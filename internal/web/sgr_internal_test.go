package web

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseSGR(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]span{
		"":                                {{}},
		"plain":                           {{"", "plain"}},
		"\x1b[31mred\x1b[0m rest":         {{"c1", "red"}, {"", " rest"}},
		"\x1b[1;4;92mgood\x1b[mx":         {{"c10 b u", "good"}, {"", "x"}},
		"\x1b[2;3mdim\x1b[22mitalic":      {{"d i", "dim"}, {"i", "italic"}},
		"\x1b[41;37mx\x1b[49;39my":        {{"c7 g1", "x"}, {"", "y"}},
		"\x1b[7mx\x1b[27my":               {{"inv", "x"}, {"", "y"}},
		"\x1b[38;5;9mx\x1b[48;5;4my":      {{"c9", "x"}, {"c9 g4", "y"}},
		"\x1b[38;5;196mx\x1b[38;5;244my":  {{"c9", "x"}, {"c8", "y"}},
		"\x1b[38;2;10;200;20mx":           {{"c2", "x"}},
		"\x1b[38:2:250:20:20mx":           {{"c9", "x"}},
		"\x1b[2K\x1b[1Gtext\x1b[?25l":     {{"", "text"}},
		"\x1b]0;title\ax\x1b]8;;u\x1b\\y": {{"", "xy"}},
		"\x1b(Bx\x1b":                     {{"", "x"}},
		"10%\r50%\r100%":                  {{"", "100%"}},
		"a\bb\ac\x00d\te":                 {{"", "abcd\te"}},
		"\x1b[31":                         {{}},
		"\x1b[999;abx":                    {{"", "bx"}},
		"<b>&\x1b[1m\"":                   {{"", "<b>&"}, {"b", "\""}},
	} {
		if got := parseSGR(in); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzParseSGR holds that no escape survives, that no text is made up, and that classes
// are of the few that the styles know.
func FuzzParseSGR(f *testing.F) {
	for _, seed := range []string{"\x1b[31mred", "\x1b]0;x\a", "\x1b[38;5;300m", "\x1bP\x1b\\", "a\rb", "\x1b[;;;m"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, s := range parseSGR(in) {
			if strings.ContainsAny(s.Text, "\x1b\a\b") && utf8.ValidString(in) {
				t.Errorf("%q: text %q", in, s.Text)
			}
			for class := range strings.FieldsSeq(s.Class) {
				if len(class) > 3 || !strings.ContainsAny(class[:1], "cgbdiu") {
					t.Errorf("%q: class %q", in, s.Class)
				}
			}
		}
	})
}
