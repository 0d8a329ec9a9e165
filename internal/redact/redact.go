// Package redact masks secrets in text and in streams of bytes.
//
// A Set is compiled from the values of a deployment and finds each of them
// wherever and however it is printed: as it is, in the encodings that programs
// use, escaped, coloured, wrapped or cut into writes at any place. It also masks
// what has the shape of a secret without having been registered. One pass over
// the input does all of it, in time linear in its length.
//
// The matcher for registered values is an Aho-Corasick machine (automaton). It
// reads the stream as it is; where the stream has an escape, lanes that decode
// it run the same machine beside it for as long as a match may cross the
// escape. A second machine finds the keywords of the shapes. All matches end up
// in one list of spans, whose union is masked.
//
// What the output is depends on the input alone, never on how it was cut into
// writes or when it came.
package redact

import (
	"bytes"
	"slices"
)

// Mask is what stands in the output where a secret stood in the input.
const Mask = "<REDACTED>"

// Value is one secret with the name of the variable it came from ("" if none).
type Value struct{ Name, Value string }

// Options says what a Set masks.
type Options struct {
	// Secrets are masked wherever they appear: values of 6 bytes or more at any
	// place, of 3 to 5 bytes as a whole word. Shorter ones and words that logs
	// are full of (true, postgres) are masked only next to their name. Order and
	// repetition do not matter; empty values are ignored.
	Secrets []Value
	// Vars are further names for values. A value that is too weak to be masked
	// anywhere is masked after each of its names.
	Vars map[string]string
	// HidePrivateIPs masks addresses of private networks, too.
	HidePrivateIPs bool
}

// Set is a compiled matcher. It does not change and is safe for concurrent use;
// each stream has a Writer of its own.
type Set struct {
	auto     *automaton
	keywords *automaton
	shapes   []shape
	hideIPs  bool
	protects bool // our own mask is one of the needles
	weak     []string
}

// Compile builds a Set. It takes milliseconds for a hundred values, and some 20
// times their size in memory.
func Compile(o Options) *Set {
	s := &Set{shapes: shapeTable(o.HidePrivateIPs), hideIPs: o.HidePrivateIPs}
	s.keywords = keywordMachine(s.shapes)
	s.auto = newAutomaton(nil, false)
	c := newCompiler(s)
	for name, value := range o.Vars {
		c.name(name, value)
	}
	for _, v := range o.Secrets {
		c.name(v.Name, v.Value)
	}
	for _, v := range o.Secrets {
		c.secret(v)
	}
	c.weakly()
	slices.Sort(c.weak)
	list, protects := c.list()
	return &Set{
		auto: newAutomaton(list, false), keywords: s.keywords, shapes: s.shapes,
		hideIPs: s.hideIPs, protects: protects, weak: slices.Compact(c.weak),
	}
}

// Bytes returns p with a mask in place of each secret; p is not changed.
func (s *Set) Bytes(p []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(p))
	w := s.NewWriter(&out)
	_, _ = w.Write(p) // a bytes.Buffer does not fail
	_ = w.Flush()
	return out.Bytes()
}

// String returns text with a mask in place of each secret.
func (s *Set) String(text string) string { return string(s.Bytes([]byte(text))) }

// Weak returns the names of the secrets that are masked only as a whole word or
// next to their name, in order, for the warning when they are saved. A secret
// without a name is not among them.
func (s *Set) Weak() []string { return slices.Clone(s.weak) }
