package control

import (
	"context"
	"slices"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// lookLimit is how long somebody who asked for something waits for a look at the server.
const lookLimit = 3 * time.Second

// looker brings the stored status of resources in line with their containers.
type looker struct {
	containers Containers
	statuses   Statuses
	seen       StatusStore
}

// glance is what a look showed.
type glance struct {
	status string // "<state>:<health>" of the resource
	alive  bool   // some container of it is not stopped, whether or not it counts for the status
}

// look looks at one resource and stores how it is.
func (l *looker) look(ctx context.Context, server core.Server, r core.Resting) (glance, error) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	found, err := l.containers.List(ctx, server, r.UUID)
	if err != nil {
		return glance{}, err
	}
	own := found[r.UUID]
	c, _, err := l.record(ctx, r, own)
	return glance{status: c.Status, alive: slices.ContainsFunc(own, alive)}, err
}

func alive(c core.Container) bool {
	return c.State == "running" || c.State == "restarting" || c.State == "paused"
}

// record stores how r is by what was seen of its containers, and says whether that is
// news.
func (l *looker) record(ctx context.Context, r core.Resting, seen []core.Container) (core.Condition, bool, error) {
	c, err := l.statuses.Sum(ctx, r, seen)
	if err != nil {
		return c, false, err
	}
	changed, err := l.seen.SeeResource(ctx, r, c)
	return c, changed, err
}
