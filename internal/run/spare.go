package run

import (
	"context"
	"strings"
)

// isSpared says whether a step is left out, since what it would make is there.
func (e *executor) isSpared(step Step) bool { return step.Group != "" && e.spared[step.Group] }

// spare is the end of a step that looked whether others are needed: both of its answers
// are good ones.
func (e *executor) spare(ctx context.Context, number int, step Step, r StepEnd) StepEnd {
	if r.ExitCode == nil {
		return r
	}
	r.State = StepDone
	if *r.ExitCode != 0 {
		return r
	}
	if e.spared == nil {
		e.spared = map[string]bool{}
	}
	e.spared[step.Spares] = true
	var names []string
	for _, s := range e.script.Steps[number:] {
		if s.Group == step.Spares && !s.Hidden {
			names = append(names, s.Name)
		}
	}
	if len(names) > 0 {
		e.info(ctx, number, "Not needed: "+strings.Join(names, ", ")+".")
	}
	return r
}
