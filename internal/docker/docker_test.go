package docker_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/docker"
	"github.com/taffrail/taffrail/internal/host"
)

func TestContainersOfAProject(t *testing.T) {
	t.Parallel()
	h := open(t, pool(t), server(t, "1", "root"))
	project := string(core.NewID())
	none, err := docker.Containers(t.Context(), h, project)
	if err != nil || len(none) != 0 {
		t.Errorf("%v %v", none, err)
	}
	file := "/tmp/" + project + ".yml"
	text := "services:\n  b:\n    image: alpine:3\n    command: [sh, -c, 'echo out; echo err >&2; exit 3']\n" +
		"  a:\n    image: alpine:3\n    command: [sleep, '600']\n    stop_grace_period: 0s\n    healthcheck: {test: ['CMD', 'true'], interval: 60s}\n"
	if _, err := h.Run(t.Context(), host.Command{Argv: []string{"tee", file}, Stdin: strings.NewReader(text)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, h, "docker", "compose", "-p", project, "-f", file, "down", "-v", "-t", "0") })
	must(t, h, "docker", "compose", "-p", project, "-f", file, "up", "-d")
	must(t, h, "docker", "wait", project+"-b-1")
	got, err := docker.Containers(t.Context(), h, project)
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	a, b := got[0], got[1]
	if a.Service != "a" || a.State != "running" || a.Health == "" || a.Image != "alpine:3" || !strings.HasPrefix(a.ImageID, "sha256:") || !strings.HasPrefix(a.Digest, "alpine@sha256:") {
		t.Errorf("%+v", a)
	}
	if b.Service != "b" || b.State != "exited" || b.ExitCode != 3 || b.Health != "" || b.Name != project+"-b-1" {
		t.Errorf("%+v", b)
	}
	logs, err := docker.Logs(t.Context(), h, b.Name, 10, false)
	if err != nil || logs != "out\nerr\n" {
		t.Errorf("%q %v", logs, err)
	}
	stamped, err := docker.Logs(t.Context(), h, b.Name, 1, true)
	if err != nil || !strings.HasPrefix(stamped, "20") {
		t.Errorf("%q %v", stamped, err)
	}
	if _, err := docker.Logs(t.Context(), h, "no-such-container", 1, false); core.CodeOf(err) != core.CodeNotFound {
		t.Error(err)
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	for _, user := range []string{"root", "deploy"} {
		t.Run(user, func(t *testing.T) {
			t.Parallel()
			s := server(t, "1", user)
			facts, err := docker.Probe(t.Context(), open(t, pool(t), s), s.Settings.RemoteDir)
			if err != nil || !facts.Reachable || !facts.Usable {
				t.Fatalf("%+v %v", facts, err)
			}
			if facts.Arch == "" || !strings.Contains(facts.OS, "Debian") || facts.DockerVersion == "" || facts.ComposeVersion == "" || facts.DiskFree <= 0 || facts.DiskTotal < facts.DiskFree {
				t.Errorf("%+v", facts)
			}
			if n := strings.Count(facts.Log, ": ok, "); n != 6 {
				t.Errorf("log:\n%s", facts.Log)
			}
		})
	}
}

