package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// escape starts a control sequence.
const escape = '\x1b'

// resetColour ends whatever colours a line has set.
const resetColour = "\x1b[0m"

// filterLine makes text from elsewhere fit for a terminal: of all control sequences only
// colours pass, and only if colour is set; everything else that a terminal would obey,
// or that would make it show something other than what is there, becomes visible text.
func filterLine(text string, colour bool) string {
	if plain(text) {
		return text
	}
	var b strings.Builder
	coloured := false
	for len(text) > 0 {
		if n := sgr(text); n > 0 {
			if colour {
				b.WriteString(text[:n])
				coloured = true
			}
			text = text[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		b.WriteString(visible(r, text[:n]))
		text = text[n:]
	}
	if coloured {
		b.WriteString(resetColour)
	}
	return b.String()
}

// plain says whether text has nothing but printable ASCII and tabs.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c != '\t' && (c < ' ' || c > '~') {
			return false
		}
	}
	return true
}

// visible returns a character as it may be shown.
func visible(r rune, raw string) string {
	switch {
	case r == '\t':
		return raw
	case r == utf8.RuneError && len(raw) == 1:
		return "\uFFFD"
	case r < ' ':
		return "^" + string(r+'@')
	case r == 0x7f:
		return "^?"
	case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
		return fmt.Sprintf("<U+%04X>", r)
	}
	return raw
}

// sgr returns the length of the colour sequence that text starts with, or 0. A sequence
// that would hide text is none.
func sgr(text string) int {
	if len(text) < 3 || text[0] != escape || text[1] != '[' {
		return 0
	}
	end := strings.IndexFunc(text[2:], func(r rune) bool { return r != ';' && r != ':' && (r < '0' || r > '9') })
	if end < 0 || text[2+end] != 'm' || conceals(text[2:2+end]) {
		return 0
	}
	return 2 + end + 1
}

// conceals says whether colour parameters make text invisible (8). The numbers that
// follow 38, 48 and 58 are colours and mean nothing else.
func conceals(params string) bool {
	fields := strings.FieldsFunc(params, func(r rune) bool { return r == ';' || r == ':' })
	for i := 0; i < len(fields); i++ {
		n, err := strconv.Atoi(fields[i])
		switch {
		case err != nil:
			return true
		case n == 8:
			return true
		case n == 38 || n == 48 || n == 58:
			i += colourLength(fields[i+1:])
		}
	}
	return false
}

func colourLength(fields []string) int {
	if len(fields) == 0 {
		return 0
	}
	if fields[0] == "5" {
		return 2
	}
	return 4
}

// clean is filterLine for short texts: names, messages.
func clean(text string) string { return filterLine(text, false) }

// cleanText keeps line breaks.
func cleanText(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = clean(line)
	}
	return strings.Join(lines, "\n")
}

// coloured says whether w is a terminal that should get colours.
func (a *app) coloured(w io.Writer) bool {
	return a.Getenv("NO_COLOR") == "" && a.Getenv("TERM") != "dumb" && isTerminal(w)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
