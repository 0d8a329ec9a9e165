package stack

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/run"
)

// Limits of the watch over a stack that comes up.
const (
	watchDefault = 10 * time.Minute
	watchLeast   = time.Minute
)

// Service is a compose service as its text has it.
type Service struct {
	Name     string
	Image    string
	Profiles []string // with any it stays off
	Excluded bool     // from the status
	Built    bool     // its image
	Kind     core.PartKind
}

// Services are the compose services, by name.
func (st *Stack) Services() []Service {
	var out []Service
	services := mapOf(st.tree["services"])
	for _, name := range keysOf(services) {
		service := mapOf(services[name])
		s := Service{
			Name: name, Image: textOf(service["image"]), Profiles: textsOf(service["profiles"]), Excluded: st.own[name].excluded, Built: service["build"] != nil, Kind: core.PartApplication,
		}
		if engine.IsDatabaseImage(s.Image) {
			s.Kind = core.PartDatabase
		}
		out = append(out, s)
	}
	return out
}

// Changed lists what the written file has differently from the text.
func (st *Stack) Changed() []string {
	if st.how.Raw {
		return nil
	}
	var out []string
	tell := func(text string, at ...string) {
		out = append(out, fault{line: st.scan.src.line(at), path: at, text: text}.String())
	}
	for _, section := range []string{"networks", "volumes"} {
		entries := mapOf(st.tree[section])
		for _, name := range keysOf(entries) {
			if entry := mapOf(entries[name]); entry["name"] != nil && !truth(entry["external"]) {
				tell("is replaced by a name of the service's own", section, name, "name")
			}
		}
	}
	services := mapOf(st.tree["services"])
	for _, name := range keysOf(services) {
		if mapOf(services[name])["container_name"] != nil {
			tell("is replaced by \""+name+"-<uuid of the service>\", so that no two containers want the same name",
				"services", name, "container_name")
		}
	}
	return out
}

// Pulls says whether there is any image to pull.
func (o *Output) Pulls() bool {
	return o.any(func(s map[string]any) bool {
		return s["build"] == nil && textOf(s["pull_policy"]) != types.PullPolicyNever
	})
}

// Building says whether Compose has anything to build.
func (o *Output) Building() bool {
	return o.any(func(s map[string]any) bool { return s["build"] != nil })
}

func (o *Output) any(is func(service map[string]any) bool) bool {
	for _, v := range mapOf(o.Tree["services"]) {
		if s := mapOf(v); !off(s) && is(s) {
			return true
		}
	}
	return false
}

// Containers are the names of the containers that have one of their own and a network, by
// compose service.
func (o *Output) Containers() map[string]string {
	out := map[string]string{}
	for name, v := range mapOf(o.Tree["services"]) {
		s := mapOf(v)
		if container := textOf(s["container_name"]); !off(s) && container != "" && s["network_mode"] == nil {
			out[name] = container
		}
	}
	return out
}

// Expect says what must be there when the stack is up. Services with profiles stay off.
// One that others wait for to end must have ended; any other may end with code 0 or keep
// running. Those that excluded names, or the text does, are never at fault.
func (o *Output) Expect(excluded func(service string) bool) []run.Expect {
	waited := awaited(o.Tree)
	var out []run.Expect
	services := mapOf(o.Tree["services"])
	for _, name := range keysOf(services) {
		if s := mapOf(services[name]); !off(s) {
			out = append(out, run.Expect{
				Service: name, Replicas: replicas(s), OneShot: waited[name], Ignore: excluded(name) || o.stack.own[name].excluded,
			})
		}
	}
	return out
}

// Patience is how long the stack may take. Health checks that the text defines say so by
// themselves; images may have checks that nobody knows of here.
func (o *Output) Patience() time.Duration {
	longest := watchLeast
	for _, s := range o.stack.project.Services {
		h := s.HealthCheck
		if h == nil || h.Disable || len(h.Test) > 0 && h.Test[0] == "NONE" {
			longest = max(longest, watchDefault)
			continue
		}
		longest = max(longest, patience(h))
	}
	return longest
}

