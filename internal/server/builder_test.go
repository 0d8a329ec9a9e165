package server_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/testenv"
)

// labServer is a host of the lab that a controller knows as a server.
type labServer struct {
	uuid, dir string
	at        testenv.SSH
}

// addServer makes lab host n a server of a controller, with a folder of the test's own.
func addServer(t *testing.T, c *testenv.Controller, n int, builds bool) labServer {
	t.Helper()
	s := labServer{dir: "/tmp/taffrail-test-" + string(core.NewID()), at: testenv.RequireSSH(t, n)}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(s.at.KeyFile)
	must(err)
	key, err := c.Client.CreateKey(t.Context(), api.KeyCreate{Name: "key " + strconv.Itoa(n), PrivateKey: string(text)})
	if err != nil { // it is known already
		keys, err := c.Client.ListKeys(t.Context())
		must(err)
		key.UUID = keys[len(keys)-1].UUID
	}
	made, err := c.Client.CreateServer(t.Context(), api.ServerCreate{
		Name: "host " + strconv.Itoa(n), IP: s.at.Host, Port: &s.at.Port, PrivateKeyUUID: key.UUID, IsBuildServer: builds, ProxyType: "none",
	})
	must(err)
	s.uuid = made.UUID
	_, err = c.Client.UpdateServer(t.Context(), s.uuid, api.ServerUpdate{RemoteDir: &s.dir})
	must(err)
	_, err = c.Client.ValidateServer(t.Context(), s.uuid, api.ValidateRequest{})
	must(err)
	usable(t, c, s.uuid)
	t.Cleanup(func() { s.run(t, "rm", "-rf", s.dir) })
	return s
}

func usable(t *testing.T, c *testenv.Controller, uuid string) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(time.Minute); ; {
		s, err := c.Client.GetServer(t.Context(), uuid)
		if err != nil {
			t.Fatal(err)
		}
		if s.IsUsable {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("server is not usable: %+v", s)
		}
	}
}

// run runs a command on the host.
func (s labServer) run(t *testing.T, argv ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	ssh := []string{"-i", s.at.KeyFile, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
		"-p", strconv.Itoa(s.at.Port), "root@" + s.at.Host, "--"}
	for _, word := range argv {
		ssh = append(ssh, "'"+word+"'")
	}
	out, err := exec.CommandContext(ctx, "ssh", ssh...).CombinedOutput()
	if err != nil {
		t.Errorf("%v: %v %s", argv, err, out)
	}
	return strings.TrimSpace(string(out))
}

// clean takes away what an application left on a host.
func (s labServer) clean(t *testing.T, uuid string) {
	t.Helper()
	s.run(t, "docker", "compose", "-p", uuid, "down", "-t", "0")
	for image := range strings.FieldsSeq(s.run(t, "docker", "image", "ls", "--quiet", "--filter", "label=taffrail.application.uuid="+uuid)) {
		s.run(t, "docker", "image", "rm", "--force", image)
	}
}

// stepsOf are the names of the steps of a deployment.
func stepsOf(t *testing.T, c *testenv.Controller, uuid string) []string {
	t.Helper()
	steps, err := c.Client.ListSteps(t.Context(), uuid)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range steps {
		names = append(names, s.Name)
	}
	return names
}

