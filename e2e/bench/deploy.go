package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// stack is what is deployed, with Taffrail and without.
const stack = `services:
  cache:
    image: redis:7.2
    healthcheck:
      test: ["CMD", "redis-cli", "ping"]
      interval: 1s
      retries: 30
`

// chatty prints a line each 20 ms for a while.
const chatty = `services:
  web:
    image: bench-chatty
    pull_policy: build
    build:
      context: .
      no_cache: true
      dockerfile_inline: |
        FROM alpine:3
        RUN for i in $$(seq 1 300); do echo tick $$i; sleep 0.02; done
    command: ["sleep", "1000"]
`

// bench is a controller with a client and somewhere to deploy to.
type bench struct {
	*client.Client
	server, project string
	services, bases []string
}

// with measures something on a controller of its own.
func with(measure func(b *bench, ctx context.Context, data string) ([]row, error)) func(context.Context, string) ([]row, error) {
	return func(ctx context.Context, binary string) (rows []row, err error) {
		data, err := os.MkdirTemp("", "taffrail-bench-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(data)
		c, err := start(ctx, binary, data)
		if err != nil {
			return nil, err
		}
		defer func() {
			if stopped := c.stop(); err == nil {
				err = stopped
			}
		}()
		b := &bench{}
		if b.Client, err = c.client(ctx); err != nil {
			return nil, err
		}
		defer b.clean(context.WithoutCancel(ctx))
		if err := b.place(ctx); err != nil {
			return nil, err
		}
		return measure(b, ctx, data)
	}
}

// deployments measures what a deployment costs, and how live its log is.
func (b *bench) deployments(ctx context.Context, data string) ([]row, error) {
	latency, err := b.latency(ctx)
	if err != nil {
		return nil, err
	}
	cost, err := b.cost(ctx, data)
	return append(latency, cost...), err
}

func (b *bench) place(ctx context.Context) error {
	servers, err := b.ListServers(ctx)
	if err != nil {
		return err
	}
	projects, err := b.ListProjects(ctx)
	if err != nil {
		return err
	}
	b.server, b.project = servers[0].UUID, projects[0].UUID
	return nil
}

func (b *bench) create(ctx context.Context, name, compose string) (string, error) {
	made, err := b.CreateService(ctx, api.ServiceCreate{Name: name, ProjectUUID: b.project, EnvironmentName: "production",
		ServerUUID: b.server, DockerComposeRaw: client.EncodeCompose([]byte(compose))})
	if err == nil {
		b.services = append(b.services, made.UUID)
	}
	return made.UUID, err
}

// run waits for the end of a deployment; seen gets every line as it comes.
func (b *bench) run(ctx context.Context, deployment string, seen func(api.LogLine)) error {
	d, err := b.Follow(ctx, deployment, 0, func(l api.LogLine) error {
		seen(l)
		return nil
	})
	if err == nil && d.Status != api.StatusFinished {
		err = fmt.Errorf("deployment %s is %s: %+v", deployment, d.Status, d.Outcome)
	}
	return err
}

// latency is the time between a line's stamp on the target and its arrival at a client
// of the stream; both are this machine.
func (b *bench) latency(ctx context.Context) ([]row, error) {
	uuid, err := b.create(ctx, "chatty", chatty)
	if err != nil {
		return nil, err
	}
	reply, err := b.Deploy(ctx, api.DeployRequest{UUID: uuid})
	if err != nil {
		return nil, err
	}
	var delays []time.Duration
	err = b.run(ctx, reply.Deployments[0].DeploymentUUID, func(l api.LogLine) {
		if strings.Contains(l.Output, " tick ") && !strings.Contains(l.Output, "RUN") {
			delays = append(delays, time.Since(l.Timestamp.Time))
		}
	})
	return []row{
		{fmt.Sprintf("line on target to SSE client, p50 of %d", len(delays)), ms(median(delays)), "< 100 ms"},
		{"line on target to SSE client, p99", ms(quantile(delays, 0.99)), ""},
	}, err
}

// cost compares a deployment with what Compose alone takes on the same stack.
func (b *bench) cost(ctx context.Context, data string) ([]row, error) {
	dir := filepath.Join(data, "plain")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(stack), 0o600); err != nil {
		return nil, err
	}
	uuid, err := b.create(ctx, "stack", stack)
	if err != nil {
		return nil, err
	}
	var plain, ours []time.Duration
	for range rounds { // by turns, so that a busy moment meets both
		d, err := plainRound(ctx, dir)
		if err != nil {
			return nil, err
		}
		plain = append(plain, d)
		if d, err = b.round(ctx, uuid); err != nil {
			return nil, err
		}
		ours = append(ours, d)
	}
	p, o := median(plain), median(ours)
	limit := time.Duration(1.15*float64(p)) + 300*time.Millisecond
	return []row{
		{"docker compose pull && up -d --wait (median)", ms(p), ""},
		{"the same stack deployed (median)", ms(o), "<= " + ms(limit) + " (1.15 x + 300 ms)"},
	}, nil
}

func plainRound(ctx context.Context, dir string) (time.Duration, error) {
	began := time.Now()
	for _, args := range [][]string{{"pull"}, {"up", "-d", "--wait"}} {
		if err := compose(ctx, dir, args...); err != nil {
			return 0, err
		}
	}
	took := time.Since(began)
	return took, compose(ctx, dir, "down", "-t", "1")
}

func compose(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "docker", append([]string{"compose"}, args...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("docker compose %v: %w\n%s", args, err, out)
	}
	return nil
}

func (b *bench) round(ctx context.Context, uuid string) (time.Duration, error) {
	began := time.Now()
	reply, err := b.Deploy(ctx, api.DeployRequest{UUID: uuid, PullLatest: true})
	if err != nil {
		return 0, err
	}
	silent := func(api.LogLine) {}
	if err := b.run(ctx, reply.Deployments[0].DeploymentUUID, silent); err != nil {
		return 0, err
	}
	took := time.Since(began)
	stopped, err := b.StopService(ctx, uuid, api.ActionRequest{})
	if err != nil {
		return 0, err
	}
	return took, b.run(ctx, stopped.DeploymentUUID, silent)
}

// clean takes down what was deployed.
func (b *bench) clean(ctx context.Context) {
	b.cleanDatabases(ctx)
	for _, uuid := range b.services {
		_ = exec.CommandContext(ctx, "docker", "compose", "-p", uuid, "down", "-v", "-t", "0").Run()
		_ = os.RemoveAll(filepath.Join("/data/taffrail/services", uuid))
	}
}
