package application

import (
	"fmt"
	"maps"

	"go.yaml.in/yaml/v4"
)

// stacks compares what compose files say, service by service and key by key. What may hold
// secrets is compared by name alone.
func (c *comparison) stacks(a, b *composed) {
	before, after := a.services(), b.services()
	both := maps.Clone(before)
	maps.Copy(both, after)
	for _, name := range keysOf(both) {
		old, had := before[name]
		now, has := after[name]
		if had != has {
			c.add("service "+name, had, has, "", "")
			continue
		}
		keys := maps.Clone(old)
		maps.Copy(keys, now)
		for _, key := range keysOf(keys) {
			what := name + " " + key
			switch key {
			case "environment", "labels", "command", "entrypoint", "healthcheck", "configs":
				c.hidden(what, flat(old[key]), flat(now[key]))
			default:
				c.text(what, shortText(old[key]), shortText(now[key]))
			}
		}
	}
	c.hidden("file", a.files(), b.files())
}

// services are the compose services of a stack; none of one that is not there.
func (c *composed) services() map[string]map[string]any {
	out := map[string]map[string]any{}
	if c == nil {
		return out
	}
	var tree struct {
		Services map[string]map[string]any `yaml:"services"`
	}
	if err := yaml.Unmarshal([]byte(c.Compose), &tree); err == nil {
		maps.Copy(out, tree.Services)
	}
	return out
}

func (c *composed) files() map[string]string {
	if c == nil {
		return nil
	}
	out := map[string]string{".env": c.Env}
	for _, f := range c.Files {
		if !f.Check {
			out[f.Path] = fmt.Sprintf("%o %s", f.Mode, f.Content)
		}
	}
	return out
}

// flat is a mapping with texts; what is none has one text of its own.
func flat(v any) map[string]string {
	m, ok := v.(map[string]any)
	if !ok {
		if v == nil {
			return nil
		}
		return map[string]string{"": shortText(v)}
	}
	out := map[string]string{}
	for key, value := range m {
		out[key] = shortText(value)
	}
	return out
}

// shortText is a value as JSON, or as it is.
func shortText(v any) string {
	if v == nil {
		return ""
	}
	text, err := textOf(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return text
}
