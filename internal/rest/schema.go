package rest

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/httpio"
)

// object is a JSON object of the document. Its keys come out sorted, so the document is
// the same for the same code.
type object = map[string]any

// schemas collects the named schemas of a document.
type schemas struct{ named object }

// of is the schema of a type. Structs are named and referred to.
func (s *schemas) of(t reflect.Type) object {
	if t.Kind() == reflect.Pointer {
		return nullable(s.of(t.Elem()))
	}
	if t == reflect.TypeFor[api.Time]() {
		return object{"type": []string{"string", "null"}, "format": "date-time", "examples": []string{"2026-01-02T03:04:05.000000Z"}}
	}
	switch t.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.ref(shapeOf(t))
	}
	return object{}
}

func (s *schemas) ref(shape *httpio.Shape) object {
	if _, known := s.named[shape.Name]; !known {
		s.named[shape.Name] = object{} // stands in while its fields are looked at
		s.named[shape.Name] = s.describe(shape)
	}
	return object{"$ref": "#/components/schemas/" + shape.Name}
}

func (s *schemas) describe(shape *httpio.Shape) object {
	properties, required := object{}, []string{}
	request := isRequest(shape.Type)
	for _, f := range shape.Fields {
		properties[f.Name] = s.field(f)
		if f.Rule.Required || (!request && !f.Optional) {
			required = append(required, f.Name)
		}
		if f.Alias != "" {
			properties[f.Alias] = object{"allOf": []any{s.field(f)}, "deprecated": true, "description": "Another name of " + f.Name + "."}
		}
	}
	for _, name := range shape.Ignored {
		properties[name] = object{"deprecated": true, "description": "Accepted, without effect."}
	}
	out := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	if request {
		out["additionalProperties"] = false
	}
	return out
}

// isRequest tells bodies of requests by their names. In them, unknown keys are refused
// and only what the rule says is required.
func isRequest(t reflect.Type) bool {
	for _, suffix := range []string{"Create", "Update", "Request", "Options", "Write", "Bulk", "ServiceURL"} {
		if strings.HasSuffix(t.Name(), suffix) {
			return true
		}
	}
	return false
}

// field is the schema of a field with what its tags say.
func (s *schemas) field(f httpio.Field) object {
	out := s.of(f.Type)
	extra := ruleOf(f)
	if f.Doc != "" {
		extra["description"] = f.Doc
	}
	if len(extra) == 0 {
		return out
	}
	if _, isRef := out["$ref"]; isRef {
		extra["allOf"] = []any{out}
		return extra
	}
	for key, value := range out {
		extra[key] = value
	}
	if kinds, ok := out["type"].([]string); ok && f.Rule.Number {
		extra["type"] = append(kinds, "integer")
	}
	return extra
}

func ruleOf(f httpio.Field) object {
	out := object{}
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	low, high := "minimum", "maximum"
	if t.Kind() == reflect.String {
		low, high = "minLength", "maxLength"
	}
	if f.Rule.Min != nil {
		out[low] = *f.Rule.Min
	}
	if f.Rule.Max != nil {
		out[high] = *f.Rule.Max
	}
	if len(f.Rule.Enum) > 0 {
		out["enum"] = f.Rule.Enum
	}
	if f.Rule.Base64 {
		out["contentEncoding"] = "base64"
	}
	return out
}

func nullable(schema object) object {
	if kind, ok := schema["type"].(string); ok {
		schema["type"] = []string{kind, "null"}
		return schema
	}
	return object{"anyOf": []any{schema, object{"type": "null"}}}
}

// defaultOf is the default of a parameter in its own type.
func defaultOf(t reflect.Type, v any) any {
	text, ok := v.(string)
	if !ok {
		return nil
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		n, err := strconv.Atoi(text)
		if err == nil {
			return n
		}
	case reflect.Bool:
		return text == "true"
	}
	return text
}
