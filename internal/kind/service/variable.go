package service

import (
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"

	"github.com/taffrail/taffrail/internal/core"
)

// values are the variables that have a value.
type values map[string]string

func (v values) lookup(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

// validName says whether name can be the name of an environment variable. Dots are
// possible in the environment of a container, though compose text cannot refer to them.
func validName(name string) bool { return nameForm.MatchString(name) }

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// expanded returns the values that rows stand for. A value that is not literal may
// refer to other variables of the same resource ($NAME, ${NAME}, ${NAME:-other});
// everything else in it stays as it is, so that a password like P@$$w0rd arrives
// unchanged. A variable that Taffrail made and nobody has filled in is unset.
func expanded(rows []core.EnvVar) values {
	e := expander{rows: map[string]core.EnvVar{}, done: values{}, open: map[string]bool{}}
	for _, row := range rows {
		unset := row.IsGenerated && row.Value.Empty()
		if !row.IsPreview && !unset {
			e.rows[row.Key] = row
		}
	}
	for _, name := range keysOf(e.rows) {
		e.value(name)
	}
	return e.done
}

type expander struct {
	rows map[string]core.EnvVar
	done values
	open map[string]bool
}

// value returns the value of a variable; false when there is none or when it is just
// being worked out, so that a circle of references ends as text.
func (e *expander) value(name string) (string, bool) {
	if value, ok := e.done[name]; ok {
		return value, true
	}
	row, ok := e.rows[name]
	if !ok || e.open[name] {
		return "", false
	}
	e.open[name] = true
	value := row.Value.Reveal()
	if _, magic := parseMagic(name); !row.IsLiteral && !magic {
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
	if _, known := e.rows[name]; !known {
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
	if !validName(text[:end]) {
		return ""
	}
	return text[:end]
}

// dotenv writes variables in the form that Compose reads back byte by byte: everything
// that means something to its parser is escaped.
func dotenv(vars values, names []string) string {
	escape := strings.NewReplacer(
		`\`, `\\`, `"`, `\"`, `$`, `\$`, "\n", `\n`, "\r", `\r`, "\t", `\t`,
	)
	var b strings.Builder
	for _, name := range names {
		b.WriteString(name + `="`)
		_, _ = escape.WriteString(&b, vars[name]) // a strings.Builder takes everything
		b.WriteString("\"\n")
	}
	return b.String()
}

// runtimeNames are the variables that the containers get, magic ones first.
func runtimeNames(rows []core.EnvVar, vars values) []string {
	var names []string
	for _, row := range rows {
		if _, set := vars[row.Key]; set && row.IsRuntime && !row.IsPreview {
			names = append(names, row.Key)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if am, bm := strings.HasPrefix(a, "SERVICE_"), strings.HasPrefix(b, "SERVICE_"); am != bm {
			if am {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(names)
}
