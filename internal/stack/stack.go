package stack

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/errdefs"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/compose-spec/compose-go/v2/validation"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Stack is compose text that was read, filled in and checked.
type Stack struct {
	scan     *Text
	tree     map[string]any // canonical: short forms written out, variables filled in
	own      map[string]extras
	project  *types.Project // the same, typed; nil when a lenient reading could not go so far
	how      Reading
	warnings []string
}

// Warnings say what will be different from what one may think.
func (st *Stack) Warnings() []string { return st.warnings }

// Reading says how compose text is to be read.
type Reading struct {
	Vars      map[string]string
	Project   string // name of the compose project
	AllowHost bool
	// Lenient: variables may lack values still. What cannot be checked for that reason
	// becomes a warning; a plan never reads leniently.
	Lenient bool
	// Raw: names that the text gives to containers, networks and volumes stay.
	Raw bool
	// Source is the folder that paths of the text are in, below that of the owner; nil:
	// there is none, and they are in the owner's folder.
	Source Source
	// Reserved are names in the owner's folder that no container may have mounted.
	Reserved []string
}

// noFiles is in the way of everything that would make the loader read a file: the text
// is about the server, and the controller's files are none of its business.
type noFiles struct{}

func (noFiles) Accept(string) bool { return true }
func (noFiles) Dir(string) string  { return "" }
func (noFiles) Load(context.Context, string) (string, error) {
	return "", errors.New("other files cannot be read")
}

// unending is the context of the loader: with the options used here it does no I/O, so
// there is nothing to cancel, and those who ask for a draft have no context to give.
type unending struct{}

func (unending) Deadline() (time.Time, bool) { return time.Time{}, false }
func (unending) Done() <-chan struct{}       { return nil }
func (unending) Err() error                  { return nil }
func (unending) Value(any) any               { return nil }

// ProjectVariable is the one variable that Compose itself provides.
const ProjectVariable = "COMPOSE_PROJECT_NAME"

// Read checks the text and fills it in. Errors are of CodeInvalid on Field.
func (s *Text) Read(how Reading) (st *Stack, err error) {
	defer guard(&err)
	schema, err := s.reader.schemaFunc()
	if err != nil {
		return nil, err
	}
	how.Vars = maps.Clone(how.Vars)
	if how.Vars == nil {
		how.Vars = map[string]string{}
	}
	if _, set := how.Vars[ProjectVariable]; !set {
		how.Vars[ProjectVariable] = how.Project
	}
	out := &faults{src: s.src}
	r := reader{scan: s, how: how, out: out, fill: filler{
		vars: how.Vars, out: out, lenient: how.Lenient, unsure: map[string]bool{},
		casts: newCastTable(),
	}}
	return r.read(schema)
}

type reader struct {
	scan *Text
	how  Reading
	out  *faults
	fill filler
}

func (r *reader) read(schema *jsonschema.Schema) (*Stack, error) {
	r.refuse()
	tree := mapOf(r.fill.fill(clone(r.scan.tree), nil, ""))
	if !r.out.any() {
		if err := checkSchema(schema, tree, r.out); err != nil {
			return nil, err
		}
	}
	st := &Stack{scan: r.scan, tree: tree, how: r.how}
	if !r.out.any() {
		canonical, err := r.canonical(tree)
		if err == nil {
			st.tree = canonical
		} else {
			r.rough(err)
		}
	}
	st.own = takeExtras(st.tree)
	if r.out.any() {
		return r.settle(st)
	}
	warnings := r.check(st)
	if !r.out.any() {
		r.typed(st)
	}
	st, err := r.settle(st)
	if err != nil {
		return nil, err
	}
	st.warnings = append(warnings, st.warnings...)
	return st, nil
}

// refuse stops early at what is not possible at all.
func (r *reader) refuse() {
	r.refuseFiles()
	for _, section := range []string{"jobs", "models"} {
		if r.scan.tree[section] != nil {
			r.out.add([]string{section}, "Taffrail does not support this")
		}
	}
}

