package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// launchWait is how long a launcher waits for another one of the same run, and then
	// for the run to say who it is.
	launchWait = 20 * time.Second
	launchPoll = 2 * time.Millisecond
)

// Launch starts a script as a run below root, which is "<remote dir>/runs", and returns
// when the run has said who it is. The program at self, called with "run exec", carries
// it out, in a session of its own. A script with the id of a run that was started before
// is not started again, however it ended, even if it was removed since: the answer says
// Existed and how it stands. A launch that broke off before anything was started may be repeated. It is meant for
// a process that ends soon after: the run is its child, and is not waited for.
func Launch(ctx context.Context, root string, script Script, self string) (Status, error) {
	if !script.ID.Valid() {
		return Status{}, fmt.Errorf("launch run: %q is no id", script.ID)
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return Status{}, fmt.Errorf("launch run: %w", err)
	}
	f := folder(filepath.Join(root, string(script.ID)))
	if err := os.Mkdir(string(f), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return Status{}, fmt.Errorf("claim run: %w", err)
	}
	held, err := lock(ctx, f.launching(), launchWait)
	if err != nil {
		return Status{}, fmt.Errorf("claim run: %w", err)
	}
	defer func() { _ = held.Close() }()
	if exists(f.gone()) { // asked under the lock, which Remove holds too
		return Status{State: StateMissing, Reason: ReasonRemoved, Existed: true}, f.removeAll(ctx)
	}
	if exists(f.started()) {
		s, err := Inspect(string(f))
		s.Existed = true
		return s, err
	}
	return f.launch(ctx, script, self)
}

func (f folder) launch(ctx context.Context, script Script, self string) (Status, error) {
	data, err := json.Marshal(script)
	if err != nil {
		return Status{}, fmt.Errorf("launch run: %w", err)
	}
	if err := replace(f.script(), data); err != nil {
		return Status{}, fmt.Errorf("launch run: %w", err)
	}
	// An earlier launcher may have died with its run just about to start: then that
	// run has read its script, and this one is left over.
	defer func() { _ = os.Remove(f.script()) }()
	argv := []string{self, "run", "exec", "--root", filepath.Dir(string(f)), "--id", f.id()}
	if scoped := scopeArgv(f.id(), argv); scoped != nil {
		if s, err := f.start(ctx, scoped); err == nil {
			return s, nil
		}
	}
	s, err := f.start(ctx, argv)
	if err != nil && f.full() {
		return s, fmt.Errorf("%w: %w", err, unix.ENOSPC)
	}
	if err != nil && exists(f.started()) {
		return Inspect(string(f)) // somebody killed it just now
	}
	return s, err
}

// scopeArgv puts a command into a systemd scope of its own, where there is systemd and
// the user may make one, so that neither the end of a login session nor a restart of
// sshd takes the run along. A user's own systemd is no help: it ends with the session.
func scopeArgv(id string, argv []string) []string {
	if os.Geteuid() != 0 || !exists("/run/systemd/system") {
		return nil
	}
	path, err := exec.LookPath("systemd-run")
	if err != nil {
		return nil
	}
	scope := []string{path, "--scope", "--collect", "--quiet", "--unit", scopeName(id), "--"}
	return append(scope, argv...)
}

func scopeName(id string) string { return "taffrail-run-" + id }

// start starts the program detached and waits until it has written its identity.
func (f folder) start(ctx context.Context, argv []string) (Status, error) {
	log, err := os.OpenFile(f.log(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return Status{}, fmt.Errorf("start run: %w", err)
	}
	defer func() { _ = log.Close() }()
	cmd := &exec.Cmd{
		Path: argv[0], Args: argv, Dir: "/", Stdout: log, Stderr: log,
		Env:         append(runnerEnv(os.Environ()), cookieName+"="+f.id()),
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	closeOnExec()
	if err := cmd.Start(); err != nil {
		return Status{}, fmt.Errorf("start run: %w", err)
	}
	pid := cmd.Process.Pid
	// Nobody waits for it: it is to outlive this process.
	if err := cmd.Process.Release(); err != nil {
		return Status{}, fmt.Errorf("start run: %w", err)
	}
	return f.await(ctx, pid)
}

func (f folder) await(ctx context.Context, pid int) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, launchWait)
	defer cancel()
	for !exists(f.identity()) {
		if err := pause(ctx, launchPoll); err != nil {
			return Status{}, fmt.Errorf("start run: it does not say who it is: %w: %s", err, f.logTail())
		}
		gone, _ := unix.Wait4(pid, nil, unix.WNOHANG, nil)
		if gone == pid && !exists(f.identity()) && !locked(f.running()) {
			return Status{}, fmt.Errorf("start run: it ended at once: %s", f.logTail())
		}
	}
	return Inspect(string(f))
}

func (f folder) logTail() string {
	data, err := os.ReadFile(f.log())
	if err != nil || len(data) == 0 {
		return "it said nothing"
	}
	return strings.TrimSpace(string(data[max(0, len(data)-1024):]))
}

// Environ is this process's environment as far as commands on its machine get it.
func Environ() []string { return runnerEnv(os.Environ()) }

// runnerEnv chooses what a run gets of its launcher's environment. That is little, on
// purpose: Compose prefers the environment to a resource's own variables, and the
// environment of a controller holds secrets.
func runnerEnv(environ []string) []string {
	keep := []string{
		"HOME", "TMPDIR", "XDG_RUNTIME_DIR",
		"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	}
	path := os.Getenv("PATH")
	for _, dir := range []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"} {
		if !slices.Contains(filepath.SplitList(path), dir) {
			path = strings.TrimPrefix(path+":"+dir, ":")
		}
	}
	env := []string{"PATH=" + path}
	for _, entry := range environ {
		if name, _, _ := strings.Cut(entry, "="); slices.Contains(keep, name) {
			env = append(env, entry)
		}
	}
	return env
}

// closeOnExec keeps descriptors that this process inherited away from the run: one
// of them could be what sshd waits for.
func closeOnExec() {
	if unix.CloseRange(3, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC) == nil {
		return
	}
	names, _ := readNames("/proc/self/fd")
	for _, name := range names {
		var fd int
		if _, err := fmt.Sscanf(name, "%d", &fd); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
}
