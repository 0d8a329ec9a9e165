package redact

import "unicode/utf8"

// pieceKind says what a piece means for the lane.
type pieceKind uint8

const (
	pieceText    pieceKind = iota // decoded text, or nothing
	piecePlain                    // one byte that stands for itself
	pieceBack                     // a backspace
	pieceControl                  // a control sequence follows
	pieceString                   // an OSC or its like follows
)

// piece is what one decision of a decoder comes to: used bytes of its input
// become size bytes, the first of them lowest in text. A used of 0 asks for
// more input.
type piece struct {
	text       uint32
	used, size uint8
	kind       pieceKind
}

func drop(n int) piece { return piece{used: uint8(n)} }

func plainByte(b byte) piece {
	return piece{used: 1, size: 1, text: uint32(b), kind: piecePlain}
}

func oneByte(used int, b byte) piece {
	return piece{used: uint8(used), size: 1, text: uint32(b)}
}

func oneRune(used int, r rune) piece {
	var b [utf8.UTFMax]byte
	size := utf8.EncodeRune(b[:], r)
	text := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
	return piece{used: uint8(used), size: uint8(size), text: text}
}

// special has the bytes that may start an escape.
var special = specialTable()

func specialTable() (t [256]bool) {
	for _, b := range []byte("\\%&'\"$\r\x00\a\b\x1b\xc2") {
		t[b] = true
	}
	return t
}

// decode undoes one escape at the start of t, whose first byte is special:
// backslash and percent escapes, entities, doubled quotes and dollars, and
// terminal control. One decoder for all of them is right because the needles
// are decoded in the same way (see forms): text that holds two kinds of escapes
// meets a needle that went through both.
func decode(t []byte) piece {
	switch t[0] {
	case '\\':
		return backslash(t)
	case '%':
		return percent(t)
	case '&':
		return entity(t)
	case '\'', '"', '$':
		return doubled(t)
	case '\b':
		return piece{used: 1, kind: pieceBack}
	case 0x1b, 0xc2:
		return introducer(t)
	case '\r':
		return carriage(t)
	}
	return drop(1) // NUL and BEL
}

// carriage folds CR CR LF and CR LF to LF.
func carriage(t []byte) piece {
	switch {
	case len(t) < 2:
		return piece{}
	case t[1] == '\n', t[1] == '\r':
		return drop(1)
	}
	return plainByte('\r')
}

// doubled folds two of a quote or dollar to one, and the ways in which a shell
// leaves its single quotes for one.
func doubled(t []byte) piece {
	switch {
	case len(t) < 2:
		return piece{}
	case t[1] == t[0]:
		return oneByte(2, t[0])
	case t[0] == '\'' && t[1] == '\\':
		return literal(t, `'\''`)
	case t[0] == '\'' && t[1] == '"':
		return literal(t, `'"'"'`)
	}
	return plainByte(t[0])
}

// literal decodes one fixed sequence to its first byte; what differs from it is
// left alone.
func literal(t []byte, seq string) piece {
	for i := range len(seq) {
		if i == len(t) {
			return piece{}
		}
		if t[i] != seq[i] {
			return plainByte(t[0])
		}
	}
	return oneByte(len(seq), t[0])
}

func percent(t []byte) piece {
	v, ok, more := hexDigits(t, 1, 2)
	switch {
	case more:
		return piece{}
	case !ok:
		return plainByte('%')
	}
	return oneByte(3, byte(v))
}

// hexDigits reads exactly n hex digits from byte i on; more says that they may
// come.
func hexDigits(t []byte, i, n int) (v rune, ok, more bool) {
	for k := i; k < i+n; k++ {
		if k >= len(t) {
			return 0, false, true
		}
		x := hexDigit(t[k])
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

// maxIndent bounds the indent of a wrapped line.
const maxIndent = 32

// unwrap joins the lines of a wrapped text: a line end and the indent after it
// are dropped if base64 goes on there.
func unwrap(t []byte) piece {
	for i := 1; i < len(t) && i < maxIndent; i++ {
		switch b := t[i]; {
		case isBase64(b):
			return drop(i)
		case t[0] == '\r' && i == 1 && b == '\n', b == ' ', b == '\t':
			continue
		}
		return plainByte(t[0])
	}
	if len(t) >= maxIndent {
		return plainByte(t[0])
	}
	return piece{}
}

func isBase64(b byte) bool {
	return isAlnum(b) || b == '+' || b == '/' || b == '=' || b == '-' || b == '_'
}

func isAlnum(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}
