package redact

// scan matches what is new in the buffer. The machines go over every byte; the
// lanes run ahead of them from where an escape has woken them.
func (w *Writer) scan() {
	if w.word.end > 0 && w.pos < w.end() {
		w.closeWord(w.at(w.pos))
	}
	for _, n := range [...]int{0, wrapLane} {
		if w.lanes[n].awake {
			w.run(n)
		}
	}
	w.sweep()
	for i := range w.lanes {
		if w.lanes[i].awake {
			w.lanes[i].trim()
		}
	}
}

// run lets a lane of the stream and those behind it take what there is.
func (w *Writer) run(n int) {
	w.lanes[n].run(false)
	w.lanes[n].follow(false)
}

// sweep takes the two machines to the end of the buffer. Its loop calls nothing
// but for states deep in a needle, and allocates nothing.
func (w *Writer) sweep() {
	a, k := w.set.auto, w.set.keywords
	classes, keys := &a.class, &k.class
	dense, lim, table := a.dense, a.lim, k.dense
	state, prev, prev2, shape := w.cur.state, w.cur.prev, w.cur.prev2, w.cur.shape
	from := w.pos
	for i, b := range w.buf[from-w.base:] {
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
		hit, key := state, shape
		state, shape = state&^hot, shape&^hot
		w.pos, w.cur.prev, w.cur.prev2 = from+i+1, prev, prev2
		w.event(hit, key)
	}
	w.cur.state, w.cur.prev, w.cur.prev2, w.cur.shape = state, prev, prev2, shape
	w.pos = w.end()
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
	return unit{start: to - k, end: to - k + 1, b: w.at(to - k)}
}

// wake starts lane n at the last size bytes, before which the matcher was in
// state, unless it has had them already.
func (w *Writer) wake(n int, state uint32, size int) {
	l := &w.lanes[n]
	from := w.pos - size
	if l.awake || from < l.pos {
		return
	}
	l.wake(from, state, func(k int) unit { return w.raw(from, k) })
	w.run(n)
}
