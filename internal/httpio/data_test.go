package httpio_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
)

type script struct {
	Name string `json:"name" rule:"required"`
	Text string `json:"text" rule:"base64,required"`
}

type open struct {
	Name    string            `json:"name"`
	Ratio   *float64          `json:"ratio" rule:"min=0"`
	Conf    *string           `json:"conf" rule:"base64"`
	Scripts *[]script         `json:"scripts"`
	Rest    map[string]string `json:"-" keys:"data"`
}

type openInput struct {
	Body open `in:"body"`
}

func text(name string, rule httpio.Rule) httpio.Field {
	return httpio.Field{Name: name, Type: reflect.TypeFor[string](), Rule: rule}
}

func decodeOpen(body string) (open, error) {
	input := httpio.NewInput(reflect.TypeFor[openInput]())
	limit := 5
	input.Body = input.Body.With("Opened", text("user", httpio.Rule{Max: &limit}), text("word", httpio.Rule{Keep: true}), text("more", httpio.Rule{Base64: true}))
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	var out openInput
	err := input.Decode(httptest.NewRecorder(), r, &out)
	return out.Body, err
}

// TestDecodeData binds keys that the type knows nothing of.
func TestDecodeData(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       open
	}{
		{"none", `{"name":"x"}`, open{Name: "x"}},
		{"trimmed and kept", `{"user":" a ","word":" b "}`, open{Rest: map[string]string{"user": "a", "word": " b "}}},
		{"cleared", `{"user":null,"word":""}`, open{Rest: map[string]string{"user": "", "word": ""}}},
		{"encoded", `{"more":"w6QK","conf":" aGVs\nbG8 "}`, open{Conf: pointer("hello"), Rest: map[string]string{"more": "ä\n"}}},
		{"encoded nothing", `{"more":"","conf":null}`, open{Conf: pointer(""), Rest: map[string]string{"more": ""}}},
		{"numbers", `{"ratio":0.25}`, open{Ratio: pointer(0.25)}},
		{"whole numbers", `{"ratio":3}`, open{Ratio: pointer(3.0)}},
		{"no number", `{"ratio":null}`, open{}},
		{"empty list", `{"scripts":[]}`, open{Scripts: &[]script{}}},
		{"list", `{"scripts":[{"name":"a","text":"eA=="}]}`, open{Scripts: &[]script{{"a", "x"}}}},
	}
	for _, tt := range tests {
		got, err := decodeOpen(tt.body)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", tt.name, err, diff)
		}
	}
}

func TestDecodeDataFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       map[string][]string
	}{
		{"unknown beside data", `{"user":"a","Rest":{},"rest":{},"-":1}`, map[string][]string{
			"Rest": {"This field is not allowed."}, "rest": {"This field is not allowed."}, "-": {"This field is not allowed."},
		}},
		{"types", `{"user":1,"word":["a"],"ratio":"1","more":{}}`, map[string][]string{
			"user": {"The user field must be a string."}, "word": {"The word field must be a string."},
			"ratio": {"The ratio field must be a number."}, "more": {"The more field must be a string."},
		}},
		{"rules", `{"user":"abcdef","ratio":-1}`, map[string][]string{
			"user": {"The user field must not be greater than 5 characters."}, "ratio": {"The ratio field must be at least 0."},
		}},
		{"out of range", `{"ratio":1e999}`, map[string][]string{"ratio": {"The ratio field must be a number."}}},
		{"no base64", `{"conf":"max_connections = 1","more":"/w==","scripts":[{"name":"a","text":"?"}]}`, map[string][]string{
			"conf": {"The conf should be base64 encoded."}, "more": {"The more should be base64 encoded."},
			"scripts.0.text": {"The scripts.0.text should be base64 encoded."},
		}},
		{"nul inside", `{"conf":"YQBi","word":"a\u0000"}`, map[string][]string{
			"conf": {"The conf field must not contain NUL characters."}, "word": {"The word field must not contain NUL characters."},
		}},
	}
	for _, tt := range tests {
		_, err := decodeOpen(tt.body)
		var e *core.Error
		if !errors.As(err, &e) || e.Code != core.CodeInvalid {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, e.Fields); diff != "" {
			t.Errorf("%s:\n%s", tt.name, diff)
		}
	}
}

// TestWithLeavesTheOther holds that a shape with data is another one.
func TestWithLeavesTheOther(t *testing.T) {
	t.Parallel()
	bare := httpio.Describe(reflect.TypeFor[open]())
	one, two := bare.With("One", text("a", httpio.Rule{})), bare.With("Two", text("b", httpio.Rule{}))
	if !bare.HasData() || bare.Name != "open" || len(bare.Fields) != 4 {
		t.Errorf("bare %+v", bare)
	}
	if one.Name != "One" || one.Fields[4].Name != "a" || two.Fields[4].Name != "b" || !two.Fields[4].Data {
		t.Errorf("one %+v\ntwo %+v", one.Fields, two.Fields)
	}
	if httpio.Describe(reflect.TypeFor[thing]()).HasData() {
		t.Error("a struct without a map has data")
	}
}

// FuzzDecodeData holds that what gets through is what the shape allows.
func FuzzDecodeData(f *testing.F) {
	for _, seed := range []string{`{"user":"a","more":"YQ=="}`, `{"more":"?"}`, `{"scripts":[{"name":"a","text":"eA"}]}`, `{"ratio":1e3}`, `{"rest":{}}`, `{"user":null}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		out, err := decodeOpen(body)
		var refusal *httpio.Refusal
		if err != nil {
			if !errors.As(err, &refusal) && core.CodeOf(err) != core.CodeInvalid {
				t.Fatalf("error %v", err)
			}
			return
		}
		for key, value := range out.Rest {
			if !slices.Contains([]string{"user", "word", "more"}, key) || !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
				t.Fatalf("%s became %q: %q", body, key, value)
			}
		}
	})
}

type numbered struct {
	Body struct {
		Text string `json:"text"`
		Port string `json:"port" rule:"number"`
	} `in:"body"`
}

// TestRequiringAndNumbers makes a shape stricter than its type, and a text laxer.
func TestRequiringAndNumbers(t *testing.T) {
	t.Parallel()
	plain := httpio.NewInput(reflect.TypeFor[numbered]())
	strict := *plain
	strict.Body = plain.Body.Requiring("Strict", "port")
	if strict.Body.Name != "Strict" || plain.Body.Name == "Strict" || plain.Body.Fields[1].Rule.Required || !strict.Body.Fields[1].Rule.Required {
		t.Fatalf("%+v and %+v", plain.Body, strict.Body)
	}
	for body, want := range map[string]string{
		`{"port":80}`: "80", `{"port":" 80 "}`: "80", `{"port":80.5}`: "80.5",
		`{"text":80,"port":80}`: "text", `{"text":"x"}`: "port", `{"port":true}`: "port",
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		var out numbered
		var e *core.Error
		err := strict.Decode(httptest.NewRecorder(), r, &out)
		if errors.As(err, &e) && len(e.Fields[want]) == 1 && len(e.Fields) == 1 {
			continue
		}
		if err != nil || out.Body.Port != want {
			t.Errorf("%s: %+v, %v", body, out, err)
		}
	}
}
