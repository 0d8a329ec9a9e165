package web

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// functions are what the templates can call.
func functions(a assets) template.FuncMap {
	return template.FuncMap{
		"asset": a.url, "icon": icon, "ago": ago, "stamp": stamp, "took": took, "status": statusOf, "condition": conditionOf,
		"verb": verbWord, "short": short, "bytes": size, "field": newField, "join": strings.Join, "lower": strings.ToLower,
		"trigger": triggerWord, "via": viaWord, "path": pathOf, "spans": parseSGR, "dict": dict, "plural": plural, "kind": kindWord, "hasPrefix": strings.HasPrefix,
	}
}

// pathOf is the page of a deployment.
func pathOf(d any) string {
	switch d := d.(type) {
	case core.Deployment:
		return deploymentPath(d)
	case *core.Deployment:
		return deploymentPath(*d)
	}
	return "/deployments"
}

// dict makes the argument of a part of a page out of names and values.
func dict(pairs ...any) (map[string]any, error) {
	out := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		out[name] = pairs[i+1]
	}
	return out, nil
}

func plural(n any, one, many string) string {
	if fmt.Sprint(n) == "1" {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// stamp is a time as machines read it.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// ago is a time that people read: script keeps it true, and shows the exact one.
func ago(t time.Time) template.HTML {
	if t.IsZero() {
		return `<span class="muted">never</span>`
	}
	exact := t.UTC().Format("2006-01-02 15:04:05 UTC")
	return template.HTML(`<time datetime="` + stamp(t) + `" data-ago title="` + exact + `">` + since(time.Since(t)) + `</time>`) //nolint:gosec // made of times alone
}

// since is how long ago something was, or how soon it will be.
func since(d time.Duration) string {
	if d < 0 {
		return "in " + strings.TrimSuffix(since(-d), " ago")
	}
	switch {
	case d < 5*time.Second:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d d ago", int(d.Hours()/24))
}

// took is a duration as short as it stays useful.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}

// badge is a state as it is shown: never by colour alone.
type badge struct{ Class, Icon, Word string }

func statusOf(s core.Status) badge {
	switch s {
	case core.StatusQueued:
		return badge{"queued", "clock", "Queued"}
	case core.StatusInProgress:
		return badge{"running", "running", "In progress"}
	case core.StatusFinished:
		return badge{"ok", "check", "Finished"}
	case core.StatusFailed:
		return badge{"failed", "cross", "Failed"}
	case core.StatusCancelled:
		return badge{"cancelled", "ban", "Cancelled"}
	}
	return badge{"cancelled", "ban", string(s)}
}

// conditionOf shows the status of a resource, "<state>:<health>".
func conditionOf(status string) badge {
	state, health, _ := strings.Cut(status, ":")
	word := strings.ToUpper(state[:min(1, len(state))]) + state[min(1, len(state)):]
	switch {
	case state == "running" && health == "unhealthy":
		return badge{"failed", "warn", "Unhealthy"}
	case state == "running" && health == "healthy":
		return badge{"ok", "check", "Healthy"}
	case state == "running":
		return badge{"ok", "check", "Running"}
	case state == "starting" || state == "restarting" || health == "starting":
		return badge{"running", "running", "Starting"}
	case state == "degraded":
		return badge{"queued", "warn", "Degraded"}
	case state == "" || state == "exited" || state == "stopped":
		return badge{"cancelled", "stopped", "Stopped"}
	}
	return badge{"cancelled", "stopped", word}
}

// stepOf shows the state of a step.
func stepOf(state string) badge {
	switch state {
	case "running":
		return badge{"running", "running", "Running"}
	case "done":
		return badge{"ok", "check", "Done"}
	case "failed":
		return badge{"failed", "cross", "Failed"}
	case "skipped":
		return badge{"cancelled", "skip", "Skipped"}
	}
	return badge{"cancelled", "ban", "Cancelled"}
}

func verbWord(v core.Verb) string {
	return strings.ToUpper(string(v[:min(1, len(v))])) + string(v[min(1, len(v)):])
}

func kindWord(k core.Kind) string { return k.Title() }

func triggerWord(t core.Trigger) string {
	words := map[core.Trigger]string{
		core.TriggerUI: "the web interface", core.TriggerAPI: "the API", core.TriggerCLI: "the command line",
		core.TriggerWebhook: "a webhook", core.TriggerSchedule: "a schedule", core.TriggerMCP: "an agent",
	}
	if w := words[t]; w != "" {
		return w
	}
	return string(t)
}

// viaWord is a trigger where there is little room.
func viaWord(t core.Trigger) string {
	words := map[core.Trigger]string{
		core.TriggerUI: "via web", core.TriggerAPI: "via API", core.TriggerCLI: "via CLI", core.TriggerWebhook: "via webhook",
		core.TriggerSchedule: "on schedule", core.TriggerMCP: "via agent",
	}
	if w := words[t]; w != "" {
		return w
	}
	return "via " + string(t)
}

// short is the start of a commit; a name stays whole.
func short(commit string) string {
	if len(commit) == 40 || len(commit) == 64 {
		return commit[:7]
	}
	return commit
}

func size(n int64) string {
	if n <= 0 {
		return "0 B"
	}
	units := []string{"B", "KB", "MB", "GB", "TB"}
	f, i := float64(n), 0
	for f >= 1000 && i < len(units)-1 {
		f, i = f/1000, i+1
	}
	if i == 0 || f >= 100 {
		return fmt.Sprintf("%.0f %s", f, units[i])
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}

// field is an input of a form with its label, hint and what is wrong with it.
type field struct {
	Name, Label, Type, Value, Hint, Complete string
	Required, Focus                          bool
	Rows                                     int
	Options                                  []option
	Errors                                   []string
}

type option struct {
	Value, Label string
	Chosen       bool
}

// newField makes a field of a form's values. more are pairs of a property and a value.
func newField(f form, name, label, kind string, more ...any) (field, error) {
	out := field{Name: name, Label: label, Type: kind, Value: f.Values[name], Errors: f.Errors[name]}
	for i := 0; i+1 < len(more); i += 2 {
		property, _ := more[i].(string)
		switch x := more[i+1].(type) {
		case string:
			switch property {
			case "hint":
				out.Hint = x
			case "complete":
				out.Complete = x
			case "value":
				if out.Value == "" {
					out.Value = x
				}
			}
		case bool:
			if property == "required" {
				out.Required = x
			} else {
				out.Focus = x
			}
		case int:
			out.Rows = x
		case []option:
			out.Options = chosen(x, out.Value)
		default:
			return out, fmt.Errorf("field %s: %s cannot be a %T", name, property, x)
		}
	}
	return out, nil
}

func chosen(list []option, value string) []option {
	out := make([]option, len(list))
	copy(out, list)
	for i := range out {
		out[i].Chosen = value != "" && out[i].Value == value || value == "" && out[i].Chosen
	}
	return out
}
