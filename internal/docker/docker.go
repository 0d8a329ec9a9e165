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
	FaultDown      host.Fault = "docker_down" // installed, but it does not answer
	FaultNoCompose host.Fault = "no_compose"  // no Compose, or version 1
)

// Containers returns the containers of a compose project, running or not, sorted by
// service and name. A project that is not there has none.
func Containers(ctx context.Context, h host.Host, project string) ([]core.Container, error) {
	const op = "look at containers"
	list, err := h.Run(ctx, host.Command{Argv: run.ListArgv(project)})
	if err != nil {
		return nil, err
	}
	if list.ExitCode != 0 {
		return nil, unanswered(ctx, h, op, list)
	}
	ids := strings.Fields(string(list.Stdout))
	if len(ids) == 0 {
		return nil, nil
	}
	inspected, err := h.Run(ctx, host.Command{Argv: run.InspectArgv(ids)})
	if err != nil {
		return nil, err
	}
	argv, err := run.ImagesArgv(inspected.Stdout)
	if err != nil {
		return nil, unanswered(ctx, h, op, inspected)
	}
	// Images may be gone although a container still uses them: what is printed counts.
	images, err := h.Run(ctx, host.Command{Argv: argv})
	if err != nil {
		return nil, err
	}
	return run.ParseContainers(inspected.Stdout, images.Stdout)
}

// Logs returns the last lines that a container wrote, standard error after standard
// output, cut at 1 MiB each. timestamps puts the time of each line before it. The error
// has core.CodeNotFound when there is no such container.
func Logs(ctx context.Context, h host.Host, container string, lines int, timestamps bool) (string, error) {
	argv := []string{"docker", "logs", "--tail", strconv.Itoa(lines)}
	if timestamps {
		argv = append(argv, "--timestamps")
	}
	res, err := h.Run(ctx, host.Command{Argv: append(argv, "--", container)})
	if err != nil {
		return "", err
	}
	if res.ExitCode == 0 {
		return string(res.Stdout) + string(res.Stderr), nil
	}
	there, err := h.Run(ctx, host.Command{Argv: []string{"docker", "ps", "-a", "-q", "--no-trunc"}})
	if err == nil && there.ExitCode == 0 {
		return "", core.NotFound("Container") // Docker answers, so it is the container
	}
	return "", unanswered(ctx, h, "read container log", res)
}

// socketScript tells why Docker does not answer: no socket, or one that we may not use.
const socketScript = `command -v docker >/dev/null || exit 2
[ -S "$1" ] || exit 3
[ -w "$1" ] || exit 4`

const socket = "/var/run/docker.sock"

// unanswered makes the error for a docker command that should not have failed.
func unanswered(ctx context.Context, h host.Host, op string, res host.Result) error {
	cause := fmt.Errorf("exit code %d: %s", res.ExitCode, res.Stderr)
	why, err := h.Run(ctx, host.Command{Argv: []string{"sh", "-c", socketScript, "sh", socket}})
	if err != nil {
		return err
	}
	switch why.ExitCode {
	case 2:
		return host.NewError(op, host.FaultNoDocker, cause,
			"Docker is not installed on the server: install it, or validate the server with the installation switched on.")
	case 3:
		return host.NewError(op, FaultDown, cause, "Docker is installed on the server but does not run: start it (systemctl start docker).")
	case 4:
		return host.NewError(op, host.FaultPermission, cause,
			"The user of the server may not use Docker: add it to the group docker (sudo usermod -aG docker USER) and validate again, or use root.")
	}
	return host.NewError(op, FaultDown, cause, "Docker on the server answered with an error: %s", lastLine(res.Stderr))
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
