package server

import (
	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/kind/application"
	"github.com/taffrail/taffrail/internal/redact"
)

// snapshots understands what deployments kept of themselves.
type snapshots struct{}

// Compare implements control.Snapshots. Applications know best what they kept; of others
// it is the files that are compared, of which everything that is set is made.
func (snapshots) Compare(now, target core.Deployment) ([]control.Difference, error) {
	before, hide, err := deploy.Placed(now.Config.Snapshot)
	if err != nil {
		return nil, err
	}
	after, more, err := deploy.Placed(target.Config.Snapshot)
	if err != nil {
		return nil, err
	}
	changes, kept, err := ofApplications(now, target)
	if err != nil {
		return nil, err
	}
	if !kept {
		if len(before) == 0 || len(after) == 0 {
			return nil, nil
		}
		changes = compose.Compare(before, after)
	}
	if len(changes) == 0 {
		return nil, nil
	}
	masks := redact.Compile(redact.Options{Secrets: append(hide, more...)})
	out := make([]control.Difference, 0, len(changes))
	for _, c := range changes {
		c.Old, c.New = masks.String(c.Old), masks.String(c.New)
		out = append(out, difference(c))
	}
	return out, nil
}

// ofApplications compares what two deployments of applications kept; false when one of
// them kept nothing, or is none.
func ofApplications(now, target core.Deployment) ([]core.Change, bool, error) {
	if now.Kind != core.KindApplication || target.Kind != core.KindApplication {
		return nil, false, nil
	}
	before, err := deploy.Kept(now.Config.Snapshot)
	if err != nil || len(before) == 0 {
		return nil, false, err
	}
	after, err := deploy.Kept(target.Config.Snapshot)
	if err != nil || len(after) == 0 {
		return nil, false, err
	}
	changes, err := application.Compare(before, after)
	return changes, true, err
}

// difference is a change as control tells it. One whose values are not told has masks in
// their place, so that it shows whether there was something, and will be.
func difference(c core.Change) control.Difference {
	d := control.Difference{Field: c.What, How: c.How, Old: c.Old, New: c.New}
	if c.Old != "" || c.New != "" {
		return d
	}
	if c.How != "added" {
		d.Old = core.Redacted
	}
	if c.How != "removed" {
		d.New = core.Redacted
	}
	return d
}
