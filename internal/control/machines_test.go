package control_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

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
	deleted   []string // dumps
	undeleted error    // of DeleteDump
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

func (m *machines) DeleteDump(_ context.Context, s core.Server, path string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.undeleted == nil {
		m.deleted = append(m.deleted, s.Name+":"+path)
	}
	return m.undeleted
}

// buckets are buckets that exist on paper.
type buckets struct {
	mu      sync.Mutex
	fault   error
	probed  []string // endpoint, bucket, and whether the host may be used
	deleted []core.ID
}

func (b *buckets) Probe(_ context.Context, s core.S3Storage, allowHost bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probed = append(b.probed, fmt.Sprintf("%s %s %v", s.Endpoint, s.Bucket, allowHost))
	return b.fault
}

func (b *buckets) DeleteObject(_ context.Context, _ core.S3Storage, d core.Backup, _ bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault == nil {
		b.deleted = append(b.deleted, d.UUID)
	}
	return b.fault
}

// containers answer with the name they were asked for, and are what the test says.
type containers struct {
	text string
	err  error // of Logs

	mu     sync.Mutex // guards what follows
	there  map[core.ID][]core.Container
	fault  error // of List
	asked  []core.ID
	onList func() // called by List when set
}

func (c *containers) List(_ context.Context, _ core.Server, project core.ID) (map[core.ID][]core.Container, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, project)
	if c.onList != nil {
		c.onList()
	}
	return maps.Clone(c.there), c.fault
}

// are makes the containers of a service these.
func (c *containers) are(service core.ID, list ...core.Container) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.there == nil {
		c.there = map[core.ID][]core.Container{}
	}
	c.there[service] = list
}

func (c *containers) asks() []core.ID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked)
}

// sums sums statuses up as simply as will do: a service is what its worst container is.
type sums struct{ count atomic.Int64 }

func (s *sums) Sum(_ context.Context, _ core.Resting, seen []core.Container) (core.Condition, error) {
	s.count.Add(1)
	status, parts := "exited:unhealthy", map[string]string{}
	for _, c := range seen {
		parts[c.Service] = c.State + ":" + c.Health
		status = parts[c.Service]
	}
	return core.Condition{Status: status, Parts: parts}, nil
}

func (c *containers) Logs(_ context.Context, s core.Server, container string, lines int, timestamps bool) (string, error) {
	return fmt.Sprintf("%s on %s, %d lines, %v: %s", container, s.Name, lines, timestamps, c.text), c.err
}
