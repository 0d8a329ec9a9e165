package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
)

// Probe finds out whether deployments can run on a host: that it is reached, what it
// is, that our program can be put below remoteDir ("": the default), that its Docker and Compose will do,
// and how much room its disk has. It always returns what it found; the error is that of
// the first check that failed and carries its fault.
func Probe(ctx context.Context, h host.Host, remoteDir string) (core.ServerFacts, error) {
	p := &probe{host: h, dir: cmp.Or(remoteDir, host.DefaultRemoteDir)}
	for _, check := range []struct {
		name string
		act  func(context.Context) (string, error)
	}{
		{"Connection", p.reach},
		{"System", p.system},
		{"Remote folder", p.prepare},
		{"Disk", p.disk},
		{"Docker", p.docker},
		{"Docker Compose", p.compose},
	} {
		text, err := check.act(ctx)
		p.note(check.name, text, err)
		if !p.facts.Reachable || ctx.Err() != nil {
			break
		}
	}
	p.facts.Usable = p.err == nil
	p.facts.Log = strings.Join(p.log, "\n")
	return p.facts, p.err
}

// How many bytes the disk must have free, and how many it should have.
const (
	leastFree  = 256 << 20
	littleFree = 2 << 30
)

type probe struct {
	host  host.Host
	dir   string
	facts core.ServerFacts
	log   []string
	err   error
}

func (p *probe) note(name, text string, err error) {
	if err == nil {
		p.log = append(p.log, fmt.Sprintf("%s: ok, %s", name, text))
		return
	}
	if p.err == nil {
		p.err = err
	}
	p.log = append(p.log, fmt.Sprintf("%s: failed. %s", name, message(err)))
}

func (p *probe) run(ctx context.Context, argv ...string) (host.Result, error) {
	return p.host.Run(ctx, host.Command{Argv: argv})
}

func (p *probe) reach(ctx context.Context) (string, error) {
	res, err := p.run(ctx, "uname", "-sm")
	if err != nil {
		return "", err
	}
	p.facts.Reachable = true
	text := strings.TrimSpace(string(res.Stdout))
	system, machine, ok := strings.Cut(text, " ")
	if !ok || strings.ContainsAny(text, "\n") {
		return "", host.NewError("validate server", host.FaultNoRunner, fmt.Errorf("uname -sm: %q %q", res.Stdout, res.Stderr),
			"The login shell of the server prints text of its own: see that its start-up files (.bashrc) print nothing when the shell is not interactive.")
	}
	p.facts.Arch = host.GoArch(machine)
	return fmt.Sprintf("%s on %s", system, p.facts.Arch), nil
}

func (p *probe) system(ctx context.Context) (string, error) {
	res, err := p.run(ctx, "cat", "/etc/os-release")
	if err != nil {
		return "", err
	}
	p.facts.OS = release(res.Stdout)["PRETTY_NAME"]
	if p.facts.OS == "" {
		p.facts.OS = "unknown"
	}
	return p.facts.OS, nil
}

// release reads os-release(5).
func release(text []byte) map[string]string {
	fields := map[string]string{}
	for line := range strings.SplitSeq(string(text), "\n") {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			fields[name] = strings.Trim(value, `"'`)
		}
	}
	return fields
}

// prepare runs a command in the way that needs our program there: with a variable.
func (p *probe) prepare(ctx context.Context) (string, error) {
	_, err := p.host.Run(ctx, host.Command{Argv: []string{"true"}, Env: map[string]string{"TAFFRAIL_PROBE": "1"}})
	return p.dir, err
}

// diskScript asks about the folder $1, or the next one above it that is there.
const diskScript = `d=$1
while [ ! -d "$d" ]; do d=$(dirname -- "$d"); done
df -Pk -- "$d"`

func (p *probe) disk(ctx context.Context) (string, error) {
	res, err := p.run(ctx, "sh", "-c", diskScript, "sh", p.dir)
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(string(res.Stdout)), "\n")
	fields := strings.Fields(lines[len(lines)-1])
	if res.ExitCode != 0 || len(fields) < 4 {
		return "", host.NewError("validate server", host.FaultPermission, fmt.Errorf("df: %s %s", res.Stdout, res.Stderr),
			"How much room the disk of the server has could not be found out.")
	}
	total, _ := strconv.ParseInt(fields[1], 10, 64)
	free, _ := strconv.ParseInt(fields[3], 10, 64)
	p.facts.DiskTotal, p.facts.DiskFree = total<<10, free<<10
	room := fmt.Sprintf("%.1f of %.1f GiB free", float64(free)/(1<<20), float64(total)/(1<<20))
	switch {
	case p.facts.DiskFree < leastFree:
		return "", host.NewError("validate server", host.FaultFull, nil,
			"The disk of %s has %d MiB free; at least %d are needed: free some space (docker system prune removes what no container uses), or set another remote folder.",
			p.dir, p.facts.DiskFree>>20, leastFree>>20)
	case p.facts.DiskFree < littleFree:
		return room + ". Warning: that is little, since images are kept until somebody removes them: free some space soon.", nil
	}
	return room, nil
}

func (p *probe) docker(ctx context.Context) (string, error) {
	const op = "validate server"
	res, err := p.run(ctx, "docker", "version", "--format", "{{.Server.Version}}")
	if err != nil {
		return "", err
	}
	if res.ExitCode != 0 {
		return "", unanswered(ctx, p.host, op, res)
	}
	p.facts.DockerVersion = strings.TrimSpace(string(res.Stdout))
	v, err := parseVersion(p.facts.DockerVersion)
	if err != nil || !v.atLeast(minDockerMajor, minDockerMinor) {
		return "", host.NewError(op, FaultTooOld, err, "The server has Docker %s; at least %d.%d is needed: update it.",
			p.facts.DockerVersion, minDockerMajor, minDockerMinor)
	}
	return p.facts.DockerVersion, nil
}

func (p *probe) compose(ctx context.Context) (string, error) {
	if p.facts.DockerVersion == "" {
		return "", host.NewError("validate server", FaultNoCompose, nil, "It cannot be asked for without Docker.")
	}
	res, err := p.run(ctx, "docker", "compose", "version", "--short")
	if err != nil {
		return "", err
	}
	p.facts.ComposeVersion = strings.TrimPrefix(strings.TrimSpace(string(res.Stdout)), "v")
	v, err := parseVersion(p.facts.ComposeVersion)
	if res.ExitCode != 0 || err != nil {
		p.facts.ComposeVersion = ""
		return "", host.NewError("validate server", FaultNoCompose, fmt.Errorf("exit code %d: %s", res.ExitCode, res.Stderr),
			"Docker on the server lacks the Compose plugin: install it, or validate the server with the installation switched on.")
	}
	if !v.atLeast(minComposeMajor, 0) {
		return "", host.NewError("validate server", FaultNoCompose, nil, "The server has Docker Compose %s; version %d or newer is needed: update it.",
			p.facts.ComposeVersion, minComposeMajor)
	}
	return p.facts.ComposeVersion, nil
}

// message is the part of an error that is for a person.
func message(err error) string {
	var e *core.Error
	if errors.As(err, &e) {
		return e.Msg
	}
	return "It was interrupted."
}
