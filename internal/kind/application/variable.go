package application

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
)

// shared is a reference to a variable that many resources share.
var shared = regexp.MustCompile(`\{\{\s*(team|project|environment|server)\.([A-Za-z_][A-Za-z0-9_.]*)\s*\}\}`)

// variables are the environment of an application.
type variables struct {
	run     map[string]string // of the container
	build   map[string]string
	theirs  []string // names of those in run that people set
	secret  []string // names of those in build that people set
	unknown []string // references to shared variables that are not there: "KEY: {{team.X}}"
}

// variables makes the environment of the set that is meant: that of the application, or
// that of its previews. What people set goes before what Taffrail sets.
func (t *target) variables(domains []string) (variables, error) {
	if err := compose.CheckVariables(t.Envs); err != nil {
		return variables{}, err
	}
	v := variables{run: t.told(domains), build: map[string]string{}}
	for _, name := range []string{"COOLIFY_URL", "COOLIFY_FQDN", "COOLIFY_BRANCH", "COOLIFY_RESOURCE_UUID"} {
		if value, ok := v.run[name]; ok {
			v.build[name] = value
		}
	}
	if t.Application.Build.IncludeCommit {
		v.build["SOURCE_COMMIT"] = v.run["SOURCE_COMMIT"]
	}
	vars := map[string]compose.Variable{}
	for name, value := range v.run {
		vars[name] = compose.Variable{Value: value, Literal: true}
	}
	var rows []core.EnvVar
	for _, e := range t.Envs {
		if e.IsPreview == t.preview() {
			rows = append(rows, e)
			vars[e.Key] = compose.Variable{Value: e.Value.Reveal(), Literal: e.IsLiteral}
		}
	}
	values := compose.Expand(vars)
	known := t.shared()
	for _, e := range rows {
		value := v.fill(e.Key, values[e.Key], known)
		if e.IsRuntime {
			v.run[e.Key] = value
			v.theirs = append(v.theirs, e.Key)
		}
		if e.IsBuildtime {
			v.build[e.Key] = value
			v.secret = append(v.secret, e.Key)
		}
	}
	slices.Sort(v.theirs)
	slices.Sort(v.secret)
	return v, nil
}

// fill puts shared variables in. Their values are taken as they are.
func (v *variables) fill(key, text string, known map[string]string) string {
	return shared.ReplaceAllStringFunc(text, func(piece string) string {
		m := shared.FindStringSubmatch(piece)
		value, ok := known[m[1]+"."+m[2]]
		if !ok {
			v.unknown = append(v.unknown, key+": "+piece)
			return piece
		}
		return value
	})
}

// shared are the shared variables by "scope.KEY".
func (t *target) shared() map[string]string {
	out := map[string]string{}
	for _, e := range t.Shared {
		out[e.Key] = e.Value.Reveal()
	}
	return out
}

// told is what Taffrail tells a container of itself. Its name comes when it has one.
func (t *target) told(domains []string) map[string]string {
	out := map[string]string{"COOLIFY_RESOURCE_UUID": t.Project(), "HOST": "0.0.0.0"}
	set := func(name, value string) {
		if value != "" {
			out[name] = value
		}
	}
	var hosts []string
	for _, d := range domains {
		_, host, _ := strings.Cut(d, "://")
		hosts = append(hosts, host)
	}
	set("COOLIFY_URL", strings.Join(domains, ","))
	set("COOLIFY_FQDN", strings.Join(hosts, ","))
	set("COOLIFY_BRANCH", t.branch())
	set("SOURCE_COMMIT", t.commit())
	if ports, err := compose.ParsePorts(t.Application.Serve.Ports); err == nil && len(ports) > 0 {
		set("PORT", strconv.Itoa(ports[0]))
	}
	return out
}

func (t *target) branch() string {
	if t.revision.Branch != "" {
		return t.revision.Branch
	}
	return t.Application.Source.Branch
}

// commit is the one that the image is of: a restart brings up what ran.
func (t *target) commit() string {
	if t.verb == core.VerbRestart && !t.preview() && t.Application.Ran.Commit != "" {
		return t.Application.Ran.Commit
	}
	return t.revision.Commit
}

func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
