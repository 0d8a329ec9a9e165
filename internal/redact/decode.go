package redact

import "unicode/utf8"

// unit is one byte of a lane's text and the bytes of the stream it stands for.
type unit struct {
	start, end int    // in the stream
	state      uint32 // of the matcher, after this byte
	b          byte
	made       bool // by decoding: may start an escape at the next level
	rubbed     bool // a backspace that took a character off the parent's text
}

// window is how many units a decoder may look at before it must decide.
const window = 32

// maxControl bounds a control sequence and maxString an OSC, so that one
// without its end does not hide the rest of the stream from the lane.
const (
	maxControl = 64
	maxString  = 4096
)

type decodeMode uint8

const (
	modeText    decodeMode = iota
	modeControl            // after ESC [
	modeString             // after ESC ] and its like
	modeStringEsc
)

// decoder turns one level of escapes into what they stand for: backslash and
// percent escapes, entities, doubled quotes and dollars, and terminal control.
// One decoder for all of them is right because the needles are decoded in the
// same way (see forms): text that holds two kinds of escapes meets a needle
// that went through both.
type decoder struct {
	queue [window]unit
	n     int
	mode  decodeMode
	seen  int // units dropped in this control sequence
	wrap  bool
}

// piece is what one decision of a decoder comes to: used units of the queue
// become size bytes. A used of 0 asks for more input.
type piece struct {
	used, size int
	text       [utf8.UTFMax]byte
	back       bool // take back the unit before
	plain      bool // the unit stands for itself
}

func drop(n int) piece { return piece{used: n} }

func plainUnit(b byte) piece {
	return piece{used: 1, size: 1, text: [4]byte{b}, plain: true}
}

func oneByte(used int, b byte) piece {
	return piece{used: used, size: 1, text: [4]byte{b}}
}

func oneRune(used int, r rune) piece {
	p := piece{used: used}
	p.size = utf8.EncodeRune(p.text[:], r)
	return p
}

// special tells whether a byte may start an escape.
func special(b byte) bool {
	switch b {
	case '\\', '%', '&', '\'', '"', '$', '\r', 0, '\a', '\b', 0x1b, 0xc2:
		return true
	}
	return false
}

// starts tells whether u opens an escape in this decoder.
func (d *decoder) starts(u unit) bool {
	if d.wrap {
		return u.made && (u.b == '\n' || u.b == '\r')
	}
	return u.made && special(u.b)
}

// idle tells whether the decoder owes nothing.
func (d *decoder) idle() bool { return d.n == 0 && d.mode == modeText }

// next decides about the first units of the queue; end says that no more come.
func (d *decoder) next(end bool) piece {
	u := d.queue[0]
	if d.mode != modeText {
		return d.control(u.b, end)
	}
	if !d.starts(u) {
		return plainUnit(u.b)
	}
	var p piece
	if d.wrap {
		p = d.unwrap()
	} else {
		p = d.escape(u.b)
	}
	if p.used == 0 && (end || d.n == window) {
		return plainUnit(u.b)
	}
	return p
}

// take removes the first n units.
func (d *decoder) take(n int) {
	copy(d.queue[:], d.queue[n:d.n])
	d.n -= n
}

func (d *decoder) escape(b byte) piece {
	switch b {
	case '\\':
		return d.backslash()
	case '%':
		return d.percent()
	case '&':
		return d.entity()
	case '\'', '"', '$':
		return d.doubled(b)
	case '\b':
		return piece{used: 1, back: true}
	case 0x1b, 0xc2:
		return d.introducer()
	case '\r':
		return d.carriage()
	}
	return drop(1) // NUL and BEL
}

// at returns the byte of the i-th unit, ok false if it is not here yet.
func (d *decoder) at(i int) (b byte, ok bool) {
	if i >= d.n {
		return 0, false
	}
	return d.queue[i].b, true
}

// carriage folds CR CR LF and CR LF to LF.
func (d *decoder) carriage() piece {
	b, ok := d.at(1)
	switch {
	case !ok:
		return piece{}
	case b == '\n', b == '\r':
		return drop(1)
	}
	return plainUnit('\r')
}

// doubled folds ” and "" and $$ to one, and the ways a shell leaves its
// single quotes for one, '\” and '"'"'.
func (d *decoder) doubled(b byte) piece {
	second, ok := d.at(1)
	switch {
	case !ok:
		return piece{}
	case second == b:
		return oneByte(2, b)
	case b == '\'' && second == '\\':
		return d.literal(`'\''`, '\'')
	case b == '\'' && second == '"':
		return d.literal(`'"'"'`, '\'')
	}
	return plainUnit(b)
}

// literal decodes one fixed sequence; what differs from it is left alone.
func (d *decoder) literal(seq string, b byte) piece {
	for i := range len(seq) {
		c, ok := d.at(i)
		if !ok {
			return piece{}
		}
		if c != seq[i] {
			return plainUnit(d.queue[0].b)
		}
	}
	return oneByte(len(seq), b)
}

func (d *decoder) percent() piece {
	v, ok, more := d.hex(1, 2)
	switch {
	case more:
		return piece{}
	case !ok:
		return plainUnit('%')
	}
	return oneByte(3, byte(v))
}

// hex reads exactly n hex digits from unit i on; more says that they may come.
func (d *decoder) hex(i, n int) (v rune, ok, more bool) {
	for k := range n {
		b, have := d.at(i + k)
		if !have {
			return 0, false, true
		}
		x := hexDigit(b)
		if x < 0 {
			return 0, false, false
		}
		v = v<<4 | rune(x)
	}
	return v, true, false
}

func hexDigit(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'f':
		return int(b-'a') + 10
	case b >= 'A' && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}

// unwrap joins the lines of a wrapped text: a line end and the indent after it
// are dropped if text of the base64 kind goes on.
func (d *decoder) unwrap() piece {
	for i := 1; i < d.n; i++ {
		b := d.queue[i].b
		switch {
		case isBase64(b):
			return drop(i)
		case d.queue[0].b == '\r' && i == 1 && b == '\n', b == ' ', b == '\t':
			continue
		}
		return plainUnit(d.queue[0].b)
	}
	return piece{}
}

func isBase64(b byte) bool {
	return isAlnum(b) || b == '+' || b == '/' || b == '=' || b == '-' || b == '_'
}

func isAlnum(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}
