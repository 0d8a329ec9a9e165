package redact

// The keywords that wake a lane have these numbers; shapes come after them.
const (
	wakeAny   = iota // an escape that may stand for the first byte of a needle, or hide what follows
	wakeLive         // something that is dropped: matters inside a match only
	wakeTwo          // an escape that began one byte ago
	wakeBack         // backspace
	wakeLine         // line feed
	shapeFrom        // the first number of a shape
)

// minRun is how much base64 must stand before a line end for the line to go on
// in the next one. It is a rule about the text alone: what the lane of wrapped
// lines sees may not depend on whether it was awake.
const minRun = 32

// wakers are the bytes that wake a lane.
var wakers = [...]struct {
	text string
	id   uint32
}{
	{`\`, wakeAny}, {"%", wakeAny}, {"&", wakeAny}, {"\x1b", wakeAny},
	{"\x00", wakeLive}, {"\a", wakeLive}, {"\r", wakeLive},
	{"\xc2\x9b", wakeTwo}, {"''", wakeTwo}, {`""`, wakeTwo}, {"$$", wakeTwo}, {`'"`, wakeTwo}, {`'\`, wakeTwo},
	{"\b", wakeBack}, {"\n", wakeLine},
}

// keyword acts on a keyword that ends at the last byte.
func (w *Writer) keyword(r *rule) {
	a := w.set.auto
	switch r.id {
	case wakeAny:
		w.wake(0, w.cur.prev, 1)
	case wakeLive:
		if a.alive(w.cur.prev) > 0 {
			w.wake(0, w.cur.prev, 1)
		}
	case wakeTwo:
		w.wake(0, w.cur.prev2, 2)
	case wakeBack:
		if a.alive(w.cur.prev2) > 0 && isPrintable(w.at(w.pos-2)) {
			w.wakeBack()
		}
	case wakeLine:
		w.line = w.pos
		w.wakeWrap()
	default:
		w.shapes.found(int(r.id)-shapeFrom, w.pos-int(r.size))
	}
}

// wakeBack starts the first lane as if the last byte and the backspace after
// it had not been there.
func (w *Writer) wakeBack() {
	l := &w.lanes[0]
	to := w.pos - 2
	if l.awake || to+1 < l.pos {
		return
	}
	l.wake(w.pos, w.cur.prev2, func(k int) unit { return w.raw(to, k) })
	l.backed = true
	w.run(0)
}

// wakeWrap starts the lane of wrapped lines at a line end in the middle of what
// may be a needle.
func (w *Writer) wakeWrap() {
	state, size := w.cur.prev, 1
	if w.at(w.pos-2) == '\r' {
		state, size = w.cur.prev2, 2
	}
	if w.set.auto.alive(state) > 0 && w.wraps(w.pos-size) {
		w.wake(wrapLane, state, size)
	}
}

// wraps tells whether the text before a line end at pos looks wrapped.
func (w *Writer) wraps(pos int) bool {
	if w.at(pos) == '\n' && w.at(pos-1) == '\r' {
		pos--
	}
	for k := 1; k <= minRun; k++ {
		if !isBase64(w.at(pos - k)) {
			return false
		}
	}
	return true
}
