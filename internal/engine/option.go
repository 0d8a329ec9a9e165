package engine

import "github.com/taffrail/taffrail/internal/compose"

// parseOptions reads options of "docker run" for a database.
func parseOptions(source string, allowHost bool) (map[string]any, error) {
	return compose.ParseOptions(source, allowHost)
}

func under(out map[string]any, key string) map[string]any {
	m, _ := out[key].(map[string]any)
	if m == nil {
		m = map[string]any{}
		out[key] = m
	}
	return m
}
