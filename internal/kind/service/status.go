package service

import (
	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
)

// status sums up what was seen: of the whole service, and of each part by its name.
func (t *target) status(seen []core.Container) (string, map[string]string) {
	by := map[string][]core.Container{}
	for _, c := range seen {
		by[c.Service] = append(by[c.Service], c)
	}
	parts := map[string]string{}
	var counted []core.Container
	missing := false
	for _, part := range t.service.Parts {
		own := by[part.Name]
		parts[part.Name] = t.part(own)
		if part.ExcludeFromStatus || t.excluded(part.Name) || t.empty(part.Name) {
			continue
		}
		missing = missing || len(own) == 0
		for _, c := range own {
			if !t.ended(c) {
				counted = append(counted, c)
			}
		}
	}
	switch {
	case len(counted) > 0 && missing:
		return "degraded:unhealthy", parts
	case len(counted) == 0 && len(seen) > 0 && !missing:
		return "exited:healthy", parts // everything that there was to do is done
	default:
		return compose.Aggregate(counted), parts
	}
}

func (t *target) part(own []core.Container) string {
	for _, c := range own {
		if !t.ended(c) {
			return compose.Aggregate(own)
		}
	}
	if len(own) > 0 {
		return "exited:healthy"
	}
	return compose.Aggregate(nil)
}

// ended says whether a container did what it was for: exit 0 of one that is not kept
// running.
func (t *target) ended(c core.Container) bool {
	if c.State != "exited" || c.ExitCode != 0 {
		return false
	}
	if t.out == nil {
		return true
	}
	s := mapOf(mapOf(t.out.tree["services"])[c.Service])
	switch restart := textOf(s["restart"]); restart {
	case "always", "unless-stopped":
		return false
	default:
		return true
	}
}

// empty says whether a compose service is to have no containers.
func (t *target) empty(name string) bool {
	if t.out == nil {
		return false
	}
	s := mapOf(mapOf(t.out.tree["services"])[name])
	return replicas(s) == 0 || off(s)
}
