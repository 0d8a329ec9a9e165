package server_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/testenv"
)

// listener keeps what a controller writes to its own log.
type listener struct {
	testing.TB
	mu    sync.Mutex
	heard strings.Builder // guarded by mu
}

// Log implements testing.TB.
func (l *listener) Log(args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(&l.heard, args...)
}

// garden is a project whose resources have locked variables. All values begin with a mark
// that is nowhere else.
type garden struct {
	t               *testing.T
	c               *testenv.Controller
	project, server string
	mark            string
}

// plant gives a resource n locked variables.
func (g *garden) plant(kind client.Kind, uuid, prefix string, n int) {
	g.t.Helper()
	g.t.Cleanup(func() {
		ctx := context.WithoutCancel(g.t.Context())
		_ = exec.CommandContext(ctx, "docker", "compose", "-p", uuid, "down", "-v", "-t", "0").Run()
	})
	var all api.EnvBulk
	for i := range n {
		all.Data = append(all.Data, api.EnvWrite{
			Key: fmt.Sprintf("%s_%03d", prefix, i), Value: pointer(g.mark + string(core.NewID())), IsShownOnce: pointer(true),
		})
	}
	_, err := g.c.Client.UpsertEnvs(g.t.Context(), kind, uuid, all)
	g.must(err)
}

func (g *garden) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

// hidden checks a text that has to show masks and no value.
func (g *garden) hidden(what, text, want string) {
	g.t.Helper()
	if strings.Contains(text, g.mark) || !strings.Contains(text, want) {
		g.t.Errorf("%s shows a value, or lacks %q:\n%.2000s", what, want, text)
	}
}

// application builds one whose build and container print their variables.
func (g *garden) application() string {
	g.t.Helper()
	r := api.ApplicationCreate{ProjectUUID: g.project, ServerUUID: g.server, EnvironmentName: "production"}
	r.Dockerfile = pointer("FROM alpine:3\nARG APP_001\nARG APP_002\n" +
		"RUN echo \"built with $APP_001 and $(echo -n $APP_002 | base64)\" && env\n" +
		"STOPSIGNAL SIGKILL\nCMD [\"sh\", \"-c\", \"env; exec sleep 600\"]\n")
	made, err := g.c.Client.CreateApplication(g.t.Context(), client.FromText, r)
	g.must(err)
	g.plant(client.Applications, made.UUID, "APP", 300)
	started, err := g.c.Client.StartApplication(g.t.Context(), made.UUID, api.ApplicationActionRequest{})
	g.must(err)
	ended(g.t, g.c, started.DeploymentUUID)
	logs, err := g.c.Client.ApplicationLogs(g.t.Context(), made.UUID, "", 1000, false)
	g.must(err)
	g.hidden("what the application wrote", logs.Logs, "APP_001=<REDACTED>")
	g.hidden("the log of the build", g.read("/deployments/"+started.DeploymentUUID+"/log.txt"), "built with <REDACTED>")
	return made.UUID
}

// service starts a stack that prints its variables, and one that does so and fails.
func (g *garden) service(end string, want api.Status) string {
	g.t.Helper()
	text := "services:\n  web:\n    image: alpine:3\n    stop_signal: SIGKILL\n    command: [sh, -c, 'env; env >&2; " + end + "']\n    environment:\n"
	for i := range 20 {
		text += fmt.Sprintf("      SVC_%03d: ${SVC_%03d}\n", i, i)
	}
	made, err := g.c.Client.CreateService(g.t.Context(), api.ServiceCreate{
		ProjectUUID: g.project, ServerUUID: g.server, EnvironmentName: "production", DockerComposeRaw: base64.StdEncoding.EncodeToString([]byte(text)),
	})
	g.must(err)
	g.plant(client.Services, made.UUID, "SVC", 200)
	started, err := g.c.Client.StartService(g.t.Context(), made.UUID, api.ActionRequest{})
	g.must(err)
	d, err := g.c.Client.Follow(g.t.Context(), started.DeploymentUUID, 0, func(api.LogLine) error { return nil })
	g.must(err)
	if d.Status != want {
		g.t.Fatalf("the service %s: %+v", d.Status, d.Outcome)
	}
	masked := "<REDACTED>" // the last words of what failed are in the log, and in the outcome
	if want == "finished" {
		masked = ""
		logs, err := g.c.Client.ServiceLogs(g.t.Context(), made.UUID, "web", 1000, false)
		g.must(err)
		g.hidden("what the service wrote", logs.Logs, "SVC_001=<REDACTED>")
	}
	g.hidden("the deployment of the service", g.read("/deployments/"+started.DeploymentUUID), masked)
	return made.UUID
}