// patience is how long a health check takes at most to say "unhealthy".
func patience(h *types.HealthCheckConfig) time.Duration {
	or := func(d *types.Duration, fallback time.Duration) time.Duration {
		if d == nil || *d <= 0 {
			return fallback
		}
		return time.Duration(*d)
	}
	retries := 3
	if h.Retries != nil && *h.Retries > 0 {
		retries = int(min(*h.Retries, 1000))
	}
	one := or(h.Interval, 30*time.Second) + or(h.Timeout, 30*time.Second)
	return or(h.StartPeriod, 0) + time.Duration(retries+1)*one
}

// sensitive are words in the names of variables whose values are taken for secrets.
var sensitive = regexp.MustCompile(`(?i)pass|pwd|secret|token|key|credential|auth|private|salt|dsn|cookie|session|_url$|_uri$|^url$|^uri$`)

// Tell tells all values that must not be shown: of variables, and those that the text
// itself gives to variables whose names say that they are secret.
func (o *Output) Tell(add func(name, value string)) {
	for _, name := range keysOf(o.Vars) {
		if name != ProjectVariable {
			add(name, o.Vars[name])
		}
	}
	services := mapOf(o.Tree["services"])
	for _, service := range keysOf(services) {
		s := mapOf(services[service])
		for _, v := range []any{s["environment"], mapOf(s["build"])["args"]} {
			tell(v, add)
		}
	}
	for _, b := range o.Builds {
		tell(b.Section["args"], add)
	}
}

func tell(v any, add func(name, value string)) {
	for _, p := range pairsOf(v, nil) {
		own := strings.HasPrefix(p.key, "COOLIFY_") || strings.HasPrefix(p.key, "TAFFRAIL_")
		if p.value != nil && !own && sensitive.MatchString(p.key) {
			add(p.key, *p.value)
		}
	}
}

// Part is what a status is made of: a compose service and what is expected of it.
type Part struct {
	Name     string `json:"name"`
	Excluded bool   `json:"excluded,omitempty"` // counts for nothing
	Empty    bool   `json:"empty,omitempty"`    // is to have no containers
	Stays    bool   `json:"stays,omitempty"`    // is to keep running, whatever it exits with
}

// Parts are the parts of the stack as it is written, by name.
func (o *Output) Parts() []Part {
	var out []Part
	services := mapOf(o.Tree["services"])
	for _, name := range keysOf(services) {
		s := mapOf(services[name])
		restart := textOf(s["restart"])
		out = append(out, Part{
			Name: name, Excluded: o.stack.own[name].excluded, Empty: replicas(s) == 0 || off(s), Stays: restart == "always" || restart == "unless-stopped",
		})
	}
	return out
}

// Status sums up what was seen: of all the parts together, and of each by its name.
func Status(list []Part, seen []core.Container) (string, map[string]string) {
	by := map[string][]core.Container{}
	for _, c := range seen {
		by[c.Service] = append(by[c.Service], c)
	}
	parts := map[string]string{}
	var counted []core.Container
	missing := false
	for _, part := range list {
		own := by[part.Name]
		parts[part.Name] = part.status(own)
		if part.Excluded || part.Empty {
			continue
		}
		missing = missing || len(own) == 0
		for _, c := range own {
			if !part.ended(c) {
				counted = append(counted, c)
			}
		}
	}
	switch {
	case len(counted) > 0 && missing:
		return "degraded:unhealthy", parts
	case len(counted) == 0 && len(seen) > 0 && !missing:
		return "exited:healthy", parts // everything that there was to do is done
	default:
		return compose.Aggregate(counted), parts
	}
}

func (p Part) status(own []core.Container) string {
	if slices.ContainsFunc(own, func(c core.Container) bool { return !p.ended(c) }) {
		return compose.Aggregate(own)
	}
	if len(own) > 0 {
		return "exited:healthy"
	}
	return compose.Aggregate(nil)
}

// ended says whether a container did what it was for: exit 0 of one that is not kept
// running.
func (p Part) ended(c core.Container) bool {
	return c.State == "exited" && c.ExitCode == 0 && !p.Stays
}
