package rest

import (
	"reflect"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/httpio"
)

// withFields lets the body of a route have the fields of these engines, and no others.
func withFields(route Route, name string, specs ...*engine.Spec) Route {
	route.In.Body = route.In.Body.With(name, fieldsOf(specs, writtenField)...)
	return route
}

// shapeOf is the shape of a reply, with the fields of all engines where it has such.
func shapeOf(t reflect.Type) *httpio.Shape {
	shape := httpio.Describe(t)
	if !shape.HasData() {
		return shape
	}
	return shape.With(shape.Name, fieldsOf(engine.All(), shownField)...)
}

func fieldsOf(specs []*engine.Spec, as func(*engine.Spec, engine.Field) httpio.Field) []httpio.Field {
	var out []httpio.Field
	for _, s := range specs {
		for _, f := range s.Fields {
			if field := as(s, f); !slices.ContainsFunc(out, func(o httpio.Field) bool { return o.Name == field.Name }) {
				out = append(out, field)
			}
		}
	}
	return out
}

func writtenField(s *engine.Spec, f engine.Field) httpio.Field {
	out := httpio.Field{Name: f.Name, Doc: s.Title + ": " + f.Doc + ".", Type: reflect.TypeFor[string]()}
	switch f.Role {
	case engine.RolePassword, engine.RoleRootPassword:
		out.Rule.Keep = true // every character of it counts
		out.Doc += " Default: generated."
	case engine.RoleConf:
		out.Rule.Base64 = true
		out.Doc += " UTF-8 text in base64."
	}
	if f.Default != "" {
		out.Doc += " Default " + f.Default + "."
	}
	return out
}

func shownField(s *engine.Spec, f engine.Field) httpio.Field {
	out := httpio.Field{Name: f.Name, Doc: s.Title + ": " + f.Doc + ".", Type: reflect.TypeFor[*string](), Optional: true}
	if f.Secret() {
		out.Doc += " Sensitive."
	}
	return out
}

// showFields shows the fields of a database by name. Those that may not be seen are
// left out: an empty one would look like one that is not set.
func showFields(d core.Database, secrets bool) map[string]*string {
	out := map[string]*string{}
	spec, ok := engine.Find(d.Type)
	if !ok {
		return out
	}
	for _, f := range spec.Fields {
		if secrets || !f.Secret() {
			out[f.Name] = reveal(d.Fields[f.Name])
		}
	}
	return out
}

// givenFields are the fields of a request as control takes them.
func givenFields(in map[string]string) map[string]core.Secret {
	out := make(map[string]core.Secret, len(in))
	for name, value := range in {
		out[name] = core.NewSecret(value)
	}
	return out
}

// schemaName names the body that makes a database of an engine.
func schemaName(s *engine.Spec) string {
	return reflect.TypeFor[api.DatabaseCreate]().Name() + strings.ToUpper(s.Name[:1]) + s.Name[1:]
}
