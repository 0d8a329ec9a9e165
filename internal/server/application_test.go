package server_test

import (
	"context"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/testenv"
	"github.com/taffrail/taffrail/internal/webhook"
)

func pointer[T any](v T) *T { return &v }

// TestLifeOfAnApplication: from a pasted Dockerfile to what runs, changed, brought back by
// a rollback, asked for by a signed webhook, and deleted, on this machine's Docker.
func TestLifeOfAnApplication(t *testing.T) {
	t.Parallel()
	testenv.RequireDocker(t)
	c := testenv.Start(t)
	ctx := t.Context()
	projects, err := c.Client.ListProjects(ctx)
	if err != nil {
		t.Fatal(err)
	}
	servers, err := c.Client.ListServers(ctx)
	if err != nil {
		t.Fatal(err)
	}
	const hook = "secret-of-the-hook"
	r := api.ApplicationCreate{ProjectUUID: projects[0].UUID, ServerUUID: servers[0].UUID, EnvironmentName: "production"}
	r.Name, r.Dockerfile, r.InstantDeploy = pointer("web"), pointer(saying("the first")), true
	r.GenericSecret = pointer(hook)
	made, err := c.Client.CreateApplication(ctx, client.FromText, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(ctx)
		_ = exec.CommandContext(ctx, "docker", "compose", "-p", made.UUID, "down", "-v", "-t", "0").Run()
	})
	first := newest(t, c, made.UUID)
	says(t, c, made.UUID, "the first")

	var u api.ApplicationUpdate
	u.Dockerfile = pointer(saying("the second"))
	if _, err := c.Client.UpdateApplication(ctx, made.UUID, u); err != nil {
		t.Fatal(err)
	}
	started, err := c.Client.StartApplication(ctx, made.UUID, api.ApplicationActionRequest{})
	if err != nil {
		t.Fatal(err)
	}
	ended(t, c, started.DeploymentUUID)
	says(t, c, made.UUID, "the second")

	back := api.RollbackRequest{DeploymentUUID: first, DryRun: true}
	planned, err := c.Client.Rollback(ctx, made.UUID, back)
	if err != nil || planned.Plan == nil || len(planned.Plan.Changes) == 0 || planned.Plan.Target.DeploymentUUID != first {
		t.Fatalf("plan %+v, %v", planned, err)
	}
	back.DryRun = false
	rolled, err := c.Client.Rollback(ctx, made.UUID, back)
	if err != nil {
		t.Fatal(err)
	}
	ended(t, c, rolled.DeploymentUUID)
	says(t, c, made.UUID, "the first")
	if got := pushed(t, c, made.UUID, hook); !strings.Contains(got, "paused since a rollback") {
		t.Errorf("a push behind the rollback: %s", got)
	}
	if _, err := c.Client.ResumeAutoDeploy(ctx, made.UUID); err != nil {
		t.Fatal(err)
	}
	if got := pushed(t, c, made.UUID, hook); !strings.Contains(got, "Deployment queued.") {
		t.Errorf("a push: %s", got)
	}
	newest(t, c, made.UUID)
	says(t, c, made.UUID, "the second")

	yes := true
	if _, err := c.Client.DeleteApplication(ctx, made.UUID, api.RemoveOptions{DeleteVolumes: &yes}); err != nil {
		t.Fatal(err)
	}
	newest(t, c, made.UUID)
	if left := strings.TrimSpace(outputOf(t, "docker", "ps", "-aq", "--filter", "label=com.docker.compose.project="+made.UUID)); left != "" {
		t.Errorf("of a deleted application there is %s", left)
	}
}

func saying(text string) string {
	return "FROM alpine:3\nSTOPSIGNAL SIGKILL\nCMD [\"sh\", \"-c\", \"echo " + text + "; exec sleep 600\"]\n"
}

// newest waits for the newest deployment of an application.
func newest(t testing.TB, c *testenv.Controller, uuid string) string {
	t.Helper()
	page, err := c.Client.ListApplicationDeployments(t.Context(), uuid, 0, 1)
	if err != nil || len(page.Deployments) != 1 {
		t.Fatalf("deployments %+v, %v", page, err)
	}
	ended(t, c, page.Deployments[0].DeploymentUUID)
	return page.Deployments[0].DeploymentUUID
}

// says checks what the only container of an application says.
func says(t testing.TB, c *testenv.Controller, uuid, want string) {
	t.Helper()
	logs, err := c.Client.ApplicationLogs(t.Context(), uuid, "", 10, false)
	if err != nil || logs.Logs != want+"\n" {
		t.Errorf("logs %q, %v, want %q", logs.Logs, err, want)
	}
}

// pushed sends a signed delivery to the controller and returns its answer.
func pushed(t testing.TB, c *testenv.Controller, uuid, secret string) string {
	t.Helper()
	body := `{"ref":"main","commit":"` + strings.Repeat("a1", 20) + `"}`
	now := time.Now().Unix()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL+"/webhooks/applications/"+uuid, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(webhook.HeaderTimestamp, strconv.FormatInt(now, 10))
	r.Header.Set(webhook.HeaderSignature, webhook.Sign(core.NewSecret(secret), now, []byte(body)))
	r.Header.Set(webhook.HeaderDelivery, string(core.NewID()))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", answer.Status, text, err)
	}
	return string(text)
}

func outputOf(t testing.TB, argv ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).Output()
	if err != nil {
		t.Fatalf("%v: %v", argv, err)
	}
	return string(out)
}
