package archive

import (
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/redact"
)

// Scrub masks lines as the rescrub of a log does, and returns all of them.
func Scrub(set *redact.Set, lines []core.Line) ([]core.Line, error) {
	s := newScrubber(set)
	at := map[int64]int{}
	out := append([]core.Line(nil), lines...)
	for i, l := range lines {
		at[l.Seq] = i
		if err := s.add(l); err != nil {
			return nil, err
		}
		if i%5 == 0 {
			put(out, at, s.take())
		}
	}
	err := s.flush()
	put(out, at, s.take())
	return out, err
}

func put(out []core.Line, at map[int64]int, changed []core.Line) {
	for _, l := range changed {
		out[at[l.Seq]] = l
	}
}
