package redact

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// simpleEscapes are pairs: the letter after a backslash and what it stands for.
const simpleEscapes = "n\nt\tr\rb\bf\fv\va\ae\x1bE\x1b"

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
func (d *decoder) backslash() piece {
	b, ok := d.at(1)
	if !ok {
		return piece{}
	}
	switch {
	case b == 'x':
		return d.coded(2, 2)
	case b == 'u':
		return d.unicode()
	case b == 'U':
		return d.coded(2, 8)
	case b >= '0' && b <= '7':
		return d.octal()
	case b == '\n':
		return drop(2)
	}
	if i := strings.IndexByte(simpleEscapes, b); i >= 0 && i%2 == 0 {
		return oneByte(2, simpleEscapes[i+1])
	}
	return oneByte(2, b)
}

// coded decodes n hex digits from unit i on; two of them are a byte, more a rune.
func (d *decoder) coded(i, n int) piece {
	v, ok, more := d.hex(i, n)
	switch {
	case more:
		return piece{}
	case !ok:
		b, _ := d.at(1)
		return oneByte(2, b)
	case n == 2:
		return oneByte(i+n, byte(v))
	}
	return oneRune(i+n, v)
}

func (d *decoder) unicode() piece {
	if b, ok := d.at(2); ok && b == '{' {
		return d.braced()
	}
	p := d.coded(2, 4)
	if p.used != 6 {
		return p
	}
	high, _, _ := d.hex(2, 4)
	if high < 0xd800 || high > 0xdbff {
		return p
	}
	return d.surrogate(high, p)
}

// surrogate decodes the second half; without one the first is what p says.
func (d *decoder) surrogate(high rune, p piece) piece {
	for i, want := range []byte(`\u`) {
		b, ok := d.at(6 + i)
		if !ok {
			return piece{}
		}
		if b != want {
			return p
		}
	}
	low, ok, more := d.hex(8, 4)
	if more {
		return piece{}
	}
	if r := utf16.DecodeRune(high, low); ok && r != utf8.RuneError {
		return oneRune(12, r)
	}
	return p
}

func (d *decoder) braced() piece {
	v := rune(0)
	for i := 3; i < 10; i++ {
		b, ok := d.at(i)
		if !ok {
			return piece{}
		}
		if b == '}' && i > 3 {
			return oneRune(i+1, v)
		}
		x := hexDigit(b)
		if x < 0 {
			break
		}
		v = v<<4 | rune(x)
	}
	return oneByte(2, 'u')
}

func (d *decoder) octal() piece {
	v, i := 0, 1
	for ; i < 4; i++ {
		b, ok := d.at(i)
		if !ok {
			return piece{}
		}
		if b < '0' || b > '7' {
			break
		}
		v = v<<3 | int(b-'0')
	}
	return oneByte(i, byte(v))
}

// entity decodes &name; and &#10; and &#xa; where the semicolon is there.
func (d *decoder) entity() piece {
	var name [10]byte
	for i := range name {
		b, ok := d.at(i + 1)
		if !ok {
			return piece{}
		}
		if b == ';' {
			return entityPiece(string(name[:i]))
		}
		if !isAlnum(b) && (b != '#' || i > 0) {
			break
		}
		name[i] = b
	}
	return plainUnit('&')
}

func entityPiece(name string) piece {
	if strings.HasPrefix(name, "#") {
		return numericEntity(name)
	}
	for _, e := range entities {
		if e.name == name {
			return oneRune(len(name)+2, e.r)
		}
	}
	return plainUnit('&')
}

func numericEntity(name string) piece {
	digits, base := name[1:], rune(10)
	if strings.HasPrefix(digits, "x") || strings.HasPrefix(digits, "X") {
		digits, base = digits[1:], 16
	}
	v := rune(0)
	for i := range len(digits) {
		x := hexDigit(digits[i])
		if x < 0 || rune(x) >= base {
			return plainUnit('&')
		}
		v = min(v*base+rune(x), utf8.MaxRune+1)
	}
	if digits == "" {
		return plainUnit('&')
	}
	return oneRune(len(name)+2, v)
}

// introducer looks at what follows ESC, or at the two bytes of U+009B.
func (d *decoder) introducer() piece {
	b, ok := d.at(1)
	if !ok {
		return piece{}
	}
	if d.queue[0].b == 0xc2 {
		if b != 0x9b {
			return plainUnit(0xc2)
		}
		b = '['
	}
	switch b {
	case '[':
		d.mode, d.seen = modeControl, 0
		return drop(2)
	case ']', 'P', '_', '^', 'X':
		d.mode, d.seen = modeString, 0
		return drop(2)
	case '(', ')', '*', '+', '#', ' ', '%':
		if _, ok := d.at(2); !ok {
			return piece{}
		}
		return drop(3)
	case '\n', 0x1b:
		return drop(1)
	}
	return drop(2)
}

// control drops the bytes of a control sequence as they come. A line feed ends
// any of them: the lane must see the next line.
func (d *decoder) control(b byte, end bool) piece {
	d.seen++
	mode := d.mode
	d.mode = modeText
	switch {
	case b == '\n', d.seen > maxString:
		return d.next(end)
	case mode == modeControl:
		return d.parameter(b, end)
	case b == '\a', mode == modeStringEsc && b == '\\':
		return drop(1)
	case b == 0x1b:
		d.mode = modeStringEsc
	default:
		d.mode = modeString
	}
	return drop(1)
}

func (d *decoder) parameter(b byte, end bool) piece {
	switch {
	case b >= 0x40 && b <= 0x7e:
		return drop(1)
	case b >= 0x20 && b <= 0x3f && d.seen <= maxControl:
		d.mode = modeControl
		return drop(1)
	}
	return d.next(end)
}

// unescape decodes one level of s, as a lane does.
func unescape(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r < 0x80 && special(byte(r)) || r == 0x9b }) < 0 {
		return s
	}
	d := &decoder{}
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		d.queue[d.n] = unit{b: s[i], made: true}
		d.n++
		out = d.flush(out, false)
	}
	return string(d.flush(out, true))
}

func (d *decoder) flush(out []byte, end bool) []byte {
	for d.n > 0 {
		p := d.next(end)
		if p.used == 0 {
			break
		}
		d.take(p.used)
		if p.back && len(out) > 0 {
			_, size := utf8.DecodeLastRune(out)
			out = out[:len(out)-size]
		}
		out = append(out, p.text[:p.size]...)
	}
	return out
}
