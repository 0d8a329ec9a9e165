package proxy

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/taffrail/taffrail/internal/core"
)

// The limits of what people add.
const (
	maxCustom = 200
	maxKey    = 512
	maxValue  = 16 << 10
)

var (
	unsafeChars = regexp.MustCompile(`[^a-z0-9-]+`)
	customKey   = regexp.MustCompile(`^[A-Za-z0-9][!-<>-~]*$`)
	// named is a label that defines something by name: kind of thing, name, the rest.
	named = regexp.MustCompile(`(?i)^traefik\.(?:http|tcp|udp)\.(routers|services|middlewares|serverstransports)\.([^.\[\]]+)(\..*)?$`)
)

// extraMiddlewares are labels that name middlewares for our routes, with commas between.
var extraMiddlewares = []string{"taffrail.traefik.middlewares", "coolify.traefik.middlewares"}

// ParseLabels reads lines "name=value" as people write them. Blank lines and lines that
// begin with # say nothing. The *core.Error names field.
func ParseLabels(field, text string) (map[string]string, error) {
	out := map[string]string{}
	for i, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if !found || key == "" {
			return nil, core.Invalid(field, "Line %d is no label: write name=value.", i+1)
		}
		if _, twice := out[key]; twice {
			return nil, core.Invalid(field, "Line %d gives the label %q a second time.", i+1, shorten(key))
		}
		out[key] = value
	}
	f := faults{}
	if f.custom(out); len(f) > 0 {
		return nil, core.Invalid(field, "%s", f["custom_labels"][0])
	}
	return out, nil
}

func (f faults) custom(labels map[string]string) {
	if len(labels) > maxCustom {
		f.add("custom_labels", "There may be at most %d labels.", maxCustom)
		return
	}
	for _, key := range sorted(labels) {
		value := labels[key]
		switch {
		case len(key) > maxKey || !customKey.MatchString(key):
			f.add("custom_labels", "%q is no name of a label.", shorten(key))
		case reserved(key):
			f.add("custom_labels", "The label %q is one that Taffrail or Docker sets.", key)
		case len(value) > maxValue || !utf8.ValidString(value) || strings.ContainsRune(value, 0):
			f.add("custom_labels", "The value of the label %q is too long, or not text.", key)
		}
	}
}

func reserved(key string) bool {
	key = strings.ToLower(key)
	return strings.HasPrefix(key, "com.docker.") ||
		strings.HasPrefix(key, "taffrail.") && !slices.Contains(extraMiddlewares, key)
}

// isolated are the custom labels with the names that they define made this container's
// own: with those of another resource they would mean two things, and a proxy drops
// what means two things, the other's routes too.
func (in Input) isolated() map[string]string {
	rename := in.renamed()
	out := map[string]string{}
	for key, value := range in.Custom {
		m := named.FindStringSubmatch(key)
		switch {
		case m != nil && refers(m[3]), slices.Contains(extraMiddlewares, strings.ToLower(key)):
			value = mapList(value, rename)
		}
		if m != nil {
			key = strings.TrimSuffix(key, m[2]+m[3]) + rename(m[2]) + m[3]
		}
		out[key] = value
	}
	return out
}

// renamed gives the names that custom labels define, and those of this container's own
// routes, the form that they have in its labels. Other names stay as they are.
func (in Input) renamed() func(string) string {
	defined := map[string]bool{}
	for key := range in.Custom {
		if m := named.FindStringSubmatch(key); m != nil {
			defined[strings.ToLower(m[2])] = true
		}
	}
	return func(name string) string {
		switch low := strings.ToLower(name); {
		case strings.HasSuffix(low, "-"+in.Name):
			return name + in.suffix()
		case defined[low] && !strings.HasSuffix(low, "-"+in.Name+in.suffix()):
			return name + "-" + in.Name + in.suffix()
		}
		return name
	}
}

// refers says whether the value of such a label is a list of names.
func refers(rest string) bool {
	rest = strings.ToLower(rest)
	return rest == ".service" || rest == ".middlewares" || rest == ".chain.middlewares" || rest == ".errors.service" ||
		rest == ".loadbalancer.serverstransport"
}

// middlewares are the names that custom labels define or name for our routes.
func (in Input) middlewares() []string {
	var out []string
	for key, value := range in.isolated() {
		switch m := named.FindStringSubmatch(key); {
		case slices.Contains(extraMiddlewares, strings.ToLower(key)):
			out = append(out, strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })...)
		case m != nil && strings.EqualFold(m[1], "middlewares") && strings.HasPrefix(strings.ToLower(key), "traefik.http."):
			out = append(out, m[2])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func mapList(list string, change func(string) string) string {
	parts := strings.Split(list, ",")
	for i, one := range parts {
		parts[i] = change(strings.TrimSpace(one))
	}
	return strings.Join(parts, ",")
}

// merge lays custom labels under ours, or over them. Traefik does not tell upper from
// lower case, so neither is told here for its labels.
func merge(ours, custom map[string]string, wins bool) map[string]string {
	out := map[string]string{}
	taken := map[string]string{}
	for key, value := range ours {
		out[key], taken[fold(key)] = value, key
	}
	for _, key := range sorted(custom) {
		have, clash := taken[fold(key)]
		if clash && !wins {
			continue
		}
		if clash {
			delete(out, have)
		}
		out[key], taken[fold(key)] = custom[key], key
	}
	return out
}

func fold(key string) string {
	if low := strings.ToLower(key); strings.HasPrefix(low, "traefik.") {
		return low
	}
	return key
}

func sorted(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func hash(text string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text))
	return fmt.Sprintf("%08x", h.Sum32())
}
