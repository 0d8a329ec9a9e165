package control_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/taffrail/taffrail/internal/core"
)

// machines are servers that exist on paper: what they answer is set by the test.
type machines struct {
	mu        sync.Mutex
	facts     core.ServerFacts
	fault     error
	after     core.ServerFacts // once installed
	hold      chan struct{}    // when set, a probe waits for it
	probing   chan struct{}    // gets one for every probe that begins
	probes    int
	installs  int
	forgotten []int64
	atOnce    int
	most      int // probes that ran at the same time
}

func newMachines() *machines {
	return &machines{
		facts:   core.ServerFacts{Reachable: true, Usable: true, OS: "Debian", Arch: "amd64", DockerVersion: "27.1", ComposeVersion: "2.29"},
		probing: make(chan struct{}, 100),
	}
}

func (m *machines) Probe(ctx context.Context, _ core.Server) (core.ServerFacts, error) {
	m.mu.Lock()
	m.probes++
	m.atOnce++
	m.most = max(m.most, m.atOnce)
	facts, fault, hold := m.facts, m.fault, m.hold
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.atOnce--
	}()
	m.probing <- struct{}{}
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return core.ServerFacts{}, ctx.Err()
		}
	}
	return facts, fault
}

func (m *machines) Install(_ context.Context, _ core.Server, w io.Writer) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.installs++
	m.facts = m.after
	_, err := io.WriteString(w, "Setting up docker-ce\xff\n"+strings.Repeat("Unpacking a package of many.\n", 5000)+"Done.")
	return err
}

func (m *machines) Forget(row int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgotten = append(m.forgotten, row)
}

func (m *machines) counts() (probes, installs, most int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.probes, m.installs, m.most
}

func (m *machines) forgets() []int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.forgotten
}

// containers answer with the name they were asked for.
type containers struct {
	text string
	err  error
}

func (c *containers) Logs(_ context.Context, s core.Server, container string, lines int, timestamps bool) (string, error) {
	return fmt.Sprintf("%s on %s, %d lines, %v: %s", container, s.Name, lines, timestamps, c.text), c.err
}
