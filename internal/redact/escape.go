package redact

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// simpleEscapes are pairs: the letter after a backslash and what it stands for.
// A backspace is not among them: paths and patterns with \b are what values
// hold, and one that was made would take back what stands before it.
const simpleEscapes = "n\nt\tr\rf\fv\va\ae\x1bE\x1b"

// entities are the names a template engine or an XML writer puts out.
var entities = [...]struct {
	name string
	r    rune
}{
	{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''},
	{"nbsp", ' '}, {"plus", '+'}, {"equals", '='}, {"sol", '/'}, {"grave", '`'},
	{"colon", ':'}, {"commat", '@'}, {"dollar", '$'}, {"percnt", '%'},
	{"num", '#'}, {"excl", '!'}, {"quest", '?'}, {"lowbar", '_'}, {"bsol", '\\'},
	{"Tab", '\t'}, {"NewLine", '\n'},
}

// backslash decodes what JSON, Go, C, shells, Python and properties files write.
func backslash(t []byte) piece {
	if len(t) < 2 {
		return piece{}
	}
	switch b := t[1]; {
	case b == 'x':
		return coded(t, 2)
	case b == 'u':
		return unicode(t)
	case b == 'U':
		return coded(t, 8)
	case b >= '0' && b <= '7':
		return octal(t)
	case b == '\n':
		return drop(2)
	case b < ' ':
		return plainByte('\\') // terminal control inside of a value
	}
	if i := strings.IndexByte(simpleEscapes, t[1]); i >= 0 && i%2 == 0 {
		return oneByte(2, simpleEscapes[i+1])
	}
	return oneByte(2, t[1])
}

// coded decodes n hex digits after a letter; two of them are a byte, more a
// rune.
func coded(t []byte, n int) piece {
	v, ok, more := hexDigits(t, 2, n)
	switch {
	case more:
		return piece{}
	case !ok:
		return oneByte(2, t[1])
	case n == 2:
		return oneByte(2+n, byte(v))
	}
	return oneRune(2+n, v)
}

func unicode(t []byte) piece {
	if len(t) > 2 && t[2] == '{' {
		return braced(t)
	}
	p := coded(t, 4)
	if p.used != 6 {
		return p
	}
	high, _, _ := hexDigits(t, 2, 4)
	if high < 0xd800 || high > 0xdbff {
		return p
	}
	return surrogate(t, high, p)
}

// surrogate decodes the second half; without one the first is what p says.
func surrogate(t []byte, high rune, p piece) piece {
	for i, want := range []byte(`\u`) {
		if 6+i >= len(t) {
			return piece{}
		}
		if t[6+i] != want {
			return p
		}
	}
	low, ok, more := hexDigits(t, 8, 4)
	if more {
		return piece{}
	}
	if r := utf16.DecodeRune(high, low); ok && r != utf8.RuneError {
		return oneRune(12, r)
	}
	return p
}

func braced(t []byte) piece {
	v := rune(0)
	for i := 3; i < 10; i++ {
		if i >= len(t) {
			return piece{}
		}
		if t[i] == '}' && i > 3 {
			return oneRune(i+1, v)
		}
		x := hexDigit(t[i])
		if x < 0 {
			break
		}
		v = v<<4 | rune(x)
	}
	return oneByte(2, 'u')
}

func octal(t []byte) piece {
	v, i := 0, 1
	for ; i < 4; i++ {
		if i >= len(t) {
			return piece{}
		}
		if t[i] < '0' || t[i] > '7' {
			break
		}
		v = v<<3 | int(t[i]-'0')
	}
	return oneByte(i, byte(v))
}

// maxEntity bounds the name of an entity.
const maxEntity = 10

// entity decodes &name; and &#10; and &#xa; where the semicolon is there.
func entity(t []byte) piece {
	for i := 1; i <= maxEntity; i++ {
		if i >= len(t) {
			return piece{}
		}
		if t[i] == ';' {
			return entityPiece(t[1:i])
		}
		if !isAlnum(t[i]) && (t[i] != '#' || i > 1) {
			break
		}
	}
	return plainByte('&')
}

