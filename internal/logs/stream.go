package logs

import (
	"github.com/taffrail/taffrail/internal/redact"
)

// mark is a place where the redactor may be started afresh: raw input byte in gives
// redacted output byte out.
type mark struct{ in, out int64 }

// stream is one output stream of one step on its way from raw bytes to lines. Positions
// of input count the raw bytes of the stream since the step began; positions of output
// count the redacted bytes since the redactor was started.
type stream struct {
	redactor *redact.Writer
	lines    splitter
	raw      int64  // input seen
	from     int64  // input position where the redactor was started
	out      int64  // output produced
	skip     int64  // output still to be dropped: it was committed before a restart
	marks    []mark // oldest first; the first is the one to restart from
}

// resume is the durable form of a stream's position.
type resume struct {
	At   int64 `json:"at"`   // input position at the cursor's offset
	From int64 `json:"from"` // input position to start the redactor at
	Skip int64 `json:"skip"` // output after that which is in the log already
}

func newStream(set *redact.Set, at resume, emit func(string, bool)) *stream {
	s := &stream{raw: at.At, from: at.From, skip: at.Skip, lines: splitter{emit: emit}}
	s.marks = []mark{{in: at.From}}
	s.redactor = set.NewWriter(s)
	return s
}

// feed takes the next raw bytes, leaving out those before the restart point.
func (s *stream) feed(data []byte) error {
	start := s.raw
	s.raw += int64(len(data))
	if s.raw <= s.from {
		return nil
	}
	if start < s.from {
		data = data[s.from-start:]
	}
	if _, err := s.redactor.Write(data); err != nil {
		return err
	}
	s.note()
	return nil
}

// note remembers the redactor's newest restart point.
func (s *stream) note() {
	in, out := s.redactor.Mark()
	in += s.from
	if last := s.marks[len(s.marks)-1]; in > last.in {
		s.marks = append(s.marks, mark{in, out})
	}
}

// Write takes redacted bytes from the redactor.
func (s *stream) Write(p []byte) (int, error) {
	n := len(p)
	s.out += int64(n)
	if s.skip > 0 {
		drop := min(s.skip, int64(n))
		s.skip -= drop
		p = p[drop:]
	}
	_, _ = s.lines.Write(p)
	return n, nil
}

// finish releases everything at the end of the step.
func (s *stream) finish() error {
	if err := s.redactor.Flush(); err != nil {
		return err
	}
	s.lines.flush()
	return nil
}

// restart returns where to go on after a crash, given that all lines emitted so far
// are committed: the newest mark that is not behind the last line's end.
func (s *stream) restart() (from, skip int64) {
	lineEnd := s.out - int64(len(s.lines.buf))
	for len(s.marks) > 1 && s.marks[1].out <= lineEnd {
		s.marks = s.marks[1:]
	}
	m := s.marks[0]
	return m.in, max(lineEnd-m.out, 0) + s.skip
}
