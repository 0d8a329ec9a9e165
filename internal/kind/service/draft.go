package service

import (
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/stack"
)

// drafted says what a stack means for the service.
func drafted(s core.Service, st *stack.Stack, added []core.EnvVar, urls map[string]string) core.ServiceDraft {
	draft := core.ServiceDraft{Envs: added, Warnings: st.Warnings(), Parts: []core.ServicePart{}, Domains: []string{}}
	if draft.Envs == nil {
		draft.Envs = []core.EnvVar{}
	}
	for _, o := range st.Services() {
		if len(o.Profiles) > 0 {
			draft.Warnings = append(draft.Warnings, o.Name+" stays off: it belongs to the profiles "+strings.Join(o.Profiles, ", "))
			continue
		}
		part := core.ServicePart{
			UUID: core.NewID(), ServiceID: s.RowID, Kind: o.Kind, Name: o.Name, Image: o.Image, Fqdn: urls[o.Name], ExcludeFromStatus: o.Excluded,
		}
		if i := slices.IndexFunc(s.Parts, func(p core.ServicePart) bool { return p.Name == o.Name && p.Fqdn != "" }); i >= 0 {
			part.Fqdn = s.Parts[i].Fqdn
		}
		draft.Parts = append(draft.Parts, part)
		for one := range strings.SplitSeq(part.Fqdn, ",") {
			if one = strings.TrimSpace(one); one != "" {
				draft.Domains = append(draft.Domains, one)
			}
		}
	}
	draft.Warnings = append(draft.Warnings, st.Changed()...)
	return draft
}