func entityPiece(name []byte) piece {
	if len(name) > 0 && name[0] == '#' {
		return numericEntity(name)
	}
	for i := range entities {
		if entities[i].name == string(name) {
			return oneRune(len(name)+2, entities[i].r)
		}
	}
	return plainByte('&')
}

func numericEntity(name []byte) piece {
	digits, base := name[1:], rune(10)
	if len(digits) > 0 && digits[0]|' ' == 'x' {
		digits, base = digits[1:], 16
	}
	v := rune(0)
	for _, b := range digits {
		x := hexDigit(b)
		if x < 0 || rune(x) >= base {
			return plainByte('&')
		}
		v = min(v*base+rune(x), utf8.MaxRune+1)
	}
	if len(digits) == 0 {
		return plainByte('&')
	}
	return oneRune(len(name)+2, v)
}

// introducer looks at what follows ESC, or at the two bytes of U+009B.
func introducer(t []byte) piece {
	if len(t) < 2 {
		return piece{}
	}
	b := t[1]
	if t[0] == 0xc2 {
		if b != 0x9b {
			return plainByte(0xc2)
		}
		b = '['
	}
	switch b {
	case '[':
		return piece{used: 2, kind: pieceControl}
	case ']', 'P', '_', '^', 'X':
		return piece{used: 2, kind: pieceString}
	case '(', ')', '*', '+', '#', ' ', '%':
		if len(t) < 3 {
			return piece{}
		}
		return drop(3)
	case '\n', 0x1b:
		return drop(1)
	}
	return drop(2)
}

// maxControl bounds a control sequence and maxString an OSC, so that one
// without its end does not hide the rest of the stream from the lane.
const (
	maxControl = 64
	maxString  = 4096
)

// sequence drops a control sequence that may come in parts.
type sequence struct {
	kind   pieceKind // pieceText: none is open
	seen   int
	escape bool // the byte before was ESC, inside a string
}

// skip returns how many bytes at the start of t belong to the sequence. A line
// feed ends any of them: the lane must see the next line.
func (q *sequence) skip(t []byte) int {
	for i, b := range t {
		q.seen++
		part, done := q.control(b)
		if q.kind == pieceString {
			part, done = q.text(b)
		}
		if done || !part {
			*q = sequence{}
		}
		if done {
			return i + 1
		}
		if !part {
			return i
		}
	}
	return len(t)
}

func (q *sequence) control(b byte) (part, done bool) {
	if b >= 0x40 && b <= 0x7e {
		return true, true
	}
	return b >= 0x20 && b <= 0x3f && q.seen <= maxControl, false
}

func (q *sequence) text(b byte) (part, done bool) {
	ended := b == '\a' || q.escape && b == '\\'
	q.escape = b == 0x1b
	return b != '\n' && q.seen <= maxString, ended
}

// unescape decodes one level of a string, as a lane does, but for escapes that
// begin with one of the bytes in but.
func unescape(s, but string) string {
	var q sequence
	t := []byte(s)
	out := make([]byte, 0, len(t))
	for len(t) > 0 {
		if q.kind != pieceText {
			t = t[q.skip(t):]
			continue
		}
		p := plainByte(t[0])
		if special[t[0]] && strings.IndexByte(but, t[0]) < 0 {
			p = decode(t)
		}
		if p.used == 0 {
			p = plainByte(t[0])
		}
		if p.kind == pieceControl || p.kind == pieceString {
			q.kind = p.kind
		}
		if p.kind == pieceBack && len(out) > 0 {
			out = out[:len(out)-1]
		}
		for i := range p.size {
			out = append(out, byte(p.text>>(8*i)))
		}
		t = t[p.used:]
	}
	return string(out)
}
