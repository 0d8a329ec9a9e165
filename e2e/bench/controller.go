package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/taffrail/taffrail/client"
)

// controller is a running binary with a data folder of its own.
type controller struct {
	binary  string
	data    string
	address string
	process *exec.Cmd
	answer  time.Duration // from its start to its first answer
}

func start(ctx context.Context, binary, data string) (*controller, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &controller{binary: binary, data: data, address: l.Addr().String()}
	if err := l.Close(); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(data, "bench.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c.process = exec.CommandContext(ctx, binary, "server", "--listen", c.address, "--data", data)
	c.process.Stdout, c.process.Stderr = log, log
	began := time.Now()
	if err := c.process.Start(); err != nil {
		return nil, err
	}
	for time.Since(began) < time.Minute {
		if answers(ctx, "http://"+c.address+"/api/health") {
			c.answer = time.Since(began)
			return c, nil
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("no answer within a minute; see %s", log.Name())
}

func answers(ctx context.Context, url string) bool {
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

func (c *controller) stop() error {
	if err := c.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := c.process.Wait(); err != nil {
		log, _ := os.ReadFile(filepath.Join(c.data, "bench.log"))
		return fmt.Errorf("stop: %w\n%s", err, log)
	}
	return nil
}

// client is a client with a fresh root token.
func (c *controller) client(ctx context.Context) (*client.Client, error) {
	token, err := exec.CommandContext(ctx, c.binary, "token", "create", "--data", c.data, "--name", "bench").Output()
	if err != nil {
		return nil, fmt.Errorf("make a token: %w", err)
	}
	return client.New("http://"+c.address, strings.TrimSpace(string(token)))
}

// rss is the resident memory of the process in bytes.
func (c *controller) rss() (int64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", c.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 3 && fields[0] == "VmRSS:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("no VmRSS: %w", lines.Err())
}

// idle measures the starts and the memory of a controller that has nothing to do.
func idle(ctx context.Context, binary string) ([]row, error) {
	data, err := os.MkdirTemp("", "taffrail-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(data)
	var starts []time.Duration
	var first time.Duration
	var memory int64
	for i := range rounds + 1 {
		c, err := start(ctx, binary, data)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			first = c.answer
		} else {
			starts = append(starts, c.answer)
		}
		if i == rounds {
			if err := pause(ctx, 5*time.Second); err != nil {
				return nil, err
			}
			if memory, err = c.rss(); err != nil {
				return nil, err
			}
		}
		if err := c.stop(); err != nil {
			return nil, err
		}
	}
	return []row{
		{"start to first answer (median)", ms(median(starts)), "< 200 ms"},
		{"very first start to first answer", ms(first), "< 200 ms"},
		{"idle memory after 5 s", fmt.Sprintf("%.1f MB", float64(memory)/1e6), "< 40 MB"},
	}, nil
}
