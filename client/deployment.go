package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/taffrail/taffrail/api"
)

// Deploy queues a deployment of each resource that r names.
func (c *Client) Deploy(ctx context.Context, r api.DeployRequest) (api.Deployed, error) {
	return post[api.Deployed](ctx, c, "/deploy", r)
}

// ListActiveDeployments lists the queued and running deployments of the team, oldest first.
func (c *Client) ListActiveDeployments(ctx context.Context) ([]api.Deployment, error) {
	return get[[]api.Deployment](ctx, c, "/deployments", nil)
}

// GetDeployment gets a deployment of any kind. Logs is filled for tokens that may read
// sensitive data.
func (c *Client) GetDeployment(ctx context.Context, uuid string) (api.Deployment, error) {
	return get[api.Deployment](ctx, c, "/deployments/"+esc(uuid), nil)
}

// CancelDeployment asks to cancel a deployment. A running one may still be
// in_progress in the reply: Follow tells when it is over.
func (c *Client) CancelDeployment(ctx context.Context, uuid string) (api.Cancelled, error) {
	return post[api.Cancelled](ctx, c, "/deployments/"+esc(uuid)+"/cancel", nil)
}

// ListSteps lists the steps of a deployment in order of execution.
func (c *Client) ListSteps(ctx context.Context, uuid string) ([]api.Step, error) {
	return get[[]api.Step](ctx, c, "/deployments/"+esc(uuid)+"/steps", nil)
}

// ListServiceDeployments is a page of a service's deployments, newest first, and the
// count of all. take is at most 100; 0 is the server's default.
func (c *Client) ListServiceDeployments(ctx context.Context, uuid string, skip, take int) ([]api.Deployment, int, error) {
	return c.listKind(ctx, "services", uuid, skip, take)
}

// ListDatabaseDeployments is ListServiceDeployments for a database.
func (c *Client) ListDatabaseDeployments(ctx context.Context, uuid string, skip, take int) ([]api.Deployment, int, error) {
	return c.listKind(ctx, "databases", uuid, skip, take)
}

// ListApplicationDeployments is ListServiceDeployments for an application.
func (c *Client) ListApplicationDeployments(ctx context.Context, uuid string, skip, take int) (api.DeploymentPage, error) {
	return get[api.DeploymentPage](ctx, c, "/deployments/applications/"+esc(uuid), page(skip, take))
}

func (c *Client) listKind(ctx context.Context, kind, uuid string, skip, take int) ([]api.Deployment, int, error) {
	var list []api.Deployment
	var header http.Header
	err := c.do(ctx, call{
		method: http.MethodGet, path: "/deployments/" + kind + "/" + esc(uuid),
		query: page(skip, take), out: &list, header: &header,
	})
	if err != nil {
		return nil, 0, err
	}
	total, _ := strconv.Atoi(header.Get("X-Total-Count"))
	return list, total, nil
}

// GetServiceDeployment gets one deployment of a service by its own uuid.
func (c *Client) GetServiceDeployment(ctx context.Context, uuid string) (api.Deployment, error) {
	return get[api.Deployment](ctx, c, "/deployments/services/deployment/"+esc(uuid), nil)
}

// GetDatabaseDeployment gets one deployment of a database by its own uuid.
func (c *Client) GetDatabaseDeployment(ctx context.Context, uuid string) (api.Deployment, error) {
	return get[api.Deployment](ctx, c, "/deployments/databases/deployment/"+esc(uuid), nil)
}

// HistoryFilter narrows ListHistory; empty fields do not.
type HistoryFilter struct {
	Kind     string // comma-separated, as is Status
	Status   string
	Server   string // uuid
	Resource string // uuid
	Actor    string
	Trigger  string
	Query    string // in names and notes
	Cursor   string
	Limit    int
}

// ListHistory is a page of the team's deployments of all kinds, newest first.
func (c *Client) ListHistory(ctx context.Context, f HistoryFilter) (api.History, error) {
	query := url.Values{}
	for key, value := range map[string]string{
		"kind": f.Kind, "status": f.Status, "server": f.Server, "resource": f.Resource,
		"actor": f.Actor, "trigger": f.Trigger, "q": f.Query, "cursor": f.Cursor, "limit": number(f.Limit),
	} {
		if value != "" {
			query.Set(key, value)
		}
	}
	return get[api.History](ctx, c, "/history", query)
}

// GetLog gets up to limit lines after the given order; hidden ones too if asked.
func (c *Client) GetLog(ctx context.Context, uuid string, after int64, limit int, hidden bool) (api.LogPage, error) {
	query := url.Values{"after": {strconv.FormatInt(after, 10)}, "hidden": {strconv.FormatBool(hidden)}}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	return get[api.LogPage](ctx, c, "/deployments/"+esc(uuid)+"/log", query)
}

// CopyLogText writes the whole log as plain text to w, however long it is.
func (c *Client) CopyLogText(ctx context.Context, uuid string, w io.Writer) error {
	resp, err := c.send(ctx, call{method: http.MethodGet, path: "/deployments/" + esc(uuid) + "/log.txt"}, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(w, resp.Body)
	return err
}

// RetryDeployment queues once more what a deployment that has ended was to do.
func (c *Client) RetryDeployment(ctx context.Context, uuid string, r api.RetryRequest) (api.Accepted, error) {
	return post[api.Accepted](ctx, c, "/deployments/"+esc(uuid)+"/retry", r)
}

// RollbackDeployment goes back to a deployment, or says what that would change.
func (c *Client) RollbackDeployment(ctx context.Context, uuid string, r api.ReturnRequest) (api.RolledBack, error) {
	return post[api.RolledBack](ctx, c, "/deployments/"+esc(uuid)+"/rollback", r)
}

// PinDeployment says whether retention is to keep a deployment.
func (c *Client) PinDeployment(ctx context.Context, uuid string, pinned bool) (api.Deployment, error) {
	return post[api.Deployment](ctx, c, "/deployments/"+esc(uuid)+"/pin", api.PinRequest{Pinned: &pinned})
}

// NoteDeployment writes down why there is a deployment.
func (c *Client) NoteDeployment(ctx context.Context, uuid, note string) (api.Deployment, error) {
	return post[api.Deployment](ctx, c, "/deployments/"+esc(uuid)+"/note", api.NoteRequest{Note: note})
}

// CompareDeployments says what one deployment ran with and another did not.
func (c *Client) CompareDeployments(ctx context.Context, from, to string) (api.Comparison, error) {
	return get[api.Comparison](ctx, c, "/compare", url.Values{"from": {from}, "to": {to}})
}

// Rescrub has the log of a deployment gone over, in the background, for values that became
// secret after it was written.
func (c *Client) Rescrub(ctx context.Context, uuid string) (api.Message, error) {
	return post[api.Message](ctx, c, "/deployments/"+esc(uuid)+"/rescrub", nil)
}

// DeleteLog takes away the log of a deployment that has ended.
func (c *Client) DeleteLog(ctx context.Context, uuid string) (api.Message, error) {
	return remove[api.Message](ctx, c, "/deployments/"+esc(uuid)+"/log", nil)
}
