package control

import (
	"context"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// PinDeployment says whether retention is to keep a deployment: its record, its log and
// its image.
func (c *Control) PinDeployment(ctx context.Context, p auth.Principal, id core.ID, pinned bool) (core.Deployment, error) {
	return c.say(ctx, p, id, "deployment pinned", func(team int64) (core.Deployment, error) {
		return c.deps.Common.Records.PinDeployment(ctx, team, id, pinned)
	})
}

// NoteDeployment writes down why there is a deployment; empty takes the note away.
func (c *Control) NoteDeployment(ctx context.Context, p auth.Principal, id core.ID, note string) (core.Deployment, error) {
	f := faults{}
	f.text("note", note, maxNote)
	if err := errorOr(p.Require(auth.Deploy), f.err()); err != nil {
		return core.Deployment{}, err
	}
	return c.say(ctx, p, id, "deployment noted", func(team int64) (core.Deployment, error) {
		return c.deps.Common.Records.NoteDeployment(ctx, team, id, strings.TrimSpace(note))
	})
}

func (c *Control) say(ctx context.Context, p auth.Principal, id core.ID, what string, do func(team int64) (core.Deployment, error)) (core.Deployment, error) {
	if err := p.Require(auth.Deploy); err != nil {
		return core.Deployment{}, err
	}
	if err := known(id, "Deployment"); err != nil {
		return core.Deployment{}, err
	}
	d, err := do(p.TeamID)
	if err != nil {
		return core.Deployment{}, named(err, "Deployment")
	}
	c.did(ctx, p, what, id)
	return shownDeployment(p, d), nil
}

// DeleteLog takes away the log of a deployment that has ended, and leaves a line that
// says who did so. Record, steps and outcome stay.
func (c *Control) DeleteLog(ctx context.Context, p auth.Principal, id core.ID) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	if err := known(id, "Deployment"); err != nil {
		return err
	}
	if err := c.deps.Common.Records.DropLog(ctx, p.TeamID, id, p.Actor); err != nil {
		return named(err, "Deployment")
	}
	c.did(ctx, p, "log deleted", id)
	return nil
}

// Comparison is what two deployments have in common and what not.
type Comparison struct {
	From, To core.Deployment
	// Known says that both kept what they ran with: without, nothing is known of Changes.
	Known   bool
	Changes []Difference // from From to To
}

// CompareDeployments says what of its configuration a resource was deployed with in one
// deployment and not in the other. CodeBadRequest for deployments of different kinds.
func (c *Control) CompareDeployments(ctx context.Context, p auth.Principal, from, to core.ID) (Comparison, error) {
	if err := p.Require(auth.Read); err != nil {
		return Comparison{}, err
	}
	a, err := c.deployment(ctx, p, from)
	if err != nil {
		return Comparison{}, err
	}
	b, err := c.deployment(ctx, p, to)
	if err != nil {
		return Comparison{}, err
	}
	if a.Kind != b.Kind {
		return Comparison{}, core.Errorf(core.CodeBadRequest, "Only deployments of the same kind can be compared: these are of the kinds %s and %s.", a.Kind, b.Kind)
	}
	out := Comparison{From: shownDeployment(p, a), To: shownDeployment(p, b), Known: told(a) && told(b), Changes: []Difference{}}
	if !out.Known {
		return out, nil
	}
	changes, err := c.deps.Applications.Snapshots.Compare(a, b)
	out.Changes = append(out.Changes, shownChanges(p, changes)...)
	return out, err
}

// told says whether a deployment kept what its resource was to run with: a stop, a dump
// and a new certificate bring none of that.
func told(d core.Deployment) bool {
	return !d.Config.Snapshot.Empty() && begins(d.Verb)
}

// shownChanges leaves out values from those who may not see secrets: what was set may be
// anything, passwords in commands too.
func shownChanges(p auth.Principal, list []Difference) []Difference {
	out := make([]Difference, 0, len(list))
	for _, d := range list {
		if !p.SeesSecrets() {
			d.Old, d.New = masked(d.Old), masked(d.New)
		}
		out = append(out, d)
	}
	return out
}

func masked(text string) string {
	if text == "" {
		return ""
	}
	return core.Redacted
}
