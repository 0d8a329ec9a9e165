package web

import (
	"slices"
	"time"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// compareView is two deployments side by side.
type compareView struct {
	control.Comparison
	Records []core.Change // what their records tell apart
	Steps   []stepPair
}

// stepPair is a step of the same name in both, or in one.
type stepPair struct {
	Title          string
	Before, After  string // durations; empty: it was not there
	Slower, Faster bool   // by a fifth and a second at least
	State          badge  // in the later one
}

func compare(v *visit) error {
	q := v.r.URL.Query()
	ctx, c := v.r.Context(), v.site.control
	told, err := c.CompareDeployments(ctx, v.p, core.ID(q.Get("from")), core.ID(q.Get("to")))
	if err != nil {
		return err
	}
	out := compareView{Comparison: told, Records: changes(told.From, told.To, control.Comparison{Known: true})}
	before, err := c.Steps(ctx, v.p, told.From.UUID)
	if err != nil {
		return err
	}
	after, err := c.Steps(ctx, v.p, told.To.UUID)
	if err != nil {
		return err
	}
	out.Steps = pairs(before, after)
	return v.show("compare", view{
		Title: "Compare deployments of " + told.To.Resource.Name, Section: "deployments", Data: out,
		Crumbs: []crumb{{"Deployments", "/deployments"}, {string(told.To.UUID[:min(8, len(told.To.UUID))]), deploymentPath(told.To)}, {"Compare", ""}},
	})
}

// pairs puts steps of the same name beside each other, in the order of the later
// deployment; what only the earlier one had comes last.
func pairs(before, after []core.Step) []stepPair {
	out := []stepPair{}
	rest := slices.Clone(before)
	for _, s := range after {
		p := stepPair{Title: s.Title, After: lasted(s), State: stepOf(s.State)}
		if i := slices.IndexFunc(rest, func(o core.Step) bool { return o.Name == s.Name }); i >= 0 {
			a, b := rest[i].EndedAt.Sub(rest[i].StartedAt), s.EndedAt.Sub(s.StartedAt)
			p.Before = lasted(rest[i])
			p.Slower = !s.EndedAt.IsZero() && b > a+a/5+time.Second
			p.Faster = !s.EndedAt.IsZero() && a > b+b/5+time.Second
			rest = slices.Delete(rest, i, i+1)
		}
		out = append(out, p)
	}
	for _, s := range rest {
		out = append(out, stepPair{Title: s.Title, Before: lasted(s), State: badge{"cancelled", "skip", "Not there"}})
	}
	return out
}

func lasted(s core.Step) string {
	if s.StartedAt.IsZero() || s.EndedAt.IsZero() {
		return "not ended"
	}
	return took(s.EndedAt.Sub(s.StartedAt))
}
