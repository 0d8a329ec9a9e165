package mcp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// tools are what a model may ask for. Fields of inputs without omitempty are required.
type tools struct{ c *client.Client }

const (
	mostLines = 500 // of a log in one answer
	fewLines  = 60  // where nobody said how many
	look4End  = 500 * time.Millisecond
	longest   = 10 * time.Minute // that a deployment is waited for
)

type resourcesIn struct {
	Query string `json:"query,omitempty" jsonschema:"part of a name"`
}

// resource is a resource as lists show it.
type resource struct {
	UUID   string `json:"uuid"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	Status string `json:"status"`
}

func (t tools) listResources(ctx context.Context, in resourcesIn) (any, error) {
	list, err := t.resources(ctx)
	if err != nil {
		return nil, err
	}
	word := strings.ToLower(in.Query)
	list = slices.DeleteFunc(list, func(r resource) bool { return !strings.Contains(strings.ToLower(r.Name), word) })
	return map[string]any{"resources": list}, nil
}

func (t tools) resources(ctx context.Context) ([]resource, error) {
	all, err := t.c.ListResources(ctx)
	out := make([]resource, len(all))
	for i, r := range all {
		out[i] = resource{r.UUID, r.Name, r.Type, r.Status}
	}
	return out, err
}

// find finds the resource that a name or uuid means.
func (t tools) find(ctx context.Context, word string) (resource, error) {
	list, err := t.resources(ctx)
	if err != nil {
		return resource{}, err
	}
	found := slices.DeleteFunc(slices.Clone(list), func(r resource) bool { return r.UUID != word && r.Name != word })
	if len(found) == 1 {
		return found[0], nil
	}
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = r.Name
	}
	if len(found) > 1 {
		return resource{}, fmt.Errorf("several resources have the name %q: give the uuid", word)
	}
	return resource{}, fmt.Errorf("there is no resource %q; there are: %s", word, strings.Join(names, ", "))
}

type deploymentsIn struct {
	Resource string `json:"resource,omitempty" jsonschema:"name or uuid of a resource"`
	Status   string `json:"status,omitempty" jsonschema:"queued, in_progress, finished, failed or cancelled-by-user; several with commas"`
	Limit    int    `json:"limit,omitempty" jsonschema:"at most 100; 20 without it"`
	Cursor   string `json:"cursor,omitempty" jsonschema:"next_cursor of the page before"`
}

func (t tools) listDeployments(ctx context.Context, in deploymentsIn) (any, error) {
	f := client.HistoryFilter{Status: in.Status, Cursor: in.Cursor, Limit: min(max(in.Limit, 0), 100)}
	if f.Limit == 0 {
		f.Limit = 20
	}
	if in.Resource != "" {
		r, err := t.find(ctx, in.Resource)
		if err != nil {
			return nil, err
		}
		f.Resource = r.UUID
	}
	page, err := t.c.ListHistory(ctx, f)
	if err != nil {
		return nil, err
	}
	out := make([]deployment, len(page.Deployments))
	for i, d := range page.Deployments {
		out[i] = brief(d)
	}
	return map[string]any{"deployments": out, "next_cursor": page.NextCursor}, nil
}

// deployment is a deployment in short.
type deployment struct {
	UUID     string       `json:"uuid"`
	Resource string       `json:"resource"`
	Kind     string       `json:"kind"`
	Verb     string       `json:"verb"`
	Status   api.Status   `json:"status"`
	Actor    string       `json:"asked_by"`
	Trigger  string       `json:"trigger"`
	Note     string       `json:"note,omitempty"`
	Server   string       `json:"server"`
	Created  api.Time     `json:"created_at"`
	Started  api.Time     `json:"started_at"`
	Finished api.Time     `json:"finished_at"`
	Waiting  *string      `json:"waiting,omitempty"`
	Outcome  *api.Outcome `json:"outcome,omitempty"`
	Page     string       `json:"page"`
}

func brief(d api.Deployment) deployment {
	return deployment{
		UUID: d.DeploymentUUID, Resource: d.ResourceName, Kind: d.Kind, Verb: d.Verb, Status: d.Status, Actor: d.Actor.Name,
		Trigger: d.Trigger, Note: d.Note, Server: d.ServerName, Created: d.CreatedAt, Started: d.StartedAt, Finished: d.FinishedAt,
		Waiting: d.Waiting, Outcome: d.Outcome, Page: d.DeploymentURL,
	}
}

type deploymentIn struct {
	UUID string `json:"uuid" jsonschema:"uuid of the deployment"`
}

func (t tools) showDeployment(ctx context.Context, in deploymentIn) (any, error) {
	d, err := t.c.GetDeployment(ctx, in.UUID)
	if err != nil {
		return nil, err
	}
	steps, err := t.c.ListSteps(ctx, in.UUID)
	return map[string]any{"deployment": brief(d), "steps": steps, "images": d.ImageDigests}, err
}

type logIn struct {
	UUID  string `json:"uuid" jsonschema:"uuid of the deployment"`
	After *int64 `json:"after,omitempty" jsonschema:"only lines after this number; without it the last lines"`
	Limit int    `json:"limit,omitempty" jsonschema:"how many lines, at most 500; 60 without it"`
}

// logOut is a stretch of a log as text, each line with its number.
type logOut struct {
	Status api.Status `json:"status"`
	Lines  []string   `json:"lines"`
	Next   int64      `json:"next"`
	More   bool       `json:"more"`
}

func (t tools) readLog(ctx context.Context, in logIn) (any, error) {
	limit := min(max(in.Limit, 0), mostLines)
	if limit == 0 {
		limit = fewLines
	}
	if in.After == nil {
		return t.tail(ctx, in.UUID, limit)
	}
	page, err := t.c.GetLog(ctx, in.UUID, *in.After, limit, false)
	return logOut{page.Status, textOf(page.Lines), page.Next, page.More}, err
}

// tail is the end of a log: its lines are numbered without a gap, so that their end is
// found by halving.
func (t tools) tail(ctx context.Context, uuid string, limit int) (logOut, error) {
	var low, high int64 = 0, 1
	for {
		page, err := t.c.GetLog(ctx, uuid, high, 1, true)
		if err != nil {
			return logOut{}, err
		}
		if len(page.Lines) == 0 {
			break
		}
		low, high = high, high*2
	}
	for high-low > 1 {
		middle := low + (high-low)/2
		page, err := t.c.GetLog(ctx, uuid, middle, 1, true)
		if err != nil {
			return logOut{}, err
		}
		if len(page.Lines) == 0 {
			high = middle
		} else {
			low = middle
		}
	}
	page, err := t.c.GetLog(ctx, uuid, max(0, high-int64(limit)), limit, false)
	return logOut{page.Status, textOf(page.Lines), page.Next, page.More}, err
}

func textOf(lines []api.LogLine) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		text := l.Output
		if l.Command != nil {
			text = strings.TrimSpace("$ " + *l.Command + " " + text)
		}
		out[i] = fmt.Sprintf("%d %s %s", l.Order, l.Type, text)
	}
	return out
}

type compareIn struct {
	From string `json:"from" jsonschema:"uuid of the earlier deployment"`
	To   string `json:"to" jsonschema:"uuid of the later deployment"`
}

func (t tools) compare(ctx context.Context, in compareIn) (any, error) {
	c, err := t.c.CompareDeployments(ctx, in.From, in.To)
	return map[string]any{"from": brief(c.From), "to": brief(c.To), "known": c.Known, "changes": c.Changes}, err
}

type deployIn struct {
	Resource string `json:"resource" jsonschema:"name or uuid of a resource"`
	Note     string `json:"note,omitempty" jsonschema:"why; kept with the deployment"`
	Force    bool   `json:"force,omitempty" jsonschema:"build without a cache"`
	Wait     bool   `json:"wait,omitempty" jsonschema:"answer when it has ended, after ten minutes at the latest"`
}

func (t tools) deploy(ctx context.Context, in deployIn) (any, error) {
	r, err := t.find(ctx, in.Resource)
	if err != nil {
		return nil, err
	}
	done, err := t.c.Deploy(ctx, api.DeployRequest{UUID: r.UUID, Force: in.Force, Note: in.Note})
	if err != nil {
		return nil, err
	}
	if len(done.Deployments) != 1 || done.Deployments[0].DeploymentUUID == "" {
		return done, nil
	}
	uuid := done.Deployments[0].DeploymentUUID
	if in.Wait {
		if err := t.await(ctx, uuid); err != nil {
			return nil, err
		}
	}
	d, err := t.c.GetDeployment(ctx, uuid)
	return map[string]any{"message": done.Deployments[0].Message, "deployment": brief(d)}, err
}

// await returns when a deployment has ended, or when it takes too long.
func (t tools) await(ctx context.Context, uuid string) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	again := time.NewTicker(look4End)
	defer again.Stop()
	for {
		d, err := t.c.GetDeployment(ctx, uuid)
		if err != nil || d.Status.Terminal() {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}

func (t tools) cancel(ctx context.Context, in deploymentIn) (any, error) {
	c, err := t.c.CancelDeployment(ctx, in.UUID)
	return c, err
}
