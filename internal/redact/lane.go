package redact

// levels is how many times a text may have been escaped.
const levels = 3

// wrapLane is the lane that joins wrapped lines; the ones before it decode.
const wrapLane = levels

// minWrapped is the shortest needle that counts over a line end: shorter ones
// would join unrelated lines.
const minWrapped = 16

// minAwake is how many bytes after an escape a lane stays awake: a backspace
// may come that concerns them.
const minAwake = 3

// maxVoid is how many bytes that count for nothing may stand between two that do, and
// maxLost how many within one value: what waits for more does not grow without end.
const (
	maxVoid = 1 << 10
	maxLost = 3 << 10
)

// unit is one byte of a lane's text and the bytes of the stream it stands for.
type unit struct {
	start, end int    // in the stream
	lost       int    // bytes that counted for nothing before it
	state      uint32 // of the matcher, after this byte
	b          byte
	made       bool // by decoding: may start an escape at the next level
}

// lane matches what decoding makes of the text of its parent, which is the
// stream for the first level. Between escapes a lane would see what its parent
// sees, so it sleeps until its parent meets the first byte of an escape, starts
// with the parent's live prefix, and sleeps again when all that is alive in it
// lies after the last escape. What it finds is the same however long it sleeps,
// which is what makes a restart at a mark exact.
type lane struct {
	w      *Writer
	level  int
	awake  bool
	seq    sequence
	pos    int    // of the next byte of the parent's text
	text   []byte // the last bytes of this lane's text, and what they stand for
	units  []unit
	gone   int // units before those
	last   int // count of units at the last escape
	made   int // count of units at the last one that the next level must see
	state  uint32
	lost   int  // bytes of the parent's text that counted for nothing
	backed bool // the last thing was a backspace
	before byte // what stood before the first unit
	word   span // whole-word match that waits for the byte after it
	least  int  // shortest match that counts
	work   int  // units so far, for tests of cost
}

func (l *lane) init(w *Writer, level int) {
	l.w, l.level, l.least = w, level, 1
	if level == wrapLane {
		l.least = minWrapped
	}
}

// child is the lane that decodes what this one makes, nil for none.
func (l *lane) child() *lane {
	if l.level+1 >= levels {
		return nil
	}
	return &l.w.lanes[l.level+1]
}

// count is the number of units so far.
func (l *lane) count() int { return l.gone + len(l.units) }

// unit returns the k-th unit from the end, 1 being the last.
func (l *lane) unit(k int) unit {
	if k > len(l.units) {
		return unit{b: l.before}
	}
	return l.units[len(l.units)-k]
}

// wake starts the lane at byte pos of its parent's text, before which the
// parent was in state; at gives the parent's units before pos, from the end.
func (l *lane) wake(pos int, state uint32, at func(k int) unit) {
	*l = lane{w: l.w, level: l.level, least: l.least, work: l.work, text: l.text[:0], units: l.units[:0], awake: true, pos: pos}
	if next := l.child(); next != nil {
		next.pos = 0
	}
	live := l.w.set.auto.alive(state)
	l.before = at(live + 1).b
	for k := live; k > 0; k-- {
		u := at(k)
		a := l.w.set.auto
		l.state = a.step(l.state, uint32(a.class[u.b])) &^ hot
		u.state, u.made = l.state, false
		l.units = append(l.units, u)
		l.text = append(l.text, u.b)
	}
	l.last = l.count()
}

// input is the part of the parent's text that the lane has not taken yet.
func (l *lane) input() []byte {
	if l.level == 0 || l.level == wrapLane {
		return l.w.buf[l.pos-l.w.base:]
	}
	p := &l.w.lanes[l.level-1]
	return p.text[l.pos-p.gone:]
}

// unmade is how many bytes counted for nothing before the one at pos of the parent's text.
func (l *lane) unmade(pos int) int {
	if l.level == 0 || l.level == wrapLane {
		return l.lost
	}
	p := &l.w.lanes[l.level-1]
	return l.lost + p.units[pos-p.gone].lost
}

