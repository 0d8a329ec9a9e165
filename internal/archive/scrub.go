package archive

import (
	"bytes"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/redact"
)

// scrubber masks secrets in the lines of one log. Lines go in by order of number; what a
// command wrote is read as the streams that it was, so that a secret over several lines is
// found like one in a single line. The number of lines never changes.
type scrubber struct {
	set     *redact.Set
	step    int
	streams map[core.Stream]*scrubbed
	changed []core.Line // whole secrets only: to be stored together
}

func newScrubber(set *redact.Set) *scrubber {
	return &scrubber{set: set, streams: map[core.Stream]*scrubbed{}}
}

// add takes the next line.
func (s *scrubber) add(l core.Line) error {
	if l.Step != s.step {
		if err := s.flush(); err != nil {
			return err
		}
		s.step = l.Step
	}
	command := s.set.String(l.Command)
	if l.Stream != core.Stdout && l.Stream != core.Stderr || command != l.Command {
		s.own(l, command)
		return nil
	}
	in := s.streams[l.Stream]
	if in == nil {
		in = &scrubbed{}
		in.redactor = s.set.NewWriter(&in.out)
		s.streams[l.Stream] = in
	}
	changed, err := in.add(l)
	s.changed = append(s.changed, changed...)
	return err
}

// own masks a line that stands for itself.
func (s *scrubber) own(l core.Line, command string) {
	output := s.set.String(l.Output)
	if output != l.Output || command != l.Command {
		l.Output, l.Command = output, command
		s.changed = append(s.changed, l)
	}
}

// flush decides about all lines that came so far.
func (s *scrubber) flush() error {
	for _, kind := range []core.Stream{core.Stdout, core.Stderr} {
		if in := s.streams[kind]; in != nil {
			if err := in.redactor.Flush(); err != nil {
				return err
			}
			s.changed = append(s.changed, in.settle(len(in.lines), in.out.Len())...)
		}
	}
	clear(s.streams)
	return nil
}

// take returns what is to be stored so far, in order of numbers.
func (s *scrubber) take() []core.Line {
	out := s.changed
	s.changed = nil
	slices.SortFunc(out, func(a, b core.Line) int { return int(a.Seq - b.Seq) })
	return out
}

// scrubbed is one stream of one step.
type scrubbed struct {
	redactor *redact.Writer
	out      bytes.Buffer // what came out behind the last place that is settled
	lines    []core.Line  // that went in behind it
	ends     []int64      // where each of them ends in the stream
	in, past int64        // length of what went in, and of what came out and is settled
}

// add takes the next line, and returns those that are to be changed and that nothing that
// follows can change once more.
func (s *scrubbed) add(l core.Line) ([]core.Line, error) {
	text := raw(l)
	s.in += int64(len(text))
	s.lines, s.ends = append(s.lines, l), append(s.ends, s.in)
	if _, err := s.redactor.Write([]byte(text)); err != nil {
		return nil, err
	}
	in, out := s.redactor.Mark()
	i, found := slices.BinarySearch(s.ends, in)
	if !found {
		return nil, nil
	}
	return s.settle(i+1, int(out-s.past)), nil
}

// raw is a line as the command wrote it. What was put before a box is taken off again.
func raw(l core.Line) string {
	text := strings.TrimPrefix(l.Output, "\n")
	if !l.Continued {
		text += "\n"
	}
	return text
}

// settle compares the first n lines with the size bytes that they became.
func (s *scrubbed) settle(n, size int) []core.Line {
	text := string(s.out.Next(size))
	s.past += int64(size)
	lines := s.lines[:n]
	s.lines, s.ends = s.lines[n:], s.ends[n:]
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(raw(l))
	}
	if b.String() == text {
		return nil
	}
	return masked(lines, text)
}

// masked gives lines the text that they became. All of it is text that may be shown, so
// where it cannot be told which line a part belongs to, none of the ways is wrong.
func masked(lines []core.Line, text string) []core.Line {
	groups := wholes(lines)
	parts := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	var changed []core.Line
	for i, g := range groups {
		changed = append(changed, regroup(g, partOf(groups, parts, i))...)
	}
	return changed
}

// wholes groups lines with those that go on where they end.
func wholes(lines []core.Line) [][]core.Line {
	var groups [][]core.Line
	for from := 0; from < len(lines); {
		to := from + 1
		for to < len(lines) && lines[to-1].Continued {
			to++
		}
		groups = append(groups, lines[from:to])
		from = to
	}
	return groups
}

// partOf is what whole line i became. A secret that went over line ends took these away:
// what is before it stays in front, what is behind it at the end, and the lines between
// are masked as a whole.
func partOf(groups [][]core.Line, parts []string, i int) string {
	lost := len(groups) - len(parts)
	if lost <= 0 {
		return parts[i]
	}
	same := 0
	for same < len(parts) && wholeText(groups[same]) == parts[same] {
		same++
	}
	tail := 0
	for tail < len(parts)-same && wholeText(groups[len(groups)-1-tail]) == parts[len(parts)-1-tail] {
		tail++
	}
	middle := parts[same : len(parts)-tail]
	if len(middle) == 1 {
		middle = atSeam(middle[0])
	}
	switch k := i - same; {
	case k < 0:
		return parts[i]
	case i >= len(groups)-tail:
		return parts[i-lost]
	case k < len(middle)-1:
		return middle[k]
	case i == len(groups)-tail-1 && len(middle) > 1:
		return middle[len(middle)-1]
	}
	return redact.Mask
}

// atSeam cuts a part where the mask is that took line ends away; it is in both halves.
func atSeam(part string) []string {
	i := strings.LastIndex(part, redact.Mask)
	if i < 0 {
		return []string{part, redact.Mask}
	}
	return []string{part[:i+len(redact.Mask)], part[i:]}
}

func wholeText(group []core.Line) string {
	var b strings.Builder
	for _, l := range group {
		b.WriteString(strings.TrimPrefix(l.Output, "\n"))
	}
	return b.String()
}

// regroup cuts a text into the lines that it is stored in, and returns those that changed.
func regroup(group []core.Line, text string) []core.Line {
	var changed []core.Line
	for i, l := range group {
		part := text
		if i < len(group)-1 {
			part = text[:cut(text, len(l.Output))]
		}
		text = text[len(part):]
		if strings.HasPrefix(l.Output, "\n") {
			part = "\n" + part
		}
		if part != l.Output {
			l.Output = part
			changed = append(changed, l)
		}
	}
	return changed
}

// cut is the largest length up to size that cuts no character.
func cut(text string, size int) int {
	if size >= len(text) {
		return len(text)
	}
	for size > 0 && text[size]&0xc0 == 0x80 {
		size--
	}
	return size
}
