package service

import (
	"slices"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/stack"
)

// status sums up what was seen: of the whole service, and of each part by its name.
func (t *target) status(seen []core.Container) (string, map[string]string) {
	var known, list []stack.Part
	if t.out != nil {
		known = t.out.Parts()
	}
	for _, part := range t.service.Parts {
		p := stack.Part{Name: part.Name}
		if i := slices.IndexFunc(known, func(o stack.Part) bool { return o.Name == part.Name }); i >= 0 {
			p = known[i]
		}
		p.Excluded = p.Excluded || part.ExcludeFromStatus
		list = append(list, p)
	}
	return stack.Status(list, seen)
}

// excluded says whether a person excluded a part from the status.
func (t *target) excluded(name string) bool {
	return slices.ContainsFunc(t.service.Parts, func(o core.ServicePart) bool { return o.Name == name && o.ExcludeFromStatus })
}
