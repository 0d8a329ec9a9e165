package httpio

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// binder writes parsed values into a struct and collects all faults.
type binder struct {
	faults faults
	text   bool           // values come from a query: numbers and booleans are text
	lax    bool           // what is required may come from elsewhere
	given  map[string]any // what came from elsewhere already
}

// object binds the keys of tree; those that mean nothing are faults.
func (b *binder) object(prefix string, tree map[string]any, shape *Shape, dst reflect.Value) {
	known := map[string]bool{}
	for _, f := range shape.Fields {
		known[f.Name], known[f.Alias] = true, true
		v, present := tree[f.Name]
		if alias, has := tree[f.Alias]; f.Alias != "" && has && blank(v) {
			v, present = alias, true
		}
		if f.Data {
			b.entry(prefix+f.Name, v, present, f, dst.FieldByIndex(f.Index))
		} else {
			b.field(prefix+f.Name, v, present, f, dst.FieldByIndex(f.Index))
		}
	}
	for key := range tree {
		if !b.text && (!known[key] || key == "") && !slices.Contains(shape.Ignored, key) {
			b.faults.add(prefix+key, "This field is not allowed.")
		}
	}
}

// entry binds a key that is data: present ones go into the map.
func (b *binder) entry(name string, v any, present bool, f Field, all reflect.Value) {
	value := reflect.New(all.Type().Elem()).Elem()
	b.field(name, v, present, f, value)
	if !present {
		return
	}
	if all.IsNil() {
		all.Set(reflect.MakeMap(all.Type()))
	}
	all.SetMapIndex(reflect.ValueOf(f.Name), value)
}

func (b *binder) field(name string, v any, present bool, f Field, dst reflect.Value) {
	if s, ok := v.(string); ok && !f.Rule.Keep {
		v = strings.TrimSpace(s)
	}
	if f.Rule.Required && blank(v) && !b.lax && blank(b.given[name]) {
		b.faults.add(name, "This field is required.")
		return
	}
	if !present {
		return
	}
	if b.set(name, v, f, dst) {
		check(b.faults, name, f.Rule, dst)
	}
}

func blank(v any) bool {
	list, ok := v.([]any)
	return v == nil || v == "" || (ok && len(list) == 0)
}

// set converts v to the type of dst. Null and "" leave everything but text alone; a
// pointer to text becomes a pointer to "", so that null clears it.
func (b *binder) set(name string, v any, f Field, dst reflect.Value) bool {
	inner, pointer := indirect(dst.Type())
	if inner.Kind() != reflect.String && (v == nil || v == "") {
		return false
	}
	target := dst
	if pointer {
		target = reflect.New(inner).Elem()
	}
	if !b.convert(name, v, f, target) {
		return false
	}
	if pointer {
		dst.Set(target.Addr())
	}
	return true
}

func (b *binder) convert(name string, v any, f Field, dst reflect.Value) bool {
	switch dst.Kind() {
	case reflect.String:
		return b.string(name, v, f.Rule, dst)
	case reflect.Bool:
		return b.bool(name, v, dst)
	case reflect.Int, reflect.Int64:
		return b.int(name, v, dst)
	case reflect.Float64:
		return b.float(name, v, dst)
	case reflect.Slice:
		return b.slice(name, v, f, dst)
	case reflect.Struct:
		tree, ok := v.(map[string]any)
		if !ok {
			b.faults.add(name, "The %s field must be an object.", words(name))
			return false
		}
		b.object(name+".", tree, f.Object, dst)
		return true
	}
	panic("httpio: cannot bind a " + dst.Type().String())
}

func (b *binder) string(name string, v any, rule Rule, dst reflect.Value) bool {
	s, ok := v.(string)
	if digits, number := v.(json.Number); number && rule.Number {
		s, ok = digits.String(), true
	}
	if !ok && v != nil {
		b.faults.add(name, "The %s field must be a string.", words(name))
		return false
	}
	if rule.Base64 {
		if s, ok = plainText(s); !ok {
			b.faults.add(name, "The %s should be base64 encoded.", name)
			return false
		}
	}
	if strings.ContainsRune(s, 0) {
		b.faults.add(name, "The %s field must not contain NUL characters.", words(name))
		return false
	}
	dst.SetString(s)
	return true
}

// plainText reads UTF-8 text out of base64, however that is wrapped and padded.
func plainText(encoded string) (string, bool) {
	bare := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, encoded)
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(bare, "="))
	return string(data), err == nil && utf8.Valid(data)
}

func (b *binder) bool(name string, v any, dst reflect.Value) bool {
	on, ok := v.(bool)
	if s, text := v.(string); text && b.text {
		var err error
		on, err = strconv.ParseBool(s)
		ok = err == nil
	}
	if !ok {
		b.faults.add(name, "The %s field must be true or false.", words(name))
		return false
	}
	dst.SetBool(on)
	return true
}

func (b *binder) int(name string, v any, dst reflect.Value) bool {
	digits, ok := v.(json.Number)
	if s, text := v.(string); text && b.text {
		digits, ok = json.Number(s), true
	}
	n, err := digits.Int64()
	if !ok || err != nil || dst.OverflowInt(n) {
		b.faults.add(name, "The %s field must be an integer.", words(name))
		return false
	}
	dst.SetInt(n)
	return true
}

func (b *binder) float(name string, v any, dst reflect.Value) bool {
	digits, ok := v.(json.Number)
	if s, text := v.(string); text && b.text {
		digits, ok = json.Number(s), true
	}
	n, err := digits.Float64()
	if !ok || err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		b.faults.add(name, "The %s field must be a number.", words(name))
		return false
	}
	dst.SetFloat(n)
	return true
}

func (b *binder) slice(name string, v any, f Field, dst reflect.Value) bool {
	list, ok := v.([]any)
	if !ok {
		b.faults.add(name, "The %s field must be an array.", words(name))
		return false
	}
	out := reflect.MakeSlice(dst.Type(), len(list), len(list))
	for i, item := range list {
		element := Field{Type: dst.Type().Elem(), Object: f.Object}
		b.field(name+"."+strconv.Itoa(i), item, true, element, out.Index(i))
	}
	dst.Set(out)
	return true
}
