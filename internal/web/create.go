package web

import (
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// newView is the form for a new service.
type newView struct {
	At      string
	Form    form
	Servers []option
	Usable  int
}

func newService(v *visit) error { return v.newService(nil, 0) }

func (v *visit) newService(wrong error, status int) error {
	p, e, err := v.environment()
	if err != nil {
		return err
	}
	servers, err := v.site.control.ListServers(v.r.Context(), v.p)
	if err != nil {
		return err
	}
	at := "/project/" + string(p.UUID) + "/environment/" + string(e.UUID)
	out := newView{At: at, Form: v.formOf(wrong, "name", "description", "docker_compose_raw", "server_uuid")}
	for _, s := range servers {
		label := s.Name + " (" + s.IP + ")"
		if !s.Facts.Usable {
			label += ", not usable now"
		} else {
			out.Usable++
		}
		out.Servers = append(out.Servers, option{Value: string(s.UUID), Label: label, Chosen: len(servers) == 1})
	}
	return v.show("new", view{Title: "New service", Section: "projects", Status: status,
		Crumbs: []crumb{{"Projects", "/projects"}, {p.Name, "/project/" + string(p.UUID)}, {e.Name, at}, {"New service", ""}}, Data: out})
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
		Name: v.form("name"), Description: v.form("description"), Compose: core.NewSecret(v.raw("docker_compose_raw")),
		Project: p.UUID, Environment: string(e.UUID), Server: core.ID(v.form("server_uuid")), InstantDeploy: deploy,
	})
	switch {
	case err != nil && known(err):
		return v.newService(err, 422)
	case err != nil:
		return err
	}
	if made.Deployment.UUID != "" {
		return v.redirect(deploymentPath(made.Deployment))
	}
	return v.done(resourcePath(p.UUID, e.UUID, core.KindService, made.Service.UUID), "The service is stored. Deploy it when you are ready.")
}