// origin is what the byte at pos of the parent's text stands for.
func (l *lane) origin(pos int) (start, end int) {
	if l.level == 0 || l.level == wrapLane {
		return pos, pos + 1
	}
	p := &l.w.lanes[l.level-1]
	u := &p.units[pos-p.gone]
	return u.start, u.end
}

// run takes what there is of the parent's text, until the lane sleeps; end says
// that no more comes.
func (l *lane) run(end bool) {
	t := l.input()
	for l.awake && len(t) > 0 {
		before := l.count()
		n := l.take(t, end)
		if n == 0 {
			break
		}
		t = t[n:]
		l.pos += n
		if l.count() == before {
			l.lose(n)
		}
		if l.count()-l.last >= minAwake {
			l.rest()
		}
	}
}

// lose notes that the last n bytes counted for nothing. Behind too many of them nothing
// goes on that began before.
func (l *lane) lose(n int) {
	l.lost += n
	if len(l.units) == 0 {
		return
	}
	if _, at := l.origin(l.pos - 1); at-l.unit(1).end >= maxVoid {
		l.forget()
	}
}

// forget drops all that is alive, here and in the next levels.
func (l *lane) forget() {
	if l.level != wrapLane {
		l.follow(false)
	}
	l.before = l.unit(1).b
	l.undo(false)
	l.last = l.count()
}

// take decodes the first bytes of t and returns how many; 0 asks for more.
func (l *lane) take(t []byte, end bool) int {
	if l.seq.kind != pieceText {
		l.last = l.count()
		if n := l.seq.skip(t); n > 0 {
			return n
		}
	}
	start, stop := l.origin(l.pos)
	if !l.opens(t[0]) {
		l.emit(t[0], start, stop, false)
		return 1
	}
	p := l.decide(t)
	if p.used == 0 && end || p.kind == piecePlain {
		l.emit(t[0], start, stop, false)
		return 1
	}
	if p.used > 0 {
		l.apply(p, start)
	}
	return int(p.used)
}

// opens tells whether an escape may start with byte b at pos.
func (l *lane) opens(b byte) bool {
	switch {
	case l.level == wrapLane:
		return (b == '\n' || b == '\r') && l.w.wraps(l.pos)
	case !special[b] || l.level == 0:
		return special[b]
	}
	p := &l.w.lanes[l.level-1]
	return p.units[l.pos-p.gone].made
}

func (l *lane) decide(t []byte) piece {
	if l.level == wrapLane {
		return unwrap(t)
	}
	return decode(t)
}

// apply does what an escape that begins at start stands for.
func (l *lane) apply(p piece, start int) {
	switch p.kind {
	case pieceBack:
		l.back(start)
	case pieceControl, pieceString:
		l.seq.kind = p.kind
	}
	l.last = l.count()
	if p.size == 0 {
		return
	}
	_, end := l.origin(l.pos + int(p.used) - 1)
	for i := range p.size {
		l.emit(byte(p.text>>(8*i)), start, end, true)
	}
	l.last = l.count()
}

// emit matches one byte of the lane's text.
func (l *lane) emit(b byte, start, end int, made bool) {
	if l.word.end > 0 {
		l.closeWord(b)
	}
	a := l.w.set.auto
	e := a.step(l.state, uint32(a.class[b]))
	l.state = e &^ hot
	l.backed = false
	l.work++
	l.text = append(l.text, b)
	lost := l.unmade(l.pos)
	l.units = append(l.units, unit{start: start, end: end, lost: lost, state: l.state, b: b, made: made})
	if made && special[b] {
		l.made = l.count()
	}
	if e&hot != 0 {
		l.w.matched(l.state, l)
	}
	if live := a.alive(l.state); live > 0 && lost-l.unit(live).lost > maxLost {
		l.state = 0
		l.units[len(l.units)-1].state = 0
	}
}

// follow lets the next level take what is new, waking it where an escape of
// its own begins.
func (l *lane) follow(end bool) {
	next := l.child()
	if next == nil {
		return
	}
	for {
		if next.awake {
			next.run(end)
			next.follow(end)
		}
		if next.awake || !l.seek(next) {
			return
		}
		l.rouse(next)
	}
}

