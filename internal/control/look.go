package control

import (
	"context"
	"slices"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// lookLimit is how long somebody who asked for something waits for a look at the server.
const lookLimit = 3 * time.Second

// looker brings the stored status of services in line with their containers.
type looker struct {
	services   ServiceStore
	containers Containers
	statuses   Statuses
	seen       StatusStore
}

// glance is what a look showed.
type glance struct {
	status string // "<state>:<health>" of the service
	alive  bool   // some container of it is not stopped, whether or not it counts for the status
}

// look looks at one service and stores how it is.
func (l *looker) look(ctx context.Context, server core.Server, s core.Service) (glance, error) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	found, err := l.containers.List(ctx, server, s.UUID)
	if err != nil {
		return glance{}, err
	}
	own := found[s.UUID]
	status, err := l.record(ctx, s, own)
	return glance{status: status, alive: slices.ContainsFunc(own, alive)}, err
}

func alive(c core.Container) bool {
	return c.State == "running" || c.State == "restarting" || c.State == "paused"
}

// same says whether now says no more than what is stored. A service that nobody has
// looked at yet is stored as plainly exited.
func same(stored, now string) bool {
	return stored == now || stored == "exited" && now == "exited:unhealthy"
}

// record stores how s is by what was seen of its containers, if that is not known yet,
// and returns its status.
func (l *looker) record(ctx context.Context, s core.Service, seen []core.Container) (string, error) {
	status, parts, err := l.statuses.Sum(ctx, s, seen)
	if err != nil {
		return "", err
	}
	changed := !same(s.Status, status)
	s.Status, s.Parts = status, slices.Clone(s.Parts)
	for i, p := range s.Parts {
		if now := parts[p.Name]; now != "" && !same(p.Status, now) {
			s.Parts[i].Status, changed = now, true
		}
	}
	if !changed {
		return status, nil
	}
	return status, l.seen.SeeService(ctx, s)
}
