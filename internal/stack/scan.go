package stack

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"

	"github.com/taffrail/taffrail/internal/compose"
)

// Text is compose text taken apart: the tree that Compose knows, what only Taffrail
// knows, and the variables that the text names. It is never changed once it was read.
type Text struct {
	src    *source
	tree   map[string]any
	refs   []reference
	reader *Reader
	// declared tells which compose service lists a variable in its environment.
	declared map[string]string
}

// Names under which the keys that only Taffrail knows travel through the loader, which
// keeps extension fields, also when one service extends another.
const (
	ownExcluded = "x-taffrail-excluded"
	ownContent  = "x-taffrail-content"
	ownIsDir    = "x-taffrail-directory"
)

// reference is one use of a variable in the text.
type reference struct {
	name     string
	path     []string
	line     int
	def      string // of ${V:-def} or ${V-def}
	required bool   // ${V:?…} or ${V?…}
	plain    bool   // named in an environment list without a value
}

// newText reads compose text. With literalLabels "$" in labels is no variable.
func newText(text string, literalLabels bool) (*Text, error) {
	src, err := readSource(text)
	if err != nil {
		return nil, err
	}
	tree, err := src.dict()
	if err != nil {
		return nil, err
	}
	s := &Text{src: src, tree: tree, declared: map[string]string{}}
	s.drop()
	for _, v := range mapOf(tree["services"]) {
		disguise(mapOf(v))
	}
	if literalLabels {
		literal(tree)
	}
	s.collect(tree, nil)
	slices.SortStableFunc(s.refs, func(a, b reference) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.name, b.name))
	})
	return s, nil
}

// drop takes out what has no effect on the server: the obsolete version, the project's
// name (which is the service's uuid), and extension fields, whose content was of use
// for anchors only. Leaving them would let another version of Compose read more into
// the text than was checked.
func (s *Text) drop() {
	delete(s.tree, "version")
	delete(s.tree, "name")
	dropExtensions(s.tree)
	for _, section := range keysOf(s.tree) {
		for _, v := range mapOf(s.tree[section]) {
			dropExtensions(mapOf(v))
		}
	}
	for _, v := range mapOf(s.tree["services"]) {
		delete(mapOf(v), "develop") // for "docker compose watch" on a person's own machine
	}
}

func dropExtensions(m map[string]any) {
	for key := range m {
		if strings.HasPrefix(key, "x-") {
			delete(m, key)
		}
	}
}

// disguise renames the keys that only Taffrail knows.
func disguise(service map[string]any) {
	rename := func(m map[string]any, from, to string) {
		if v, ok := m[from]; ok {
			delete(m, from)
			m[to] = v
		}
	}
	rename(service, "exclude_from_hc", ownExcluded)
	for _, v := range listOf(service["volumes"]) {
		volume := mapOf(v)
		rename(volume, "content", ownContent)
		rename(volume, "isDirectory", ownIsDir)
		rename(volume, "is_directory", ownIsDir)
	}
}

// literal doubles "$" in labels, so that filling in variables leaves them as they are.
func literal(tree map[string]any) {
	for _, v := range mapOf(tree["services"]) {
		service := mapOf(v)
		if labels, ok := service["labels"]; ok {
			service["labels"] = compose.EscapeDollars(labels)
		}
		if deploy := mapOf(service["deploy"]); deploy["labels"] != nil {
			deploy["labels"] = compose.EscapeDollars(deploy["labels"])
		}
	}
}

func (s *Text) collect(v any, path []string) {
	switch v := v.(type) {
	case string:
		s.references(v, path)
	case map[string]any:
		for _, key := range keysOf(v) {
			if key != ownContent { // a file's content is the user's own, with its own "$"
				s.collect(v[key], join(path, key))
			}
		}
	case []any:
		for i, one := range v {
			s.collect(one, join(path, strconv.Itoa(i)))
		}
	}
	if len(path) == 3 && path[0] == "services" && path[2] == "environment" {
		s.environment(v, path)
	}
}

func (s *Text) references(text string, path []string) {
	if !strings.Contains(text, "$") {
		return
	}
	line := s.src.line(path)
	for _, v := range template.ExtractVariables(map[string]any{"": text}, nil) {
		s.refs = append(s.refs, reference{
			name: v.Name, path: path, line: line, def: v.DefaultValue, required: v.Required,
		})
	}
}

// environment notes the variables that a compose service lists without a value, and
// the magic ones that it lists with one.
func (s *Text) environment(v any, path []string) {
	for _, p := range pairsOf(v, path) {
		if _, magic := parseMagic(p.key); p.value != nil && !magic {
			continue
		}
		if !compose.ValidName(p.key) {
			continue // reported when the text is checked
		}
		if s.declared[p.key] == "" {
			s.declared[p.key] = path[1]
		}
		def := ""
		if p.value != nil {
			def = *p.value
		}
		s.refs = append(s.refs, reference{name: p.key, path: p.path, line: s.src.line(p.path), def: def, plain: true})
	}
}

// serviceNames returns the compose services of the text.
func (s *Text) serviceNames() []string { return keysOf(mapOf(s.tree["services"])) }
