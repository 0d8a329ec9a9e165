package httpio_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
)

type item struct {
	Key   string  `json:"key" rule:"required,max=5"`
	Value *string `json:"value" rule:"keep"`
}

type thing struct {
	Name   string   `json:"name" rule:"required,min=3,max=10"`
	Note   *string  `json:"note"`
	Port   *int     `json:"port" rule:"min=1,max=65535"`
	Big    int64    `json:"big"`
	On     bool     `json:"on" alias:"enabled"`
	Maybe  *bool    `json:"maybe"`
	Mode   string   `json:"mode" rule:"enum=a|b"`
	Tags   []string `json:"tags"`
	Items  []item   `json:"items"`
	Single *item    `json:"single"`
	_      struct{} `ignore:"legacy"`
}

type required struct {
	ID   string `path:"id"`
	Skip int    `query:"skip" default:"0" rule:"min=0"`
	Take int    `query:"take" default:"10" rule:"min=1,max=100"`
	Body thing  `in:"body"`
}

type either struct {
	Body thing `in:"query"`
}

func decode[T any](method, target, contentType, body string) (T, error) {
	var out T
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	r.SetPathValue("id", "x1")
	err := httpio.NewInput(reflect.TypeFor[T]()).Decode(httptest.NewRecorder(), r, &out)
	return out, err
}

func pointer[T any](v T) *T { return &v }

