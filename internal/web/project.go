package web

import (
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// projectsView is the list of projects, with how many resources each has.
type projectsView struct {
	Projects []projectTile
	Form     form
}

type projectTile struct {
	core.Project
	Resources int
	Unwell    int
}

func listProjects(v *visit) error { return v.projects(v.formOf(nil), 0) }

func (v *visit) projects(f form, status int) error {
	list, err := v.site.control.ListProjects(v.r.Context(), v.p)
	if err != nil {
		return err
	}
	resources, err := v.site.control.Resources(v.r.Context(), v.p)
	if err != nil {
		return err
	}
	out := projectsView{Form: f}
	for _, p := range list {
		t := projectTile{Project: p}
		for _, r := range resources {
			if r.Project == p.UUID {
				t.Resources++
				if unwell(r) {
					t.Unwell++
				}
			}
		}
		out.Projects = append(out.Projects, t)
	}
	return v.show("projects", view{Title: "Projects", Section: "projects", Status: status, Data: out})
}

func createProject(v *visit) error {
	p, err := v.site.control.CreateProject(v.r.Context(), v.p, control.ProjectInput{Name: v.form("name"), Description: v.form("description")})
	switch {
	case err != nil && known(err):
		return v.projects(v.formOf(err, "name", "description"), 422)
	case err != nil:
		return err
	}
	return v.done("/project/"+string(p.UUID), "The project is there, with an environment called production.")
}

// projectView is a project with its environments, or one environment of it.
type projectView struct {
	Project      core.Project
	Environments []environmentView
	Form         form
}

type environmentView struct {
	core.Environment
	Resources []control.Resource
}

func showProject(v *visit) error { return v.project(v.formOf(nil), 0) }

func (v *visit) project(f form, status int) error {
	p, err := v.site.control.GetProject(v.r.Context(), v.p, v.id("project"))
	if err != nil {
		return err
	}
	out := projectView{Project: p, Form: f}
	resources, err := v.site.control.Resources(v.r.Context(), v.p)
	if err != nil {
		return err
	}
	for _, e := range p.Environments {
		out.Environments = append(out.Environments, environmentView{e, within(resources, e.UUID)})
	}
	return v.show("project", view{Title: p.Name, Section: "projects", Status: status, Crumbs: []crumb{{"Projects", "/projects"}, {p.Name, ""}}, Data: out})
}

func within(list []control.Resource, environment core.ID) []control.Resource {
	var out []control.Resource
	for _, r := range list {
		if r.Environment == environment {
			out = append(out, r)
		}
	}
	return out
}

func createEnvironment(v *visit) error {
	id := v.id("project")
	e, err := v.site.control.CreateEnvironment(v.r.Context(), v.p, id, control.EnvironmentInput{Name: v.form("name")})
	switch {
	case err != nil && known(err):
		return v.project(v.formOf(err, "name"), 422)
	case err != nil:
		return err
	}
	return v.done("/project/"+string(id)+"/environment/"+string(e.UUID), "The environment is there.")
}

func showEnvironment(v *visit) error {
	p, e, err := v.environment()
	if err != nil {
		return err
	}
	resources, err := v.site.control.Resources(v.r.Context(), v.p)
	if err != nil {
		return err
	}
	out := projectView{Project: p, Environments: []environmentView{{e, within(resources, e.UUID)}}}
	return v.show("environment", view{Title: e.Name + " of " + p.Name, Section: "projects",
		Crumbs: []crumb{{"Projects", "/projects"}, {p.Name, "/project/" + string(p.UUID)}, {e.Name, ""}}, Data: out})
}

// environment finds the project and the environment of the address.
func (v *visit) environment() (core.Project, core.Environment, error) {
	p, err := v.site.control.GetProject(v.r.Context(), v.p, v.id("project"))
	if err != nil {
		return p, core.Environment{}, err
	}
	for _, e := range p.Environments {
		if e.UUID == v.id("environment") {
			return p, e, nil
		}
	}
	return p, core.Environment{}, core.NotFound("Environment")
}
