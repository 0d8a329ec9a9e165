package logs

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/taffrail/taffrail/internal/core"
)

// Dirty says how many lines wait to be committed, and whether a step changed.
func (in *Ingest) Dirty() (lines int, steps bool) { return len(in.lines), len(in.steps) > 0 }

// Batch returns what is to be committed next. It stays pending until Committed, so that
// a commit that failed can be tried again with the same batch, or a larger one.
func (in *Ingest) Batch() (core.Batch, error) {
	b := in.base
	b.Lines = in.lines
	for _, n := range slices.Sorted(maps.Keys(in.steps)) {
		b.Steps = append(b.Steps, in.steps[n])
	}
	offset := in.position()
	text, err := json.Marshal(in.state)
	if err != nil {
		return core.Batch{}, fmt.Errorf("write log cursor: %w", err)
	}
	b.Cursor = core.Cursor{Offset: offset, State: string(text)}
	return b, nil
}

// Committed says that the last Batch is durable.
func (in *Ingest) Committed(b core.Batch) {
	in.base.Cursor = b.Cursor
	in.lines = append(in.lines[:0:0], in.lines[len(b.Lines):]...)
	clear(in.steps)
}

// Seq is the seq of the newest line, committed or not.
func (in *Ingest) Seq() int64 { return in.seq }

// position finds the first frame that must be read again and writes the streams'
// positions at it into the state.
func (in *Ingest) position() int64 {
	in.state.Streams = nil
	if len(in.streams) == 0 {
		return in.state.Done
	}
	from, skip := map[core.Stream]int64{}, map[core.Stream]int64{}
	for kind, s := range in.streams {
		from[kind], skip[kind] = s.restart()
	}
	in.prune(from)
	offset := in.state.Done
	if len(in.frames) > 0 {
		offset = in.frames[0].offset
	}
	in.state.Streams = map[core.Stream]resume{}
	for kind, s := range in.streams {
		in.state.Streams[kind] = resume{At: in.rawAt(kind, s), From: from[kind], Skip: skip[kind]}
	}
	return offset
}

// prune drops the frames from the front that no stream needs any more.
func (in *Ingest) prune(from map[core.Stream]int64) {
	seen := map[core.Stream]bool{}
	keep := len(in.frames)
	// From the back: the first frame of each stream that starts at or before its
	// restart point is the oldest one that the stream needs.
	for i := len(in.frames) - 1; i >= 0; i-- {
		f := in.frames[i]
		s := in.streams[f.stream]
		if seen[f.stream] || from[f.stream] >= s.raw {
			continue // nothing of this stream is outstanding before here
		}
		keep = i
		seen[f.stream] = f.raw <= from[f.stream]
	}
	in.frames = in.frames[keep:]
}

// rawAt is the position of a stream at the first frame that is kept.
func (in *Ingest) rawAt(kind core.Stream, s *stream) int64 {
	for _, f := range in.frames {
		if f.stream == kind {
			return f.raw
		}
	}
	return s.raw
}
