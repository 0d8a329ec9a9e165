package httpio

import (
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// BodyMode says where the fields of an embedded body come from.
type BodyMode string

// The modes, as the tag `in:"…"` of a struct field names them.
const (
	BodyRequired BodyMode = "body"     // a JSON object with at least one key
	BodyOptional BodyMode = "optional" // a JSON object or nothing
	BodyOrQuery  BodyMode = "query"    // the query, and a JSON object that has the last word
)

// MaxBody is the longest request body in bytes.
const MaxBody = 5 << 20

// Input decodes requests into structs of one type, whose fields have the tags
// path:"name" (text), query:"name" (with default:"value" and rule) or in:"mode".
// It is made once per route and safe for concurrent use.
type Input struct {
	Path  []Field
	Query []Field
	Body  *Shape
	Mode  BodyMode

	bodyIndex []int
	defaults  map[string]any
}

// NewInput reads the tags of a struct type.
func NewInput(t reflect.Type) *Input {
	in := &Input{defaults: map[string]any{}}
	for i := range t.NumField() {
		f := t.Field(i)
		if name, ok := f.Tag.Lookup("path"); ok {
			in.Path = append(in.Path, fieldOf(f, name, f.Index))
		}
		if name, ok := f.Tag.Lookup("query"); ok {
			in.Query = append(in.Query, fieldOf(f, name, f.Index))
			if value, ok := f.Tag.Lookup("default"); ok {
				in.defaults[name] = value
			}
		}
		if mode, ok := f.Tag.Lookup("in"); ok {
			in.Mode, in.Body, in.bodyIndex = BodyMode(mode), Describe(f.Type), f.Index
		}
	}
	return in
}

// Default is what a parameter of the query is when it is absent; nil for none.
func (in *Input) Default(name string) any { return in.defaults[name] }

// Decode fills dst, a pointer to a struct of the Input's type, from r. Its errors are
// Refusals and *core.Errors that name every field at fault.
func (in *Input) Decode(w http.ResponseWriter, r *http.Request, dst any) error {
	v := reflect.ValueOf(dst).Elem()
	for _, f := range in.Path {
		if err := setPath(v.FieldByIndex(f.Index), r.PathValue(f.Name)); err != nil {
			return err
		}
	}
	given := lastValues(r.URL.Query())
	if err := in.query(given, v); err != nil || in.Body == nil {
		return err
	}
	b := binder{faults: faults{}}
	if in.Mode == BodyOrQuery {
		b.given = given
	}
	tree, err := in.body(w, r)
	if err != nil {
		return err
	}
	b.object("", tree, in.Body, v.FieldByIndex(in.bodyIndex))
	return b.faults.body()
}

func (in *Input) query(given map[string]any, v reflect.Value) error {
	b := binder{faults: faults{}, text: true}
	if len(in.Query) > 0 {
		tree := maps.Clone(in.defaults)
		maps.Copy(tree, given)
		b.object("", tree, &Shape{Fields: in.Query}, v)
	}
	if in.Mode == BodyOrQuery {
		b.lax = true
		b.object("", given, in.Body, v.FieldByIndex(in.bodyIndex))
	}
	return b.faults.query()
}

// lastValues takes the last of the values that share a key; empty ones count as absent.
func lastValues(query url.Values) map[string]any {
	out := map[string]any{}
	for key, values := range query {
		if last := values[len(values)-1]; strings.TrimSpace(last) != "" {
			out[key] = last
		}
	}
	return out
}

// body reads the object in the body; an empty one when there is none and need not be.
func (in *Input) body(w http.ResponseWriter, r *http.Request) (map[string]any, error) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		return nil, unreadable(err)
	}
	if len(data) == 0 && in.Mode != BodyRequired {
		return nil, nil
	}
	if err := jsonOnly(r.Header.Get("Content-Type")); err != nil {
		return nil, err
	}
	tree, err := parseObject(data)
	if err == nil && len(tree) == 0 && in.Mode == BodyRequired {
		err = malformed(http.StatusBadRequest, "Empty JSON.")
	}
	return tree, err
}

func unreadable(err error) error {
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return malformed(http.StatusRequestEntityTooLarge, "The body must not be larger than 5 MiB.")
	}
	return malformed(http.StatusBadRequest, "The body could not be read.")
}

// jsonOnly keeps out what a form on a foreign web page can send without asking: those
// content types get a status of their own.
func jsonOnly(contentType string) error {
	kind, _, _ := mime.ParseMediaType(contentType)
	if strings.HasSuffix(kind, "/json") || strings.HasSuffix(kind, "+json") {
		return nil
	}
	status := http.StatusBadRequest
	switch kind {
	case "text/plain", "application/x-www-form-urlencoded", "multipart/form-data":
		status = http.StatusUnsupportedMediaType
	}
	return malformed(status, "Content-Type must be application/json.")
}

// setPath writes a segment of the path. What is no number names nothing where things
// are named by numbers.
func setPath(dst reflect.Value, segment string) error {
	if dst.Kind() == reflect.String {
		dst.SetString(segment)
		return nil
	}
	n, err := strconv.ParseInt(segment, 10, 64)
	if err != nil {
		return core.NotFound("Resource")
	}
	dst.SetInt(n)
	return nil
}
