package web

import (
	"context"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// ops is what can be asked of a resource of one kind.
type ops struct {
	start, stop, restart func(context.Context, auth.Principal, core.ID, control.Action) (control.Queued, error)
	remove               func(context.Context, auth.Principal, core.ID, core.Removal) (control.Queued, error)
	// logs are the last lines of a part: a container of a service, or "" for the whole.
	logs func(ctx context.Context, p auth.Principal, id core.ID, part string, lines int, timestamps bool) (string, error)
	// parts are the names that logs takes.
	parts func(context.Context, auth.Principal, core.ID) ([]part, error)
}

// part is a container of a resource that has several.
type part struct {
	Name, Image, Status string
	URLs                []string
}

// ops is the wiring of the kinds.
func (s *Site) ops(kind core.Kind) (ops, error) {
	c := s.control
	none := func(context.Context, auth.Principal, core.ID) ([]part, error) { return nil, nil }
	switch kind {
	case core.KindApplication:
		return ops{c.StartApplication, c.StopApplication, c.RestartApplication, c.DeleteApplication, c.ApplicationLogs, none}, nil
	case core.KindService:
		return ops{c.StartService, c.StopService, c.RestartService, c.DeleteService, c.ServiceLogs, s.serviceParts}, nil
	case core.KindDatabase:
		logs := func(ctx context.Context, p auth.Principal, id core.ID, _ string, lines int, timestamps bool) (string, error) {
			return c.DatabaseLogs(ctx, p, id, lines, timestamps)
		}
		return ops{c.StartDatabase, c.StopDatabase, c.RestartDatabase, c.DeleteDatabase, logs, none}, nil
	}
	return ops{}, core.NotFound("Resource")
}

func (s *Site) serviceParts(ctx context.Context, p auth.Principal, id core.ID) ([]part, error) {
	service, err := s.control.GetService(ctx, p, id)
	if err != nil {
		return nil, err
	}
	var out []part
	for _, one := range service.Parts {
		urls := strings.FieldsFunc(one.Fqdn, func(r rune) bool { return r == ',' || r == ' ' })
		out = append(out, part{one.Name, one.Image, one.Status, urls})
	}
	return out, nil
}

// act asks for a verb of a resource.
func (v *visit) act(kind core.Kind, id core.ID, verb core.Verb, in control.Action) (control.Queued, error) {
	o, err := v.site.ops(kind)
	if err != nil {
		return control.Queued{}, err
	}
	ctx := v.r.Context()
	switch verb {
	case core.VerbStart:
		return o.start(ctx, v.p, id, in)
	case core.VerbStop:
		return o.stop(ctx, v.p, id, in)
	case core.VerbRestart:
		return o.restart(ctx, v.p, id, in)
	case core.VerbDeploy:
		list, err := v.site.control.Deploy(ctx, v.p, []core.ID{id}, in)
		if err != nil || len(list) == 0 {
			return control.Queued{}, err
		}
		return list[0], nil
	}
	return control.Queued{}, core.Errorf(core.CodeBadRequest, "A %s cannot be asked for here.", verb)
}

// resourceView is what all pages of a resource have.
type resourceView struct {
	R       control.Resource
	At      string
	Tab     string
	Active  []entry
	Entries []entry
	Parts   []part
	Server  string

	Envs    []control.Env
	Compose string
	Service core.Service
	Form    form
	Text    string // of the container's log
	Part    string
	Lines   int
}

// resource finds the resource of the address.
func (v *visit) resource(tab string) (resourceView, error) {
	list, err := v.site.control.Resources(v.r.Context(), v.p)
	if err != nil {
		return resourceView{}, err
	}
	kind, id := core.Kind(v.r.PathValue("kind")), v.id("uuid")
	for _, r := range list {
		if r.UUID == id && r.Kind == kind {
			return resourceView{R: r, Tab: tab, At: resourcePath(r.Project, r.Environment, r.Kind, r.UUID), Form: v.formOf(nil)}, nil
		}
	}
	return resourceView{}, core.NotFound(kind.Title())
}

// showTab shows a page of a resource with its tabs.
func (v *visit) showTab(out resourceView, status int) error {
	crumbs := []crumb{{"Projects", "/projects"}}
	if p, err := v.site.control.GetProject(v.r.Context(), v.p, out.R.Project); err == nil {
		crumbs = append(crumbs, crumb{p.Name, "/project/" + string(p.UUID)})
		for _, e := range p.Environments {
			if e.UUID == out.R.Environment {
				crumbs = append(crumbs, crumb{e.Name, "/project/" + string(p.UUID) + "/environment/" + string(e.UUID)})
			}
		}
	}
	crumbs = append(crumbs, crumb{out.R.Name, ""})
	return v.show("resource", view{Title: out.R.Name, Section: "projects", Crumbs: crumbs, Status: status, Data: out})
}

func showResource(v *visit) error {
	out, err := v.resource("overview")
	if err != nil {
		return err
	}
	ctx := v.r.Context()
	list, _, err := v.site.control.ListResourceDeployments(ctx, v.p, out.R.Kind, out.R.UUID, 0, 20)
	if err != nil {
		return err
	}
	if out.Entries, err = v.entries(list); err != nil {
		return err
	}
	o, err := v.site.ops(out.R.Kind)
	if err != nil {
		return err
	}
	if out.Parts, err = o.parts(ctx, v.p, out.R.UUID); err != nil {
		return err
	}
	if s, err := v.site.control.GetServer(ctx, v.p, out.R.Server); err == nil {
		out.Server = s.Name
	}
	return v.showTab(out, 0)
}

// actOnResource queues what the button says and leads to the deployment, to be watched.
func actOnResource(v *visit) error {
	q, err := v.act(core.Kind(v.r.PathValue("kind")), v.id("uuid"), core.Verb(v.form("verb")),
		control.Action{Note: v.form("note"), Options: core.Options{PullLatest: v.checked("pull")}})
	if err != nil {
		return err
	}
	return v.redirect(deploymentPath(q.Deployment))
}

const containerLines = 500

func resourceLogs(v *visit) error {
	out, err := v.resource("logs")
	if err != nil {
		return err
	}
	o, err := v.site.ops(out.R.Kind)
	if err != nil {
		return err
	}
	ctx := v.r.Context()
	if out.Parts, err = o.parts(ctx, v.p, out.R.UUID); err != nil {
		return err
	}
	out.Part, out.Lines = v.r.URL.Query().Get("part"), containerLines
	if out.Part == "" && len(out.Parts) > 0 {
		out.Part = out.Parts[0].Name
	}
	text, err := o.logs(ctx, v.p, out.R.UUID, out.Part, containerLines, v.r.URL.Query().Get("times") == "1")
	if err != nil {
		if !known(err) {
			return err
		}
		out.Form.Text = message(err)
	}
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		b.WriteString(plain(line) + "\n")
	}
	out.Text = strings.TrimSpace(b.String())
	return v.showTab(out, 0)
}

func resourceDanger(v *visit) error {
	out, err := v.resource("danger")
	if err != nil {
		return err
	}
	return v.showTab(out, 0)
}

// deleteResource wants the name typed: nothing brings back volumes that are gone.
func deleteResource(v *visit) error {
	out, err := v.resource("danger")
	if err != nil {
		return err
	}
	if v.form("name") != out.R.Name {
		out.Form = v.formOf(core.Invalid("name", "Type the name as it is: %s.", out.R.Name))
		return v.showTab(out, 422)
	}
	o, err := v.site.ops(out.R.Kind)
	if err != nil {
		return err
	}
	q, err := o.remove(v.r.Context(), v.p, out.R.UUID, core.Removal{
		Configurations: true, Networks: true, Volumes: v.checked("volumes"), Images: v.checked("images"),
	})
	if err != nil {
		return err
	}
	return v.done(deploymentPath(q.Deployment), out.R.Name+" is deleted. What runs of it is being stopped.")
}
