package httpio

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"
)

const (
	maxDepth  = 32
	maxValues = 200_000
	maxNumber = 64 // digits; nothing here needs more than 19
)

var errJSON = errors.New("invalid JSON")

// parseObject reads a JSON object of strings, json.Numbers, bools, nils, []any and
// map[string]any. It is stricter than encoding/json: duplicate keys, trailing data,
// invalid UTF-8, deep nesting and floods of values are refused, in time linear in the
// body and without building what is refused.
func parseObject(data []byte) (map[string]any, error) {
	if !utf8.Valid(data) {
		return nil, malformed(http.StatusBadRequest, "Invalid JSON.")
	}
	p := parser{in: json.NewDecoder(bytes.NewReader(data))}
	p.in.UseNumber()
	v, err := p.value(0)
	if err != nil || !p.atEnd() {
		return nil, malformed(http.StatusBadRequest, "Invalid JSON.")
	}
	switch tree := v.(type) {
	case map[string]any:
		return tree, nil
	case []any:
		if len(tree) == 0 {
			return map[string]any{}, nil
		}
	}
	return nil, malformed(http.StatusBadRequest, "Invalid JSON. The body must be an object.")
}

type parser struct {
	in    *json.Decoder
	count int
}

func (p *parser) value(depth int) (any, error) {
	p.count++
	if depth > maxDepth || p.count > maxValues {
		return nil, errJSON
	}
	token, err := p.in.Token()
	if err != nil {
		return nil, errJSON
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return p.object(depth)
		}
		return p.array(depth)
	case json.Number:
		if len(t) > maxNumber {
			return nil, errJSON
		}
	}
	return token, nil
}

func (p *parser) object(depth int) (any, error) {
	out := map[string]any{}
	for p.in.More() {
		token, err := p.in.Token()
		if err != nil {
			return nil, errJSON
		}
		key, ok := token.(string)
		if _, twice := out[key]; twice || !ok {
			return nil, errJSON
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out[key] = v
	}
	return out, p.closing()
}

func (p *parser) array(depth int) (any, error) {
	out := []any{}
	for p.in.More() {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, p.closing()
}

// closing reads the bracket at the end of an object or array. The end of the body in
// its place is a fault, and not to be taken for the end of the whole.
func (p *parser) closing() error {
	if _, err := p.in.Token(); err != nil {
		return errJSON
	}
	return nil
}

func (p *parser) atEnd() bool {
	_, err := p.in.Token()
	return errors.Is(err, io.EOF)
}