// database starts one, whose password is planted too.
func (g *garden) database() string {
	g.t.Helper()
	made, err := g.c.Client.CreateDatabase(g.t.Context(), "redis", api.DatabaseCreate{
		ProjectUUID: g.project, ServerUUID: g.server, EnvironmentName: "production",
		Fields: map[string]string{"redis_password": g.mark + string(core.NewID())},
	})
	g.must(err)
	g.plant(client.Databases, made.UUID, "DB", 300)
	started, err := g.c.Client.StartDatabase(g.t.Context(), made.UUID, api.DatabaseActionRequest{})
	g.must(err)
	ended(g.t, g.c, started.DeploymentUUID)
	return made.UUID
}

// read asks the API for something, whatever it answers.
func (g *garden) read(path string) string {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, g.c.URL+"/api/v1"+path, nil)
	g.must(err)
	r.Header.Set("Authorization", "Bearer "+g.c.Token)
	answer, err := http.DefaultClient.Do(r)
	g.must(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	g.must(err)
	if answer.StatusCode != http.StatusOK {
		g.t.Fatalf("GET %s: %s", path, answer.Status)
	}
	return string(text)
}

// files names the files below a folder that have a value, and says of each whether only its
// owner can read it.
func (g *garden) files(root string) map[string]bool {
	g.t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return ignoreGone(err)
		}
		text, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(text, []byte(g.mark)) {
			return ignoreGone(err)
		}
		found[path] = shut(path, root)
		return nil
	})
	g.must(ignoreGone(err))
	return found
}

// ignoreGone lets pass what other tests took away meanwhile.
func ignoreGone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// shut says whether others cannot read a file: by its own mode, or by that of a folder
// above it.
func shut(path, root string) bool {
	for ; len(path) >= len(root); path = filepath.Dir(path) {
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o007 == 0 {
			return true
		}
	}
	return false
}

// watch looks at the arguments of all processes until it is told to end.
func (g *garden) watch() (end func()) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		seen := map[string]bool{}
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			list, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, name := range list {
				text, _ := os.ReadFile(name) // it may be gone
				if bytes.Contains(text, []byte(g.mark)) && !seen[string(text)] {
					seen[string(text)] = true
					g.t.Errorf("a process has a value in its arguments: %.100s", text)
				}
			}
		}
	}()
	return func() { close(stop); <-done }
}

// inspected checks what Docker says of the containers of a resource: values are in the
// environment that people gave them, and nowhere else.
func (g *garden) inspected(uuid string) {
	g.t.Helper()
	ids := strings.Fields(outputOf(g.t, "docker", "ps", "-aq", "--filter", "label=com.docker.compose.project="+uuid))
	if len(ids) == 0 {
		g.t.Errorf("no containers of %s", uuid)
		return
	}
	var found []map[string]any
	g.must(json.Unmarshal([]byte(outputOf(g.t, append([]string{"docker", "inspect"}, ids...)...)), &found))
	for _, one := range found {
		if config, ok := one["Config"].(map[string]any); ok {
			delete(config, "Env")
		}
		text, err := json.Marshal(one)
		g.must(err)
		if strings.Contains(string(text), g.mark) {
			g.t.Errorf("docker inspect of %s shows a value beside the environment: %.3000s", uuid, text)
		}
	}
}

// TestPlantedSecretsAreNowhere: a thousand locked values go through services, an application
// and a database, which print what they are given, and none of them is anywhere but where
// it is of use.
func TestPlantedSecretsAreNowhere(t *testing.T) {
	t.Parallel()
	testenv.RequireDocker(t)
	own := &listener{TB: t}
	c := testenv.Start(own)
	projects, err := c.Client.ListProjects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	servers, err := c.Client.ListServers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g := &garden{t: t, c: c, project: projects[0].UUID, server: servers[0].UUID, mark: "Pl4nt" + string(core.NewID())[:12]}
	end := g.watch()
	all := map[string][]string{
		"services":     {g.service("exec sleep 600", "finished"), g.service("exit 3", "failed")},
		"applications": {g.application()}, "databases": {g.database()},
	}
	end()
	for _, dir := range []string{c.Config.Data, "/data/taffrail/runs"} {
		for name := range g.files(dir) {
			t.Errorf("%s has a value", name)
		}
	}
	for kind, uuids := range all {
		for _, uuid := range uuids {
			for name, shut := range g.files(filepath.Join("/data/taffrail", kind, uuid)) {
				if !shut {
					t.Errorf("%s has a value, and others can read it", name)
				}
			}
			for _, path := range []string{"/" + kind + "/" + uuid + "/envs", "/deployments/" + kind + "/" + uuid} {
				if strings.Contains(g.read(path), g.mark) {
					t.Errorf("GET %s shows a value", path)
				}
			}
			g.inspected(uuid)
		}
	}
	own.mu.Lock()
	defer own.mu.Unlock()
	if own.heard.Len() == 0 || strings.Contains(own.heard.String(), g.mark) {
		t.Errorf("the controller's own log of %d bytes shows a value, or was not listened to", own.heard.Len())
	}
}
