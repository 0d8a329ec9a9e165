// Package docker asks Docker and Compose on a host typed questions: which containers
// a project has and how they are, whether the host's Docker will do, what a container
// logged; and it installs Docker where that is wanted.
package docker

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/run"
)

// The faults of Docker itself, besides those of package host.
const (
	FaultTooOld    host.Fault = "docker_too_old"
	FaultDown      host.Fault = "docker_down" // installed, not running
	FaultNoCompose host.Fault = "no_compose"
)

// Containers returns the containers of a compose project, running or not, sorted by
// service and name. A project that is not there has none.
func Containers(ctx context.Context, h host.Host, project string) ([]core.Container, error) {
	ids, err := ask(ctx, h, run.ListArgv(project))
	if err != nil || len(strings.Fields(ids)) == 0 {
		return nil, err
	}
	inspected, err := h.Run(ctx, host.Command{Argv: run.InspectArgv(strings.Fields(ids))})
	if err != nil {
		return nil, err
	}
	argv, err := run.ImagesArgv(inspected.Stdout)
	if err != nil {
		return nil, failed("look at containers", inspected)
	}
	images, err := h.Run(ctx, host.Command{Argv: argv})
	if err != nil {
		return nil, err
	}
	return run.ParseContainers(inspected.Stdout, images.Stdout)
}

// Logs returns the last lines that a container wrote, standard error after standard
// output. timestamps puts the time of each line before it.
func Logs(ctx context.Context, h host.Host, container string, lines int, timestamps bool) (string, error) {
	argv := []string{"docker", "logs", "--tail", strconv.Itoa(lines)}
	if timestamps {
		argv = append(argv, "--timestamps")
	}
	res, err := h.Run(ctx, host.Command{Argv: append(argv, "--", container)})
	if err != nil {
		return "", err
	}
	if res.ExitCode != 0 {
		return "", failed("read container log", res)
	}
	return string(res.Stdout) + string(res.Stderr), nil
}

// ask runs a docker command that must succeed and returns what it printed.
func ask(ctx context.Context, h host.Host, argv []string) (string, error) {
	res, err := h.Run(ctx, host.Command{Argv: argv})
	if err != nil {
		return "", err
	}
	if res.ExitCode != 0 {
		return "", failed(strings.Join(argv[:2], " "), res)
	}
	return string(res.Stdout), nil
}

// failed makes the error for a docker command that did not succeed.
func failed(op string, res host.Result) error {
	text := strings.TrimSpace(string(res.Stderr))
	fault, message := classify(res.ExitCode, text)
	return host.NewError(op, fault, fmt.Errorf("exit code %d: %s", res.ExitCode, text), "%s", message)
}