// refuseFiles stops at what would pull other compose files in: they are not on the
// server, and reading them here would show people the controller's files.
func (r *reader) refuseFiles() {
	if r.scan.tree["include"] != nil {
		r.out.add([]string{"include"}, "Taffrail takes one compose file; put what is included into the text itself")
	}
	for name, v := range mapOf(r.scan.tree["services"]) {
		if file, ok := mapOf(mapOf(v)["extends"])["file"]; ok {
			r.out.add([]string{"services", name, "extends", "file"},
				"a service can only extend one of the same text, not one of the file %q", textOf(file))
		}
	}
}

func (r *reader) options(o *loader.Options) {
	o.SetProjectName(r.how.Project, true)
	o.Interpolate = nil // done already
	o.SkipValidation = true
	o.SkipInclude = true
	o.SkipNormalization = true
	o.SkipResolveEnvironment = true
	o.SkipResolveLabels = true
	o.ResolvePaths = false
	o.ResourceLoaders = []loader.ResourceLoader{noFiles{}}
}

func (r *reader) details(tree map[string]any) types.ConfigDetails {
	return types.ConfigDetails{
		ConfigFiles: []types.ConfigFile{{Filename: "docker-compose.yml", Config: tree}},
		Environment: types.Mapping{},
	}
}

func (r *reader) canonical(tree map[string]any) (map[string]any, error) {
	tree = mapOf(clone(tree))
	out, err := loader.LoadModelWithContext(unending{}, r.details(tree), r.options)
	if err != nil {
		return nil, err
	}
	out = mapOf(generic(out))
	for _, v := range mapOf(out["services"]) {
		delete(mapOf(v), "extends")
	}
	if networks := mapOf(out["networks"]); networks["default"] == nil {
		if networks == nil {
			networks = map[string]any{}
			out["networks"] = networks
		}
		networks["default"] = map[string]any{} // it is there without being named
	}
	if err := validation.Validate(out); err != nil {
		return nil, err
	}
	return out, nil
}

func (r *reader) check(st *Stack) []string {
	c := checker{tree: st.tree, how: r.how, out: r.out, warnings: &faults{src: r.scan.src}}
	c.check()
	c.ownMounts(st.own)
	c.sources()
	return c.warnings.sorted()
}

// typed makes the typed project, which checks once more what belongs together.
func (r *reader) typed(st *Stack) {
	tree := mapOf(clone(st.tree))
	details := r.details(tree)
	project, err := loader.ModelToProject(tree, loader.ToOptions(&details, []func(*loader.Options){r.options}), details)
	if err != nil {
		r.rough(err)
		return
	}
	st.project = project
}

// rough notes an error of the loader, which names no line.
func (r *reader) rough(err error) {
	text := strings.Join(strings.Fields(err.Error()), " ")
	text = strings.TrimSuffix(text, ": "+errdefs.ErrInvalid.Error())
	if len(r.fill.unsure) > 0 && r.how.Lenient {
		text += unsureText
		r.fill.unsure[key(nil)] = true
	}
	r.out.list = append(r.out.list, fault{text: text})
}

const unsureText = " (a variable has no value yet; the next deployment checks this again)"

// settle ends a reading: faults that may come from variables without a value become
// warnings of a lenient one.
func (r *reader) settle(st *Stack) (*Stack, error) {
	kept := r.out.list[:0:0]
	var forgiven []fault
	for _, f := range r.out.list {
		if r.how.Lenient && r.unsure(f.path) {
			f.text = strings.TrimSuffix(f.text, unsureText) + unsureText
			forgiven = append(forgiven, f)
			continue
		}
		kept = append(kept, f)
	}
	r.out.list = kept
	if err := r.out.err(); err != nil {
		return nil, err
	}
	if len(forgiven) > 0 {
		st.project = nil
	}
	st.warnings = (&faults{src: r.scan.src, list: forgiven}).sorted()
	return st, nil
}

// unsure says whether what is at path, above or below it depends on a variable that
// has no value.
func (r *reader) unsure(path []string) bool {
	for i := range len(path) + 1 {
		if r.fill.unsure[key(path[:i])] {
			return true
		}
	}
	if len(path) == 0 {
		return false
	}
	prefix := strings.TrimSuffix(key(path), "]") + " "
	for at := range r.fill.unsure {
		if strings.HasPrefix(at, prefix) {
			return true
		}
	}
	return false
}
