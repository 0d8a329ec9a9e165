package cli

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/taffrail/taffrail/api"
)

func TestFilterLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, colour, plain string }{
		{"plain", "ok\tdone", "ok\tdone", "ok\tdone"},
		{"colours", "\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m\x1b[0m", "red"},
		{"256 colours", "\x1b[38;5;8mgrey", "\x1b[38;5;8mgrey\x1b[0m", "grey"},
		{"true colour", "\x1b[38;2;8;8;8mx", "\x1b[38;2;8;8;8mx\x1b[0m", "x"},
		{"reset by nothing", "a\x1b[m", "a\x1b[m\x1b[0m", "a"},
		{"concealed", "\x1b[8mhidden", "^[[8mhidden", "^[[8mhidden"},
		{"concealed behind a colour", "\x1b[38;5;1;8mhidden", "^[[38;5;1;8mhidden", "^[[38;5;1;8mhidden"},
		{"clipboard", "\x1b]52;c;cm0gLXJm\x07", "^[]52;c;cm0gLXJm^G", "^[]52;c;cm0gLXJm^G"},
		{"title", "\x1b]0;root@host\x07", "^[]0;root@host^G", "^[]0;root@host^G"},
		{"clear", "\x1b[2J", "^[[2J", "^[[2J"},
		{"cursor report", "\x1b[6n", "^[[6n", "^[[6n"},
		{"title report", "\x1b[21t", "^[[21t", "^[[21t"},
		{"device control", "\x1bP$q\x1b\\", "^[P$q^[\\", "^[P$q^[\\"},
		{"application", "\x1b_x\x1b\\", "^[_x^[\\", "^[_x^[\\"},
		{"reset of the terminal", "\x1bc", "^[c", "^[c"},
		{"C1 as a rune", "\u009b2J", "<U+009B>2J", "<U+009B>2J"},
		{"C1 as a byte", "\x9b2J", "\uFFFD2J", "\uFFFD2J"},
		{"bells", "\a\a\a", "^G^G^G", "^G^G^G"},
		{"backspace and delete", "a\b\x7f", "a^H^?", "a^H^?"},
		{"right to left", "\u202Eevil", "<U+202E>evil", "<U+202E>evil"},
		{"private parameters", "\x1b[?25l", "^[[?25l", "^[[?25l"},
		{"cut short", "\x1b[31", "^[[31", "^[[31"},
		{"letters of the world", "größe ⚓ 船", "größe ⚓ 船", "größe ⚓ 船"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := filterLine(c.in, true); got != c.colour {
				t.Errorf("with colours %q, want %q", got, c.colour)
			}
			if got := filterLine(c.in, false); got != c.plain {
				t.Errorf("without %q, want %q", got, c.plain)
			}
		})
	}
}

// FuzzFilterLine looks for input that gets a control character through.
func FuzzFilterLine(f *testing.F) {
	f.Add("\x1b[38;5;8m\x1b[2J\u009b\xff\r")
	f.Fuzz(func(t *testing.T, in string) {
		out := filterLine(in, false)
		if !utf8.ValidString(out) {
			t.Errorf("%q became invalid UTF-8: %q", in, out)
		}
		for _, r := range out {
			if r != '\t' && (r < ' ' || r >= 0x7f && r < 0xa0) {
				t.Errorf("%q lets %U through: %q", in, r, out)
			}
		}
	})
}

