package web

import (
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

// newView is the form for a new service or database.
type newView struct {
	At      string
	Kind    core.Kind
	Form    form
	Servers []option
	Engines []option
	Usable  int
}

func newService(v *visit) error { return v.newThing(core.KindService, nil, 0) }

func newDatabase(v *visit) error { return v.newThing(core.KindDatabase, nil, 0) }

func (v *visit) newThing(kind core.Kind, wrong error, status int) error {
	p, e, err := v.environment()
	if err != nil {
		return err
	}
	servers, err := v.site.control.ListServers(v.r.Context(), v.p)
	if err != nil {
		return err
	}
	at := "/project/" + string(p.UUID) + "/environment/" + string(e.UUID)
	out := newView{At: at, Kind: kind, Form: v.formOf(wrong, "name", "docker_compose_raw", "server_uuid", "engine", "image")}
	for i, e := range engine.All() {
		out.Engines = append(out.Engines, option{Value: e.Name, Label: e.Title, Chosen: i == 0})
	}
	for _, s := range servers {
		label := s.Name + " (" + s.IP + ")"
		if !s.Facts.Usable {
			label += ", not usable now"
		} else {
			out.Usable++
		}
		out.Servers = append(out.Servers, option{Value: string(s.UUID), Label: label, Chosen: len(servers) == 1})
	}
	title := "New " + string(kind)
	return v.show("new", view{Title: title, Section: "projects", Status: status,
		Crumbs: []crumb{{"Projects", "/projects"}, {p.Name, "/project/" + string(p.UUID)}, {e.Name, at}, {title, ""}}, Data: out})
}

// createService stores a service and, unless the button says otherwise, deploys it and
// leads to the deployment.
func createService(v *visit) error {
	p, e, err := v.environment()
	if err != nil {
		return err
	}
	deploy := v.form("then") != "store"
	made, err := v.site.control.CreateService(v.r.Context(), v.p, control.ServiceInput{
		Name: v.form("name"), Compose: core.NewSecret(v.raw("docker_compose_raw")),
		Project: p.UUID, Environment: string(e.UUID), Server: core.ID(v.form("server_uuid")), InstantDeploy: deploy,
	})
	switch {
	case err != nil && known(err):
		return v.newThing(core.KindService, err, 422)
	case err != nil:
		return err
	}
	if made.Deployment.UUID != "" {
		return v.redirect(deploymentPath(made.Deployment))
	}
	return v.done(resourcePath(p.UUID, e.UUID, core.KindService, made.Service.UUID), "The service is stored. Deploy it when you are ready.")
}

// createDatabase stores a database, its passwords drawn afresh, and starts it unless the
// button says otherwise.
func createDatabase(v *visit) error {
	p, e, err := v.environment()
	if err != nil {
		return err
	}
	in := control.DatabaseInput{Project: p.UUID, Environment: string(e.UUID), Server: core.ID(v.form("server_uuid"))}
	in.InstantDeploy = v.form("then") != "store"
	if name := v.form("name"); name != "" {
		in.Name = &name
	}
	if image := v.form("image"); image != "" {
		in.Image = &image
	}
	made, err := v.site.control.CreateDatabase(v.r.Context(), v.p, v.form("engine"), in)
	switch {
	case err != nil && known(err):
		return v.newThing(core.KindDatabase, err, 422)
	case err != nil:
		return err
	}
	if made.Deployment.UUID != "" {
		return v.redirect(deploymentPath(made.Deployment))
	}
	return v.done(resourcePath(p.UUID, e.UUID, core.KindDatabase, made.Database.UUID), "The database is stored. Start it when you are ready.")
}
