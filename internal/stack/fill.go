package stack

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/tree"
	"github.com/compose-spec/compose-go/v2/types"
)

// filler puts the values of variables into a tree. It does what Compose's own
// interpolation does, and knows where each text stands.
type filler struct {
	vars  values
	casts castTable
	out   *faults
	// lenient: a variable without a value is no fault here, since it can still be
	// set; what depends on one is noted in unsure.
	lenient bool
	unsure  map[string]bool
}

// fill returns v with everything filled in.
func (f *filler) fill(v any, path []string, at tree.Path) any {
	switch v := v.(type) {
	case string:
		return f.text(v, path, at)
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, key := range keysOf(v) {
			if key == ownContent {
				out[key] = v[key]
				continue
			}
			next := at.Next(key)
			if len(path) == 0 {
				next = tree.NewPath(key)
			}
			out[key] = f.fill(v[key], join(path, key), next)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = f.fill(one, join(path, strconv.Itoa(i)), at.Next(tree.PathMatchList))
		}
		return out
	default:
		return v
	}
}

func (f *filler) text(text string, path []string, at tree.Path) any {
	unset := false
	value, err := template.SubstituteWithOptions(text, func(name string) (string, bool) {
		value, ok := f.vars.lookup(name)
		if !ok {
			unset = true
		}
		return value, ok
	}, template.WithoutLogging)
	if unset {
		f.unsure[key(path)] = true
	}
	if err != nil {
		f.refuse(path, err)
		return ""
	}
	cast := f.casts.find(path[len(path)-1], at)
	if cast == nil {
		return value
	}
	typed, err := cast(value)
	if err != nil {
		f.out.add(path, "cannot be %q", value)
		return value
	}
	return typed
}

// castTable holds what turns texts into numbers and switches, by the last part of the
// paths where it does: matching whole paths for every text takes long.
type castTable map[string]map[tree.Path]interpolation.Cast

func newCastTable() castTable {
	out := castTable{}
	options := loader.ToOptions(&types.ConfigDetails{}, nil)
	for pattern, cast := range options.Interpolate.TypeCastMapping {
		parts := pattern.Parts()
		last := parts[len(parts)-1]
		if out[last] == nil {
			out[last] = map[tree.Path]interpolation.Cast{}
		}
		out[last][pattern] = cast
	}
	return out
}

func (t castTable) find(last string, at tree.Path) interpolation.Cast {
	for _, end := range []string{last, tree.PathMatchAll} {
		for pattern, cast := range t[end] {
			if at.Matches(pattern) {
				return cast
			}
		}
	}
	return nil
}

func (f *filler) refuse(path []string, err error) {
	var missing *template.MissingRequiredError
	if !errors.As(err, &missing) {
		f.out.add(path, "holds a \"$\" that begins no variable; write \"$$\" for the character itself")
		return
	}
	if f.lenient {
		return
	}
	reason := ""
	if missing.Reason != "" {
		reason = ": " + missing.Reason
	}
	f.out.add(path, "the variable %s needs a value%s", missing.Variable, reason)
}

// key makes a path a key of a map.
func key(path []string) string { return fmt.Sprintf("%q", path) }
