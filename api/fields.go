package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// MarshalJSON implements json.Marshaler: Fields stand beside the others.
func (d Database) MarshalJSON() ([]byte, error) {
	type plain Database
	return beside(plain(d), d.Fields)
}

// UnmarshalJSON implements json.Unmarshaler: texts that no other field is named after
// are Fields.
func (d *Database) UnmarshalJSON(b []byte) error {
	type plain Database
	if err := json.Unmarshal(b, (*plain)(d)); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	d.Fields = map[string]*string{}
	for _, name := range keysOf(reflect.TypeFor[plain]()) {
		delete(all, name)
	}
	for name, raw := range all {
		var value *string
		if json.Unmarshal(raw, &value) == nil {
			d.Fields[name] = value
		}
	}
	return nil
}

// MarshalJSON implements json.Marshaler: Fields stand beside the others.
func (d DatabaseCreate) MarshalJSON() ([]byte, error) {
	type plain DatabaseCreate
	return beside(plain(d), d.Fields)
}

// MarshalJSON implements json.Marshaler: Fields stand beside the others.
func (d DatabaseUpdate) MarshalJSON() ([]byte, error) {
	type plain DatabaseUpdate
	return beside(plain(d), d.Fields)
}

// beside writes one object of a struct and a map.
func beside[V any](object any, more map[string]V) ([]byte, error) {
	head, err := marshal(object)
	if err != nil || len(more) == 0 {
		return head, err
	}
	tail, err := marshal(more)
	if err != nil || string(head) == "{}" {
		return tail, err
	}
	return slices.Concat(head[:len(head)-1], []byte(","), tail[1:]), nil
}

// marshal leaves it to the outermost encoder to escape for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

func keysOf(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			out = append(out, name)
		} else if f.Anonymous {
			out = append(out, keysOf(f.Type)...)
		}
	}
	return out
}
