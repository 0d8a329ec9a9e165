package web

import (
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
)

const maxFound = 20

// hit is something that was found, and where it is.
type hit struct {
	Name string `json:"name"`
	What string `json:"what"`
	Path string `json:"path"`
}

// search finds pages, resources, servers, projects and deployments by name: as JSON for
// the palette, otherwise as a page.
func search(v *visit) error {
	q := strings.ToLower(strings.TrimSpace(v.r.URL.Query().Get("q")))
	found, err := v.find(q)
	if err != nil {
		return err
	}
	found = found[:min(len(found), maxFound)]
	if v.wantsData() {
		return httpio.WriteJSON(v.w, 200, map[string]any{"found": found})
	}
	return v.show("search", view{Title: "Search", Data: map[string]any{"Found": found, "Query": v.r.URL.Query().Get("q")}})
}

func (v *visit) find(q string) ([]hit, error) {
	ctx, c := v.r.Context(), v.site.control
	found := []hit{}
	add := func(name, what, path string) {
		if strings.Contains(strings.ToLower(name), q) || len(q) > 3 && strings.Contains(path, q) {
			found = append(found, hit{name, what, path})
		}
	}
	resources, err := c.Resources(ctx, v.p)
	if err != nil {
		return nil, err
	}
	for _, r := range resources {
		add(r.Name, r.Kind.Title()+" · "+conditionOf(r.Status).Word, resourcePath(r.Project, r.Environment, r.Kind, r.UUID))
	}
	for _, item := range (view{visit: v}).Nav() {
		add(item.Name, "Page", item.Path)
	}
	add("Your account", "Page", "/account")
	projects, err := c.ListProjects(ctx, v.p)
	if err != nil {
		return nil, err
	}
	for _, p := range projects {
		add(p.Name, "Project", "/project/"+string(p.UUID))
		for _, e := range p.Environments {
			add(p.Name+" / "+e.Name, "Environment", "/project/"+string(p.UUID)+"/environment/"+string(e.UUID))
		}
	}
	servers, err := c.ListServers(ctx, v.p)
	if err != nil {
		return nil, err
	}
	for _, s := range servers {
		add(s.Name, "Server", "/servers/"+string(s.UUID))
	}
	return v.findDeployments(q, found)
}

// findDeployments adds deployments: one by its id, others by what they are about.
func (v *visit) findDeployments(q string, found []hit) ([]hit, error) {
	if q == "" {
		return found, nil
	}
	var list []core.Deployment
	if id := core.ID(q); id.Valid() {
		if d, err := v.site.control.GetDeployment(v.r.Context(), v.p, id); err == nil {
			list = append(list, d)
		}
	}
	more, _, err := v.site.control.History(v.r.Context(), v.p, core.HistoryFilter{Query: q, Limit: 5})
	if err != nil {
		return nil, err
	}
	for _, d := range append(list, more...) {
		found = append(found, hit{verbWord(d.Verb) + " " + d.Resource.Name, statusOf(d.Status).Word + " · " + d.CreatedAt.UTC().Format("Jan 2 15:04"), deploymentPath(d)})
	}
	return found, nil
}

func resourcePath(project, environment core.ID, kind core.Kind, id core.ID) string {
	return "/project/" + string(project) + "/environment/" + string(environment) + "/" + string(kind) + "/" + string(id)
}
