package httpio

import (
	"reflect"
	"strconv"
	"strings"
)

// Shape is what the tags of a struct say about its JSON object (see package api).
type Shape struct {
	Type    reflect.Type
	Fields  []Field
	Ignored []string // keys that are accepted and have no effect
}

// Field is one key of an object.
type Field struct {
	Name     string
	Alias    string
	Doc      string
	Index    []int
	Type     reflect.Type
	Optional bool // may be absent in replies
	Rule     Rule
	Object   *Shape // of the value or of its elements, when those are objects
}

// Rule is what a value must be like.
type Rule struct {
	Required bool
	Keep     bool // not trimmed
	Min, Max *int // of a number, or of the characters of a text
	Enum     []string
}

// Describe reads the shape of a struct type. It panics when a tag cannot be read, which
// is a mistake in the source that the first test finds.
func Describe(t reflect.Type) *Shape {
	s := &Shape{Type: t}
	s.add(t, nil, false)
	return s
}

func (s *Shape) add(t reflect.Type, index []int, optional bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(append([]int{}, index...), i)
		if ignored, ok := f.Tag.Lookup("ignore"); ok {
			s.Ignored = append(s.Ignored, strings.Split(ignored, ",")...)
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
