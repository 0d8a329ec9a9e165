package redact

import "slices"

// span is a part of the stream that is masked: [start, end).
type span struct{ start, end int }

// spans are kept in order. Those that overlap are one; those that only touch
// are two, so that the result does not depend on the order in which they came.
type spans []span

// add puts s in its place and joins what it overlaps. Spans come nearly in
// order, so the search from the end is short.
func (l *spans) add(s span) {
	if s.start >= s.end {
		return
	}
	list := *l
	hi := len(list)
	for hi > 0 && list[hi-1].start >= s.end {
		hi--
	}
	lo := hi
	for lo > 0 && list[lo-1].end > s.start {
		lo--
		s.start = min(s.start, list[lo].start)
		s.end = max(s.end, list[lo].end)
	}
	if hi-lo == 1 {
		list[lo] = s
		return
	}
	*l = slices.Replace(list, lo, hi, s)
}

// forget removes the spans that lie within [start, end), which are the last.
func (l *spans) forget(start, end int) {
	list := *l
	for i := len(list) - 1; i >= 0 && list[i].end > start; i-- {
		if list[i].start >= start && list[i].end <= end {
			list = slices.Delete(list, i, i+1)
		}
	}
	*l = list
}
