package redact

// hot marks a transition into a state where something ends.
const hot = 1 << 31

// noCol is a column that no byte has.
const noCol = 1 << 15

// link is a state with at most one way on. Most states deep in a set of
// secrets are of this kind, and 12 bytes are much less than a row.
type link struct {
	fail uint32
	next uint32
	col  uint32
}

// rule is what has to hold for a needle that is not masked wherever it
// appears. The rules of one state form a list, longest needle first.
type rule struct {
	kind  ruleKind
	size  uint32 // bytes of the needle
	keep  uint32 // bytes at its start that stay readable
	id    uint32 // for keywords: which one
	after int32  // next rule of this state, -1 for none
}

type ruleKind uint8

const (
	ruleWord    ruleKind = iota + 1 // masked as a whole word only
	ruleProtect                     // our own mask: what lies inside is not masked again
	ruleKeyword                     // starts a shape or a lane
)

// automaton is an Aho-Corasick machine. A state is a handle: below lim an
// offset into dense (branching and shallow states, one row each), from lim
// on an index into chain. Failure links shorten the live prefix, so that any
// input costs at most two steps a byte.
type automaton struct {
	class [256]uint16
	dense []uint32
	chain []link
	rules []rule
	live  []uint32 // by number of state: bytes of the longest prefix that can still grow
	size  []uint32 // by number of state: longest needle that ends here, 0 for none
	first []int32  // by number of state: its first rule, -1 for none
	lim   uint32
	cols  uint32
	rows  uint32
	max   int // bytes of the longest needle
}

// step returns the handle after column c, with hot set if something ends there.
func (a *automaton) step(h, c uint32) uint32 {
	for h >= a.lim {
		l := &a.chain[h-a.lim]
		if l.col == c {
			return l.next
		}
		h = l.fail
	}
	return a.dense[h+c]
}

// number turns a handle into an index of live, size and first.
func (a *automaton) number(h uint32) uint32 {
	if h < a.lim {
		return h / a.cols
	}
	return h - a.lim + a.rows
}

// alive is how many of the last bytes may be the start of a match.
func (a *automaton) alive(h uint32) int {
	if h == 0 {
		return 0
	}
	return int(a.live[a.number(h)])
}
