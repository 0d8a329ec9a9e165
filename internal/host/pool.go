package host

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/taffrail/taffrail/internal/core"
)

// Options are what a Pool needs from its owner.
type Options struct {
	// Keys gives a team's private key (PEM) by its row.
	Keys func(ctx context.Context, team, keyRow int64) (core.Secret, error)
	// Pin stores the host key ("type base64") that a server showed at first contact.
	// Nothing is run there when it fails.
	Pin func(ctx context.Context, s core.Server, hostKey string) error
	// Runner gives the path of the taffrail program for a platform.
	Runner func(ctx context.Context, goos, goarch string) (path string, err error)
	Log    *slog.Logger
}

// Pool keeps the connections, one server row each. It may be used from several
// goroutines.
type Pool struct {
	options Options
	hashes  *hashes

	mu      sync.Mutex
	entries map[int64]*entry
	closed  bool
}

type entry struct {
	key  entryKey
	host Host
	link *link // nil for the machine itself
}

// entryKey is what a connection was made with: when it changes, so must the connection.
type entryKey struct {
	ip, user, dir string
	port          int
	team, keyRow  int64
	timeout       int
}

// NewPool makes an empty pool. Close it.
func NewPool(o Options) *Pool {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Pool{options: o, hashes: &hashes{seen: map[hashKey]string{}}, entries: map[int64]*entry{}}
}

// Get returns the host of a server. It does not connect: the first call on the host
// does. The context is not kept.
func (p *Pool) Get(_ context.Context, s core.Server) (Host, error) {
	if !s.Local() {
		if err := CheckAddress(s); err != nil {
			return nil, err
		}
	}
	if err := checkDir(s); err != nil {
		return nil, err
	}
	key := entryKey{s.IP, s.User, remoteDir(s), s.Port, s.TeamID, s.KeyID, s.Settings.ConnectionTimeout}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.New("the pool of connections is closed")
	}
	if e := p.entries[s.RowID]; e != nil {
		if e.key == key && (e.link == nil || e.link.samePin(s.HostKey)) {
			return e.host, nil
		}
		e.close()
	}
	e := p.newEntry(s)
	e.key = key
	p.entries[s.RowID] = e
	return e.host, nil
}

func (p *Pool) newEntry(s core.Server) *entry {
	if s.Local() {
		return &entry{host: newLocal(s, p.options, p.hashes)}
	}
	l := newLink(s, p.options)
	return &entry{host: newSSH(s, l, p.options, p.hashes), link: l}
}

// Forget closes the connection of a server: it was deleted, or it is to be met anew.
func (p *Pool) Forget(row int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.entries[row]; e != nil {
		e.close()
		delete(p.entries, row)
	}
}

// Close closes all connections. What still uses them gets errors.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for row, e := range p.entries {
		e.close()
		delete(p.entries, row)
	}
	return nil
}

func (e *entry) close() {
	if e.link != nil {
		e.link.close()
	}
}
