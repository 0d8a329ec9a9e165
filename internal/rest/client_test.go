package rest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
	"github.com/taffrail/taffrail/internal/core"
)

// TestClient walks through the whole API with the public client.
func TestClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	c := w.client(asRoot, client.WithUserAgent("taffrail-cli/test"))
	must(t, c.Health(ctx))
	version, err := c.Version(ctx)
	if err != nil || version != api.Version {
		t.Errorf("version %q, %v", version, err)
	}
	key, err := c.CreateKey(ctx, api.KeyCreate{Name: "k", PrivateKey: testKey + "\n\n"})
	must(t, err)
	stored, err := c.GetKey(ctx, key.UUID)
	if err != nil || stored.PrivateKey == nil || *stored.PrivateKey != testKey+"\n" {
		t.Errorf("the key came back as %+v, %v", stored, err)
	}
	server, err := c.CreateServer(ctx, api.ServerCreate{IP: "192.0.2.30", PrivateKeyUUID: key.UUID})
	must(t, err)
	got, err := c.GetServer(ctx, server.UUID)
	if err != nil || got.Port != 22 || got.User != "root" || *got.PrivateKeyUUID != key.UUID || got.Settings.ConcurrentBuilds != 2 {
		t.Errorf("server %+v, %v", got, err)
	}
	project, err := c.CreateProject(ctx, api.ProjectCreate{Name: "shop front"})
	must(t, err)
	service, err := c.CreateService(ctx, api.ServiceCreate{
		Name: "stack", ProjectUUID: project.UUID, EnvironmentName: "production", ServerUUID: string(w.localhost),
		DockerComposeRaw: client.EncodeCompose([]byte("services: {web: {image: web}}\n")), InstantDeploy: true,
	})
	must(t, err)
	if service.DeploymentUUID == "" {
		t.Error("no first deployment")
	}
	detail, err := c.GetEnvironment(ctx, project.UUID, "production")
	if err != nil || len(detail.Services) != 1 || detail.Services[0].UUID != service.UUID {
		t.Errorf("environment %+v, %v", detail, err)
	}
	list, total, err := c.ListServiceDeployments(ctx, service.UUID, 0, 10)
	if err != nil || total != 1 || len(list) != 1 || list[0].DeploymentUUID != service.DeploymentUUID || list[0].ServiceDeployment == nil {
		t.Errorf("deployments %+v (%d), %v", list, total, err)
	}
	if list[0].Trigger != "cli" || list[0].Actor.Kind != "token" || list[0].Actor.Name != asRoot || !list[0].IsAPI {
		t.Errorf("asked by %+v %s", list[0].Actor, list[0].Trigger)
	}
	token, err := c.CreateToken(ctx, api.TokenCreate{Name: "ci", Abilities: []string{"read"}, ExpiresInDays: 1})
	must(t, err)
	reader, err := client.New(w.server.URL+"/api/v1/", token.PlainText)
	must(t, err)
	if services, err := reader.ListServices(ctx); err != nil || len(services) != 2 || services[0].DockerComposeRaw != nil {
		t.Errorf("services %+v, %v", services, err)
	}
	if _, err := c.DeleteToken(ctx, token.ID); err != nil {
		t.Error(err)
	}
	if _, err := reader.ListServices(ctx); !api.IsCode(err, api.CodeUnauthenticated) {
		t.Errorf("revoked: %v", err)
	}
}

func TestClientErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.client(asRoot).CreateProject(t.Context(), api.ProjectCreate{Name: "x"})
	var e *api.Error
	if !errors.As(err, &e) || e.Status != 422 || e.Code != api.CodeInvalid || len(e.Errors["name"]) == 0 {
		t.Errorf("got %+v", err)
	}
	if !strings.Contains(err.Error(), "name: The name field must be at least 3 characters.") {
		t.Errorf("text %q", err)
	}
	if _, err := w.client(asRoot).GetService(t.Context(), "../servers"); !api.IsCode(err, api.CodeNotFound) {
		t.Errorf("an id with a slash: %v", err)
	}
}

// TestClientHistory pages through everything, and through a log.
func TestClientHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(asSensitive)
	var all []string
	filter := client.HistoryFilter{Limit: 1, Kind: "service"}
	for {
		page, err := c.ListHistory(t.Context(), filter)
		must(t, err)
		for _, d := range page.Deployments {
			all = append(all, d.DeploymentUUID)
		}
		if page.NextCursor == nil {
			break
		}
		filter.Cursor = *page.NextCursor
	}
	want := []string{string(w.queued), string(w.running), string(w.finished)}
	if strings.Join(all, " ") != strings.Join(want, " ") {
		t.Errorf("history %v, want %v", all, want)
	}
	var orders []int64
	for after := int64(0); ; {
		page, err := c.GetLog(t.Context(), string(w.finished), after, 10, true)
		must(t, err)
		for _, l := range page.Lines {
			orders = append(orders, l.Order)
		}
		if after = page.Next; !page.More {
			break
		}
	}
	if len(orders) != 25 || orders[24] != 25 {
		t.Errorf("log %v", orders)
	}
	var text bytes.Buffer
	must(t, c.CopyLogText(t.Context(), string(w.finished), &text))
	if strings.Count(text.String(), "\n") != 25 {
		t.Errorf("text %q", text.String())
	}
}

// TestLogsField reads the logs of a deployment as clients in the wild do, small and large.
func TestLogsField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var lines []core.Line
	for seq := int64(4); seq < 84; seq++ {
		lines = append(lines, line(seq, strings.Repeat("\"", core.MaxLine/2)))
	}
	lines = append(lines, core.Line{Seq: 84, Stream: core.Stderr, Command: "docker compose up", Hidden: true, At: lines[0].At})
	w.append(t.Context(), lines...)
	for uuid, want := range map[core.ID]int{w.finished: 25, w.queued: 0, w.running: 68} {
		d, err := w.client(asRoot).GetDeployment(t.Context(), string(uuid))
		must(t, err)
		var entries []struct {
			Command   *string
			Output    string
			Type      string
			Timestamp string
			Hidden    bool
			Batch     int
			Order     int
		}
		must(t, json.Unmarshal([]byte(*d.Logs), &entries))
		if len(entries) != want {
			t.Errorf("%s has %d entries, want %d", d.Status, len(entries), want)
		}
		if len(*d.Logs) > 5<<20 {
			t.Errorf("the field has %d bytes", len(*d.Logs))
		}
		if uuid == w.running && !strings.Contains(entries[len(entries)-1].Output, "/log.txt has all of it.") {
			t.Errorf("the cut is not told: %.200s", entries[len(entries)-1].Output)
		}
	}
	page, err := w.client(asRoot).GetLog(t.Context(), string(w.running), 0, 10_000, false)
	if err != nil || page.Next != 84 || len(page.Lines) != 83 || page.More {
		t.Errorf("page: %d lines, next %d, more %v, %v", len(page.Lines), page.Next, page.More, err)
	}
}
