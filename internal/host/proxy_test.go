package host_test

import (
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// proxy stands between a client and a server and does to their connections what
// networks do.
type proxy struct {
	tb       testing.TB
	listener net.Listener
	target   string

	mu     sync.Mutex
	frozen chan struct{} // closed by thaw; nil when nothing is frozen
	conns  []net.Conn
	count  int
	rate   int // bytes a second, in each direction; 0: as they come
}

// newProxy puts a proxy before a server and returns the server as seen through it.
func newProxy(tb testing.TB, s core.Server) (*proxy, core.Server) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &proxy{tb: tb, listener: l, target: net.JoinHostPort(s.IP, strconv.Itoa(s.Port))}
	var all sync.WaitGroup
	all.Go(func() { p.serve(&all) })
	tb.Cleanup(func() {
		_ = l.Close()
		p.thaw()
		p.cut()
		all.Wait()
	})
	s.Port = l.Addr().(*net.TCPAddr).Port
	return p, s
}

func (p *proxy) serve(all *sync.WaitGroup) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.count++
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		all.Go(func() { p.copy(client, server) })
		all.Go(func() { p.copy(server, client) })
	}
}

func (p *proxy) copy(to, from net.Conn) {
	defer func() { _ = to.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		frozen, rate := p.frozen, p.rate
		p.mu.Unlock()
		if frozen != nil {
			<-frozen
		}
		if rate > 0 {
			<-time.After(time.Duration(n) * time.Second / time.Duration(rate))
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// dialled is how many connections were made so far.
func (p *proxy) dialled() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// cut resets all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
	p.conns = nil
}

// slow lets so many bytes through in a second.
func (p *proxy) slow(rate int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = rate
}

// freeze lets nothing through any more, without anybody being told, until thaw.
func (p *proxy) freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = make(chan struct{})
}

func (p *proxy) thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen != nil {
		close(p.frozen)
		p.frozen = nil
	}
}
