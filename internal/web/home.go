package web

import (
	"slices"
	"time"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
)

// entry is a deployment in a list, and why it waits.
type entry struct {
	core.Deployment
	Why string
}

func (v *visit) entries(list []core.Deployment) ([]entry, error) {
	waits, err := v.site.control.Waits(v.r.Context(), v.p, list)
	if err != nil {
		return nil, err
	}
	out := make([]entry, 0, len(list))
	for _, d := range list {
		out = append(out, entry{d, waits[d.UUID].Reason})
	}
	return out, nil
}

func deploymentPath(d core.Deployment) string { return control.DeploymentPath(d) }

// homeView is what there is to know at a glance.
type homeView struct {
	Active    []entry
	Failed    []entry
	Recent    []entry
	Servers   []core.Server
	Resources int
	Unwell    []control.Resource
	Projects  []core.Project
}

// unwell says whether a resource is not what it should be.
func unwell(r control.Resource) bool {
	class := conditionOf(r.Status).Class
	return class == "failed" || class == "queued"
}

func showHome(v *visit) error {
	ctx, c := v.r.Context(), v.site.control
	var out homeView
	active, err := c.ListDeployments(ctx, v.p)
	if err != nil {
		return err
	}
	if out.Active, err = v.entries(active); err != nil {
		return err
	}
	recent, _, err := c.History(ctx, v.p, core.HistoryFilter{Limit: 30})
	if err != nil {
		return err
	}
	out.Recent, out.Failed = sorted(recent, v.site.deps.Now())
	if out.Servers, err = c.ListServers(ctx, v.p); err != nil {
		return err
	}
	if out.Projects, err = c.ListProjects(ctx, v.p); err != nil {
		return err
	}
	resources, err := c.Resources(ctx, v.p)
	if err != nil {
		return err
	}
	out.Resources = len(resources)
	for _, r := range resources {
		if unwell(r) {
			out.Unwell = append(out.Unwell, r)
		}
	}
	return v.show("home", view{Title: "Overview", Section: "overview", Data: out})
}

// sorted gives the newest deployments that have ended, and those of the last day whose
// failure is the last word on their resource.
func sorted(list []core.Deployment, now time.Time) (recent, failed []entry) {
	var seen []core.ID
	for _, d := range list {
		if !d.Status.Terminal() {
			continue
		}
		if len(recent) < 8 {
			recent = append(recent, entry{Deployment: d})
		}
		first := !slices.Contains(seen, d.Resource.UUID)
		seen = append(seen, d.Resource.UUID)
		if first && d.Status == core.StatusFailed && now.Sub(d.FinishedAt) < 24*time.Hour {
			failed = append(failed, entry{Deployment: d})
		}
	}
	return recent, failed
}

// recheck is how often a stream makes sure that its reader is still signed in.
const recheck = 3 * time.Second

// events tells pages that something of the team has changed. What it is, the page asks.
func events(v *visit) error {
	changes, cancel := v.site.deps.Hub.Events(v.p.TeamID)
	defer cancel()
	stream, err := httpio.OpenStream(v.w)
	if err != nil {
		return nil //nolint:nilerr // the reader is gone: nobody is left to tell
	}
	tick := time.NewTicker(recheck)
	defer tick.Stop()
	for {
		select {
		case <-v.r.Context().Done():
			return nil
		case e, ok := <-changes:
			if !ok || stream.Event("changed", "", map[string]string{"deployment": string(e.Deployment), "status": string(e.Status)}) != nil || stream.Flush() != nil {
				return nil
			}
		case <-tick.C:
			if v.identify() != nil || stream.Beat() != nil {
				return nil
			}
		}
	}
}
