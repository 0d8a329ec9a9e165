package server_test

import (
	"context"
	"encoding/base64"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/testenv"
)

// deployed deploys a compose text to this machine's Docker and takes it away after the test.
func deployed(t testing.TB, c *testenv.Controller, compose string) (uuid string) {
	t.Helper()
	ctx := t.Context()
	projects, err := c.Client.ListProjects(ctx)
	if err != nil {
		t.Fatal(err)
	}
	servers, err := c.Client.ListServers(ctx)
	if err != nil {
		t.Fatal(err)
	}
	made, err := c.Client.CreateService(ctx, api.ServiceCreate{
		ProjectUUID: projects[0].UUID, ServerUUID: servers[0].UUID, EnvironmentName: "production",
		DockerComposeRaw: base64.StdEncoding.EncodeToString([]byte(compose)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(ctx)
		_ = exec.CommandContext(ctx, "docker", "compose", "-p", made.UUID, "down", "-v", "-t", "0").Run()
	})
	started, err := c.Client.StartService(ctx, made.UUID, api.ActionRequest{})
	if err != nil {
		t.Fatal(err)
	}
	ended(t, c, started.DeploymentUUID)
	return made.UUID
}

// ended waits for the end of a deployment, which must be a good one.
func ended(t testing.TB, c *testenv.Controller, uuid string) {
	t.Helper()
	for limit := time.After(time.Minute); ; {
		d, err := c.Client.GetDeployment(t.Context(), uuid)
		if err != nil {
			t.Fatal(err)
		}
		if d.Status == "finished" {
			return
		}
		select {
		case <-time.After(100 * time.Millisecond):
			if d.Status == "queued" || d.Status == "in_progress" {
				continue
			}
		case <-limit:
		}
		t.Fatalf("deployment is %s: %+v", d.Status, d.Outcome)
	}
}

const pair = "services:\n  web:\n    image: alpine:3\n    command: [sh, -c, 'echo here I am; exec sleep 600']\n" +
	"    stop_signal: SIGKILL\n    deploy: {replicas: 2}\n"

// TestWhatTheServerSaysCounts crashes containers behind the controller's back.
func TestWhatTheServerSaysCounts(t *testing.T) {
	t.Parallel()
	testenv.RequireDocker(t)
	c := testenv.Start(t)
	ctx := t.Context()
	uuid := deployed(t, c, pair)
	logs, err := c.Client.ServiceLogs(ctx, uuid, "web", 10, false)
	if err != nil || strings.Count(logs.Logs, "here I am\n") != 2 || strings.Count(logs.Logs, " of 2) <==\n") != 2 {
		t.Errorf("logs of two containers: %q, %v", logs.Logs, err)
	}
	if _, err := c.Client.StartService(ctx, uuid, api.ActionRequest{}); err == nil || !strings.Contains(err.Error(), "already running") {
		t.Errorf("start of what runs: %v", err)
	}
	docker(t, "docker", "compose", "-p", uuid, "kill")
	started, err := c.Client.StartService(ctx, uuid, api.ActionRequest{})
	if err != nil {
		t.Fatalf("start after a crash: %v", err)
	}
	ended(t, c, started.DeploymentUUID)
	stopped, err := c.Client.StopService(ctx, uuid, api.ActionRequest{})
	if err != nil {
		t.Fatal(err)
	}
	ended(t, c, stopped.DeploymentUUID)
	if _, err := c.Client.StopService(ctx, uuid, api.ActionRequest{}); err == nil || !strings.Contains(err.Error(), "already stopped") {
		t.Errorf("stop of what is stopped: %v", err)
	}
	if _, err := c.Client.DeleteService(ctx, uuid, api.RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	left, _, err := c.Client.ListServiceDeployments(ctx, uuid, 0, 1)
	if err != nil || len(left) != 1 {
		t.Fatalf("the stop of the deletion: %+v %v", left, err)
	}
	ended(t, c, left[0].DeploymentUUID)
}

func docker(t testing.TB, argv ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", argv, err, out)
	}
}
