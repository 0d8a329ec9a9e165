package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// arena is one controller with its store, a server to deploy to, and what is done to them.
type arena struct {
	arenaOptions
	data, target *disk
	controller   *process
	sshd         *process
	database     *process // nil: the store is a file
	docker       *process // nil: producers play it
	dockerFaults atomic.Int64
	browser, ssh *relay
	report       *reporter
	token        string
	api          *client.Client // past the relay, for what is no test
	status       *client.Client // the same, for one who may not see logs, which costs less

	mu    sync.Mutex // guards what follows
	lives map[*life]bool
}

// work is all that is done in an arena: it ends with its report written.
func work(ctx context.Context, o arenaOptions) error {
	a := &arena{
		arenaOptions: o, report: newReporter(o.Seed), lives: map[*life]bool{},
		data:   &disk{filepath.Join(o.Dir, "data"), 4 << 30},
		target: &disk{filepath.Join(o.Dir, "target"), 2 << 30},
	}
	err := a.settle(ctx)
	if err == nil {
		err = a.furnish(ctx)
	}
	if err == nil {
		err = a.torment(ctx)
	}
	if err != nil {
		a.keep()
		return fmt.Errorf("%w\n%s", err, a.logTail())
	}
	if a.report.Count > 0 {
		a.keep()
	}
	return a.report.write(filepath.Join(o.Dir, reportFile))
}

// path is where the controller, and whoever comes by ssh, look for programs: our docker
// comes first.
func (a *arena) path() string {
	return filepath.Join(a.Dir, "bin") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}

func (a *arena) keyFile() string { return filepath.Join(a.Dir, "key") }

