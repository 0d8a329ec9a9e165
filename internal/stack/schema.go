package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// compileSchema compiles the schema of the Compose specification; it takes 50 ms.
func compileSchema() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(schema.Schema))
	if err != nil {
		return nil, fmt.Errorf("read compose schema: %w", err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("compose-spec.json", doc); err != nil {
		return nil, fmt.Errorf("add compose schema: %w", err)
	}
	compiled, err := c.Compile("compose-spec.json")
	if err != nil {
		return nil, fmt.Errorf("compile compose schema: %w", err)
	}
	return compiled, nil
}

// checkSchema adds a fault for each place where tree is not as the specification wants.
func checkSchema(s *jsonschema.Schema, tree map[string]any, out *faults) error {
	text, err := json.Marshal(tree)
	if err != nil {
		return fmt.Errorf("check compose schema: %w", err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		return fmt.Errorf("check compose schema: %w", err)
	}
	var failed *jsonschema.ValidationError
	switch err := s.Validate(doc); {
	case err == nil:
		return nil
	case !errors.As(err, &failed):
		return fmt.Errorf("check compose schema: %w", err)
	}
	r := schemaReport{out: out}
	r.walk(failed)
	if !out.any() {
		out.add(failed.InstanceLocation, "is not as the Compose specification wants it")
	}
	return nil
}

// schemaReport turns the validator's tree of causes into faults for a person.
type schemaReport struct{ out *faults }

func (r *schemaReport) walk(e *jsonschema.ValidationError) {
	switch k := e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf:
		r.best(e)
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			r.unknown(join(e.InstanceLocation, name))
		}
	case *kind.FalseSchema:
		// The schema of a service is put together from parts: when one of them fails,
		// all keys of it come out as unevaluated. Only those no part knows are unknown.
		if !known(e.InstanceLocation) {
			r.unknown(e.InstanceLocation)
		}
	default:
		if len(e.Causes) == 0 {
			r.out.add(e.InstanceLocation, "%s", explain(e))
		}
		for _, cause := range e.Causes {
			r.walk(cause)
		}
	}
}

// best reports of several forms that would do the one that the text came closest to.
func (r *schemaReport) best(e *jsonschema.ValidationError) {
	var want []string
	var deepest *jsonschema.ValidationError
	for _, cause := range e.Causes {
		leaf := deepestOf(cause)
		if t, ok := leaf.ErrorKind.(*kind.Type); ok && len(leaf.InstanceLocation) == len(e.InstanceLocation) {
			want = append(want, t.Want...)
			continue
		}
		if deepest == nil || depth(leaf) > depth(deepest) {
			deepest = leaf
		}
	}
	switch {
	case deepest != nil:
		r.walk(deepest)
	case len(want) > 0:
		r.out.add(e.InstanceLocation, "must be %s", readableTypes(want))
	default:
		r.out.add(e.InstanceLocation, "is not of a form that is possible here")
	}
}

func deepestOf(e *jsonschema.ValidationError) *jsonschema.ValidationError {
	best := e
	for _, cause := range e.Causes {
		if leaf := deepestOf(cause); depth(leaf) >= depth(best) {
			best = leaf
		}
	}
	return best
}

func depth(e *jsonschema.ValidationError) int {
	if _, ok := e.ErrorKind.(*kind.AdditionalProperties); ok {
		return len(e.InstanceLocation) + 1
	}
	return len(e.InstanceLocation)
}

func explain(e *jsonschema.ValidationError) string {
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		return "must be " + readableTypes(k.Want)
	case *kind.Required:
		return "lacks " + strings.Join(k.Missing, ", ")
	case *kind.UniqueItems:
		return "lists the same item twice"
	default:
		return e.ErrorKind.LocalizedString(message.NewPrinter(language.English))
	}
}

func readableTypes(types []string) string {
	names := map[string]string{
		"object": "a mapping", "array": "a list", "string": "text", "integer": "a whole number",
		"number": "a number", "boolean": "true or false", "null": "empty",
	}
	var out []string
	for _, t := range types {
		if name := names[t]; !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, " or ")
}

func (r *schemaReport) unknown(path []string) {
	name := path[len(path)-1]
	if len(path) == 2 && slices.Contains(sections(), path[0]) {
		r.out.add(path, "%q cannot be a name: use letters, digits, \".\", \"_\" and \"-\"", name)
		return
	}
	if hint := nearest(name, vocabulary(path[:len(path)-1])); hint != "" {
		r.out.add(path, "unknown field; did you mean %s?", hint)
		return
	}
	r.out.add(path, "unknown field")
}

func sections() []string { return []string{"services", "networks", "volumes", "configs", "secrets"} }

// nearest returns the word that name most likely was meant to be.
func nearest(name string, words []string) string {
	best, limit := "", max(1, len(name)/3)+1
	for _, word := range words {
		if d := distance(name, word); d < limit {
			best, limit = word, d
		}
	}
	return best
}

// distance is the number of letters to add, drop or change (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
