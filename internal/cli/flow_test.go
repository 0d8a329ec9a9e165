package cli_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/testenv"
)

func TestMain(m *testing.M) { os.Exit(testenv.Main(m)) }

// session runs command lines against a controller.
type session struct {
	t   *testing.T
	env map[string]string
	dir string
}

func newSession(t *testing.T) *session {
	t.Helper()
	c := testenv.Start(t)
	return &session{t: t, dir: t.TempDir(), env: map[string]string{"TAFFRAIL_URL": c.URL, "TAFFRAIL_TOKEN": c.Token, "SECRET": "from-the-environment"}}
}

// file writes a file and returns its path.
func (s *session) file(name, content string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// ok runs a command that must succeed and print all of want.
func (s *session) ok(args string, want ...string) string {
	s.t.Helper()
	got := run(s.t, s.env, "", strings.Fields(args)...)
	if got.code != 0 {
		s.t.Fatalf("%s: exit %d: %s", args, got.code, got.err)
	}
	for _, w := range want {
		if !strings.Contains(got.out, w) {
			s.t.Errorf("%s: output lacks %q:\n%s", args, w, got.out)
		}
	}
	return strings.TrimSpace(got.out)
}

// refused runs a command that must fail with all of want.
func (s *session) refused(args string, want ...string) {
	s.t.Helper()
	got := run(s.t, s.env, "", strings.Fields(args)...)
	if got.code != 1 {
		s.t.Fatalf("%s: exit %d, want 1", args, got.code)
	}
	for _, w := range want {
		if !strings.Contains(got.err, w) {
			s.t.Errorf("%s: error lacks %q: %s", args, w, got.err)
		}
	}
}

func TestServices(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	compose := s.file("compose.yaml", "services:\n  web:\n    image: alpine:3\n    environment:\n      A: ${A:-1}\n")
	envs := s.file("env", "# one\nA=2\nexport B='three'\n")
	uuid := s.ok("services create --name shop --file " + compose + " --env-file " + envs + " -e SECRET --lock SECRET")
	s.ok("services list", "shop", "web", uuid)
	s.ok("services list -o name", "shop")
	s.ok("services get shop", uuid, "alpine:3")
	s.ok("services show shop -o yaml", "name: shop")
	s.ok("services envs list shop", "A", "2", "three", "(locked)")
	if out := s.ok("services envs list shop -o json"); strings.Contains(out, "from-the-environment") {
		t.Error("a locked value is shown")
	}
	s.ok("services envs set shop A=5 --literal", "1 set")
	s.ok("services envs list shop", "5", "literal")
	s.ok("services envs unset shop B")
	s.refused("services envs unset shop B", `no variable "B"`)
	s.refused("services envs set shop", "nothing to set")
	s.refused("services envs set shop =x", "is no variable")
	s.ok("services update shop --name store --description new")
	s.ok("services get store", "new")
	s.refused("services get shop", `no service "shop"`, "store")
	s.refused("services delete store", "--yes")
	s.ok("services delete store --yes")
	s.refused("services get store", "none yet")
}

func TestServiceRefusals(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	bad := s.file("bad.yaml", "services:\n  web:\n    imagee: nginx\n")
	s.refused("services create --name x --file "+bad, "docker_compose_raw", "line 3", "imagee")
	s.refused("services create --name x --file "+s.dir+"/none", "no such file")
	s.refused("services create --name x --file "+bad+" --server elsewhere", `no server "elsewhere"`, "localhost")
	s.refused("services create --name x --file "+bad+" --project other", `no project "other"`, "default")
	s.ok("projects create other")
	s.ok("projects create third")
	s.refused("services create --name x --file "+bad+" --env A", "A has no value")
	s.ok("services list -o json", "[]")
}

func TestProjects(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	uuid := s.ok("projects create shop --description web")
	s.ok("projects list", "shop", uuid, "default")
	s.ok("projects get shop", "production", "web")
	s.ok("projects environments create shop staging")
	s.ok("projects environments list shop", "staging", "production")
	s.ok("projects environments delete shop staging")
	s.refused("projects environments delete shop staging", "not found")
	s.refused("projects create x", "name")
	s.ok("projects delete shop")
	s.refused("projects get shop", `no project "shop"`)
}

func TestServersAndKeys(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	public := s.ok("keys generate lab", "ssh-ed25519 ", " lab")
	s.ok("keys list", "lab", "SHA256:")
	if out := s.ok("keys list -o json"); strings.Contains(out, "PRIVATE") {
		t.Error("a list of keys has private halves")
	}
	s.refused("keys add broken "+s.file("broken", "no key"), "private_key")
	s.refused("servers add 203.0.113.7 --name web1 --key none", `no key "none"`, "lab")
	s.ok("servers add 203.0.113.7 --name web1 --key lab --port 2222 --user deploy")
	s.ok("servers list", "localhost", "this machine", "web1", "deploy@203.0.113.7:2222", "not validated")
	s.ok("servers get web1", "deploy@203.0.113.7:2222")
	s.serversUpdate()
	s.refused("servers add 203.0.113.8 --key lab --port 99999", "port")
	s.refused("keys delete lab", "server")
	s.ok("servers delete web1")
	s.ok("keys delete lab")
	if !strings.HasPrefix(public, "ssh-ed25519 ") {
		t.Errorf("public key: %q", public)
	}
}

// serversUpdate changes web1 and leaves it with its name.
func (s *session) serversUpdate() {
	s.t.Helper()
	s.ok("servers update web1 --name web2 --description new --ip 203.0.113.9 --port 2223 --user root --key lab")
	s.ok("servers update web2 --concurrent 3 --queue-limit 7 --remote-dir /srv/taffrail --timeout 60 --connection-timeout 9")
	got := s.ok("servers get web2 -o json", `"203.0.113.9"`, `"new"`, `"port": 2223`, `"user": "root"`, `"concurrent_builds": 3`,
		`"deployment_queue_limit": 7`, `"remote_dir": "/srv/taffrail"`, `"dynamic_timeout": 60`, `"connection_timeout": 9`, `"host_key": null`)
	s.ok("servers update web2 --description= --forget-host-key --build-server")
	if now := s.ok("servers get web2 -o json", `"203.0.113.9"`, `"port": 2223`, `"is_build_server": true`); now == got || strings.Contains(now, `"new"`) {
		s.t.Errorf("the description is still there: %s", now)
	}
	s.refused("servers update web2", "nothing to change")
	s.refused("servers update web2 --key none", `no key "none"`)
	s.refused("servers update web2 --port 0", "port")
	s.refused("servers update web9 --port 1", `no server "web9"`)
	s.ok("servers update web2 --name web1")
}

// TestForgetHostKey sends the empty key, which no other flag does.
func TestForgetHostKey(t *testing.T) {
	t.Parallel()
	var bodies []string
	fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			body, _ := io.ReadAll(r.Body)
			bodies = append(bodies, r.URL.Path+" "+strings.TrimSpace(string(body)))
			_, _ = io.WriteString(w, `{"uuid":"u"}`)
			return
		}
		_, _ = io.WriteString(w, `[{"uuid":"u","name":"web1"}]`)
	}))
	t.Cleanup(fake.Close)
	s := &session{t: t, env: map[string]string{"TAFFRAIL_URL": fake.URL, "TAFFRAIL_TOKEN": "1|x"}}
	s.ok("servers update web1 --forget-host-key", "u")
	s.ok("servers update web1 --port 23", "u")
	want := []string{`/api/v1/servers/u {"host_key":""}`, `/api/v1/servers/u {"port":23}`}
	if !slices.Equal(bodies, want) {
		t.Errorf("got %q, want %q", bodies, want)
	}
}

func TestHistoryOfNothing(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.ok("deployments", "STARTED")
	s.ok("deployments -o json --status failed --limit 5", `"deployments": []`)
	s.refused("deployments --status unknown", "status")
	s.refused("deployments --resource none", `no resource "none"`)
	s.refused("show abcdefghijklmnopqrstuvwx", "no deployment or resource")
	s.refused("deploy none --wait", `no resource "none"`)
	compose := s.file("compose.yaml", "services:\n  web:\n    image: alpine:3\n")
	s.ok("services create --name shop --file " + compose)
	s.refused("logs shop", "shop has no deployments yet")
	s.refused("cancel shop", "shop has no deployments yet")
}
