package run_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

func portsStep(project string, ports ...int) run.Step {
	return run.Step{Name: "ports", Ports: &run.Ports{Project: project, Ports: ports}}
}

// listen takes a port of some address until the test ends.
func listen(tb testing.TB, network, address string) int {
	tb.Helper()
	var config net.ListenConfig
	l, err := config.Listen(tb.Context(), network, address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// freePort is one that nobody has at the moment.
func freePort(tb testing.TB) int {
	tb.Helper()
	var config net.ListenConfig
	l, err := config.Listen(tb.Context(), "tcp", ":0")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

func TestPorts(t *testing.T) {
	t.Parallel()
	all, loop, free := listen(t, "tcp", ":0"), listen(t, "tcp4", "127.0.0.2:0"), freePort(t)
	self := fmt.Sprintf("%s (process %d)", comm(t), os.Getpid())
	for name, c := range map[string]struct {
		ports []int
		ps    string // what docker ps prints for any port
		want  string // whole reason; empty: well
	}{
		"free":                      {[]int{free}, "", ""},
		"none":                      {nil, "", ""},
		"of a program":              {[]int{free, all}, "", fmt.Sprintf("port %d is in use by %s", all, self)},
		"of a program, one address": {[]int{loop}, "", fmt.Sprintf("port %d is in use by %s", loop, self)},
		"two, one twice": {[]int{loop, all, loop}, "", fmt.Sprintf("port %d is in use by %s; port %d is in use by %s",
			min(all, loop), self, max(all, loop), self)},
		"of a container":           {[]int{all}, "other-db-1 other\n", fmt.Sprintf("port %d is in use by the container other-db-1", all)},
		"of a container of nobody": {[]int{all}, "plain \n", fmt.Sprintf("port %d is in use by the container plain", all)},
		"of two containers":        {[]int{all}, "a-1 a\nb-1 b\n", fmt.Sprintf("port %d is in use by the container a-1 and the container b-1", all)},
		"of its own container":     {[]int{all}, "mine-db-1 mine\n", ""},
		"no port":                  {[]int{free, 65536}, "", "65536 is no port"},
		"zero":                     {[]int{0}, "", "0 is no port"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			target.withDocker(map[string]string{"ps": c.ps})
			s := target.script(portsStep("mine", c.ports...))
			target.launchFake(s)
			end := target.follow(s.ID).end()
			if c.want == "" && end.State == run.StateFinished {
				return
			}
			if end.State != run.StateFailed || end.Reason != `Step "ports" failed: `+c.want+"." {
				t.Errorf("%+v, want %s", end, c.want)
			}
		})
	}
}

// comm is how the kernel calls this process.
func comm(tb testing.TB) string {
	tb.Helper()
	name, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(string(name))
}

// TestPortsWithoutDocker: that Docker does not answer is no reason not to name a program.
func TestPortsWithoutDocker(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	target.withDocker(map[string]string{}) // there is no file ps
	port := listen(t, "tcp", ":0")
	s := target.script(portsStep("mine", port))
	target.launchFake(s)
	if end := target.follow(s.ID).end(); !strings.Contains(end.Reason, fmt.Sprintf("port %d is in use by %s (process ", port, comm(t))) {
		t.Errorf("%+v", end)
	}
}

func TestPortsOfRealContainers(t *testing.T) {
	t.Parallel()
	needsDocker(t)
	project, port := string(core.NewID()), freePort(t)
	out, err := exec.CommandContext(t.Context(), "docker", "run", "--detach", "--name", project, "--label", "com.docker.compose.project="+project,
		"--publish", "127.0.0.1:"+strconv.Itoa(port)+":80", "alpine:3", "sleep", "600").CombinedOutput()
	t.Cleanup(func() {
		ctx, cancel := lateContext()
		defer cancel()
		if out, err := exec.CommandContext(ctx, "docker", "rm", "--force", project).CombinedOutput(); err != nil {
			t.Errorf("clean up: %s", out)
		}
	})
	if err != nil {
		t.Fatalf("%s", out)
	}
	target := newTarget(t)
	if end := target.carryOut(target.script(portsStep(project, port))).end(); end.State != run.StateFinished {
		t.Errorf("of its own: %+v", end)
	}
	want := fmt.Sprintf("port %d is in use by the container %s.", port, project)
	if end := target.carryOut(target.script(portsStep("another", port))).end(); !strings.HasSuffix(end.Reason, want) {
		t.Errorf("of another: %+v, want %s", end, want)
	}
}
