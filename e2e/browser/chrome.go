// Package browser drives a real Chromium through the web interface, as people use it. The
// driver is small: it speaks the DevTools protocol over a pipe, so that no port is open
// and no library is needed.
package browser

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/testenv"
)

// patience is how long anything on a page may take.
const patience = 90 * time.Second

// Chrome is a running browser. Its pages do not share cookies.
type Chrome struct {
	in io.Writer

	mu      sync.Mutex // guards what follows and writing
	last    int
	waiting map[int]chan message
	pages   map[string]*Page // by session
	dead    error
}

type message struct {
	ID      int             `json:"id"`
	Session string          `json:"sessionId"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// Start runs Chromium until the test ends, or skips the test where there is none.
func Start(t testing.TB) *Chrome {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		testenv.Missing(t, "Chromium")
	}
	commands, in := pipe(t)
	out, answers := pipe(t)
	cmd := exec.CommandContext(t.Context(), path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--force-color-profile=srgb", "--remote-debugging-pipe", "--user-data-dir="+t.TempDir())
	cmd.ExtraFiles = []*os.File{commands, answers}
	cmd.Env = append(os.Environ(), "TZ=UTC")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = commands.Close(), answers.Close()
	c := &Chrome{in: in, waiting: map[int]chan message{}, pages: map[string]*Page{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.listen(out)
	}()
	t.Cleanup(func() {
		_, _ = c.call("", "Browser.close", nil)
		<-done
		_ = cmd.Wait()
	})
	return c
}

func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}

// listen hands answers to who waits for them, and events to their page.
func (c *Chrome) listen(out io.Reader) {
	in := bufio.NewReaderSize(out, 1<<20)
	for {
		text, err := in.ReadBytes(0)
		if err != nil {
			c.mu.Lock()
			c.dead = errors.New("the browser is gone")
			for _, ch := range c.waiting {
				close(ch)
			}
			c.mu.Unlock()
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue
		}
		c.mu.Lock()
		ch, page := c.waiting[m.ID], c.pages[m.Session]
		if m.ID != 0 {
			delete(c.waiting, m.ID)
		}
		c.mu.Unlock()
		switch {
		case m.ID != 0 && ch != nil:
			ch <- m
		case page != nil:
			page.event(m.Method, m.Params)
		}
	}
}

func (c *Chrome) call(session, method string, params any) (json.RawMessage, error) {
	ch := make(chan message, 1)
	c.mu.Lock()
	if c.dead != nil {
		c.mu.Unlock()
		return nil, c.dead
	}
	c.last++
	c.waiting[c.last] = ch
	text, err := json.Marshal(map[string]any{"id": c.last, "sessionId": session, "method": method, "params": params})
	if session == "" {
		text, err = json.Marshal(map[string]any{"id": c.last, "method": method, "params": params})
	}
	if err == nil {
		_, err = c.in.Write(append(text, 0))
	}
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case m, ok := <-ch:
		switch {
		case !ok:
			return nil, errors.New("the browser is gone")
		case m.Error != nil:
			return nil, fmt.Errorf("%s: %s", method, m.Error.Message)
		}
		return m.Result, nil
	case <-time.After(patience):
		return nil, fmt.Errorf("%s: no answer", method)
	}
}