func TestLinePrinter(t *testing.T) {
	t.Parallel()
	command := "docker compose up"
	for _, c := range []struct {
		name  string
		lines []api.LogLine
		want  string
	}{
		{"ours and theirs", []api.LogLine{
			{Type: "info", Output: "Starting."}, {Type: "info", Command: &command}, {Type: "stdout", Output: "up"},
			{Type: "warning", Output: "slow"}, {Type: "stderr", Output: "oops"},
		}, "==> Starting.\nup\n==> Warning: slow\noops\n"},
		{"output cannot pass for ours", []api.LogLine{{Type: "stdout", Output: "==> finished"}}, " ==> finished\n"},
		{"nor behind colours", []api.LogLine{{Type: "stdout", Output: "\x1b[31m==> finished"}}, " ==> finished\n"},
		{"carriage return hides nothing", []api.LogLine{{Type: "stdout", Output: "good text\revil"}}, "good text\nevil\n"},
		{"carriage return at the end", []api.LogLine{{Type: "stdout", Output: "windows\r"}}, "windows\n"},
		{"hidden", []api.LogLine{{Type: "stdout", Output: "detail", Hidden: true}}, ""},
		{"continued", []api.LogLine{{Type: "stdout", Output: "ab", Continued: true}, {Type: "stdout", Output: "cd"}}, "abcd\n"},
		{"empty line", []api.LogLine{{Type: "stdout", Output: ""}}, "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			p := &linePrinter{w: &b}
			for _, line := range c.lines {
				if err := p.print(line); err != nil {
					t.Fatal(err)
				}
			}
			if b.String() != c.want {
				t.Errorf("got %q, want %q", b.String(), c.want)
			}
		})
	}
}

func TestLinePrinterShowsCommandsAsDetails(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	p := &linePrinter{w: &b, hidden: true}
	command := "docker compose up\x1b[2J"
	for _, line := range []api.LogLine{{Type: "info", Output: "Starting.", Command: &command}, {Type: "info", Command: &command}} {
		if err := p.print(line); err != nil {
			t.Fatal(err)
		}
	}
	if want := "==> Starting.\n==> $ docker compose up^[[2J\n==> $ docker compose up^[[2J\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestLinePrinterTimestamps(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	p := &linePrinter{w: &b, timestamps: true, hidden: true, colour: true}
	var at api.Time
	if err := at.UnmarshalJSON([]byte(`"2026-01-02T03:04:05.000006Z"`)); err != nil {
		t.Fatal(err)
	}
	for _, line := range []api.LogLine{{Type: "info", Output: "x", Timestamp: at}, {Type: "stderr", Output: "y", Hidden: true, Timestamp: at}} {
		if err := p.print(line); err != nil {
			t.Fatal(err)
		}
	}
	want := "2026-01-02T03:04:05.000006Z  \x1b[1;36m==> x\x1b[0m\n2026-01-02T03:04:05.000006Z  \x1b[2my\x1b[0m\n"
	if b.String() != want {
		t.Errorf("got %q", b.String())
	}
}

// FuzzPrintedOutput: nothing that a command writes passes for a line of ours, moves the
// cursor or overwrites what stands there.
func FuzzPrintedOutput(f *testing.F) {
	for _, text := range []string{"==> finished", "\x1b[31m==> x\revil", "a\r\n\x1b[0m==> y", "\ufeff==> z", "\u00ad==>", "\t==> x"} {
		f.Add(text, true, false)
	}
	f.Fuzz(func(t *testing.T, text string, colour, continued bool) {
		var out strings.Builder
		p := &linePrinter{w: &out, colour: colour}
		for _, l := range []api.LogLine{{Type: "stdout", Output: text, Continued: continued}, {Type: "stderr", Output: text}} {
			if err := p.print(l); err != nil {
				t.Fatal(err)
			}
		}
		rest := out.String()
		for len(rest) > 0 {
			if n := sgr(rest); n > 0 {
				rest = rest[n:]
				continue
			}
			r, n := utf8.DecodeRuneInString(rest)
			if r != '\n' && r != '\t' && (r < ' ' || r >= 0x7f && r < 0xa0) {
				t.Fatalf("%q lets %U through: %q", text, r, out.String())
			}
			rest = rest[n:]
		}
		for i, row := range strings.Split(out.String(), "\n") {
			bare := row
			for n := sgr(bare); n > 0; n = sgr(bare) {
				bare = bare[n:]
			}
			if strings.HasPrefix(bare, ownMark) {
				t.Fatalf("row %d of %q passes for ours: %q", i, text, row)
			}
		}
	})
}