// furnish starts everything and makes a server to deploy to.
func (a *arena) furnish(ctx context.Context) error {
	for _, dir := range []string{"bin", "truth", "orders", "containers", "real"} {
		if err := os.MkdirAll(filepath.Join(a.Dir, dir), 0o755); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	err = os.Symlink(self, filepath.Join(a.Dir, "bin", "docker"))
	if err == nil {
		a.sshd, err = newSSHD(ctx, a)
	}
	if err == nil {
		err = a.sshd.start(ctx)
	}
	if err == nil && a.Store != "sqlite" {
		err = a.startDatabase(ctx)
	}
	if err == nil && a.Docker {
		err = a.startDocker(ctx)
	}
	if err == nil {
		a.controller = newController(a)
		err = a.controller.start(ctx)
	}
	if err == nil {
		a.browser, err = newRelay(ctx, browserAddress, controllerAddress)
	}
	if err == nil {
		a.ssh, err = newRelay(ctx, sshAddress, sshdAddress)
	}
	if err == nil {
		err = a.enrol(ctx)
	}
	return err
}

// enrol makes a token and has the arena's servers checked.
func (a *arena) enrol(ctx context.Context) error {
	var err error
	if a.token, err = a.newToken(ctx, "root"); err != nil {
		return err
	}
	if a.api, err = client.New("http://"+controllerAddress, a.token); err != nil {
		return err
	}
	reader, err := a.newToken(ctx, "read")
	if err != nil {
		return err
	}
	if a.status, err = client.New("http://"+controllerAddress, reader); err != nil {
		return err
	}
	pem, err := os.ReadFile(a.keyFile())
	if err != nil {
		return err
	}
	key, err := a.api.CreateKey(ctx, api.KeyCreate{Name: "torture", PrivateKey: string(pem)})
	if err != nil {
		return err
	}
	port := sshPort
	server, err := a.api.CreateServer(ctx, api.ServerCreate{Name: "target", IP: "127.0.0.1", Port: &port, User: "root", PrivateKeyUUID: key.UUID, ProxyType: "none"})
	if err != nil {
		return err
	}
	folder := filepath.Join(a.target.path, "remote")
	if err := a.prepare(ctx, server.UUID, folder); err != nil {
		return err
	}
	servers, err := a.api.ListServers(ctx)
	if err != nil {
		return err
	}
	for _, s := range servers {
		if s.IsLocalhost {
			return a.prepare(ctx, s.UUID, filepath.Join(a.Dir, "local"))
		}
	}
	return errors.New("there is no server localhost")
}

func (a *arena) newToken(ctx context.Context, ability string) (string, error) {
	args := append([]string{"token", "create", "--data", a.data.path, "--name", ability, "--abilities", ability}, a.storeFlags()...)
	text, err := exec.CommandContext(ctx, a.Binary, args...).Output()
	if err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// prepare gives a server a folder of the arena's and has it checked.
func (a *arena) prepare(ctx context.Context, server, folder string) error {
	many, limit := 100, 600
	if _, err := a.api.UpdateServer(ctx, server, api.ServerUpdate{ConcurrentBuilds: &many, DeploymentQueueLimit: &many, RemoteDir: &folder, DynamicTimeout: &limit}); err != nil {
		return err
	}
	began := time.Now().Add(-time.Second)
	if _, err := a.api.ValidateServer(ctx, server, api.ValidateRequest{}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		s, err := a.api.GetServer(ctx, server)
		if err != nil {
			return err
		}
		if s.IsUsable && s.Settings.RemoteDir == folder && s.Facts.CheckedAt.After(began) {
			return nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("the server cannot be used: %v", s.ValidationLogs)
		}
	}
}

// torment lets lives go by and makes faults, until the time is over; then all must end
// well, in peace.
func (a *arena) torment(ctx context.Context) error {
	ctx, over := context.WithCancel(ctx)
	defer over()
	if a.First {
		go func() {
			<-a.report.alarm
			over()
		}()
	}
	timed, stop := context.WithTimeout(ctx, time.Duration(a.Minutes*float64(time.Minute)))
	defer stop()
	errs := make(chan error)
	workers := a.Lives
	if a.docker != nil {
		workers++ // the last one is of the real Docker
	}
	for i := range workers {
		go func() { errs <- a.liveOn(ctx, timed, i) }()
	}
	n, err := newNemesis(a)
	if err == nil {
		n.rage(timed)
	}
	stop()
	for range workers {
		err = errors.Join(err, <-errs)
	}
	if ctx.Err() != nil && a.First {
		err = nil // it ended early, as it should
	} else if err == nil {
		a.lookForSecrets()
	}
	if a.docker != nil {
		err = errors.Join(err, a.docker.end(syscall.SIGTERM))
	}
	return errors.Join(err, a.controller.kill())
}

// random is a source of chance that depends on the seed and what it is for alone.
func (a *arena) random(what uint64) *rand.Rand { return rand.New(rand.NewPCG(a.Seed, what)) }

// tell says what happens, to who wants to know.
func (a *arena) tell(format string, args ...any) {
	if a.Verbose {
		fmt.Printf("%s %s %s\n", a.Store, time.Now().Format("15:04:05.000"), fmt.Sprintf(format, args...))
	}
}

// living lists the deployments that are under way.
func (a *arena) living() []*life {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []*life
	for l := range a.lives {
		list = append(list, l)
	}
	return list
}

// logTail is the end of what the controller said.
func (a *arena) logTail() string {
	text, err := os.ReadFile(filepath.Join(a.Dir, "controller.log"))
	if err != nil {
		return ""
	}
	return string(text[max(0, len(text)-3000):])
}

// keep saves the traces of what went wrong for a person.
func (a *arena) keep() {
	if a.Keep == "" {
		return
	}
	to := filepath.Join(a.Keep, fmt.Sprintf("%s-%d", a.Store, a.Seed))
	_ = os.RemoveAll(to)
	_ = os.MkdirAll(a.Keep, 0o755)
	if out, err := exec.Command("cp", "-r", a.Dir, to).CombinedOutput(); err != nil { //nolint:noctx // also when we were interrupted
		fmt.Fprintf(os.Stderr, "keep: %v %s\n", err, out)
	}
}
