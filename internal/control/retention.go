package control

import (
	"context"
	"errors"

	"github.com/taffrail/taffrail/internal/archive"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// maxPlanned is how much of what would be taken away is listed.
const maxPlanned = 1000

const (
	maxKeptDays  = 36_500
	maxKeptCount = 1_000_000
	maxKeptBytes = 1 << 50
)

// HistoryStore keeps deployments, and how long.
type HistoryStore interface {
	archive.HistoryStore
	SetRetention(ctx context.Context, r core.HistoryLimits) error
}

// HistoryLimitsPatch changes how long deployments are kept; nil fields stay as they are.
type HistoryLimitsPatch struct {
	Days, FailedDays, CancelledDays, Count *int
	Bytes                                  *int64
}

// GetRetention returns how long deployments are kept that have ended.
func (c *Control) GetRetention(ctx context.Context, p auth.Principal) (core.HistoryLimits, error) {
	if err := p.Require(auth.Read); err != nil {
		return core.HistoryLimits{}, err
	}
	return c.deps.Common.History.GetRetention(ctx)
}

// UpdateRetention changes how long deployments are kept, of all teams.
func (c *Control) UpdateRetention(ctx context.Context, p auth.Principal, in HistoryLimitsPatch) (core.HistoryLimits, error) {
	if err := p.Require(auth.Root); err != nil {
		return core.HistoryLimits{}, err
	}
	r, err := c.deps.Common.History.GetRetention(ctx)
	if err != nil {
		return r, err
	}
	set(&r.Days, in.Days)
	set(&r.FailedDays, in.FailedDays)
	set(&r.CancelledDays, in.CancelledDays)
	set(&r.Count, in.Count)
	set(&r.Bytes, in.Bytes)
	f := faults{}
	f.between("days", r.Days, 0, maxKeptDays)
	f.between("failed_days", r.FailedDays, 0, maxKeptDays)
	f.between("cancelled_days", r.CancelledDays, 0, maxKeptDays)
	f.between("count", r.Count, 0, maxKeptCount)
	if r.Bytes < 0 || r.Bytes > maxKeptBytes {
		f.add("bytes", "The bytes field must be between 0 and %d.", int64(maxKeptBytes))
	}
	if err := f.err(); err != nil {
		return r, err
	}
	if err := c.deps.Common.History.SetRetention(ctx, r); err != nil {
		return r, err
	}
	c.did(ctx, p, "retention changed", "")
	return r, nil
}

// errEnough ends a listing.
var errEnough = errors.New("enough")

// PlanRetention lists what retention would take away of p's team now, and why. It says
// whether there is more than that.
func (c *Control) PlanRetention(ctx context.Context, p auth.Principal) ([]archive.Doomed, bool, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, false, err
	}
	out := []archive.Doomed{}
	err := archive.EachDoomed(ctx, c.deps.Common.History, p.TeamID, c.deps.Now(), func(d archive.Doomed) error {
		if len(out) == maxPlanned {
			return errEnough
		}
		out = append(out, d)
		return nil
	})
	if errors.Is(err, errEnough) {
		return out, true, nil
	}
	return out, false, err
}

// Prune has retention do its work soon, rather than when its hour comes.
func (c *Control) Prune(ctx context.Context, p auth.Principal) error {
	if err := p.Require(auth.Root); err != nil {
		return err
	}
	if err := c.deps.Common.Jobs.AddJob(ctx, core.Job{Kind: archive.KindRetain, Name: "instance", Payload: "{}"}); err != nil {
		return err
	}
	c.did(ctx, p, "retention asked for", "")
	return nil
}