func TestProbeOfTheUnreachable(t *testing.T) {
	t.Parallel()
	s := server(t, "0", "no-such-user") // stock sshd would shut us out for a while
	h, err := pool(t).Get(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	facts, err := docker.Probe(t.Context(), h, s.Settings.RemoteDir)
	if host.FaultOf(err) != host.FaultAuth || facts.Reachable || facts.Usable || !strings.HasPrefix(facts.Log, "Connection: failed. Server") {
		t.Errorf("%+v %v", facts, err)
	}
}

// fake answers commands by their first words.
type fake struct {
	host.Host
	answers map[string]host.Result
}

func (f fake) Run(_ context.Context, c host.Command) (host.Result, error) {
	line, best := strings.Join(c.Argv, " "), ""
	for prefix := range f.answers {
		if strings.HasPrefix(line, prefix) && len(prefix) > len(best) {
			best = prefix
		}
	}
	if best == "" {
		return host.Result{ExitCode: 127}, nil
	}
	return f.answers[best], nil
}

func out(text string) host.Result { return host.Result{Stdout: []byte(text + "\n")} }

func df(free int) host.Result {
	return out("Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 2097152 1 " + strconv.Itoa(free) + " 50% /")
}

func fails(code int) host.Result { return host.Result{ExitCode: code, Stderr: []byte("some reason\n")} }

func TestProbeTellsFaultsApart(t *testing.T) {
	t.Parallel()
	const why = "sh -c command -v docker"
	for name, c := range map[string]struct {
		change map[string]host.Result
		fault  host.Fault
		say    string
	}{
		"good":              {nil, "", "Docker Compose: ok, 2.40.3-3"},
		"no docker":         {map[string]host.Result{"docker": fails(127), why: fails(2)}, host.FaultNoDocker, "Docker is not installed"},
		"down":              {map[string]host.Result{"docker version": fails(1), why: fails(3)}, docker.FaultDown, "does not run: start it"},
		"no permission":     {map[string]host.Result{"docker version": fails(1), why: fails(4)}, host.FaultPermission, "usermod -aG docker"},
		"in trouble":        {map[string]host.Result{"docker version": fails(1), why: {}}, docker.FaultDown, "answered with an error: some reason"},
		"too old":           {map[string]host.Result{"docker version": out("19.03.15~ce")}, docker.FaultTooOld, "at least 20.10 is needed"},
		"old enough":        {map[string]host.Result{"docker version": out("20.10.0-rc1")}, "", "Docker: ok, 20.10.0-rc1"},
		"no compose":        {map[string]host.Result{"docker compose": fails(125)}, docker.FaultNoCompose, "lacks the Compose plugin"},
		"compose 1":         {map[string]host.Result{"docker compose": out("1.29.2")}, docker.FaultNoCompose, "version 2 or newer is needed"},
		"compose 5":         {map[string]host.Result{"docker compose": out("v5.5.1")}, "", "Docker Compose: ok, 5.5.1"},
		"talkative shell":   {map[string]host.Result{"uname": out("Welcome!\nLinux x86_64")}, host.FaultNoRunner, "print nothing when the shell is not interactive"},
		"no disk":           {map[string]host.Result{"sh -c d=": fails(1)}, host.FaultPermission, "could not be found out"},
		"full disk":         {map[string]host.Result{"sh -c d=": df(255 << 10)}, host.FaultFull, "Disk: failed. The disk of /data/taffrail has 255 MiB free; at least 256 are needed: free some space"},
		"little room":       {map[string]host.Result{"sh -c d=": df(1 << 20)}, "", "Disk: ok, 1.0 of 2.0 GiB free. Warning: that is little"},
		"room enough":       {map[string]host.Result{"sh -c d=": df(2 << 20)}, "", "Disk: ok, 2.0 of 2.0 GiB free\n"},
		"unknown os is one": {map[string]host.Result{"cat /etc/os-release": fails(1)}, "", "System: ok, unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fake{answers: map[string]host.Result{
				"uname": out("Linux aarch64"), "cat /etc/os-release": out(`PRETTY_NAME="Some Linux 1"`), "true": {},
				"sh -c d=":       df(2 << 20),
				"docker version": out("26.1.5+dfsg1"), "docker compose": out("2.40.3-3"),
			}}
			for prefix, answer := range c.change {
				f.answers[prefix] = answer
			}
			if name == "no docker" {
				delete(f.answers, "docker version")
				delete(f.answers, "docker compose")
			}
			facts, err := docker.Probe(t.Context(), f, "/data/taffrail")
			if host.FaultOf(err) != c.fault || facts.Usable != (c.fault == "") || !facts.Reachable {
				t.Errorf("%q %+v %v", host.FaultOf(err), facts, err)
			}
			if !strings.Contains(facts.Log, c.say) {
				t.Errorf("log:\n%s", facts.Log)
			}
			if facts.Arch != "arm64" && name != "talkative shell" || facts.DiskTotal != 2<<30 && name != "no disk" {
				t.Errorf("%+v", facts)
			}
		})
	}
}
