package web

import (
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func listServers(v *visit) error {
	list, err := v.site.control.ListServers(v.r.Context(), v.p)
	if err != nil {
		return err
	}
	return v.show("servers", view{Title: "Servers", Section: "servers", Data: list})
}

// serverView is a server with what is on it and what it does.
type serverView struct {
	Server    core.Server
	Resources []control.Resource
	Active    []entry
}

func showServer(v *visit) error {
	ctx, id := v.r.Context(), v.id("server")
	s, err := v.site.control.GetServer(ctx, v.p, id)
	if err != nil {
		return err
	}
	out := serverView{Server: s}
	if out.Resources, err = v.site.control.ServerResources(ctx, v.p, id); err != nil {
		return err
	}
	active, err := v.site.control.ListDeployments(ctx, v.p)
	if err != nil {
		return err
	}
	all, err := v.entries(active)
	if err != nil {
		return err
	}
	for _, e := range all {
		if e.Server.UUID == id {
			out.Active = append(out.Active, e)
		}
	}
	return v.show("server", view{Title: s.Name, Section: "servers", Crumbs: []crumb{{"Servers", "/servers"}, {s.Name, ""}}, Data: out})
}

func validateServer(v *visit) error {
	id := v.id("server")
	if err := v.site.control.ValidateServer(v.r.Context(), v.p, id, v.checked("install")); err != nil {
		return err
	}
	return v.done("/servers/"+string(id), "The server is being looked at. Load the page again to see what was found.")
}