// TestBuildServer: one host builds, another one runs what it pulls from the registry; a
// rollback pulls what is gone; and a further server gets what the first one pushed.
func TestBuildServer(t *testing.T) {
	t.Parallel()
	c := testenv.Start(t)
	ctx := t.Context()
	forge, shore := addServer(t, c, 1, true), addServer(t, c, 2, false)
	projects, err := c.Client.ListProjects(ctx)
	if err != nil {
		t.Fatal(err)
	}
	registry := "ghcr.io/test/build-server"
	r := api.ApplicationCreate{ProjectUUID: projects[0].UUID, ServerUUID: shore.uuid, EnvironmentName: "production"}
	r.GitRepository, r.GitBranch, r.BuildPack = pointer("https://git.lab/git/web.git"), pointer("main"), pointer("dockerfile")
	r.BuildServer, r.ImageName, r.InstantDeploy, r.Ports = pointer(true), &registry, true, pointer("3000")
	made, err := c.Client.CreateApplication(ctx, client.FromPublic, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shore.clean(t, made.UUID); forge.clean(t, made.UUID) })
	first := newest(t, c, made.UUID)
	d, err := c.Client.GetDeployment(ctx, first)
	if err != nil || d.ApplicationDeployment == nil || d.BuildServerID == nil {
		t.Errorf("deployment %+v, %v", d, err)
	}
	const name = "docker image ls --format {{.Repository}}:{{.Tag}} "
	image := shore.run(t, strings.Fields("docker ps --format {{.Image}} --filter label=com.docker.compose.project="+made.UUID)...)
	digest := d.ImageDigests[image]
	if !strings.HasPrefix(digest, registry+"@sha256:") || forge.run(t, "docker", "ps", "-aq", "--filter", "label=com.docker.compose.project="+made.UUID) != "" {
		t.Errorf("runs %q with %q", image, d.ImageDigests)
	}
	if got := forge.run(t, strings.Fields(name+made.UUID)...); got != image {
		t.Errorf("the build server has %q, %q runs", got, image)
	}
	again, err := c.Client.StartApplication(ctx, made.UUID, api.ApplicationActionRequest{})
	if err != nil {
		t.Fatal(err)
	}
	ended(t, c, again.DeploymentUUID)
	if steps := stepsOf(t, c, again.DeploymentUUID); slices.Contains(steps, "build") || slices.Contains(steps, "fetch") || !slices.Contains(steps, "pull") {
		t.Errorf("steps of a deployment of the same: %v", steps)
	}

	// What is gone on the server is in the registry, and a rollback finds it by its digest.
	shore.clean(t, made.UUID)
	rolled, err := c.Client.Rollback(ctx, made.UUID, api.RollbackRequest{DeploymentUUID: first})
	if err != nil {
		t.Fatal(err)
	}
	ended(t, c, rolled.DeploymentUUID)
	if d, err = c.Client.GetDeployment(ctx, rolled.DeploymentUUID); err != nil || d.ImageDigests[image] != digest {
		t.Errorf("rolled back to %v, %v, want %s", d.ImageDigests, err, digest)
	}
	furtherServer(t, c, made.UUID, forge)
}

// furtherServer deploys an application, which builds on its own server now, to a further
// one.
func furtherServer(t *testing.T, c *testenv.Controller, uuid string, further labServer) {
	t.Helper()
	ctx := t.Context()
	further.clean(t, uuid)
	var u api.ApplicationUpdate
	u.BuildServer = pointer(false)
	if _, err := c.Client.UpdateApplication(ctx, uuid, u); err != nil {
		t.Fatal(err)
	}
	to, err := c.Client.ListDestinations(ctx, further.uuid)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Client.AddDestination(ctx, uuid, to[0].UUID); err != nil {
		t.Fatal(err)
	}
	forced, err := c.Client.StartApplication(ctx, uuid, api.ApplicationActionRequest{Force: true})
	if err != nil {
		t.Fatal(err)
	}
	ended(t, c, forced.DeploymentUUID)
	if steps := stepsOf(t, c, forced.DeploymentUUID); !slices.Contains(steps, "build") || !slices.Contains(steps, "push") {
		t.Errorf("steps on its own server: %v", steps)
	}
	there := newest(t, c, uuid)
	if steps := stepsOf(t, c, there); there == forced.DeploymentUUID || !slices.Contains(steps, "shared") || slices.Contains(steps, "build") || slices.Contains(steps, "push") {
		t.Errorf("steps on the further server: %v", steps)
	}
	own, err := c.Client.GetDeployment(ctx, forced.DeploymentUUID)
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.Client.GetDeployment(ctx, there)
	if err != nil {
		t.Fatal(err)
	}
	for image, digest := range own.ImageDigests {
		if other.ImageDigests[image] != digest {
			t.Errorf("runs %v, and on the further server %v", own.ImageDigests, other.ImageDigests)
		}
	}
}
