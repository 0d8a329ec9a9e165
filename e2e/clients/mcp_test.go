// Package clients drives clients that others wrote for Coolify's API against a running
// controller with real Docker.
package clients

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/testenv"
)

func TestMain(m *testing.M) { os.Exit(testenv.Main(m)) }

// patience is how long one call of a tool may take.
const patience = 2 * time.Minute

// step is a call of a tool and what must be in its answer.
type step struct {
	tool string
	args string // JSON, with {names} of what earlier answers gave
	want string // regular expression; empty: no error, and nothing more
	keep string // name=key: what the answer has under the key is known as {name} from here on
	rest bool   // wait until nothing is deployed any more
}

// coolifyMCP is a session with the MCP server of npm.
type coolifyMCP struct {
	t       *testing.T
	c       *testenv.Controller
	session *mcp.ClientSession
	vars    map[string]string
	called  map[string]bool
}

// requireMCP returns the program, or skips the test.
func requireMCP(t *testing.T) string {
	t.Helper()
	program := os.Getenv("TAFFRAIL_LAB_COOLIFY_MCP")
	if _, err := os.Stat(program); err != nil {
		testenv.Missing(t, "the MCP server of npm")
	}
	return program
}

func connect(t *testing.T, c *testenv.Controller) *coolifyMCP {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "node", requireMCP(t))
	cmd.Env = append(os.Environ(), "COOLIFY_BASE_URL="+c.URL, "COOLIFY_ACCESS_TOKEN="+c.Token)
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.CommandTransport{Command: cmd}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return &coolifyMCP{t: t, c: c, session: session, vars: map[string]string{}, called: map[string]bool{}}
}

func (m *coolifyMCP) run(steps []step) {
	m.t.Helper()
	for _, s := range steps {
		m.called[s.tool] = true
		args := m.fill(s.args)
		got := m.call(s.tool, args)
		switch {
		case s.want == "" && strings.HasPrefix(got, "Error"), !regexp.MustCompile("(?s)" + m.fill(s.want)).MatchString(got):
			m.t.Errorf("%s %s: %.2000s\nwant %s", s.tool, args, got, m.fill(s.want))
		case s.keep != "":
			m.remember(s.keep, got)
		}
		if s.rest {
			m.settle()
		}
	}
}

// call returns the text of a tool's answer.
func (m *coolifyMCP) call(tool, args string) string {
	m.t.Helper()
	var arguments map[string]any
	if err := json.Unmarshal([]byte(args), &arguments); err != nil {
		m.t.Fatalf("%s %s: %v", tool, args, err)
	}
	ctx, cancel := context.WithTimeout(m.t.Context(), patience)
	defer cancel()
	result, err := m.session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return "Error: " + err.Error()
	}
	var b strings.Builder
	for _, one := range result.Content {
		if text, ok := one.(*mcp.TextContent); ok {
			b.WriteString(text.Text)
		}
	}
	if result.IsError {
		return "Error: " + b.String()
	}
	return b.String()
}

func (m *coolifyMCP) fill(text string) string {
	for name, value := range m.vars {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

// remember keeps the first value of a key, wherever it is in the answer.
func (m *coolifyMCP) remember(keep, answer string) {
	m.t.Helper()
	name, key, _ := strings.Cut(keep, "=")
	found := regexp.MustCompile(`"` + key + `":\s*"?([^",}\s]+)`).FindStringSubmatch(answer)
	if found == nil {
		m.t.Fatalf("no %s in %.2000s", key, answer)
	}
	m.vars[name] = found[1]
}

// settle waits until nothing is deployed any more.
func (m *coolifyMCP) settle() {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), patience)
	defer cancel()
	active, err := m.c.Client.ListActiveDeployments(ctx)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, d := range active {
		var log strings.Builder
		ended, err := m.c.Client.Follow(ctx, d.DeploymentUUID, 0, func(l api.LogLine) error {
			log.WriteString(l.Output + "\n")
			return nil
		})
		if err != nil || ended.Status != "finished" {
			m.t.Errorf("%s of %s: %s, %v\n%s", d.Verb, d.DeploymentUUID, ended.Status, err, log.String())
		}
	}
}
