package compose

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/compose-spec/compose-go/v2/template"

	"github.com/taffrail/taffrail/internal/core"
)

// Variable is the value of a variable as people store it.
type Variable struct {
	Value   string
	Literal bool // refers to nothing
}

// ValidName says whether name can be the name of an environment variable. Dots are
// possible in the environment of a container, though compose text cannot refer to them.
func ValidName(name string) bool { return nameForm.MatchString(name) }

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// CheckVariables refuses what no environment can hold. Names are checked when they are
// stored too; a plan does not lean on that.
func CheckVariables(envs []core.EnvVar) error {
	for _, e := range envs {
		if !ValidName(e.Key) {
			return core.Errorf(core.CodeInvalid,
				"The variable %q cannot be used: a name has letters, digits and \"_\", and no digit first. Rename or delete it.", e.Key)
		}
		switch value := e.Value.Reveal(); {
		case strings.ContainsRune(value, 0):
			return core.Errorf(core.CodeInvalid, "The value of the variable %s holds a NUL, which no environment can. Change it.", e.Key)
		case !utf8.ValidString(value):
			return core.Errorf(core.CodeInvalid, "The value of the variable %s is not valid UTF-8. Store binary values as base64.", e.Key)
		}
	}
	return nil
}

// Expand returns the values that variables stand for. A value that is not literal may
// refer to others of them ($NAME, ${NAME}, ${NAME:-other}); everything else in it stays
// as it is, so that a password like P@$$w0rd arrives unchanged.
func Expand(vars map[string]Variable) map[string]string {
	e := expander{vars: vars, done: map[string]string{}, open: map[string]bool{}}
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		e.value(name)
	}
	return e.done
}

type expander struct {
	vars map[string]Variable
	done map[string]string
	open map[string]bool
}

// value returns the value of a variable; false when there is none or when it is just
// being worked out, so that a circle of references ends as text.
func (e *expander) value(name string) (string, bool) {
	if value, ok := e.done[name]; ok {
		return value, true
	}
	v, ok := e.vars[name]
	if !ok || e.open[name] {
		return "", false
	}
	e.open[name] = true
	value := v.Value
	if !v.Literal {
		value = e.fill(value)
	}
	e.open[name] = false
	e.done[name] = value
	return value, true
}

func (e *expander) fill(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		size, name := referenceAt(rest)
		if value, ok := e.substitute(name, "$"+rest[:size]); ok {
			b.WriteString(value)
		} else {
			b.WriteString("$" + rest[:size])
		}
		text = rest[size:]
	}
}

func (e *expander) substitute(name, piece string) (string, bool) {
	if name == "" || e.open[name] {
		return "", false
	}
	if _, known := e.vars[name]; !known {
		return "", false
	}
	value, err := template.SubstituteWithOptions(piece, e.value, template.WithoutLogging)
	return value, err == nil
}

// referenceAt returns how much of text, which stands behind a "$", belongs to it, and
// the name of the variable when it is a reference.
func referenceAt(text string) (int, string) {
	switch {
	case strings.HasPrefix(text, "$"):
		return 1, ""
	case strings.HasPrefix(text, "{"):
		end := closing(text)
		if end < 0 {
			return 0, ""
		}
		return end + 1, leadingName(text[1:end])
	default:
		name := leadingName(text)
		return len(name), name
	}
}

func closing(text string) int {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '{':
			depth++
		case '}':
			depth--
			if depth == 0 {
				return i
			}
		case '\n':
			return -1
		}
	}
	return -1
}

func leadingName(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
	if end < 0 {
		end = len(text)
	}
	if !ValidName(text[:end]) {
		return ""
	}
	return text[:end]
}
