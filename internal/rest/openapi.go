package rest

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/httpio"
)

const about = "Taffrail deploys applications, services and databases to your own servers and keeps the whole story of every deployment. " +
	"The same paths work below /api. Strings are trimmed, and an empty string means null. Times are RFC 3339 in UTC."

// marshalDocument makes the OpenAPI 3.1 document of a table of routes.
func marshalDocument(routes []Route) ([]byte, error) {
	s := &schemas{named: object{}}
	s.of(reflect.TypeFor[api.Error]())
	paths := object{}
	for _, route := range routes {
		item, ok := paths[route.Path].(object)
		if !ok {
			item = object{}
			paths[route.Path] = item
			if strings.HasPrefix(route.Path, hooksPath) {
				item["servers"] = []object{{"url": "/", "description": "Outside of the API"}}
			}
		}
		item[strings.ToLower(route.Method)] = operation(s, route)
	}
	return json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info":    object{"title": "Taffrail", "version": api.Version, "description": about, "license": object{"name": "MIT", "identifier": "MIT"}},
		"servers": []object{{"url": Prefix, "description": "This server"}},
		"tags":    tagsOf(routes),
		"paths":   paths,
		"components": object{
			"schemas": s.named,
			"securitySchemes": object{"token": object{
				"type": "http", "scheme": "bearer", "description": "An API token: <id>|<secret>.",
			}},
		},
	}, "", "  ")
}

func operation(s *schemas, route Route) object {
	op := object{
		"operationId": operationID(route),
		"summary":     route.Summary,
		"tags":        []string{tagOf(route)},
		"responses":   responses(s, route),
		"security":    []object{},
	}
	if route.Ability != "" {
		op["security"] = []object{{"token": []string{}}}
		op["x-ability"] = string(route.Ability)
		op["description"] = "The token needs the ability `" + string(route.Ability) + "` or `root`."
	}
	if parameters := parametersOf(s, route); len(parameters) > 0 {
		op["parameters"] = parameters
	}
	if route.In.Body != nil {
		op["requestBody"] = object{
			"required": route.In.Mode == httpio.BodyRequired,
			"content":  object{mediaJSON: object{"schema": s.ref(route.In.Body)}},
		}
	}
	return op
}

func parametersOf(s *schemas, route Route) []object {
	var out []object
	for _, f := range route.In.Path {
		out = append(out, parameter(s, f, "path", nil))
	}
	for _, f := range route.In.Query {
		out = append(out, parameter(s, f, "query", route.In.Default(f.Name)))
	}
	if route.In.Mode == httpio.BodyOrQuery {
		for _, f := range route.In.Body.Fields {
			out = append(out, parameter(s, f, "query", nil))
		}
	}
	return out
}

func parameter(s *schemas, f httpio.Field, in string, preset any) object {
	if f.Type.Kind() == reflect.Pointer {
		f.Type = f.Type.Elem()
	}
	doc := f.Doc
	f.Doc = ""
	schema := s.field(f)
	if value := defaultOf(f.Type, preset); value != nil {
		schema["default"] = value
	}
	out := object{"name": f.Name, "in": in, "required": in == "path", "schema": schema}
	if doc != "" {
		out["description"] = doc
	}
	return out
}

// responses are the success and every refusal that the route can answer with.
func responses(s *schemas, route Route) object {
	out := object{strconv.Itoa(route.Status): success(s, route)}
	for _, status := range refusals(route) {
		out[strconv.Itoa(status)] = object{
			"description": http.StatusText(status),
			"content":     object{mediaJSON: object{"schema": object{"$ref": "#/components/schemas/Error"}}},
		}
	}
	return out
}

func success(s *schemas, route Route) object {
	schema := object{"type": "string"}
	if route.Out != nil {
		schema = s.of(route.Out)
	}
	out := object{"description": "Success", "content": object{route.Media: object{"schema": schema}}}
	if route.Media == mediaStream {
		out["description"] = "Server-sent events; the schema is that of an event's data."
	}
	if strings.HasPrefix(route.Path, "/deployments/services/{") || strings.HasPrefix(route.Path, "/deployments/databases/{") {
		out["headers"] = object{"X-Total-Count": object{"description": "How many there are.", "schema": object{"type": "integer"}}}
	}
	return out
}

func refusals(route Route) []int {
	out := append([]int{}, route.Also...)
	if route.Ability != "" {
		out = append(out, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusInternalServerError)
	}
	if len(route.In.Path) > 0 {
		out = append(out, http.StatusNotFound)
	}
	if len(route.In.Query) > 0 || route.In.Body != nil {
		out = append(out, http.StatusUnprocessableEntity)
	}
	if route.In.Body != nil {
		out = append(out, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// operationID is a name made of method and path: get-services-uuid-envs.
func operationID(route Route) string {
	path := strings.NewReplacer("{", "", "}", "", "/", "-", ".", "-").Replace(route.Path)
	return strings.ToLower(route.Method) + path
}

// tagOf groups routes by their first segment.
func tagOf(route Route) string {
	first, rest, _ := strings.Cut(strings.TrimPrefix(route.Path, "/"), "/")
	groups := map[string]string{
		"team": "teams", "deploy": "deployments", "history": "deployments", "health": "system", "version": "system",
		"docs": "system", "openapi.json": "system", "events": "system", "resources": "system",
	}
	if first == "security" {
		first, _, _ = strings.Cut(rest, "/")
	}
	if group, ok := groups[first]; ok {
		return group
	}
	return first
}

func tagsOf(routes []Route) []object {
	var names []string
	for _, route := range routes {
		if tag := tagOf(route); !slices.Contains(names, tag) {
			names = append(names, tag)
		}
	}
	out := make([]object, 0, len(names))
	for _, name := range names {
		out = append(out, object{"name": name})
	}
	return out
}
