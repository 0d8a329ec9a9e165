package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/rest"
)

// doc is the OpenAPI document as a client gets it.
type doc map[string]any

func document(t testing.TB, w *world) doc {
	t.Helper()
	var d doc
	must(t, json.Unmarshal([]byte(w.ask(asNobody, http.MethodGet, "/api/v1/openapi.json", "").body), &d))
	return d
}

func (d doc) at(path ...string) map[string]any {
	var v any = map[string]any(d)
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	m, _ := v.(map[string]any)
	return m
}

func (d doc) operation(r rest.Route) map[string]any {
	return d.at("paths", r.Path, strings.ToLower(r.Method))
}

// reply is the schema of a route's success.
func (d doc) reply(r rest.Route) map[string]any {
	return doc(d.operation(r)).at("responses", strconv.Itoa(r.Status), "content", r.Media, "schema")
}

func TestDocumentHasTheTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := document(t, w)
	if d["openapi"] != "3.1.0" || d.at("info")["version"] != "4.3.11" {
		t.Errorf("head %v %v", d["openapi"], d["info"])
	}
	count := 0
	for path, item := range d.at("paths") {
		servers, outside := item.(map[string]any)["servers"].([]any)
		count += len(item.(map[string]any))
		if outside {
			count--
		}
		if outside != strings.HasPrefix(path, "/webhooks/") || outside && servers[0].(map[string]any)["url"] != "/" {
			t.Errorf("%s is at %v", path, servers)
		}
	}
	routes := slices.Concat(w.api.Routes(), w.api.Inbound())
	if count != len(routes) {
		t.Errorf("%d operations, %d routes", count, len(routes))
	}
	ids := map[string]bool{}
	for _, r := range routes {
		op := d.operation(r)
		if op == nil {
			t.Errorf("%s is not in the document", name(r))
			continue
		}
		id, _ := op["operationId"].(string)
		if id == "" || ids[id] || op["summary"] == "" {
			t.Errorf("%s: operationId %q", name(r), id)
		}
		ids[id] = true
		if r.Ability != "" && op["x-ability"] != string(r.Ability) {
			t.Errorf("%s: ability %v", name(r), op["x-ability"])
		}
		checkParameters(t, r, op)
		checkResponses(t, r, op)
	}
}

func checkParameters(t *testing.T, r rest.Route, op map[string]any) {
	t.Helper()
	var inPath []string
	list, _ := op["parameters"].([]any)
	seen := map[string]bool{}
	for _, p := range list {
		p := p.(map[string]any)
		key := fmt.Sprint(p["in"], " ", p["name"])
		if seen[key] || p["schema"] == nil {
			t.Errorf("%s: parameter %s twice or without schema", name(r), key)
		}
		seen[key] = true
		if p["in"] == "path" {
			inPath = append(inPath, p["name"].(string))
		}
	}
	var want []string
	for _, match := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(r.Path, -1) {
		want = append(want, match[1])
	}
	if !slices.Equal(inPath, want) {
		t.Errorf("%s: path parameters %v", name(r), inPath)
	}
}

func checkResponses(t *testing.T, r rest.Route, op map[string]any) {
	t.Helper()
	responses := op["responses"].(map[string]any)
	want := []int{r.Status}
	if r.Ability != "" {
		want = append(want, 401, 403, 429, 500)
	}
	if len(r.In.Path) > 0 {
		want = append(want, 404)
	}
	if r.In.Body != nil {
		want = append(want, 400, 413, 415, 422)
	}
	for _, status := range want {
		response, _ := responses[strconv.Itoa(status)].(map[string]any)
		if response["description"] == "" || response["content"] == nil {
			t.Errorf("%s: response %d is %v", name(r), status, response)
		}
	}
}

