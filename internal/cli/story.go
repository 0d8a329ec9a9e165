package cli

import (
	"maps"
	"slices"
	"strconv"

	"github.com/taffrail/taffrail/api"
)

// story is a deployment as a person reads it.
func story(d api.Deployment, steps []api.Step) table {
	view := table{names: []string{d.DeploymentUUID}}
	add := func(label, value string) {
		if value != "" {
			view.rows = append(view.rows, []string{label, value})
		}
	}
	add("deployment", d.DeploymentUUID)
	add("resource", d.ResourceName+" ("+d.Kind+" "+d.ResourceUUID+")")
	add("server", d.ServerName)
	add("verb", d.Verb)
	add("status", string(d.Status))
	add("waiting", text(d.Waiting))
	add("asked by", by(d))
	add("why", d.Note)
	add("asked", moment(d.CreatedAt))
	add("started", moment(d.StartedAt))
	add("cancel asked", moment(d.CancelRequestedAt))
	add("ended", moment(d.FinishedAt))
	add("took", took(d))
	add("configuration", text(d.ConfigHash))
	add("rollback of", text(d.RollbackOf))
	for _, image := range slices.Sorted(maps.Keys(d.ImageDigests)) {
		add("image", image+"  "+d.ImageDigests[image])
	}
	for _, s := range steps {
		add("step "+strconv.Itoa(s.Number), step(s))
	}
	outcome(d, add)
	return view
}

func step(s api.Step) string {
	line := s.Name + "  " + s.State
	if s.ExitCode != nil {
		line += "  exit " + strconv.Itoa(*s.ExitCode)
	}
	if !s.StartedAt.IsZero() && !s.EndedAt.IsZero() {
		line += "  " + duration(s.StartedAt.Time, s.EndedAt.Time)
	}
	return line
}

func outcome(d api.Deployment, add func(label, value string)) {
	if d.Outcome == nil {
		return
	}
	add("outcome", d.Outcome.Reason)
	if at := text(d.Outcome.Step); at != "" {
		add("ended at", at+exitCode(d.Outcome.ExitCode))
	}
	for _, line := range d.Outcome.LastStderr {
		add("last output", line)
	}
}

func exitCode(code *int) string {
	if code == nil {
		return ""
	}
	return " with exit code " + strconv.Itoa(*code)
}
