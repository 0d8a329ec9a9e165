package redact

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// strength says where a value is masked.
type strength uint8

const (
	weak   strength = iota // next to its name only
	medium                 // as a whole word
	strong                 // anywhere
)

// Lengths of the policy, in bytes.
const (
	strongLen = 6
	mediumLen = 3
	lineLen   = 8 // of a line of a value, with lineAlnum letters or digits
	lineAlnum = 6
)

// compiler collects the needles of a Set.
type compiler struct {
	shapes  *Set // no secrets: finds the secrets inside of values
	needles map[needle]bool
	names   map[string][]string // by value
	weak    []string
}

func newCompiler(shapes *Set) *compiler {
	return &compiler{shapes: shapes, needles: map[needle]bool{}, names: map[string][]string{}}
}

// list returns the needles in an order that does not depend on the maps. Our
// own mask is one of them if a needle could match inside of it.
func (c *compiler) list() (list []needle, protects bool) {
	list = slices.Collect(maps.Keys(c.needles))
	slices.SortFunc(list, func(a, b needle) int {
		return cmp.Or(cmp.Compare(a.text, b.text), cmp.Compare(a.kind, b.kind), cmp.Compare(a.keep, b.keep))
	})
	for _, n := range list {
		if strings.Contains(Mask, n.text) {
			return append(list, needle{text: Mask, kind: ruleProtect}), true
		}
	}
	return list, false
}

// name notes that value has this name.
func (c *compiler) name(name, value string) {
	value = unquote(strings.TrimSpace(value))
	if name != "" && value != "" && !slices.Contains(c.names[value], name) {
		c.names[value] = append(c.names[value], name)
	}
}

// secret adds all that a registered value stands for.
func (c *compiler) secret(v Value) {
	text := strings.TrimSpace(v.Value)
	if text == "" || text == Mask {
		return
	}
	if v.Name != "" && grade(unquote(text)) != strong {
		c.weak = append(c.weak, v.Name)
	}
	c.value(text)
	if bare := unquote(text); bare != text {
		c.value(bare)
	}
	for _, inner := range c.inner(text) {
		c.value(inner)
	}
	c.lines(text)
}

// value adds a value in all forms and encodings.
func (c *compiler) value(text string) {
	for _, f := range forms(text) {
		c.form(f)
	}
	if grade(text) == strong {
		for _, e := range encodings(text) {
			c.needles[needle{text: e}] = true
		}
	}
}

// form adds one string as far as it is strong enough.
func (c *compiler) form(text string) {
	text = strings.TrimSpace(text)
	switch {
	case text == Mask:
	case grade(text) == strong:
		c.needles[needle{text: text}] = true
	case grade(text) == medium:
		c.needles[needle{text: text, kind: ruleWord}] = true
	}
}

// lines adds the lines of a value of several: they may be printed in another
// order, with prefixes, or alone.
func (c *compiler) lines(text string) {
	if !strings.ContainsAny(text, "\r\n") {
		return
	}
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.TrimSpace(line)
		if len(line) < lineLen || alnums(line) < lineAlnum || strings.HasPrefix(line, "-----") {
			continue
		}
		for _, f := range forms(line) {
			c.form(f)
		}
	}
}

func alnums(s string) int {
	n := 0
	for i := range len(s) {
		if isAlnum(s[i]) || s[i] >= 0x80 {
			n++
		}
	}
	return n
}

// weakly adds the values that are masked after their names only.
func (c *compiler) weakly() {
	for value, names := range c.names {
		if grade(value) != weak {
			continue
		}
		for _, name := range names {
			for _, sep := range []string{"=", `="`, "='", " = ", ` = "`, ": ", ":", `: "`, ": '", `":"`, `": "`, `" : "`, `":`, `": `, `','`, `", "`} {
				c.needles[needle{text: name + sep + value, kind: ruleWord, keep: uint32(len(name) + len(sep))}] = true
			}
		}
	}
}

// schemes of escapes by the bytes they begin with; the first is none of them.
var schemes = [...]string{"", "\\", "%", "&", "'\"$"}

// forms are the ways in which a value is printed that no lane undoes, and what
// the lanes make of it. A lane that undoes one scheme decodes what looks like
// an escape of the others in the value itself, at each level again.
func forms(text string) []string {
	list := []string{text}
	add := func(f string) {
		if !slices.Contains(list, f) {
			list = append(list, f)
		}
	}
	add(strings.ReplaceAll(text, "$$", "$"))
	add(strings.ReplaceAll(text, " ", "+"))
	add(norm.NFC.String(text))
	add(norm.NFD.String(text))
	for _, f := range slices.Clone(list) {
		for _, but := range schemes {
			for next, k := f, 0; k < levels; k++ {
				next = unescape(next, but)
				add(next)
			}
		}
	}
	return list
}

// unquote takes off one pair of quotes.
func unquote(text string) string {
	if n := len(text); n > 2 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] {
		return strings.TrimSpace(text[1 : n-1])
	}
	return text
}

// inner finds the secrets inside of a value: the password of a URL, and what
// JSON, YAML, .env or connection strings hold under a sensitive name or as a
// long random string.
func (c *compiler) inner(text string) []string {
	w := c.shapes.NewWriter(io.Discard)
	w.buf = []byte(text)
	w.sweep()
	w.shapes.settle(true)
	var list []string
	for _, s := range w.spans {
		if part := text[s.start:s.end]; part != text && !strings.Contains(part, "\n") {
			list = append(list, part)
		}
	}
	return append(list, leaves(text)...)
}
