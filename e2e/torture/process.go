package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startLimit is how long a controller, an sshd or a database may take until it answers.
const startLimit = 30 * time.Second

// process is a program of the arena that is killed, stopped and started again.
type process struct {
	name   string
	argv   []string
	env    []string
	log    string // file
	as     *syscall.Credential
	answer func(ctx context.Context) bool

	mu    sync.Mutex
	cmd   *exec.Cmd
	done  chan struct{} // closed when it has ended
	meant bool          // that it ended
}

// start runs it and returns when it answers.
func (p *process) start(ctx context.Context) error {
	log, err := os.OpenFile(p.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.argv[0], p.argv[1:]...) //nolint:noctx // it ends with the arena, or when it is killed
	cmd.Env, cmd.Dir = append(os.Environ(), p.env...), "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: p.as}
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	p.mu.Lock()
	p.cmd, p.done, p.meant = cmd, done, false
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for !p.answer(ctx) {
		select {
		case <-done:
			return fmt.Errorf("%s ended before it answered: %s", p.name, cmd.ProcessState)
		case <-ctx.Done():
			_ = p.kill()
			return fmt.Errorf("%s does not answer: %w", p.name, context.Cause(ctx))
		case <-time.After(3 * time.Millisecond):
		}
	}
	return nil
}

// signal sends a signal to its whole process group.
func (p *process) signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return syscall.Kill(-p.cmd.Process.Pid, s)
}

// kill ends it without a warning.
func (p *process) kill() error { return p.end(syscall.SIGKILL) }

// end sends a signal that ends it, and waits for its end.
func (p *process) end(by syscall.Signal) error {
	p.mu.Lock()
	p.meant = true
	done := p.done
	p.mu.Unlock()
	err := p.signal(by)
	<-done
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// deserted says that it has ended by itself, which is nobody's fault but its own.
func (p *process) deserted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		return !p.meant
	default:
		return false
	}
}

// Where things are in the network of an arena.
const (
	controllerAddress = "127.0.0.1:8000"
	browserAddress    = "127.0.0.1:8001" // relay in front of the controller
	sshdAddress       = "127.0.0.1:2222"
	sshAddress        = "127.0.0.1:2223" // relay in front of sshd
	sshPort           = 2223
	databasePort      = "5432"
)

func newController(a *arena) *process {
	argv := []string{a.Binary, "server", "--listen", controllerAddress, "--data", a.data.path, "--lease", "3s", "--log-level", "debug"}
	return &process{
		name: "controller", argv: append(argv, a.storeFlags()...), log: filepath.Join(a.Dir, "controller.log"),
		env:    []string{"PATH=" + a.path(), "HOME=" + a.Dir},
		answer: func(ctx context.Context) bool { return healthy(ctx, "http://"+controllerAddress+"/api/health") },
	}
}

func healthy(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// listens is for what speaks first, or not at all.
func listens(address string) func(context.Context) bool {
	return func(ctx context.Context) bool {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return false
		}
		defer conn.Close()
		return true
	}
}

func newSSHD(ctx context.Context, a *arena) (*process, error) {
	key := filepath.Join(a.Dir, "host_key")
	conf := filepath.Join(a.Dir, "sshd.conf")
	err := errors.Join(
		command(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key),
		command(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", a.keyFile()),
		os.WriteFile(conf, []byte(strings.Join([]string{
			"Port 2222", "ListenAddress 127.0.0.1", "HostKey " + key, "AuthorizedKeysFile " + a.keyFile() + ".pub",
			"PermitRootLogin prohibit-password", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
			"UsePAM no", "UseDNS no", "StrictModes no", "PidFile none", "SetEnv PATH=" + a.path(),
		}, "\n")+"\n"), 0o644),
	)
	return &process{
		name: "sshd", argv: []string{"/usr/sbin/sshd", "-D", "-e", "-f", conf}, log: filepath.Join(a.Dir, "sshd.log"),
		answer: listens(sshdAddress),
	}, err
}

func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd.Process.Pid
}

// children are the processes that it started, by any of its threads: of sshd, one for
// each connection.
func (p *process) children() []int {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.pid()))
	if err != nil {
		return nil
	}
	var pids []int
	for _, list := range lists {
		data, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended
		}
		for _, field := range strings.Fields(string(data)) {
			var pid int
			if _, err := fmt.Sscan(field, &pid); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
