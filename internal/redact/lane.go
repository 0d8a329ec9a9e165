package redact

// levels is how many times a text may have been escaped.
const levels = 3

// wrapLane is the lane that joins wrapped lines; the ones before it decode.
const wrapLane = levels

// minWrapped is the shortest needle that counts over a line end: shorter ones
// would join unrelated lines.
const minWrapped = 16

// lane matches what its decoder makes of the stream. Between escapes a lane
// would see what its parent sees, so it sleeps until its parent meets the first
// byte of an escape, starts with the parent's live prefix, and sleeps again
// when all that is alive in it lies after the last escape.
type lane struct {
	w      *Writer
	level  int
	awake  bool
	dec    decoder
	ring   []unit // the last units, by count
	n      int    // units so far
	last   int    // count at the last escape
	state  uint32
	backed bool // the last thing was a backspace
	before byte // what stood before the first unit
	word   span // whole-word match that waits for the byte after it
	least  int  // shortest match that counts
}

func (l *lane) init(w *Writer, level int) {
	l.w, l.level, l.least = w, level, 1
	if level == wrapLane {
		l.dec.wrap = true
		l.least = minWrapped
	}
}

// wake starts the lane at a byte before which its parent was in state, with
// back bytes already taken off the parent's text.
func (l *lane) wake(state uint32, at func(k int) unit) {
	if l.ring == nil {
		l.ring = make([]unit, ringSize(l.w.set.auto.max))
	}
	l.awake, l.backed, l.n, l.state, l.word = true, false, 0, 0, span{}
	l.dec.n, l.dec.mode = 0, modeText
	live := l.w.set.auto.alive(state)
	l.before = at(live + 1).b
	for k := live; k > 0; k-- {
		u := at(k)
		l.state = l.step(u.b) &^ hot
		u.state = l.state
		l.keep(u)
	}
	l.last = l.n
}

// ringSize is a power of two that holds a needle and what a backspace may need.
func ringSize(longest int) int {
	n := 64
	for n < longest+window {
		n *= 2
	}
	return n
}

func (l *lane) step(b byte) uint32 {
	a := l.w.set.auto
	return a.step(l.state, uint32(a.class[b]))
}

func (l *lane) keep(u unit) {
	l.ring[l.n&(len(l.ring)-1)] = u
	l.n++
}

// unit returns the k-th unit from the end, 1 being the last.
func (l *lane) unit(k int) unit {
	if k > l.n {
		return unit{b: l.before}
	}
	return l.ring[(l.n-k)&(len(l.ring)-1)]
}

// push gives the lane the next unit of its parent's text.
func (l *lane) push(u unit) {
	if l.dec.idle() && !l.dec.starts(u) {
		u.made = false
		l.emit(u)
	} else {
		l.dec.queue[l.dec.n] = u
		l.dec.n++
		l.drain(false)
	}
	l.rest()
}

// drain lets the decoder decide as far as it can; end says that no more comes.
func (l *lane) drain(end bool) {
	for l.dec.n > 0 {
		p := l.dec.next(end)
		if p.used == 0 {
			return
		}
		l.apply(p)
	}
}

func (l *lane) apply(p piece) {
	u := l.dec.queue[0]
	u.end = l.dec.queue[p.used-1].end
	l.dec.take(p.used)
	if p.plain {
		u.made = false
		l.emit(u)
		return
	}
	l.last = l.n
	if p.back {
		l.back(u)
	}
	for i := range p.size {
		u.b, u.made = p.text[i], true
		l.emit(u)
	}
	l.last = l.n
}

// emit matches one unit of the lane's text and hands it to the next level.
func (l *lane) emit(u unit) {
	if l.word.end > 0 {
		l.closeWord(u.b)
	}
	prior := l.state
	e := l.step(u.b)
	l.state = e &^ hot
	u.state = l.state
	l.backed = false
	l.keep(u)
	if e != l.state {
		l.w.matched(e&^hot, l)
	}
	l.forward(prior, u)
}

func (l *lane) forward(prior uint32, u unit) {
	if l.level+1 >= levels {
		return
	}
	next := &l.w.lanes[l.level+1]
	if !next.awake {
		if !u.made || !special(u.b) {
			return
		}
		next.wake(prior, func(k int) unit { return l.unit(k + 1) })
	}
	next.push(u)
}

// back takes the last character off the text, as a terminal would. That works
// for one plain character right before it, which is what hold has kept; any
// other forgets what stands before it. It is the same whether the lane was
// awake before that character or not.
func (l *lane) back(u unit) {
	top := l.unit(1)
	rubbed := (l.level == 0 || u.rubbed) && !l.backed && l.n > 1 && isPrintable(top.b) && top.end == u.start
	l.backed = true
	if rubbed {
		l.n--
		l.state = l.unit(1).state
	} else {
		l.n, l.state = 0, 0
	}
	if l.level+1 < levels && l.w.lanes[l.level+1].awake {
		u.made, u.rubbed = true, rubbed
		l.w.lanes[l.level+1].push(u)
	}
}

func isPrintable(b byte) bool { return b >= ' ' && b < 0x7f }

// rest puts the lane to sleep when its text no longer differs from its
// parent's in anything that may become a match.
func (l *lane) rest() {
	if !l.dec.idle() || l.word.end > 0 || l.n-l.last < 3 {
		return
	}
	if l.level+1 < levels && l.w.lanes[l.level+1].awake {
		return
	}
	if l.n-l.last >= l.w.set.auto.alive(l.state) {
		l.awake = false
	}
}

// closeWord decides a whole-word match by the byte that follows it.
func (l *lane) closeWord(next byte) {
	if !isWord(next) {
		l.w.spans.add(l.word)
	}
	l.word = span{}
}

// end tells the lane that the stream is over.
func (l *lane) end() {
	if !l.awake {
		return
	}
	l.drain(true)
	if l.word.end > 0 {
		l.closeWord('\n')
	}
}

// hold is the first byte of the stream that the lane may yet mask.
func (l *lane) hold(at int) int {
	if l.dec.n > 0 {
		at = min(at, l.dec.queue[0].start)
	}
	if l.word.end > 0 {
		at = min(at, l.word.start)
	}
	if live := l.w.set.auto.alive(l.state); live > 0 {
		at = min(at, l.unit(live).start)
	}
	if l.dec.wrap || l.n < 2 || !isPrintable(l.unit(1).b) {
		return at
	}
	if live := l.w.set.auto.alive(l.unit(2).state); live > 0 && live < l.n {
		at = min(at, l.unit(live+1).start)
	}
	return at
}

func isWord(b byte) bool { return isAlnum(b) || b == '_' || b >= 0x80 }
