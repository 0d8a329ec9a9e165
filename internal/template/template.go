// Package template is the catalogue of one-click services: compose texts that are part of
// the program, one file for each. What to make of a text is not known here.
package template

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// Template is a stack that people make with one click.
type Template struct {
	Key         string   // the name of its file
	Aliases     []string // other keys that lead to it, as Coolify has them
	Name        string   // for people
	Description string
	Category    string
	Tags        []string
	Port        int    // of the container that people open in a browser
	Docs        string // where its makers explain it
	Compose     string // the whole file
}

// Catalog holds the templates. It is read-only.
type Catalog struct {
	list  []Template
	byKey map[string]int
}

//go:embed stacks/*.yaml
var stacks embed.FS

// Open reads the catalogue that is part of the program.
func Open() (*Catalog, error) {
	dir, err := fs.Sub(stacks, "stacks")
	if err != nil {
		return nil, err
	}
	return Read(dir)
}

// Read reads a catalogue from the files *.yaml of a folder.
func Read(dir fs.FS) (*Catalog, error) {
	names, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		return nil, err
	}
	c := &Catalog{byKey: map[string]int{}}
	for _, name := range slices.Sorted(slices.Values(names)) {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		t, err := parse(strings.TrimSuffix(name, ".yaml"), string(text))
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		if err := c.add(t); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// List returns all templates by key.
func (c *Catalog) List() []Template { return slices.Clone(c.list) }

// Find returns the template of a key or an alias.
func (c *Catalog) Find(key string) (Template, bool) {
	i, ok := c.byKey[strings.ToLower(key)]
	if !ok {
		return Template{}, false
	}
	return c.list[i], true
}

// Keys returns all keys, without aliases.
func (c *Catalog) Keys() []string {
	out := make([]string, len(c.list))
	for i, t := range c.list {
		out[i] = t.Key
	}
	return out
}

func (c *Catalog) add(t Template) error {
	for _, key := range append([]string{t.Key}, t.Aliases...) {
		if other, taken := c.byKey[key]; taken {
			return fmt.Errorf("templates %s and %s both have the key %s", c.list[other].Key, t.Key, key)
		}
		c.byKey[key] = len(c.list)
	}
	c.list = append(c.list, t)
	return nil
}

// parse reads the comments at the head of a file: "# field: value", until the first line
// that is none.
func parse(key, text string) (Template, error) {
	t := Template{Key: key, Compose: text}
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		field, value, ok := strings.Cut(comment, ":")
		if !ok {
			return t, fmt.Errorf("%q is no \"field: value\"", strings.TrimSpace(comment))
		}
		if err := t.set(strings.TrimSpace(field), strings.TrimSpace(value)); err != nil {
			return t, err
		}
	}
	for field, value := range map[string]string{"name": t.Name, "description": t.Description, "category": t.Category} {
		if value == "" {
			return t, fmt.Errorf("its head has no %s", field)
		}
	}
	return t, nil
}

func (t *Template) set(field, value string) error {
	switch field {
	case "name":
		t.Name = value
	case "description":
		t.Description = value
	case "category":
		t.Category = value
	case "docs":
		t.Docs = value
	case "tags":
		t.Tags = words(value)
	case "aliases":
		t.Aliases = words(value)
	case "port":
		port, err := strconv.ParseUint(value, 10, 16)
		if err != nil || port == 0 {
			return fmt.Errorf("the port %q is no number of a port", value)
		}
		t.Port = int(port)
	case "logo": // there are none yet
	default:
		return fmt.Errorf("its head has a field %q, which is unknown", field)
	}
	return nil
}

func words(list string) []string {
	var out []string
	for word := range strings.SplitSeq(list, ",") {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}
