package redact

import "bytes"

// reach is how far behind its keyword a shape may look before it must decide.
const reach = 4096 - lookback

// stopClass says which bytes end the text that a shape looks at.
type stopClass uint8

const (
	stopLine  stopClass = iota // line end or carriage return
	stopWord                   // blank, quote, angle bracket or control byte
	stopToken                  // what no token is made of
	stopCount
)

// stops has bit c set for the bytes that class c stops at.
var stops = stopTable()

func stopTable() (t [256]uint8) {
	for i := range t {
		b := byte(i)
		if b == '\n' || b == '\r' {
			t[i] |= 1 << stopLine
		}
		if b <= ' ' || b == 0x7f || bytes.IndexByte([]byte("\"<>`"), b) >= 0 {
			t[i] |= 1 << stopWord
		}
		if !isBase64(b) && b != '.' && b != '~' {
			t[i] |= 1 << stopToken
		}
	}
	return t
}

// shape is a kind of text that is masked without being registered. Its keyword
// is found in any case; match then looks at the text around it.
type shape struct {
	text  string
	stop  stopClass
	match func(v *view)
	named bool // what is masked comes after the rest of a name
	whole bool // the keyword is masked, too
}

// view is what a shape sees: the line up to where the class stops. It holds no
// line feed, so that no shape depends on an earlier line.
type view struct {
	text     []byte
	from, to int  // the keyword
	cut      bool // text goes on, but only this much counts
	base     int  // of text in the stream
	out      *shapes
}

// mask hides [from, to) of the text, and what follows if it was cut there.
func (v *view) mask(from, to int) {
	if from >= to {
		return
	}
	v.out.w.spans.add(span{v.base + from, v.base + to})
	v.out.covered = max(v.out.covered, v.base+to)
	if v.cut && to == len(v.text) {
		v.out.open = &opened{pos: v.base + to, joined: true}
	}
}

// judged says that no keyword before to is worth a look.
func (v *view) judged(to int) { v.out.covered = max(v.out.covered, v.base+to) }

// after is the text behind the keyword, at most n bytes of it. A shape that may
// decline must not look further than some bytes, or a text full of its keyword
// takes quadratic time.
func (v *view) after(n int) []byte { return v.text[v.to:min(len(v.text), v.to+n)] }

// byteAt returns a byte of the text; outside of it there are line ends.
func (v *view) byteAt(i int) byte {
	if i < 0 || i >= len(v.text) {
		return '\n'
	}
	return v.text[i]
}

// pending is a keyword whose text is not complete.
type pending struct {
	shape      int
	start, end int // the keyword
	line       int // start of its line
}

// opened is a mask whose end is not known yet.
type opened struct {
	pos    int  // decided up to here
	joined bool // the byte before pos is masked
	key    *keyBlock
}

// shapes decides about the keywords of one stream, strictly in order, so that
// the result does not depend on how the stream was cut into writes.
type shapes struct {
	w       *Writer
	queue   []pending
	open    *opened
	covered int // keywords before it are part of what was masked or judged
	drivers int // colons before it are, for driverName
	webs    int // and the starts of a JWT
	view    view
	work    int // bytes looked at, for tests of cost
	known   [stopCount]stretch
}

// stretch is a part of the stream without a stop, and whether one follows.
type stretch struct {
	from, to int
	stopped  bool
}

func (s *shapes) reset() { *s = shapes{w: s.w, queue: s.queue[:0], work: s.work} }

// stepCost is what a decision counts for in tests of cost.
const stepCost = 8

// nearby bounds what a shape looks at before it declines.
const nearby = 128

// found notes a keyword that ends at the last byte read.
func (s *shapes) found(id, start int) {
	if start >= s.covered {
		s.queue = append(s.queue, pending{id, start, s.w.pos, s.w.line})
	}
}

// settle decides what it can; end says that the stream is over.
func (s *shapes) settle(end bool) {
	done := 0
	for {
		waits := s.open != nil && !s.proceed(end)
		if done == len(s.queue) {
			break
		}
		if waits && s.queue[done].start >= s.open.pos || !s.decide(s.queue[done], end) {
			break
		}
		done++
	}
	if done > 0 {
		s.queue = s.queue[:copy(s.queue, s.queue[done:])]
	}
}

func (s *shapes) decide(p pending, end bool) bool {
	if p.start < s.covered {
		return true
	}
	kind := &s.w.set.shapes[p.shape]
	stop, cut, ok := s.stop(kind.stop, p.end, end)
	if !ok {
		return false
	}
	w := s.w
	low := max(p.end-lookback, p.line)
	s.view = view{text: w.buf[low-w.base : stop-w.base], from: p.start - low, to: p.end - low, cut: cut, base: low, out: s}
	kind.match(&s.view)
	s.work += stepCost
	return true
}

// stop finds where class c ends the text from a byte on. No byte is looked at
// twice as long as the questions come in order.
func (s *shapes) stop(c stopClass, from int, end bool) (at int, cut, ok bool) {
	k := &s.known[c]
	if from < k.from || from > k.to {
		*k = stretch{from: from, to: from}
	}
	limit := from + reach
	for !k.stopped && k.to < min(limit, s.w.end()) {
		if stops[s.w.at(k.to)]&(1<<c) != 0 {
			k.stopped = true
			break
		}
		k.to++
		s.work++
	}
	switch {
	case k.to >= limit:
		return limit, true, true
	case k.stopped, end:
		return k.to, false, true
	}
	return 0, false, false
}

// proceed goes on with an open mask and tells whether it has come to its end.
func (s *shapes) proceed(end bool) bool {
	if s.open.key != nil {
		return s.open.key.proceed(s, end)
	}
	at := s.open.pos
	for at < s.w.end() && stops[s.w.at(at)]&(1<<stopWord) == 0 {
		at++
	}
	s.extend(at - s.open.pos)
	if at == s.w.end() {
		return false
	}
	s.open = nil
	return true
}

// extend masks the next n bytes of what is open.
func (s *shapes) extend(n int) {
	o := s.open
	if n == 0 {
		return
	}
	from := o.pos
	if o.joined {
		from-- // to be one with what is masked already
	}
	o.pos += n
	o.joined = true
	s.covered = max(s.covered, o.pos)
	s.w.spans.add(span{from, o.pos})
}

// hold is the first byte that a shape may yet mask.
func (s *shapes) hold(at int) int {
	if o := s.open; o != nil && o.key != nil {
		at = min(at, o.pos)
		if o.joined {
			at-- // what comes is one with the mask before it
		}
	}
	if s.w.set.hideIPs {
		at = min(at, s.w.end()-s.w.set.keywords.alive(s.w.cur.shape))
	}
	for _, p := range s.queue {
		if p.start >= at {
			break
		}
		at = min(at, s.first(p))
	}
	return at
}

// keeps is the first byte at or before to from which shapes look back.
func (s *shapes) keeps(to int) int {
	if len(s.queue) > 0 {
		return min(to, s.queue[0].end)
	}
	return to
}

// first is where the mask of a pending shape may start: an address is masked
// with its keyword, other shapes leave it, and the rest of its name, readable.
func (s *shapes) first(p pending) int {
	kind := &s.w.set.shapes[p.shape]
	if kind.whole {
		return p.start
	}
	at := p.end
	for kind.named && at < s.w.end() && at < p.end+maxName && isName(s.w.at(at)) {
		at++
	}
	return at
}