// seek takes the sleeping next level to the next escape that it must see.
func (l *lane) seek(next *lane) bool {
	next.pos = max(next.pos, l.gone)
	for next.pos < l.made {
		if l.opener(next.pos) {
			return true
		}
		next.pos++
	}
	return false
}

// opener tells whether the unit at pos must wake the next level.
func (l *lane) opener(pos int) bool {
	u := &l.units[pos-l.gone]
	return u.made && special[u.b]
}

func (l *lane) rouse(next *lane) {
	i := next.pos - l.gone
	state := uint32(0)
	if i > 0 {
		state = l.units[i-1].state
	}
	next.wake(next.pos, state, func(k int) unit { return l.unit(len(l.units) - i + k) })
}

// back takes the last character off the text, as a terminal would. That works
// for one plain character right before the backspace at start, which is what
// hold has kept; any other makes the lane forget what stands before it.
func (l *lane) back(start int) {
	top := l.unit(1)
	fits := l.level == 0 && !l.backed && len(l.units) > 1 && isPrintable(top.b) && top.end == start
	l.follow(false)
	l.undo(fits)
	l.backed = true
}

// undo takes back the last unit, or all of them, here and in the next levels.
func (l *lane) undo(one bool) {
	top := l.unit(1)
	keep := 0
	if one && len(l.units) > 1 {
		keep = len(l.units) - 1
	}
	l.units, l.text = l.units[:keep], l.text[:keep]
	l.state = 0
	if keep > 0 {
		l.state = l.units[keep-1].state
	}
	l.made = min(l.made, l.count())
	next := l.child()
	if next == nil {
		return
	}
	taken := next.pos > l.count()
	next.pos = min(next.pos, l.count())
	if next.awake && (taken || keep == 0) {
		next.undo(keep > 0 && next.unit(1).end == top.end && !next.unit(1).made)
		next.last = next.count()
	}
}

func isPrintable(b byte) bool { return b >= ' ' && b < 0x7f }

// rest puts the lane to sleep when its text no longer differs from its
// parent's in anything that may become a match.
func (l *lane) rest() {
	if l.seq.kind != pieceText || l.word.end > 0 || l.count()-l.last < l.w.set.auto.alive(l.state) {
		return
	}
	l.follow(false)
	next := l.child()
	l.awake = next != nil && next.awake
}

// trim forgets the units that nothing can ask for any more, not even after a
// backspace.
func (l *lane) trim() {
	a := l.w.set.auto
	cut := len(l.units) - max(a.alive(l.state), a.alive(l.unit(2).state)) - minAwake
	if next := l.child(); next != nil && next.awake {
		cut = min(cut, next.pos-l.gone)
	}
	if cut <= 0 {
		return
	}
	l.before = l.units[cut-1].b
	l.units = l.units[:copy(l.units, l.units[cut:])]
	l.text = l.text[:copy(l.text, l.text[cut:])]
	l.gone += cut
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
	l.run(true)
	if l.level != wrapLane {
		l.follow(true)
	}
	if l.word.end > 0 {
		l.closeWord('\n')
	}
}

// hold is the first byte of the stream that the lane may yet mask.
func (l *lane) hold(at int) int {
	if len(l.input()) > 0 {
		start, _ := l.origin(l.pos)
		at = min(at, start)
	}
	if l.word.end > 0 {
		at = min(at, l.word.start)
	}
	if live := l.w.set.auto.alive(l.state); live > 0 {
		at = min(at, l.unit(live).start)
	}
	if l.level == wrapLane || len(l.units) < 2 || !isPrintable(l.unit(1).b) {
		return at
	}
	if live := l.w.set.auto.alive(l.unit(2).state); live > 0 && live < len(l.units) {
		at = min(at, l.unit(live+1).start)
	}
	return at
}

func isWord(b byte) bool { return isAlnum(b) || b == '_' || b >= 0x80 }
