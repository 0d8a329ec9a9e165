package stack

import (
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
)

// values are the variables that have a value.
type values map[string]string

func (v values) lookup(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

// Expanded returns the values that rows stand for. A value that is not literal may
// refer to other variables of the same resource ($NAME, ${NAME}, ${NAME:-other});
// everything else in it stays as it is, so that a password like P@$$w0rd arrives
// unchanged. A variable that Taffrail made and nobody has filled in is unset.
func Expanded(rows []core.EnvVar) map[string]string {
	vars := map[string]compose.Variable{}
	for _, row := range rows {
		unset := row.IsGenerated && row.Value.Empty()
		if !row.IsPreview && !unset {
			_, magic := parseMagic(row.Key)
			vars[row.Key] = compose.Variable{Value: row.Value.Reveal(), Literal: row.IsLiteral || magic}
		}
	}
	return compose.Expand(vars)
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

// RuntimeNames are the variables that the containers get, magic ones first.
func RuntimeNames(rows []core.EnvVar, vars map[string]string) []string {
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
