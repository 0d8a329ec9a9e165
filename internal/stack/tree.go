package stack

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// keysOf returns the keys in order, so that everything made from a map is the same
// each time.
func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// mapOf returns v as a mapping; nil when it is none.
func mapOf(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// listOf returns v as a list; nil when it is none.
func listOf(v any) []any {
	l, _ := v.([]any)
	return l
}

// textOf returns a scalar as Compose would write it.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

// textsOf returns a string or a list of scalars as texts.
func textsOf(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	var out []string
	for _, one := range listOf(v) {
		out = append(out, textOf(one))
	}
	return out
}

// pair is one entry of a mapping that Compose lets people write as a list of
// "key=value" too. A nil value is a key without "=" or with nothing behind it.
type pair struct {
	key   string
	value *string
	path  []string
}

// pairsOf reads such a mapping in either form.
func pairsOf(v any, path []string) []pair {
	var out []pair
	for i, one := range listOf(v) {
		p := pair{path: join(path, strconv.Itoa(i))}
		key, value, found := strings.Cut(textOf(one), "=")
		p.key = key
		if found {
			p.value = &value
		}
		out = append(out, p)
	}
	m := mapOf(v)
	for _, key := range keysOf(m) {
		p := pair{key: key, path: join(path, key)}
		if m[key] != nil {
			value := textOf(m[key])
			p.value = &value
		}
		out = append(out, p)
	}
	return out
}

// clone copies a tree.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, one := range v {
			out[key] = clone(one)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = clone(one)
		}
		return out
	default:
		return v
	}
}

// generic makes every list and mapping of a tree []any and map[string]any, whatever
// types the loader left in it, and every other type what it is underneath.
func generic(v any) any {
	if v == nil {
		return nil
	}
	value := reflect.ValueOf(v)
	switch value.Kind() {
	case reflect.Slice, reflect.Array:
		out := make([]any, value.Len())
		for i := range out {
			out[i] = generic(value.Index(i).Interface())
		}
		return out
	case reflect.Map:
		out := make(map[string]any, value.Len())
		for _, key := range value.MapKeys() {
			out[key.String()] = generic(value.MapIndex(key).Interface())
		}
		return out
	case reflect.String:
		return value.String()
	case reflect.Bool:
		return value.Bool()
	case reflect.Pointer, reflect.Interface:
		if value.IsNil() {
			return nil
		}
		return generic(value.Elem().Interface())
	default:
		return v
	}
}

// truth reads a switch that may be written as text.
func truth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		on, _ := strconv.ParseBool(strings.TrimSpace(v))
		return on
	default:
		return false
	}
}
