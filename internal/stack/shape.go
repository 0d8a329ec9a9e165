package stack

import (
	"strconv"

	"go.yaml.in/yaml/v4"
)

// weight is how much a node unfolds into.
type weight struct {
	nodes, bytes int
	open         bool // being weighed: an alias to it is a cycle
}

// shape checks what a tree is made of before anything is unfolded. Every node is
// visited once, however many aliases lead to it.
type shape struct {
	out  *faults
	seen map[*yaml.Node]*weight
	over bool // the limit was reported
}

// weigh returns the weight of n with all aliases written out.
func (s *shape) weigh(n *yaml.Node, path []string, depth int) weight {
	if known, ok := s.seen[n]; ok {
		if known.open {
			s.fail(n, path, "an alias leads back to itself")
			return weight{}
		}
		return *known
	}
	if depth > maxDepth {
		s.fail(n, path, "is nested deeper than "+strconv.Itoa(maxDepth)+" levels")
		return weight{}
	}
	w := &weight{nodes: 1, bytes: len(n.Value), open: true}
	s.seen[n] = w
	s.tag(n, path)
	s.content(n, w, path, depth)
	w.open = false
	if w.nodes > maxNodes || w.bytes > maxBytes {
		s.limit(n, path)
		*w = weight{}
	}
	return *w
}

func (s *shape) content(n *yaml.Node, w *weight, path []string, depth int) {
	if n.Kind == yaml.AliasNode {
		w.bytes = 0
		w.add(s.weigh(n.Alias, path, depth+1))
		return
	}
	if n.Kind == yaml.MappingNode {
		s.keys(n, path)
	}
	for i, c := range n.Content {
		at := path
		switch n.Kind {
		case yaml.SequenceNode:
			at = join(path, strconv.Itoa(i))
		case yaml.MappingNode:
			at = join(path, n.Content[i-i%2].Value)
		}
		w.add(s.weigh(c, at, depth+1))
	}
}

// add stops counting beyond the limits, so that sums cannot overflow.
func (w *weight) add(more weight) {
	w.nodes = min(w.nodes+more.nodes, maxNodes+1)
	w.bytes = min(w.bytes+more.bytes, maxBytes+1)
}

// keys refuses what a mapping may not have: the same key twice, and keys that are no
// text, which Compose would refuse later with less to go by.
func (s *shape) keys(n *yaml.Node, path []string) {
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := resolved(n.Content[i])
		at := join(path, key.Value)
		switch tag := key.ShortTag(); {
		case key.Kind != yaml.ScalarNode || tag != "!!str" && tag != "!!merge":
			s.fail(key, at, "a key must be text; put it in quotes")
		case lines[key.Value] > 0:
			s.fail(key, at, "is there already, in line "+strconv.Itoa(lines[key.Value]))
		}
		lines[key.Value] = key.Line
	}
}

// tag refuses tags beyond those of plain YAML: what they mean differs from reader to
// reader, and the server's must not read another thing than was checked here.
func (s *shape) tag(n *yaml.Node, path []string) {
	switch n.ShortTag() {
	case "", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!timestamp", "!!merge":
	default:
		s.fail(n, path, "the tag "+n.ShortTag()+" is not possible here")
	}
}

func (s *shape) limit(n *yaml.Node, path []string) {
	if s.over {
		return
	}
	s.over = true
	s.fail(n, path, "unfolds into too much: with all aliases written out a compose file may have 100000 nodes and 4 MiB of text")
}

func (s *shape) fail(n *yaml.Node, path []string, text string) {
	s.out.list = append(s.out.list, fault{line: n.Line, path: path, text: text})
}

// join is append for paths that are shared.
func join(path []string, keys ...string) []string {
	out := make([]string, 0, len(path)+len(keys))
	return append(append(out, path...), keys...)
}
