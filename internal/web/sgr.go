package web

import (
	"strconv"
	"strings"
)

// span is a piece of a line with the classes of its looks: "c1 b" is red and bold.
type span struct {
	Class string
	Text  string
}

// looks is what SGR sequences have switched on.
type looks struct {
	fore, back                             string
	bold, dim, italic, underline, inverted bool
}

// parseSGR splits a line at its escape sequences. Colours and weights become classes, all
// other sequences vanish: nothing that a program writes can move a cursor or name a
// window here. What comes before a carriage return was overwritten, and vanishes too.
func parseSGR(line string) []span {
	if i := strings.LastIndexByte(strings.TrimRight(line, "\r"), '\r'); i >= 0 {
		line = line[i+1:]
	}
	if !strings.ContainsAny(line, "\x1b\b\a") {
		return []span{{Text: strings.TrimRight(line, "\r")}}
	}
	var (
		out  []span
		now  looks
		text strings.Builder
	)
	flush := func() {
		if text.Len() > 0 {
			out = append(out, span{now.class(), text.String()})
			text.Reset()
		}
	}
	for i := 0; i < len(line); {
		if line[i] != '\x1b' {
			if c := line[i]; c >= ' ' || c == '\t' || c == '\n' {
				text.WriteByte(c)
			}
			i++
			continue
		}
		body, final, n := sequence(line[i:])
		i += n
		if final == 'm' {
			flush()
			now.set(body)
		}
	}
	flush()
	if out == nil {
		out = []span{{}}
	}
	return out
}

// sequence reads the escape sequence at the start of text: what is in it, the byte that
// ends it (0 when it is none that we know) and its length.
func sequence(text string) (body string, final byte, length int) {
	if len(text) < 2 {
		return "", 0, len(text)
	}
	switch text[1] {
	case '[':
		for i := 2; i < len(text); i++ {
			if text[i] >= 0x40 && text[i] <= 0x7e {
				return text[2:i], text[i], i + 1
			}
		}
		return "", 0, len(text)
	case ']', 'P', '_', '^': // ends with BEL or ESC \
		for i := 2; i < len(text); i++ {
			if text[i] == '\a' {
				return "", 0, i + 1
			}
			if text[i] == '\x1b' && i+1 < len(text) && text[i+1] == '\\' {
				return "", 0, i + 2
			}
		}
		return "", 0, len(text)
	case '(', ')', '#', '%':
		return "", 0, min(3, len(text))
	}
	return "", 0, 2
}

// set takes in the numbers of one SGR sequence.
func (l *looks) set(body string) {
	codes := strings.FieldsFunc(body, func(r rune) bool { return r == ';' || r == ':' })
	if len(codes) == 0 {
		*l = looks{}
	}
	for i := 0; i < len(codes); i++ {
		n, err := strconv.Atoi(codes[i])
		if err != nil {
			return // private sequences change no looks
		}
		switch {
		case n == 38 || n == 48:
			colour, used := extended(codes[i+1:])
			i += used
			if n == 38 {
				l.fore = colour
			} else {
				l.back = colour
			}
		case n >= 30:
			l.colour(n)
		default:
			l.weight(n)
		}
	}
}

func (l *looks) weight(n int) {
	switch n {
	case 0:
		*l = looks{}
	case 1:
		l.bold = true
	case 2:
		l.dim = true
	case 3:
		l.italic = true
	case 4:
		l.underline = true
	case 7:
		l.inverted = true
	case 22:
		l.bold, l.dim = false, false
	case 23:
		l.italic = false
	case 24:
		l.underline = false
	case 27:
		l.inverted = false
	}
}

func (l *looks) colour(n int) {
	switch {
	case n <= 37:
		l.fore = strconv.Itoa(n - 30)
	case n == 39:
		l.fore = ""
	case n >= 40 && n <= 47:
		l.back = strconv.Itoa(n - 40)
	case n == 49:
		l.back = ""
	case n >= 90 && n <= 97:
		l.fore = strconv.Itoa(n - 90 + 8)
	case n >= 100 && n <= 107:
		l.back = strconv.Itoa(n - 100 + 8)
	}
}

// extended maps a colour of 256 or of 16 million to the nearest of the sixteen, which
// are legible in both themes. It says how many codes it took.
func extended(codes []string) (colour string, used int) {
	number := func(i int) int {
		if i >= len(codes) {
			return 0
		}
		n, err := strconv.Atoi(codes[i])
		if err != nil {
			return 0
		}
		return min(max(n, 0), 255)
	}
	switch number(0) {
	case 5:
		n := number(1)
		switch {
		case n < 16:
			return strconv.Itoa(n), 2
		case n < 232:
			n -= 16
			return nearest(n/36*51, n/6%6*51, n%6*51), 2
		}
		return nearest((n-232)*10+8, (n-232)*10+8, (n-232)*10+8), 2
	case 2:
		return nearest(number(1), number(2), number(3)), 4
	}
	return "", 1
}

// nearest is the one of the sixteen colours that red, green and blue come closest to.
func nearest(r, g, b int) string {
	high, low := max(r, g, b), min(r, g, b)
	if high-low < 40 { // a grey
		return map[bool]string{true: "7", false: "8"}[high > 128]
	}
	n, middle := 0, (high+low)/2
	if r > middle {
		n |= 1
	}
	if g > middle {
		n |= 2
	}
	if b > middle {
		n |= 4
	}
	if high > 200 {
		n += 8
	}
	return strconv.Itoa(n)
}

func (l looks) class() string {
	var out []string
	fore, back := l.fore, l.back
	if l.inverted {
		out = append(out, "inv")
	}
	if fore != "" {
		out = append(out, "c"+fore)
	}
	if back != "" {
		out = append(out, "g"+back)
	}
	for _, one := range []struct {
		on   bool
		name string
	}{{l.bold, "b"}, {l.dim, "d"}, {l.italic, "i"}, {l.underline, "u"}} {
		if one.on {
			out = append(out, one.name)
		}
	}
	return strings.Join(out, " ")
}

// plain is a line without its looks, as it is searched and copied.
func plain(line string) string {
	spans := parseSGR(line)
	if len(spans) == 1 {
		return spans[0].Text
	}
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}
