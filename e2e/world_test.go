package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/taffrail/taffrail/client"
	"github.com/taffrail/taffrail/internal/testenv"
)

// patience is how long a script waits for something that is to come about.
const patience = 90 * time.Second

type worldKey struct{}

// world is what one script has going besides its shell.
type world struct {
	work        string
	mu          sync.Mutex // guards what follows
	controllers map[string]*controller
	services    []string // uuids to clean up after
	engines     []string // uuids of standalone databases, likewise
	databases   []string // URLs, likewise
}

// controller is a taffrail server that a script started.
type controller struct {
	address string
	data    string
	args    []string
	process *exec.Cmd
	done    chan struct{} // closed when the process has ended
	err     error         // how it ended; read it after done
}

func (c *controller) url() string { return "http://" + c.address }

func setup(env *testscript.Env) error {
	w := &world{work: env.WorkDir, controllers: map[string]*controller{}}
	env.Values[worldKey{}] = w
	env.Setenv("PATH", binDir+string(os.PathListSeparator)+os.Getenv("PATH"))
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("NO_COLOR", "1")
	for _, kv := range os.Environ() {
		if name, value, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "TAFFRAIL_LAB") || name == "DOCKER_HOST" {
			env.Setenv(name, value)
		}
	}
	env.Defer(w.close)
	return nil
}

// of finds the world of a script.
func of(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// close ends the script's controllers and takes away what was deployed to this machine.
func (w *world) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.controllers {
		_ = c.process.Process.Kill()
		<-c.done
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, dsn := range w.databases {
		_ = testenv.DropDatabase(ctx, os.Getenv("TAFFRAIL_LAB_POSTGRES"), dsn)
	}
	for _, uuid := range w.services {
		w.clear(ctx, uuid, "services")
	}
	for _, uuid := range w.engines {
		w.clear(ctx, uuid, "databases")
		w.clear(ctx, uuid, "backups/databases")
	}
}

// clear takes away what a resource has left on this machine. Containers are stopped by
// the label of their project; volumes have the uuid in their name.
func (w *world) clear(ctx context.Context, uuid, folder string) {
	_ = exec.CommandContext(ctx, "docker", "compose", "-p", uuid, "down", "-v", "-t", "0", "--remove-orphans").Run()
	if out, err := exec.CommandContext(ctx, "docker", "volume", "ls", "-q", "--filter", "name="+uuid).Output(); err == nil {
		for _, volume := range strings.Fields(string(out)) {
			_ = exec.CommandContext(ctx, "docker", "volume", "rm", volume).Run()
		}
	}
	_ = os.RemoveAll(filepath.Join("/data/taffrail", folder, uuid))
}

// freeAddress finds a port that nobody listens on now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// start runs a controller and returns when it answers.
func (w *world) start(ts *testscript.TestScript, name string, args []string) (*controller, error) {
	c := &controller{data: filepath.Join(w.work, name), args: args}
	w.mu.Lock()
	if old := w.controllers[name]; old != nil {
		c.address = old.address
	}
	w.mu.Unlock()
	if c.address == "" {
		var err error
		if c.address, err = freeAddress(); err != nil {
			return nil, err
		}
	}
	log, err := os.OpenFile(c.data+".log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args = append([]string{"server", "--listen", c.address, "--data", c.data, "--lease", "4s", "--log-level", "debug"}, args...)
	c.process = exec.CommandContext(context.Background(), filepath.Join(binDir, "taffrail"), args...)
	c.process.Dir, c.process.Stdout, c.process.Stderr = w.work, log, log
	c.process.Env = append(os.Environ(), "HOME="+w.work)
	c.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.process.Start(); err != nil {
		return nil, err
	}
	c.done = make(chan struct{})
	go func() {
		c.err = c.process.Wait()
		close(c.done)
	}()
	w.mu.Lock()
	w.controllers[name] = c
	w.mu.Unlock()
	if err := c.awaitHealth(); err != nil {
		text, _ := os.ReadFile(c.data + ".log")
		return nil, fmt.Errorf("%w\n%s", err, text)
	}
	ts.Logf("controller %s on %s", name, c.address)
	return c, nil
}

// awaitHealth waits until the controller says OK, or has ended.
func (c *controller) awaitHealth() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		if healthy(ctx, c.url()) {
			return nil
		}
		select {
		case <-c.done:
			return fmt.Errorf("the controller ended before it was ready: %w", errors.Join(c.err, errors.New("see its log")))
		case <-ctx.Done():
			return errors.New("the controller is not ready after " + patience.String())
		case <-retry.C:
		}
	}
}

func healthy(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/health", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK && strings.Contains(string(body), "OK")
}

// api is a client of the controller that the script talks to now.
func api(ts *testscript.TestScript) *client.Client {
	c, err := client.New(ts.Getenv("TAFFRAIL_URL"), ts.Getenv("TAFFRAIL_TOKEN"))
	ts.Check(err)
	return c
}
