// Package supervise starts background services in order and stops them in reverse,
// each within a limit, so that nothing outlives what it needs.
package supervise

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Service is something that works in the background.
//
// Start returns when the service works, or with an error, and then nothing is left
// running. Its ctx is for starting only: the work goes on until Stop. Stop returns when
// nothing of the service runs any more, or with an error when ctx ends first; it may be
// called before Start, more than once, and from several goroutines.
type Service interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

// Member is a service of a Group.
type Member struct {
	Name    string
	Service Service
	Limit   time.Duration // for Stop; 0: as long as the group has
}

// Group is a list of services that is itself a Service.
type Group struct {
	log     *slog.Logger
	members []Member

	mu      sync.Mutex // held while starting and stopping
	started int        // how many of members run, counted from the first
}

// NewGroup makes a group. Services start in the order of members.
func NewGroup(log *slog.Logger, members ...Member) *Group {
	return &Group{log: log, members: members}
}

// Start starts all services in order. When one fails, those before it are stopped
// again and its error is returned.
func (g *Group) Start(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.members[g.started:] {
		if err := m.Service.Start(ctx); err != nil {
			err = fmt.Errorf("start %s: %w", m.Name, err)
			return errors.Join(err, g.stop(context.WithoutCancel(ctx)))
		}
		g.started++
		g.log.Debug("service started", "service", m.Name)
	}
	return nil
}

// Stop stops all services that were started, last first. A service that does not stop
// in time does not keep the others from being stopped; the error names it.
func (g *Group) Stop(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stop(ctx)
}

func (g *Group) stop(ctx context.Context) error {
	var faults []error
	for ; g.started > 0; g.started-- {
		m := g.members[g.started-1]
		if err := stopOne(ctx, m); err != nil {
			faults = append(faults, fmt.Errorf("stop %s: %w", m.Name, err))
		}
		g.log.Debug("service stopped", "service", m.Name)
	}
	return errors.Join(faults...)
}

func stopOne(ctx context.Context, m Member) error {
	if m.Limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, m.Limit)
		defer cancel()
	}
	return m.Service.Stop(ctx)
}
