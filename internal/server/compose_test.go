package server_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/testenv"
)

const stackFile = `services:
  web:
    build: web
    stop_signal: SIGKILL
    environment: ["PASSWORD=${SERVICE_PASSWORD_WEB}", "MODE=${MODE:-none}"]
  cache: {image: "redis:7", stop_signal: SIGKILL}
`

// repository is a repository of this machine that the lab's sshd gives to who has its key.
type repository struct {
	testing.TB
	bare, work, url, key string
}

func newRepository(t testing.TB) *repository {
	t.Helper()
	testenv.RequireSSH(t, 1)
	at := os.Getenv("TAFFRAIL_LAB_HOST0")
	if at == "" {
		testenv.Missing(t, "the lab's git over ssh")
	}
	key, err := os.ReadFile(os.Getenv("TAFFRAIL_LAB_SSH_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r := &repository{TB: t, bare: filepath.Join(dir, "shop.git"), work: filepath.Join(dir, "work"), key: string(key)}
	r.url = "ssh://root@" + at + r.bare
	outputOf(t, "git", "init", "-q", "--bare", "--initial-branch=main", r.bare)
	outputOf(t, "git", "clone", "-q", r.bare, r.work)
	return r
}

// push commits files to a ref and returns the commit.
func (r *repository) push(ref string, files map[string]string) string {
	r.Helper()
	for name, text := range files {
		path := filepath.Join(r.work, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			r.Fatal(err)
		}
	}
	git := []string{"git", "-C", r.work, "-c", "user.name=Ann", "-c", "user.email=ann@example.com"}
	outputOf(r, append(git, "add", "--all")...)
	outputOf(r, append(git, "commit", "-q", "-m", "files")...)
	outputOf(r, append(git, "push", "-q", "--force", "origin", "HEAD:"+ref)...)
	return strings.TrimSpace(outputOf(r, append(git, "rev-parse", "HEAD")...))
}

func (r *repository) name() string {
	return strings.TrimSuffix(strings.TrimPrefix(r.bare, "/"), ".git")
}

// event sends a signed delivery as GitHub does and returns the deployment that it queued.
func (r *repository) event(c *testenv.Controller, kind, secret string, body map[string]any) string {
	r.Helper()
	body["repository"] = map[string]any{"full_name": r.name(), "ssh_url": r.url}
	text, err := json.Marshal(body)
	if err != nil {
		r.Fatal(err)
	}
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write(text)
	q, err := http.NewRequestWithContext(r.Context(), http.MethodPost, c.URL+"/webhooks/source/github/events/manual", strings.NewReader(string(text)))
	if err != nil {
		r.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("X-GitHub-Event", kind)
	q.Header.Set("X-GitHub-Delivery", string(core.NewID()))
	q.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(sum.Sum(nil)))
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		r.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	var results []api.HookResult
	if err != nil || json.Unmarshal(said, &results) != nil || len(results) != 1 || results[0].DeploymentUUID == nil {
		r.Fatalf("%s: %s, %v", answer.Status, said, err)
	}
	return *results[0].DeploymentUUID
}

func (r *repository) pullRequest(action, commit string) map[string]any {
	side := func(ref, sha string) map[string]any {
		return map[string]any{"ref": ref, "sha": sha, "repo": map[string]any{"full_name": r.name()}}
	}
	return map[string]any{"action": action, "number": 3, "pull_request": map[string]any{
		"title": "Try", "html_url": "https://git.test/x/pull/3", "head": side("try", commit), "base": side("main", strings.Repeat("0", 40)),
	}}
}

// stackRepository is a repository with a compose file below a folder, and an application of
// it that is deployed.
func stackRepository(t *testing.T, c *testenv.Controller, hook string) (*repository, string) {
	t.Helper()
	r := newRepository(t)
	r.push("main", map[string]string{"shop/docker-compose.yml": stackFile, "shop/web/Dockerfile": saying("the first $MODE")})
	ctx := t.Context()
	key, err := c.Client.CreateKey(ctx, api.KeyCreate{Name: "deploy key", PrivateKey: r.key})
	if err != nil {
		t.Fatal(err)
	}
	projects, err := c.Client.ListProjects(ctx)
	if err != nil {
		t.Fatal(err)
	}
	servers, err := c.Client.ListServers(ctx)
	if err != nil {
		t.Fatal(err)
	}
	q := api.ApplicationCreate{ProjectUUID: projects[0].UUID, ServerUUID: servers[0].UUID, EnvironmentName: "production"}
	q.Name, q.BuildPack, q.GitRepository, q.GitBranch, q.PrivateKeyUUID = pointer("shop"), pointer("dockercompose"), &r.url, pointer("main"), &key.UUID
	q.BaseDirectory, q.GitHubSecret, q.Previews = pointer("/shop"), &hook, pointer(true)
	made, err := c.Client.CreateApplication(ctx, client.FromDeployKey, q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, project := range []string{made.UUID, made.UUID + "-pr-3"} {
			_ = exec.CommandContext(context.WithoutCancel(ctx), "docker", "compose", "-p", project, "down", "-v", "-t", "0").Run()
			_ = os.RemoveAll(filepath.Join("/data/taffrail/applications", project))
		}
	})
	for _, e := range []api.EnvWrite{{Key: "MODE", Value: pointer("live")}, {Key: "MODE", Value: pointer("trial"), IsPreview: true}} {
		if _, err := c.Client.CreateEnv(ctx, client.Applications, made.UUID, e); err != nil {
			t.Fatal(err)
		}
	}
	started, err := c.Client.StartApplication(ctx, made.UUID, api.ApplicationActionRequest{})
	if err != nil {
		t.Fatal(err)
	}
	ended(t, c, started.DeploymentUUID)
	return r, made.UUID
}

// TestLifeOfAComposeApplication: a compose file in a private repository, from its first
// deployment through pushes and a pull request to its end, on this machine's Docker.
func TestLifeOfAComposeApplication(t *testing.T) {
	t.Parallel()
	testenv.RequireDocker(t)
	const hook = "secret-of-the-hook"
	c := testenv.Start(t)
	ctx := t.Context()
	r, uuid := stackRepository(t, c, hook)
	app, err := c.Client.GetApplication(ctx, uuid)
	if err != nil || app.DockerComposeRaw == nil || *app.DockerComposeRaw != stackFile || app.DockerCompose == nil || !strings.Contains(*app.DockerCompose, "web-"+uuid) {
		t.Errorf("%+v, %v", app, err)
	}
	if app, err = c.As(t, c.NewToken(t, "read")).GetApplication(ctx, uuid); err != nil || app.DockerCompose != nil || app.DockerComposeRaw != nil {
		t.Errorf("shown to who may not see secrets: %+v, %v", app, err)
	}
	partSays(t, c, uuid, "the first <REDACTED>") // the value of a variable
	password := printed(t, "web-"+uuid, "PASSWORD")
	if all, err := c.Client.ApplicationLogs(ctx, uuid, "", 10, false); err != nil || !strings.Contains(all.Logs, "==> cache-"+uuid) || len(password) != 32 {
		t.Errorf("logs of all: %+v, %v; password of %d characters", all, err, len(password))
	}

	commit := r.push("main", map[string]string{"shop/web/Dockerfile": saying("the second $MODE")})
	cache := strings.TrimSpace(outputOf(t, "docker", "inspect", "-f", "{{.Id}}", "cache-"+uuid))
	ended(t, c, r.event(c, "push", hook, map[string]any{"ref": "refs/heads/main", "after": commit}))
	partSays(t, c, uuid, "the second <REDACTED>")
	if now := strings.TrimSpace(outputOf(t, "docker", "inspect", "-f", "{{.Id}}", "cache-"+uuid)); now != cache || printed(t, "web-"+uuid, "PASSWORD") != password {
		t.Error("what did not change was made anew")
	}

	commit = r.push("refs/pull/3/head", map[string]string{"shop/web/Dockerfile": saying("a try in $MODE")})
	ended(t, c, r.event(c, "pull_request", hook, r.pullRequest("opened", commit)))
	project := uuid + "-pr-3"
	if got := outputOf(t, "docker", "logs", "web-"+project); got != "a try in trial\n" || printed(t, "web-"+project, "PASSWORD") == password {
		t.Errorf("the preview says %q", got)
	}
	partSays(t, c, uuid, "the second <REDACTED>")
	ended(t, c, r.event(c, "pull_request", hook, r.pullRequest("closed", commit)))
	gone(t, project)

	yes := true
	if _, err := c.Client.DeleteApplication(ctx, uuid, api.RemoveOptions{DeleteVolumes: &yes}); err != nil {
		t.Fatal(err)
	}
	newest(t, c, uuid)
	gone(t, uuid)
}

// partSays checks what the part web of an application says.
func partSays(t testing.TB, c *testenv.Controller, uuid, want string) {
	t.Helper()
	logs, err := c.Client.ApplicationLogs(t.Context(), uuid, "web", 10, false)
	if err != nil || logs.Logs != want+"\n" {
		t.Errorf("logs %q, %v, want %q", logs.Logs, err, want)
	}
}

// printed is a variable of a container.
func printed(t testing.TB, container, name string) string {
	t.Helper()
	return strings.TrimSpace(outputOf(t, "docker", "exec", container, "sh", "-c", fmt.Sprintf("echo \"$%s\"", name)))
}

// gone checks that a project has left no containers and no networks.
func gone(t testing.TB, project string) {
	t.Helper()
	label := "label=com.docker.compose.project=" + project
	if left := outputOf(t, "docker", "ps", "-aq", "--filter", label) + outputOf(t, "docker", "network", "ls", "-q", "--filter", label); left != "" {
		t.Errorf("of %s there is %s", project, left)
	}
}
