package compose

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// Compare says what is different between the files of two deployments: compose files key
// by key, files of variables name by name, and of others only that they differ. What may
// hold secrets by its nature (variables, labels, build arguments, files) is not told;
// other texts are as they stand there, so that whoever shows them redacts them first.
func Compare(before, after []run.File) []core.Change {
	old, now := settingsOf(before), settingsOf(after)
	both := maps.Clone(old)
	maps.Copy(both, now)
	var out []core.Change
	for _, key := range slices.Sorted(maps.Keys(both)) {
		a, had := old[key]
		b, has := now[key]
		if had == has && a == b {
			continue
		}
		c := core.Change{What: key, How: "changed"}
		switch {
		case !had:
			c.How = "added"
		case !has:
			c.How = "removed"
		}
		if !both[key].hidden {
			c.Old, c.New = a.text, b.text
		}
		out = append(out, c)
	}
	return out
}

// setting is a value of a configuration, and whether it is told.
type setting struct {
	text   string
	hidden bool
}

// settingsOf takes files apart into what people set.
func settingsOf(files []run.File) map[string]setting {
	out := map[string]setting{}
	for _, f := range files {
		base := path.Base(f.Path)
		var tree map[string]any
		switch {
		case f.Check || f.IsDir:
		case strings.HasSuffix(base, ".yml") && yaml.Unmarshal([]byte(f.Content), &tree) == nil && tree["services"] != nil:
			flatten(out, "", tree, false)
		case base == ".env":
			for line := range strings.Lines(f.Content) {
				if key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok && !strings.HasPrefix(key, "#") {
					out["variable "+key] = setting{value, true}
				}
			}
		default:
			out["file "+f.Path] = setting{fmt.Sprintf("%o %s", f.Mode, f.Content), true}
		}
	}
	return out
}

// discreet are the keys below which values are not told.
var discreet = []string{"environment", "labels", "args", "secrets", "configs"}

// flatten writes down a tree as "service.key.key"; lists are one value, those of pairs
// ("KEY=value") are maps.
func flatten(out map[string]setting, at string, v any, hidden bool) {
	tree, ok := v.(map[string]any)
	if list, isList := v.([]any); hidden && isList {
		tree, ok = pairs(list), true
	}
	if !ok {
		text, isText := v.(string)
		if !isText {
			data, err := json.Marshal(v)
			if err != nil {
				data = fmt.Append(nil, v)
			}
			text = string(data)
		}
		out[at] = setting{text, hidden}
		return
	}
	for key, value := range tree {
		below := at + "." + key
		if at == "" {
			below = key
		}
		if at == "" && key == "services" {
			below = ""
		}
		flatten(out, below, value, hidden || slices.Contains(discreet, key))
	}
}

func pairs(list []any) map[string]any {
	out := map[string]any{}
	for _, item := range list {
		key, value, _ := strings.Cut(fmt.Sprint(item), "=")
		out[key] = value
	}
	return out
}
