package web

import (
	"strconv"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// serversView is the list of servers with the form for one more.
type serversView struct {
	Servers []core.Server
	Keys    []option
	Form    form
}

func listServers(v *visit) error { return v.servers(v.formOf(nil), 0) }

func (v *visit) servers(f form, status int) error {
	list, err := v.site.control.ListServers(v.r.Context(), v.p)
	if err != nil {
		return err
	}
	keys, err := v.site.control.ListKeys(v.r.Context(), v.p)
	if err != nil {
		return err
	}
	out := serversView{Servers: list, Form: f}
	for _, k := range keys {
		out.Keys = append(out.Keys, option{Value: string(k.UUID), Label: k.Name})
	}
	return v.show("servers", view{Title: "Servers", Section: "servers", Status: status, Data: out})
}

// createServer stores a server and begins to validate it.
func createServer(v *visit) error {
	in := control.ServerInput{Name: v.form("name"), IP: v.form("ip"), User: v.form("user"), Key: core.ID(v.form("private_key_uuid")), Validate: true}
	if text := v.form("port"); text != "" {
		port, err := strconv.Atoi(text)
		if err != nil {
			port = -1 // control says what is wrong with it, beside the other fields
		}
		in.Port = &port
	}
	s, err := v.site.control.CreateServer(v.r.Context(), v.p, in)
	switch {
	case err != nil && known(err):
		return v.servers(v.formOf(err, "name", "ip", "user", "port", "private_key_uuid"), 422)
	case err != nil:
		return err
	}
	return v.done("/servers/"+string(s.UUID), "The server is stored and being looked at. Load the page again to see what was found.")
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
