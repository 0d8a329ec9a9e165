package service

import (
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

// drafted says what a stack means for the service.
func drafted(s core.Service, st *stack, added []core.EnvVar, urls map[string]string) core.ServiceDraft {
	draft := core.ServiceDraft{Envs: added, Warnings: st.warnings, Parts: []core.ServicePart{}, Domains: []string{}}
	if draft.Envs == nil {
		draft.Envs = []core.EnvVar{}
	}
	services := mapOf(st.tree["services"])
	for _, name := range keysOf(services) {
		service := mapOf(services[name])
		if off(service) {
			draft.Warnings = append(draft.Warnings, name+" stays off: it belongs to the profiles "+
				strings.Join(textsOf(service["profiles"]), ", "))
			continue
		}
		part := core.ServicePart{
			UUID: core.NewID(), ServiceID: s.RowID, Kind: partKind(textOf(service["image"])), Name: name,
			Image: textOf(service["image"]), Fqdn: urls[name], ExcludeFromStatus: st.own[name].excluded,
		}
		if i := slices.IndexFunc(s.Parts, func(p core.ServicePart) bool { return p.Name == name && p.Fqdn != "" }); i >= 0 {
			part.Fqdn = s.Parts[i].Fqdn
		}
		draft.Parts = append(draft.Parts, part)
		for one := range strings.SplitSeq(part.Fqdn, ",") {
			if one = strings.TrimSpace(one); one != "" {
				draft.Domains = append(draft.Domains, one)
			}
		}
	}
	draft.Warnings = append(draft.Warnings, st.changed()...)
	return draft
}

// changed lists what the written file has differently from the text.
func (st *stack) changed() []string {
	var out []string
	tell := func(text string, at ...string) {
		out = append(out, fault{line: st.scan.src.line(at), path: at, text: text}.String())
	}
	for _, section := range []string{"networks", "volumes"} {
		entries := mapOf(st.tree[section])
		for _, name := range keysOf(entries) {
			if entry := mapOf(entries[name]); entry["name"] != nil && !truth(entry["external"]) {
				tell("is replaced by a name of the service's own", section, name, "name")
			}
		}
	}
	services := mapOf(st.tree["services"])
	for _, name := range keysOf(services) {
		if mapOf(services[name])["container_name"] != nil {
			tell("is replaced by \""+name+"-<uuid of the service>\", so that no two containers want the same name",
				"services", name, "container_name")
		}
	}
	return out
}

// partKind tells databases from applications by the image.
func partKind(image string) core.PartKind {
	if engine.IsDatabaseImage(image) {
		return core.PartDatabase
	}
	return core.PartApplication
}
