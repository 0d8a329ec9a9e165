package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/taffrail/taffrail/api"
)

// realStack is deployed to the arena's own Docker. What it runs is the controller's binary,
// the one program at hand that needs nothing else.
const realStack = `services:
  web:
    image: torture:1
    pull_policy: never
    network_mode: none
    restart: unless-stopped
    stop_grace_period: 0s
    command: ["/taffrail", "server", "--listen", "127.0.0.1:8000", "--data", "/data"]
    environment:
      FIRST: ${FIRST}
      SECOND: ${SECOND}
      THIRD: ${THIRD}
`

// startDocker runs a dockerd of the arena's own, which knows one image.
func (a *arena) startDocker(ctx context.Context) error {
	dir := filepath.Join(a.Dir, "docker")
	a.docker = &process{
		name: "dockerd", log: filepath.Join(a.Dir, "dockerd.log"),
		argv: []string{"dockerd", "--bridge", "none", "--iptables=false", "--ip6tables=false", "--data-root", dir, "--exec-root", "/run/docker-exec",
			"-p", "/run/docker.pid", "-H", "unix:///run/docker.sock", "--cgroup-parent", a.cgroup()},
		answer: func(ctx context.Context) bool { return exec.CommandContext(ctx, "docker", "version").Run() == nil },
	}
	if err := a.docker.start(ctx); err != nil {
		return fmt.Errorf("%w; it works without -dockerd", err)
	}
	tar := exec.CommandContext(ctx, "tar", "-C", filepath.Dir(a.Binary), "--transform", "s,.*,taffrail,", "-c", filepath.Base(a.Binary))
	load := exec.CommandContext(ctx, "docker", "import", "-", "torture:1")
	var err error
	if load.Stdin, err = tar.StdoutPipe(); err != nil {
		return err
	}
	if err := tar.Start(); err != nil {
		return err
	}
	out, err := load.CombinedOutput()
	if err = errors.Join(err, tar.Wait()); err != nil {
		return fmt.Errorf("make an image: %w: %s", err, out)
	}
	return nil
}

// cgroup is where the containers are in the tree of control groups, which is everybody's.
func (o arenaOptions) cgroup() string {
	return "/taffrail-torture-" + filepath.Base(filepath.Dir(o.Dir)) + "-" + o.Store
}

// prune takes the control groups away that are left when all in them has ended.
func (o arenaOptions) prune() {
	tops, _ := filepath.Glob("/sys/fs/cgroup/*" + o.cgroup())
	more, _ := filepath.Glob("/sys/fs/cgroup" + o.cgroup())
	for _, top := range append(tops, more...) {
		var dirs []string
		_ = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
		slices.Reverse(dirs)
		for _, dir := range dirs {
			_ = syscall.Rmdir(dir)
		}
	}
}

// dockerdRestart kills dockerd with its containerd, as a crash of the service does.
func dockerdRestart(ctx context.Context, a *arena, length time.Duration) error {
	a.dockerFaults.Add(1)
	defer a.dockerFaults.Add(1)
	children := a.docker.children()
	err := a.docker.kill()
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		// It is ours now, since we are the first process here. Unless somebody fetches it,
		// the next dockerd takes it for alive.
		_, _ = syscall.Wait4(pid, nil, 0, nil)
	}
	for _, file := range []string{"/run/docker.pid", "/run/docker-exec/containerd/containerd.pid"} {
		_ = os.Remove(file) // as the start of a machine does
	}
	_ = pause(ctx, length)
	return errors.Join(err, insist(context.WithoutCancel(ctx), a.docker.start))
}

// isReal says whether a project is one of the arena's own Docker.
func isReal(home, project string) bool {
	_, err := os.Stat(filepath.Join(home, "real", project))
	return project != "" && err == nil
}

// realDocker becomes the real client. It returns only when there is none.
func realDocker(home string, args []string) int {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, "docker")
		if dir == filepath.Join(home, "bin") {
			continue
		}
		if _, err := os.Stat(path); err == nil {
			_ = syscall.Exec(path, append([]string{"docker"}, args...), os.Environ())
		}
	}
	fmt.Fprintln(os.Stderr, "there is no docker")
	return 127
}

// concernsReal says whether a command is about the arena's own Docker: its project, or the
// ids in it, which are those of the producers otherwise.
func concernsReal(home string, args []string) bool {
	if i := slices.Index(args, "--project-name"); i >= 0 && i+1 < len(args) {
		return isReal(home, args[i+1])
	}
	for _, arg := range args {
		if _, project, found := strings.Cut(arg, "project="); found {
			return isReal(home, project)
		}
	}
	last := strings.TrimPrefix(args[max(len(args)-1, 0)], "sha256:")
	return len(last) == 64 && strings.Trim(last, "0") != ""
}

// checkReal: finished means that the container runs, and nothing fails unless Docker did.
func (l *life) checkReal(ctx context.Context, d api.Deployment, faults int64) {
	out, err := exec.CommandContext(ctx, "docker", "ps", "-q", "--filter", "label=com.docker.compose.project="+l.service).Output()
	runs := err == nil && strings.TrimSpace(string(out)) != ""
	now := l.dockerFaults.Load()
	disturbed := now != faults || faults%2 == 1 // it was away when this began
	reason := reasonOf(d)
	switch {
	case disturbed, now > 0 && d.Status == api.StatusFailed && strings.Contains(reason, "daemon"):
		// What Docker says itself is the truth; a crash leaves it tasks that it trips over.
		l.report.disturbed()
	case d.Status == api.StatusFinished && !runs:
		l.complain("finished, and its container does not run (%v)", err)
	case d.Status != api.StatusFinished && !excused(reason):
		l.complain("wrongly %s: %s", d.Status, reason)
	}
}