// TestDocumentIsWellFormed walks all of it: references lead somewhere, types are types.
func TestDocumentIsWellFormed(t *testing.T) {
	t.Parallel()
	d := document(t, newWorld(t))
	types := []string{"object", "array", "string", "integer", "number", "boolean", "null"}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case []any:
			for i, item := range v {
				walk(at+"/"+strconv.Itoa(i), item)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				if d.resolve(ref) == nil {
					t.Errorf("%s: %s leads nowhere", at, ref)
				}
				if len(v) > 1 {
					t.Errorf("%s: keys beside $ref", at)
				}
			}
			if kind, ok := v["type"].(string); ok && !strings.HasSuffix(at, "/properties") && !strings.Contains(at, "securitySchemes") && !slices.Contains(types, kind) {
				t.Errorf("%s: type %q", at, kind)
			}
			for key, item := range v {
				walk(at+"/"+key, item)
			}
		}
	}
	walk("", map[string]any(d))
	for name, schema := range d.at("components", "schemas") {
		schema := schema.(map[string]any)
		required, _ := schema["required"].([]any)
		for _, key := range required {
			if schema["properties"].(map[string]any)[key.(string)] == nil {
				t.Errorf("%s requires %v, which it does not have", name, key)
			}
		}
	}
}

func (d doc) resolve(ref string) map[string]any {
	return d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}

// check holds a reply against its schema; keys that the schema does not have are faults.
func (d doc) check(t *testing.T, schema map[string]any, body string) {
	t.Helper()
	var v any
	in := json.NewDecoder(strings.NewReader(body))
	in.UseNumber()
	must(t, in.Decode(&v))
	for _, fault := range d.faults("", schema, v) {
		t.Error(fault)
	}
}

func (d doc) faults(at string, schema map[string]any, v any) []string {
	if ref, ok := schema["$ref"].(string); ok {
		return d.faults(at, d.resolve(ref), v)
	}
	if all, ok := schema["allOf"].([]any); ok {
		return d.faults(at, all[0].(map[string]any), v)
	}
	if options, ok := schema["anyOf"].([]any); ok {
		if v == nil {
			return nil
		}
		return d.faults(at, options[0].(map[string]any), v)
	}
	if kind := kindOf(v); !allows(schema["type"], kind) {
		return []string{fmt.Sprintf("%s is %s, documented as %v", at, kind, schema["type"])}
	}
	var out []string
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			out = append(out, d.faults(at+"."+strconv.Itoa(i), schema["items"].(map[string]any), item)...)
		}
	case map[string]any:
		out = d.objectFaults(at, schema, v)
	case string:
		if options, ok := schema["enum"].([]any); ok && !slices.Contains(options, any(v)) {
			out = append(out, fmt.Sprintf("%s is %q, documented as one of %v", at, v, options))
		}
	}
	return out
}

func (d doc) objectFaults(at string, schema, v map[string]any) []string {
	var out []string
	required, _ := schema["required"].([]any)
	for _, key := range required {
		if _, ok := v[key.(string)]; !ok {
			out = append(out, fmt.Sprintf("%s.%v is missing", at, key))
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for key, value := range v {
		property, ok := properties[key].(map[string]any)
		if !ok {
			property, ok = schema["additionalProperties"].(map[string]any)
		}
		if !ok {
			out = append(out, at+"."+key+" is not documented")
			continue
		}
		out = append(out, d.faults(at+"."+key, property, value)...)
	}
	return out
}

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case json.Number:
		if _, err := v.Int64(); err != nil {
			return "number"
		}
		return "integer"
	case []any:
		return "array"
	}
	return "object"
}

func allows(documented any, kind string) bool {
	if list, ok := documented.([]any); ok {
		return slices.Contains(list, any(kind))
	}
	return documented == nil || documented == kind || (documented == "number" && kind == "integer")
}

// TestDocsNeedNothingFromElsewhere reads the page for people.
func TestDocsNeedNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/docs", "/api/v1/docs", "/api/docs"} {
		got := w.ask(asNobody, http.MethodGet, path, "")
		if got.status != 200 || strings.Contains(got.body, "://") || strings.Contains(got.body, "<script") {
			t.Errorf("%s: %d, or it leads elsewhere", path, got.status)
		}
		for _, r := range w.api.Routes() {
			if !strings.Contains(got.body, r.Method+" "+r.Path+"<") {
				t.Errorf("%s does not show %s", path, name(r))
			}
		}
	}
	if got := w.ask(asNobody, http.MethodGet, "/", ""); got.status != 200 || !strings.Contains(got.body, `href="/docs"`) {
		t.Errorf("root page: %d %s", got.status, got.body)
	}
	if got := w.ask(asNobody, http.MethodGet, "/docs.css", ""); got.status != 200 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/css") {
		t.Errorf("style sheet: %d %v", got.status, got.header)
	}
}
