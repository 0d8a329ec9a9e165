package redact

// needle is one string an automaton looks for.
type needle struct {
	text string
	kind ruleKind // 0: masked wherever it appears
	keep uint32
	id   uint32
}

// builder holds the trie from which an automaton is made. Children are a
// linked list: nodes with many of them are few and near the root.
type builder struct {
	auto   *automaton
	child  []int32
	sib    []int32
	fail   []int32
	handle []uint32
	depth  []uint32
	size   []uint32
	first  []int32
	col    []uint16
	root   []int32 // children of the root by column
	order  []int32 // breadth first
	flat   bool    // every state gets a row
}

// newAutomaton builds the machine. With fold set letters match in any case
// and the needles must be in lower case, and every state gets a row: such a
// machine is small and runs beside the other one on every byte.
func newAutomaton(needles []needle, fold bool) *automaton {
	b := &builder{auto: &automaton{}, flat: fold}
	b.columns(needles, fold)
	b.plant(needles)
	b.link()
	b.place()
	return b.auto
}

// columns gives each byte that occurs a column of its own; 0 is for all others.
func (b *builder) columns(needles []needle, fold bool) {
	a := b.auto
	next := uint16(1)
	for _, n := range needles {
		for i := range len(n.text) {
			if c := n.text[i]; a.class[c] == 0 {
				a.class[c] = next
				next++
			}
		}
	}
	for c := 'A'; fold && c <= 'Z'; c++ {
		a.class[c] = a.class[c+'a'-'A']
	}
	a.cols = uint32(next)
}

func (b *builder) plant(needles []needle) {
	total := 1
	for _, n := range needles {
		total += len(n.text)
		b.auto.max = max(b.auto.max, len(n.text))
	}
	b.root = make([]int32, b.auto.cols)
	b.reserve(total)
	b.add(0, 0)
	for _, n := range needles {
		b.insert(n)
	}
}

func (b *builder) reserve(n int) {
	b.child = make([]int32, 0, n)
	b.sib = make([]int32, 0, n)
	b.depth = make([]uint32, 0, n)
	b.size = make([]uint32, 0, n)
	b.first = make([]int32, 0, n)
	b.col = make([]uint16, 0, n)
}

func (b *builder) add(col uint16, depth uint32) int32 {
	b.child = append(b.child, -1)
	b.sib = append(b.sib, -1)
	b.depth = append(b.depth, depth)
	b.size = append(b.size, 0)
	b.first = append(b.first, -1)
	b.col = append(b.col, col)
	return int32(len(b.col) - 1)
}

func (b *builder) insert(n needle) {
	at := int32(0)
	for i := range len(n.text) {
		col := b.auto.class[n.text[i]]
		next := b.find(at, col)
		if next < 0 {
			next = b.add(col, uint32(i)+1)
			b.sib[next] = b.child[at]
			b.child[at] = next
			if at == 0 {
				b.root[col] = next
			}
		}
		at = next
	}
	if n.kind == 0 {
		b.size[at] = uint32(len(n.text))
		return
	}
	b.auto.rules = append(b.auto.rules, rule{kind: n.kind, size: uint32(len(n.text)), keep: n.keep, id: n.id, after: b.first[at]})
	b.first[at] = int32(len(b.auto.rules) - 1)
}

func (b *builder) find(at int32, col uint16) int32 {
	if at == 0 {
		if next := b.root[col]; next != 0 {
			return next
		}
		return -1
	}
	next := b.child[at]
	for next >= 0 && b.col[next] != col {
		next = b.sib[next]
	}
	return next
}

// link sets the failure links, breadth first, and lets each state inherit
// what ends at the state it falls back to.
func (b *builder) link() {
	n := len(b.col)
	b.fail = make([]int32, n)
	b.order = make([]int32, 0, n)
	b.order = append(b.order, 0)
	for i := 0; i < len(b.order); i++ {
		at := b.order[i]
		for v := b.child[at]; v >= 0; v = b.sib[v] {
			b.order = append(b.order, v)
			if at != 0 {
				b.fail[v] = b.fallback(b.fail[at], b.col[v])
			}
			b.inherit(v, b.fail[v])
		}
	}
}

func (b *builder) fallback(at int32, col uint16) int32 {
	for {
		if next := b.find(at, col); next >= 0 {
			return next
		}
		if at == 0 {
			return 0
		}
		at = b.fail[at]
	}
}

func (b *builder) inherit(v, from int32) {
	if b.size[v] == 0 {
		b.size[v] = b.size[from]
	}
	if b.first[v] < 0 {
		b.first[v] = b.first[from]
		return
	}
	r := b.first[v]
	for b.auto.rules[r].after >= 0 {
		r = b.auto.rules[r].after
	}
	b.auto.rules[r].after = b.first[from]
}

// place decides which states get a row, numbers them and fills the tables.
func (b *builder) place() {
	a := b.auto
	b.handle = make([]uint32, len(b.col))
	for _, v := range b.order {
		if b.branches(v) {
			b.handle[v] = a.rows * a.cols
			a.rows++
		}
	}
	a.lim = a.rows * a.cols
	links := uint32(0)
	for _, v := range b.order {
		if !b.branches(v) {
			b.handle[v] = a.lim + links
			links++
		}
	}
	a.dense = make([]uint32, a.lim)
	a.chain = make([]link, links)
	n := len(b.order)
	a.live, a.size, a.first = make([]uint32, n), make([]uint32, n), make([]int32, n)
	for _, v := range b.order {
		b.fill(v)
	}
}

func (b *builder) branches(v int32) bool {
	return b.flat || b.depth[v] <= 1 || b.child[v] >= 0 && b.sib[b.child[v]] >= 0
}

func (b *builder) fill(v int32) {
	a := b.auto
	h := b.handle[v]
	n := a.number(h)
	a.size[n], a.first[n] = b.size[v], b.first[v]
	a.live[n] = b.depth[v]
	if b.child[v] < 0 {
		a.live[n] = a.live[a.number(b.handle[b.fail[v]])]
	}
	if h < a.lim {
		b.row(v)
		return
	}
	l := link{fail: b.handle[b.fail[v]], col: noCol}
	if c := b.child[v]; c >= 0 {
		l.col, l.next = uint32(b.col[c]), b.entry(c)
	}
	a.chain[h-a.lim] = l
}

// row completes the transitions of a branching state: where no child is, the
// state it falls back to decides, which is shallower and so already filled.
func (b *builder) row(v int32) {
	a := b.auto
	row := a.dense[b.handle[v] : b.handle[v]+a.cols]
	if v != 0 {
		b.borrow(row, b.handle[b.fail[v]])
	}
	for c := b.child[v]; c >= 0; c = b.sib[c] {
		row[b.col[c]] = b.entry(c)
	}
}

// borrow copies all transitions of h into row.
func (b *builder) borrow(row []uint32, h uint32) {
	a := b.auto
	if h < a.lim {
		copy(row, a.dense[h:h+a.cols])
		return
	}
	l := a.chain[h-a.lim]
	b.borrow(row, l.fail)
	if l.col != noCol {
		row[l.col] = l.next
	}
}

func (b *builder) entry(v int32) uint32 {
	if b.size[v] > 0 || b.first[v] >= 0 {
		return b.handle[v] | hot
	}
	return b.handle[v]
}
