package database

import (
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
)

const (
	healthy  = "running:healthy"
	degraded = "degraded:unhealthy"
)

// status sums up what was seen. A database whose proxy is down is not down: it serves its
// own network, and is degraded. proven says that it has answered a query as its user,
// which counts for more than a health check that did not run yet.
func status(seen []core.Container, id core.ID, proxied, proven bool) string {
	var own, proxy []core.Container
	for _, c := range seen {
		switch c.Service {
		case string(id):
			if c.Health == "starting" && proven {
				c.Health = "healthy"
			}
			own = append(own, c)
		case proxyName(id):
			proxy = append(proxy, c)
		}
	}
	sum := compose.Aggregate(own)
	if !proxied || !strings.HasPrefix(sum, "running:") {
		return sum
	}
	switch compose.Aggregate(proxy) {
	case healthy, "running:unknown", "starting:unknown":
		return sum
	default:
		return degraded
	}
}

// proxyName is the compose service that gives access to a database from outside.
func proxyName(id core.ID) string { return string(id) + "-proxy" }

// runs says whether the database itself was seen running.
func runs(seen []core.Container, id core.ID) bool {
	_, ok := running(seen, string(id))
	return ok
}

// running finds the running container of a compose service.
func running(seen []core.Container, service string) (core.Container, bool) {
	i := slices.IndexFunc(seen, func(c core.Container) bool { return c.Service == service && c.State == "running" })
	if i < 0 {
		return core.Container{}, false
	}
	return seen[i], true
}

// restarted says whether Docker had to start the database again.
func restarted(seen []core.Container, id core.ID) bool {
	return slices.ContainsFunc(seen, func(c core.Container) bool { return c.Service == string(id) && c.Restarts > 0 })
}
