package redact

// scan matches what is new in the buffer. Both machines go over every byte;
// the lanes only follow where an escape has woken them.
func (w *Writer) scan() {
	if w.word.end > 0 && w.pos < w.end() {
		w.closeWord(w.at(w.pos))
	}
	for w.pos < w.end() {
		if w.asleep() {
			w.fast()
		} else {
			w.slow()
		}
	}
}

func (w *Writer) asleep() bool {
	return !w.lanes[0].awake && !w.lanes[wrapLane].awake
}

// fast runs to the end of the buffer or to the first byte that wakes a lane.
// Nothing in its loop allocates or calls, but for states deep in a needle.
func (w *Writer) fast() {
	a, k := w.set.auto, w.set.keywords
	classes, keys := &a.class, &k.class
	dense, lim, table := a.dense, a.lim, k.dense
	state, prev, prev2, shape := w.state, w.prev, w.prev2, w.shape
	from := w.pos
	buf := w.buf[from-w.base:]
	for i, b := range buf {
		prev2, prev = prev, state
		col := uint32(classes[b])
		if state < lim {
			state = dense[state+col]
		} else {
			state = a.step(state, col)
		}
		shape = table[shape+uint32(keys[b])]
		if (state|shape)&hot == 0 {
			continue
		}
		w.pos = from + i + 1
		hit, key := state, shape
		state, shape = state&^hot, shape&^hot
		w.state, w.prev, w.prev2, w.shape = state, prev, prev2, shape
		w.event(hit, key)
		if !w.asleep() {
			return
		}
	}
	w.state, w.prev, w.prev2, w.shape = state, prev, prev2, shape
	w.pos = w.end()
}

// slow takes one byte through the machines and the lanes that are awake.
func (w *Writer) slow() {
	b := w.at(w.pos)
	a, k := w.set.auto, w.set.keywords
	w.prev2, w.prev = w.prev, w.state
	hit := a.step(w.state, uint32(a.class[b]))
	key := k.step(w.shape, uint32(k.class[b]))
	w.state, w.shape = hit&^hot, key&^hot
	u := unit{start: w.pos, end: w.pos + 1, b: b, made: true}
	w.pos++
	if w.lanes[0].awake {
		w.lanes[0].push(u)
	}
	if w.lanes[wrapLane].awake {
		u.made = (b == '\n' || b == '\r') && w.wraps(u.start)
		w.lanes[wrapLane].push(u)
	}
	if (hit|key)&hot != 0 {
		w.event(hit, key)
	}
}

// event acts on what ends at the last byte.
func (w *Writer) event(hit, key uint32) {
	if hit&hot != 0 {
		w.matched(hit&^hot, nil)
	}
	if key&hot == 0 {
		return
	}
	k := w.set.keywords
	for r := k.first[k.number(key&^hot)]; r >= 0; r = k.rules[r].after {
		w.keyword(&k.rules[r])
	}
}

// matched adds what ends in state h at the last unit of lane l, or of the
// stream itself if l is nil.
func (w *Writer) matched(h uint32, l *lane) {
	a := w.set.auto
	n := a.number(h)
	if size := int(a.size[n]); size > 0 && (l == nil || size >= l.least) {
		w.spans.add(w.ending(l, size))
	}
	for r := a.first[n]; r >= 0; r = a.rules[r].after {
		w.ruled(&a.rules[r], l)
	}
}

// ending is the part of the stream that the last size units stand for.
func (w *Writer) ending(l *lane, size int) span {
	if l == nil {
		return span{w.pos - size, w.pos}
	}
	return span{l.unit(size).start, l.unit(1).end}
}

func (w *Writer) ruled(r *rule, l *lane) {
	if r.kind == ruleProtect {
		s := w.ending(l, int(r.size))
		w.spans.forget(s.start, s.end)
		return
	}
	if l != nil && l.least > 1 || isWord(w.preceding(l, int(r.size))) {
		return
	}
	s := w.ending(l, int(r.size-r.keep))
	if l != nil {
		l.word = widest(l.word, s)
		return
	}
	w.word = widest(w.word, s)
	if w.pos < w.end() {
		w.closeWord(w.at(w.pos))
	}
}

// widest keeps the longer of two whole-word matches that end at one byte.
func widest(a, b span) span {
	if a.end == b.end && a.start < b.start {
		return a
	}
	return b
}

// preceding is the byte before the last size units.
func (w *Writer) preceding(l *lane, size int) byte {
	if l == nil {
		return w.at(w.pos - size - 1)
	}
	return l.unit(size + 1).b
}

func (w *Writer) closeWord(next byte) {
	if !isWord(next) {
		w.spans.add(w.word)
	}
	w.word = span{}
}

// raw returns the k-th byte before position to as a unit of the stream.
func (w *Writer) raw(to, k int) unit {
	return unit{start: to - k, end: to - k + 1, b: w.at(to - k), made: true}
}

// wake starts lane n with the last size bytes, before which the matcher was in
// state. A lane that is awake has had them already.
func (w *Writer) wake(n int, state uint32, size int) {
	l := &w.lanes[n]
	if l.awake {
		return
	}
	from := w.pos - size
	l.wake(state, func(k int) unit { return w.raw(from, k) })
	for k := size; k > 0; k-- {
		l.push(w.raw(w.pos, k))
	}
}
