package web

import (
	"context"
	"sync"

	"github.com/taffrail/taffrail/internal/core"
)

// section is a run of lines of one step that are all hidden, or all not. A log is read
// by its outline: which line is how far down can be told without having any line.
type section struct {
	First, Last int64
	Step        int
	Hidden      bool
}

// outlines are those of logs that somebody looked at of late. Only what is new of a log
// is looked at again.
type outlines struct {
	lines Lines

	mu    sync.Mutex // guards known
	known map[int64][]section
}

const (
	knownOutlines = 256
	// exactly is how many lines are looked at one by one. Of longer runs the ends and
	// the middle are: steps come one after the other, and within one all lines of output
	// are hidden or none is.
	exactly = 64
)

func newOutlines(lines Lines) *outlines {
	return &outlines{lines: lines, known: map[int64][]section{}}
}

// of returns the outline of a log up to its last line, and that line's number.
func (o *outlines) of(ctx context.Context, logID int64) ([]section, int64, error) {
	_, last, err := o.lines.GetCursor(ctx, logID)
	if err != nil {
		return nil, 0, err
	}
	o.mu.Lock()
	list := append([]section(nil), o.known[logID]...)
	o.mu.Unlock()
	from := int64(1)
	if len(list) > 0 {
		from = list[len(list)-1].Last + 1
	}
	if from <= last {
		s := &surveyor{lines: o.lines, log: logID, out: list}
		if err := s.survey(ctx, from, last); err != nil {
			return nil, 0, err
		}
		list = s.out
	}
	o.keep(logID, list)
	return list, last, nil
}

func (o *outlines) keep(logID int64, list []section) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.known) >= knownOutlines {
		clear(o.known)
	}
	o.known[logID] = list
}

// surveyor finds the sections of a part of a log.
type surveyor struct {
	lines Lines
	log   int64
	out   []section
}

func (s *surveyor) survey(ctx context.Context, from, to int64) error {
	if to-from < exactly {
		lines, err := s.lines.LinesAfter(ctx, s.log, from-1, int(to-from)+1)
		for _, l := range lines {
			s.add(section{l.Seq, l.Seq, l.Step, l.Hidden})
		}
		return err
	}
	middle := from + (to-from)/2
	a, err := s.at(ctx, from)
	if err != nil {
		return err
	}
	b, err := s.at(ctx, middle)
	if err != nil {
		return err
	}
	c, err := s.at(ctx, to)
	if err != nil {
		return err
	}
	if a.Step != 0 && a.Step == b.Step && b.Step == c.Step && a.Hidden == b.Hidden && b.Hidden == c.Hidden {
		s.add(section{from, to, a.Step, a.Hidden})
		return nil
	}
	if err := s.survey(ctx, from, middle); err != nil {
		return err
	}
	return s.survey(ctx, middle+1, to)
}

func (s *surveyor) at(ctx context.Context, seq int64) (core.Line, error) {
	lines, err := s.lines.LinesAfter(ctx, s.log, seq-1, 1)
	if err != nil || len(lines) == 0 {
		return core.Line{}, err
	}
	return lines[0], nil
}

// add puts a section behind the others, or lengthens the last one.
func (s *surveyor) add(n section) {
	if i := len(s.out) - 1; i >= 0 && s.out[i].Step == n.Step && s.out[i].Hidden == n.Hidden && s.out[i].Last == n.First-1 {
		s.out[i].Last = n.Last
		return
	}
	s.out = append(s.out, n)
}

// wire is an outline as script gets it: [first, last, step, hidden].
func wire(list []section) [][4]int64 {
	out := make([][4]int64, 0, len(list))
	for _, s := range list {
		hidden := int64(0)
		if s.Hidden {
			hidden = 1
		}
		out = append(out, [4]int64{s.First, s.Last, int64(s.Step), hidden})
	}
	return out
}