func TestDecodeBody(t *testing.T) {
	t.Parallel()
	got, err := decode[required](http.MethodPost, "/?take=7", "application/json; charset=utf-8", `{
		"name": "  a name\n", "note": "", "port": 22, "big": 9007199254740993, "enabled": true, "maybe": null,
		"mode": "", "tags": [" x "], "items": [{"key": "A", "value": "  kept  "}], "single": {"key": "B", "value": null},
		"legacy": {"any": 1}}`)
	if err != nil {
		t.Fatal(err)
	}
	want := required{ID: "x1", Take: 7, Body: thing{
		Name: "a name", Note: pointer(""), Port: pointer(22), Big: 9007199254740993, On: true, Tags: []string{"x"},
		Items: []item{{Key: "A", Value: pointer("  kept  ")}}, Single: &item{Key: "B", Value: pointer("")},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestDecodeFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       map[string][]string
	}{
		{"unknown", `{"name":"abc","foo":1}`, map[string][]string{"foo": {"This field is not allowed."}}},
		{"mass assignment", `{"name":"abc","team_id":2}`, map[string][]string{"team_id": {"This field is not allowed."}}},
		{"missing", `{"port":1}`, map[string][]string{"name": {"This field is required."}}},
		{"null", `{"name":null}`, map[string][]string{"name": {"This field is required."}}},
		{"blank", `{"name":"  \t"}`, map[string][]string{"name": {"This field is required."}}},
		{"types", `{"name":1,"note":{},"port":"22","on":"yes","tags":"x","items":[1],"single":[]}`, map[string][]string{
			"name": {"The name field must be a string."}, "note": {"The note field must be a string."},
			"port": {"The port field must be an integer."}, "on": {"The on field must be true or false."},
			"tags": {"The tags field must be an array."}, "items.0": {"The items.0 field must be an object."},
			"single": {"The single field must be an object."},
		}},
		{"fractions", `{"name":"abc","port":1.5,"big":1e400}`, map[string][]string{
			"port": {"The port field must be an integer."}, "big": {"The big field must be an integer."},
		}},
		{"limits", `{"name":"ab","port":70000,"mode":"c","items":[{"key":"ABCDEF"},{}]}`, map[string][]string{
			"name": {"The name field must be at least 3 characters."}, "port": {"The port field must not be greater than 65535."},
			"mode":        {"The selected mode is invalid: choose from a, b."},
			"items.0.key": {"The items.0.key field must not be greater than 5 characters."}, "items.1.key": {"This field is required."},
		}},
		{"nul", `{"name":"abc","note":"a\u0000b"}`, map[string][]string{"note": {"The note field must not contain NUL characters."}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := decode[required](http.MethodPost, "/", "application/json", tt.body)
			var e *core.Error
			if !errors.As(err, &e) || e.Code != core.CodeInvalid || e.Msg != "Validation failed." {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, e.Fields); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeMalformed(t *testing.T) {
	t.Parallel()
	const jsonType = "application/json"
	tests := []struct {
		name, contentType, body string
		status                  int
		detail                  string
	}{
		{"no type", "", `{"name":"abc"}`, 400, "Content-Type must be application/json."},
		{"other type", "application/xml", `<a/>`, 400, "Content-Type must be application/json."},
		{"simple request", "text/plain", `{"name":"abc"}`, 415, "Content-Type must be application/json."},
		{"form", "application/x-www-form-urlencoded", `name=abc`, 415, "Content-Type must be application/json."},
		{"no body", jsonType, "", 400, "Invalid JSON."},
		{"rubbish", jsonType, `{"name":`, 400, "Invalid JSON."},
		{"no end", jsonType, `{"name":"abc"`, 400, "Invalid JSON."},
		{"no end inside", jsonType, `{"name":"abc","tags":["x"`, 400, "Invalid JSON."},
		{"trailing", jsonType, `{"name":"abc"} {}`, 400, "Invalid JSON."},
		{"duplicate", jsonType, `{"name":"abc","name":"abd"}`, 400, "Invalid JSON."},
		{"nan", jsonType, `{"port":NaN}`, 400, "Invalid JSON."},
		{"utf-8", jsonType, "{\"name\":\"a\xffc\"}", 400, "Invalid JSON."},
		{"array", jsonType, `[1]`, 400, "Invalid JSON. The body must be an object."},
		{"scalar", jsonType, `"abc"`, 400, "Invalid JSON. The body must be an object."},
		{"empty", jsonType, `{}`, 400, "Empty JSON."},
		{"empty array", jsonType, `[]`, 400, "Empty JSON."},
		{"deep", jsonType, `{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, 400, "Invalid JSON."},
		{"long number", jsonType, `{"port":` + strings.Repeat("1", 1<<20) + `}`, 400, "Invalid JSON."},
		{"many values", jsonType, `{"tags":[` + strings.Repeat("1,", 1_000_000) + `1]}`, 400, "Invalid JSON."},
		{"large", jsonType, `{"name":"` + strings.Repeat("a", httpio.MaxBody) + `"}`, 413, "The body must not be larger than 5 MiB."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := decode[required](http.MethodPost, "/", tt.contentType, tt.body)
			var e *httpio.Refusal
			if !errors.As(err, &e) {
				t.Fatalf("error %v", err)
			}
			if e.Body.Status != tt.status || e.Body.Detail != tt.detail || e.Body.Message != "Invalid request." {
				t.Errorf("got %d %+v", e.Body.Status, e.Body)
			}
		})
	}
}

func TestDecodeQuery(t *testing.T) {
	t.Parallel()
	tests := []struct{ query, message string }{
		{"skip=a", "The skip field must be an integer."},
		{"skip=-1", "The skip field must be at least 0."},
		{"take=101", "The take field must not be greater than 100."},
		{"take=0", "The take field must be at least 1."},
		{"take=9e18&skip=1.5", "The skip field must be an integer. (and 1 more error)"},
		{"take=99999999999999999999", "The take field must be an integer."},
	}
	for _, tt := range tests {
		_, err := decode[required](http.MethodPost, "/?"+tt.query, "application/json", `{"name":"abc"}`)
		var e *core.Error
		if !errors.As(err, &e) || e.Msg != tt.message || len(e.Fields) == 0 {
			t.Errorf("%s: %v", tt.query, err)
		}
	}
	got, err := decode[required](http.MethodPost, "/?skip=&take=3&take=4&other=1", "application/json", `{"name":"abc"}`)
	if err != nil || got.Skip != 0 || got.Take != 4 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDecodeQueryOrBody(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, target, contentType, body string }{
		{"query", "/?name=abc&on=true&port=8&type=application", "", ""},
		{"query with a type", "/?name=abc&on=1&port=8", "application/json", ""},
		{"body", "/", "application/json", `{"name":"abc","on":true,"port":8}`},
		{"body wins", "/?name=abc&port=9", "application/json", `{"name":"abc","on":true,"port":8}`},
	}
	for _, tt := range tests {
		got, err := decode[either](http.MethodPost, tt.target, tt.contentType, tt.body)
		if err != nil || got.Body.Name != "abc" || !got.Body.On || got.Body.Port == nil || *got.Body.Port != 8 {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
	if _, err := decode[either](http.MethodPost, "/?name=abc&on=perhaps", "", ""); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("a boolean that is none: %v", err)
	}
	if got, err := decode[either](http.MethodPost, "/?name=abc&on=false", "", ""); err != nil || got.Body.On {
		t.Errorf("false as text: %+v, %v", got, err)
	}
}

// FuzzDecode holds that whatever is sent is either refused in an orderly way or taken.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"name":"abc"}`, `{"items":[{"key":"A"}]}`, `[`, `{"a":{"b":[1,2]}}`, "\x00", `{"name":"\ud800"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		out, err := decode[required](http.MethodPost, "/", "application/json", body)
		var refusal *httpio.Refusal
		if err != nil && !errors.As(err, &refusal) && core.CodeOf(err) != core.CodeInvalid {
			t.Fatalf("error %v", err)
		}
		if err == nil && !json.Valid([]byte(body)) {
			t.Fatalf("invalid JSON was taken as %+v", out)
		}
	})
}
