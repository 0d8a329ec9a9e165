package mcp_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
	"github.com/taffrail/taffrail/internal/mcp"
	"github.com/taffrail/taffrail/internal/testenv"
)

func TestMain(m *testing.M) { os.Exit(testenv.Main(m)) }

// bearing adds a token to every request.
type bearing struct{ token string }

func (b bearing) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return http.DefaultTransport.RoundTrip(r)
}

func overHTTP(t *testing.T, url, token string) (*sdk.ClientSession, error) {
	t.Helper()
	c := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	s, err := c.Connect(t.Context(), &sdk.StreamableClientTransport{
		Endpoint: url, HTTPClient: &http.Client{Transport: bearing{token}}, DisableStandaloneSSE: true,
	}, nil)
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

// call returns what a tool answers, as JSON, or its error.
func call(t *testing.T, s *sdk.ClientSession, tool string, args map[string]any) string {
	t.Helper()
	got, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		return "Error: " + err.Error()
	}
	var b strings.Builder
	for _, one := range got.Content {
		if text, ok := one.(*sdk.TextContent); ok {
			b.WriteString(text.Text)
		}
	}
	if got.IsError {
		return "Error: " + b.String()
	}
	return b.String()
}

func names(t *testing.T, s *sdk.ClientSession) []string {
	t.Helper()
	list, err := s.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, tool := range list.Tools {
		out = append(out, tool.Name)
		if tool.Annotations == nil || tool.Annotations.ReadOnlyHint == slices.Contains([]string{"deploy", "cancel_deployment"}, tool.Name) {
			t.Errorf("%s is not marked as what it is", tool.Name)
		}
	}
	return out
}

// service makes a service of this image and returns its uuid.
func service(t *testing.T, c *testenv.Controller, name, image string) string {
	t.Helper()
	projects, err := c.Client.ListProjects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	servers, err := c.Client.ListServers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made, err := c.Client.CreateService(t.Context(), api.ServiceCreate{
		Name: name, ProjectUUID: projects[0].UUID, EnvironmentName: "production", ServerUUID: servers[0].UUID,
		DockerComposeRaw: base64.StdEncoding.EncodeToString([]byte("services:\n  web:\n    image: " + image + "\n")),
	})
	if err != nil {
		t.Fatal(err)
	}
	return made.UUID
}

// TestModel deploys what cannot be pulled and has the failure explained.
func TestModel(t *testing.T) {
	t.Parallel()
	testenv.RequireDocker(t)
	c := testenv.Start(t)
	service(t, c, "shop", "127.0.0.1:5000/no-such/image:1")
	s, err := overHTTP(t, c.URL+"/mcp/deploy", c.Token)
	if err != nil {
		t.Fatal(err)
	}
	deployed := call(t, s, "deploy", map[string]any{"resource": "shop", "note": "a model asked", "wait": true})
	var got struct {
		Deployment struct{ UUID, Status, Trigger, Note string }
	}
	if err := json.Unmarshal([]byte(deployed), &got); err != nil || got.Deployment.Status != "failed" || got.Deployment.Trigger != "mcp" || got.Deployment.Note != "a model asked" {
		t.Fatalf("%v: %s", err, deployed)
	}
	uuid := got.Deployment.UUID
	for _, row := range []struct {
		tool string
		args map[string]any
		want string
	}{
		{"list_resources", map[string]any{"query": "SHO"}, `"name":"shop"`},
		{"list_resources", map[string]any{"query": "nothing"}, `{"resources":[]}`},
		{"list_deployments", map[string]any{"resource": "shop", "status": "failed"}, uuid},
		{"list_deployments", map[string]any{"resource": "nope"}, `Error: there is no resource "nope"; there are: shop`},
		{"show_deployment", map[string]any{"uuid": uuid}, `"state":"failed"`},
		{"show_deployment", map[string]any{"uuid": "aaaaaaaaaaaaaaaaaaaaaaaa"}, `Error: Deployment not found.`},
		{"read_log", map[string]any{"uuid": uuid}, `no-such/image`},
		{"read_log", map[string]any{"uuid": uuid, "after": 0, "limit": 1}, `"lines":["1 `},
		{"explain_failure", map[string]any{"resource": "shop"}, `"failed_step":{"number":`},
		{"explain_failure", map[string]any{"uuid": uuid}, `no-such/image`},
		{"explain_failure", map[string]any{}, `Error: give the uuid`},
		{"compare_deployments", map[string]any{"from": uuid, "to": uuid}, `"changes":[]`},
		{"cancel_deployment", map[string]any{"uuid": uuid}, `Error: Deployment cannot be cancelled`},
	} {
		if answer := call(t, s, row.tool, row.args); !strings.Contains(answer, row.want) {
			t.Errorf("%s %v: got %.1500s, want %s in it", row.tool, row.args, answer, row.want)
		}
	}
}

// TestRights: nobody gets in without a token, /mcp only reads, and a token may do here
// what it may do in the API.
func TestRights(t *testing.T) {
	t.Parallel()
	c := testenv.Start(t)
	service(t, c, "shop", "redis:7.2")
	for _, token := range []string{"", "1|wrong"} {
		if _, err := overHTTP(t, c.URL+"/mcp", token); err == nil {
			t.Errorf("the token %q gets in", token)
		}
	}
	reader, err := overHTTP(t, c.URL+"/mcp", c.NewToken(t, "read"))
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, reader); slices.Contains(got, "deploy") || !slices.Contains(got, "explain_failure") {
		t.Errorf("/mcp offers %v", got)
	}
	writing, err := overHTTP(t, c.URL+"/mcp/deploy", c.NewToken(t, "read"))
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, writing); !slices.Contains(got, "deploy") || !slices.Contains(got, "cancel_deployment") {
		t.Errorf("/mcp/deploy offers %v", got)
	}
	if got := call(t, writing, "deploy", map[string]any{"resource": "shop"}); !strings.Contains(got, "Missing required permissions: deploy") {
		t.Errorf("a reader deploys: %s", got)
	}
}

// TestRun speaks over pipes, as "taffrail mcp" does over standard input and output.
func TestRun(t *testing.T) {
	t.Parallel()
	c := testenv.Start(t)
	remote, err := client.New(c.URL, c.Token, client.WithUserAgent(mcp.Agent))
	if err != nil {
		t.Fatal(err)
	}
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { ended <- mcp.Run(ctx, remote, mcp.Options{Version: "test"}, in, out) }()
	s, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), &sdk.IOTransport{Reader: fromServer, Writer: toServer}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, s); slices.Contains(got, "deploy") {
		t.Errorf("without leave it offers %v", got)
	}
	if got := call(t, s, "list_resources", map[string]any{}); got != `{"resources":[]}` {
		t.Errorf("got %s", got)
	}
	_ = s.Close()
	if err := <-ended; err != nil && ctx.Err() == nil && !strings.Contains(err.Error(), "closed") {
		t.Errorf("it ends with %v", err)
	}
}
