package httpio

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Shape is what the tags of a struct say about its JSON object (see package api).
type Shape struct {
	Name    string // of its schema: that of the type, unless there is more to it than the type says
	Type    reflect.Type
	Fields  []Field
	Ignored []string // keys that are accepted and have no effect

	data []int // index of the map that takes keys which are data; nil: there is none
}

// Field is one key of an object.
type Field struct {
	Name     string
	Alias    string
	Doc      string
	Index    []int
	Type     reflect.Type
	Optional bool // may be absent in replies
	Data     bool // Index leads to a map, which has it under its name
	Rule     Rule
	Object   *Shape // of the value or of its elements, when those are objects
}

// Rule is what a value must be like.
type Rule struct {
	Required bool
	Keep     bool // not trimmed
	Base64   bool // on the wire only: bound without it
	Number   bool // of a text: a number will do, too
	Min, Max *int // of a number, or of the characters of a text
	Enum     []string
}

// Describe reads the shape of a struct type. It panics when a tag cannot be read, which
// is a mistake in the source that the first test finds.
func Describe(t reflect.Type) *Shape {
	s := &Shape{Name: t.Name(), Type: t}
	s.add(t, nil, false)
	return s
}

// HasData says whether the struct has a map for keys that are data.
func (s *Shape) HasData() bool { return s.data != nil }

// With is the shape with keys that are data beside those of the struct, and a name of its
// own. The struct must have the map for them.
func (s *Shape) With(name string, fields ...Field) *Shape {
	out := *s
	out.Name, out.Fields = name, slices.Clip(s.Fields)
	for _, f := range fields {
		f.Data, f.Index = true, s.data
		out.Fields = append(out.Fields, f)
	}
	return &out
}

// Requiring is the shape with a name of its own, in which these keys are required, too.
func (s *Shape) Requiring(name string, keys ...string) *Shape {
	out := *s
	out.Name, out.Fields = name, slices.Clone(s.Fields)
	for i := range out.Fields {
		if f := &out.Fields[i]; slices.Contains(keys, f.Name) {
			f.Rule.Required = true
		}
	}
	return &out
}

func (s *Shape) add(t reflect.Type, index []int, optional bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(append([]int{}, index...), i)
		if ignored, ok := f.Tag.Lookup("ignore"); ok {
			s.Ignored = append(s.Ignored, strings.Split(ignored, ",")...)
		}
		if _, ok := f.Tag.Lookup("keys"); ok {
			s.data = at
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			inner, pointer := indirect(f.Type)
			s.add(inner, at, optional || pointer)
		case !f.IsExported() || name == "-" || name == "":
		default:
			field := fieldOf(f, name, at)
			field.Optional = optional || strings.Contains(options, "omitempty")
			s.Fields = append(s.Fields, field)
		}
	}
}

func fieldOf(f reflect.StructField, name string, index []int) Field {
	field := Field{
		Name: name, Alias: f.Tag.Get("alias"), Doc: f.Tag.Get("doc"),
		Index: index, Type: f.Type, Rule: parseRule(f.Tag.Get("rule")),
	}
	inner, _ := indirect(f.Type)
	if inner.Kind() == reflect.Slice {
		inner, _ = indirect(inner.Elem())
	}
	if inner.Kind() == reflect.Struct && !isScalar(inner) {
		field.Object = Describe(inner)
	}
	return field
}

func indirect(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() == reflect.Pointer {
		return t.Elem(), true
	}
	return t, false
}

// isScalar says that a struct writes itself as one JSON value.
func isScalar(t reflect.Type) bool {
	type marshaler interface{ MarshalJSON() ([]byte, error) }
	return t.Implements(reflect.TypeFor[marshaler]())
}

func parseRule(tag string) Rule {
	var r Rule
	if tag == "" {
		return r
	}
	for _, part := range strings.Split(tag, ",") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "required":
			r.Required = true
		case "keep":
			r.Keep = true
		case "base64":
			r.Base64 = true
		case "number":
			r.Number = true
		case "min":
			r.Min = limit(tag, value)
		case "max":
			r.Max = limit(tag, value)
		case "enum":
			r.Enum = strings.Split(value, "|")
		default:
			panic("rule tag cannot be read: " + tag)
		}
	}
	return r
}

func limit(tag, value string) *int {
	n, err := strconv.Atoi(value)
	if err != nil {
		panic("rule tag cannot be read: " + tag)
	}
	return &n
}
