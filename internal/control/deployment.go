package control

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

const (
	defaultPage = 10
	maxPage     = 100
	maxLines    = 10_000
	maxQuery    = 200
)

// ListDeployments returns the queued and in-progress deployments, oldest first.
func (c *Control) ListDeployments(ctx context.Context, p auth.Principal) ([]core.Deployment, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	list, err := c.deps.Deployments.ListActive(ctx, p.TeamID)
	return shownDeployments(p, list), err
}

// GetDeployment returns one deployment of any kind.
func (c *Control) GetDeployment(ctx context.Context, p auth.Principal, id core.ID) (core.Deployment, error) {
	if err := p.Require(auth.Read); err != nil {
		return core.Deployment{}, err
	}
	d, err := c.deployment(ctx, p, id)
	return shownDeployment(p, d), err
}

// ListResourceDeployments returns a page of the deployments of one resource, newest
// first, and how many there are. It goes on to work when the resource is deleted, as
// long as there are deployments of it. take is at most 100.
func (c *Control) ListResourceDeployments(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID, skip, take int) ([]core.Deployment, int, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, 0, err
	}
	f := faults{}
	if skip < 0 {
		f.add("skip", "The skip field must be at least 0.")
	}
	f.between("take", take, 1, maxPage)
	if err := f.err(); err != nil {
		return nil, 0, err
	}
	row, err := c.everResource(ctx, p, kind, id)
	if err != nil {
		return nil, 0, err
	}
	list, count, err := c.deps.Deployments.ListByResource(ctx, p.TeamID, kind, row, skip, take)
	return shownDeployments(p, list), count, named(err, kind.Title())
}

// History returns a page of the deployments of all kinds, newest first, and the cursor
// of the next page ("" at the end). f.Limit is 10 when 0, and at most 100.
func (c *Control) History(ctx context.Context, p auth.Principal, f HistoryFilter) ([]core.Deployment, string, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, "", err
	}
	if f.Limit == 0 {
		f.Limit = defaultPage
	}
	if err := checkHistory(f); err != nil {
		return nil, "", err
	}
	list, next, err := c.deps.Deployments.ListHistory(ctx, p.TeamID, f)
	return shownDeployments(p, list), next, err
}

// Steps returns the steps of a deployment. Their commands are redacted.
func (c *Control) Steps(ctx context.Context, p auth.Principal, id core.ID) ([]core.Step, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	d, err := c.deployment(ctx, p, id)
	if err != nil {
		return nil, err
	}
	return c.deps.Deployments.ListSteps(ctx, d.LogID)
}

// OpenLog returns the deployment whose log p wants to read, if p may: logs are for
// those who may see secrets, since what a command prints can be anything. Use it
// before following a log by LogID.
func (c *Control) OpenLog(ctx context.Context, p auth.Principal, id core.ID) (core.Deployment, error) {
	if err := p.Require(auth.Read); err != nil {
		return core.Deployment{}, err
	}
	d, err := c.deployment(ctx, p, id)
	if err != nil {
		return core.Deployment{}, err
	}
	return d, p.Require(auth.ReadSensitive)
}

// Lines returns up to limit lines of a deployment's log behind the line with seq after.
// limit is at most 10,000.
func (c *Control) Lines(ctx context.Context, p auth.Principal, id core.ID, after int64, limit int) ([]core.Line, error) {
	d, err := c.OpenLog(ctx, p, id)
	if err != nil {
		return nil, err
	}
	f := faults{}
	if after < 0 {
		f.add("after", "The after field must be at least 0.")
	}
	f.between("limit", limit, 1, maxLines)
	if err := f.err(); err != nil {
		return nil, err
	}
	return c.deps.Deployments.LinesAfter(ctx, d.LogID, after, limit)
}

// DeploymentPath is where the web interface shows a deployment; clients know it as
// deployment_url.
func DeploymentPath(d core.Deployment) string {
	return path.Join("/project", string(d.Resource.Project), "environment", string(d.Resource.Environment),
		string(d.Kind), string(d.Resource.UUID), "deployment", string(d.UUID))
}

// DeploymentURL is DeploymentPath with the address of the web interface in front.
func (c *Control) DeploymentURL(d core.Deployment) string {
	return strings.TrimRight(c.deps.BaseURL, "/") + DeploymentPath(d)
}

func (c *Control) deployment(ctx context.Context, p auth.Principal, id core.ID) (core.Deployment, error) {
	if err := known(id, "Deployment"); err != nil {
		return core.Deployment{}, err
	}
	d, err := c.deps.Deployments.GetDeployment(ctx, p.TeamID, id)
	return d, named(err, "Deployment")
}

// everResource finds the row of a resource, deleted ones included: what is left of
// those is in the history.
func (c *Control) everResource(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID) (int64, error) {
	r, err := c.resource(ctx, p, kind, id)
	if core.CodeOf(err) != core.CodeNotFound || !id.Valid() {
		return r.RowID, err
	}
	f := HistoryFilter{Kinds: []core.Kind{kind}, Resource: id, Limit: 1}
	list, _, herr := c.deps.Deployments.ListHistory(ctx, p.TeamID, f)
	if herr != nil || len(list) == 0 {
		return 0, errorOr(herr, err)
	}
	return list[0].Resource.RowID, nil
}

func checkHistory(h HistoryFilter) error {
	f := faults{}
	f.between("limit", h.Limit, 1, maxPage)
	for _, k := range h.Kinds {
		oneOf(f, "kind", k, core.Kinds())
	}
	for _, s := range h.Statuses {
		oneOf(f, "status", s, core.Statuses())
	}
	if h.Trigger != "" {
		oneOf(f, "trigger", h.Trigger, core.Triggers())
	}
	for field, id := range map[string]core.ID{"server": h.Server, "resource": h.Resource} {
		if id != "" && !id.Valid() {
			f.add(field, "The %s field must be a uuid.", field)
		}
	}
	f.text("actor", h.Actor, maxText)
	f.text("q", h.Query, maxQuery)
	f.text("cursor", h.Cursor, maxText)
	return f.err()
}

// shownDeployment leaves out what is not for everybody: sealed configuration always,
// and the last lines of the log for those who may not read logs.
func shownDeployment(p auth.Principal, d core.Deployment) core.Deployment {
	d.Config.Snapshot = core.Secret{}
	if !p.SeesSecrets() {
		d.Outcome.LastErr = nil
	}
	return d
}

func shownDeployments(p auth.Principal, list []core.Deployment) []core.Deployment {
	list = slices.Clone(list)
	for i := range list {
		list[i] = shownDeployment(p, list[i])
	}
	return list
}
