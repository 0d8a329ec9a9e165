package logs

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/taffrail/taffrail/internal/core"
)

// splitter cuts redacted bytes into lines and hands each to emit. A line ends at LF; a
// longer one than core.MaxLine is cut into parts, never within a character. It is an
// io.Writer that cannot fail.
type splitter struct {
	emit func(text string, continued bool)
	buf  []byte // start of a line that has not ended; at most core.MaxLine
}

// Write implements io.Writer.
func (s *splitter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		line, rest, ended := bytes.Cut(p, []byte{'\n'})
		s.add(line)
		if ended {
			s.emit(clean(s.buf, true), false)
			s.buf = s.buf[:0]
		}
		p = rest
	}
	return n, nil
}

// add appends a piece without LF, emitting full parts.
func (s *splitter) add(piece []byte) {
	s.buf = append(s.buf, piece...)
	for len(s.buf) > core.MaxLine {
		cut := cutPoint(s.buf)
		s.emit(clean(s.buf[:cut], false), true)
		s.buf = append(s.buf[:0], s.buf[cut:]...)
	}
}

// flush emits what is left as a line of its own, at the end of a stream.
func (s *splitter) flush() {
	if len(s.buf) > 0 {
		s.emit(clean(s.buf, true), false)
		s.buf = s.buf[:0]
	}
}

// cutPoint returns the largest length up to core.MaxLine that does not cut a character.
// b is longer than that.
func cutPoint(b []byte) int {
	cut := core.MaxLine
	for i := cut; i > cut-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			return i
		}
	}
	return cut // no UTF-8 at all: any place is as good
}

// clean makes text that both databases and JSON can hold: valid UTF-8 without NUL.
// Blanks and CR go at the end of a line only: indentation and carriage returns within
// it are the program's own.
func clean(b []byte, end bool) string {
	if end {
		b = bytes.TrimRight(b, " \t\r")
	}
	text := strings.ToValidUTF8(string(b), "\uFFFD")
	text = strings.ReplaceAll(text, "\x00", "\uFFFD")
	if strings.HasPrefix(text, "╔") {
		text = "\n" + text // a box is drawn from the first column
	}
	return text
}
