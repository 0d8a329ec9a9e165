package stack

import (
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Limits of a compose text. The last two are counted with every alias written out, so
// that a text of a few lines cannot unfold into gigabytes; the number of nodes is the
// one that Compose itself accepts.
const (
	MaxText  = 1 << 20 // bytes
	maxNodes = 100_000
	maxBytes = 4 << 20
	maxDepth = 100
)

// source is compose text as a tree that knows its lines.
type source struct {
	root *yaml.Node // the top mapping
}

// readSource parses text. The error is the one for the person who sent it.
func readSource(text string) (*source, error) {
	switch {
	case len(text) > MaxText:
		return nil, invalid("is larger than 1 MiB")
	case !utf8.ValidString(text):
		return nil, invalid("is not valid UTF-8")
	case strings.TrimSpace(text) == "":
		return nil, invalid("is empty; it needs at least one service under \"services:\"")
	}
	doc, err := readDocument(text)
	if err != nil {
		return nil, invalid(yamlText(err))
	}
	src := &source{root: doc}
	check := shape{out: &faults{src: src}, seen: map[*yaml.Node]*weight{}}
	check.weigh(doc, nil, 0)
	if err := check.out.err(); err != nil {
		return nil, err
	}
	return src, nil
}

func readDocument(text string) (*yaml.Node, error) {
	dec := yaml.NewDecoder(strings.NewReader(text))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("holds no YAML, only comments")
		}
		return nil, err
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one YAML document; only one is possible")
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("is not a compose file: the top of it must be a mapping with \"services:\"")
	}
	return doc.Content[0], nil
}

// yamlText takes the library's own name out of its message, which already names a line.
func yamlText(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	return strings.Join(strings.Fields(text), " ")
}

// dict returns the tree with all aliases and merges resolved.
func (s *source) dict() (map[string]any, error) {
	var out map[string]any
	if err := s.root.Decode(&out); err != nil {
		return nil, invalid(yamlText(err))
	}
	return out, nil
}

// line returns the line of what is at path, or of the nearest thing above it that is
// in the text; 0 when path is empty.
func (s *source) line(path []string) int {
	if s == nil || len(path) == 0 {
		return 0
	}
	at, line := s.root, 0
	for _, key := range path {
		keyLine, next := lookup(at, key, 0)
		if next == nil {
			break
		}
		at, line = next, keyLine
	}
	return line
}

// lookup finds a key of a mapping, also through merges, or an item of a list.
func lookup(n *yaml.Node, key string, depth int) (int, *yaml.Node) {
	n = resolved(n)
	if n == nil || depth > maxDepth {
		return 0, nil
	}
	if n.Kind == yaml.SequenceNode {
		return item(n, key)
	}
	if n.Kind != yaml.MappingNode {
		return 0, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i].Line, n.Content[i+1]
		}
	}
	return merged(n, key, depth)
}

func item(n *yaml.Node, key string) (int, *yaml.Node) {
	index := 0
	for _, c := range key {
		if c < '0' || c > '9' || index > len(n.Content) {
			return 0, nil
		}
		index = index*10 + int(c-'0')
	}
	if key == "" || index >= len(n.Content) {
		return 0, nil
	}
	return n.Content[index].Line, n.Content[index]
}

func merged(n *yaml.Node, key string, depth int) (int, *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != "<<" {
			continue
		}
		from := resolved(n.Content[i+1])
		parts := []*yaml.Node{from}
		if from != nil && from.Kind == yaml.SequenceNode {
			parts = from.Content
		}
		for _, part := range parts {
			if line, found := lookup(part, key, depth+1); found != nil {
				return line, found
			}
		}
	}
	return 0, nil
}

func resolved(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}
