package compose

import "github.com/taffrail/taffrail/internal/core"

// Aggregate makes one "<state>:<health>" of several containers.
func Aggregate(list []core.Container) string {
	count := map[string]int{}
	for _, c := range list {
		count[c.State]++
		if c.State == "running" {
			count["running:"+c.Health]++
		}
	}
	running, all := count["running"], len(list)
	switch {
	case all == 0 || count["exited"] == all:
		return "exited:unhealthy"
	case count["restarting"]+count["dead"]+count["removing"] > 0:
		return "degraded:unhealthy"
	case count["paused"] == all:
		return "paused:unknown"
	case running == 0 && count["created"] > 0 && count["exited"] == 0:
		return "starting:unknown"
	case running < all:
		return "degraded:unhealthy"
	case count["running:unhealthy"] > 0:
		return "running:unhealthy"
	case count["running:starting"] > 0:
		return "starting:unknown"
	case count["running:"] > 0:
		return "running:unknown"
	default:
		return "running:healthy"
	}
}
