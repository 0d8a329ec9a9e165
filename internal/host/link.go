package host

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	keepAliveEvery = 10 * time.Second
	replyLimit     = 15 * time.Second

	// While a run is followed, somebody waits for its lines. A server sends again what got
	// lost at ever longer intervals, so that behind an outage a new connection is sooner
	// there than the rest of the old one. What counts is that anything comes: on a slow
	// network an answer may be long behind what was sent before it.
	followedEvery = 2 * time.Second
	silenceLimit  = 5 * time.Second

	// sshd allows 10 sessions on a connection unless told otherwise, and a client gets
	// an error beyond. Followers stay for long, so that some room is kept for the rest.
	maxSessions  = 8
	maxFollowers = 5
	maxConns     = 8 // of a server; more than one only when there are many followers
)

var errClosed = errors.New("the connection was closed")

// link holds the connections to one server.
type link struct {
	server  core.Server
	pinFunc func(ctx context.Context, s core.Server, hostKey string) error
	keys    func(ctx context.Context, team, keyRow int64) (core.Secret, error)
	log     *slog.Logger
	turn    chan struct{} // held while dialling

	mu     sync.Mutex
	pin    string
	conns  []*conn
	freed  chan struct{} // closed, and made anew, when there may be room for a session
	closed bool
	tasks  sync.WaitGroup
}

// conn is one connection. Its counts are guarded by the link's mutex.
type conn struct {
	client    *ssh.Client
	heard     *heardConn
	broken    chan struct{} // closed when it is of no use any more
	sessions  int
	followers int
	limit     int
}

func newLink(s core.Server, o Options) *link {
	return &link{
		server: s, pin: s.HostKey, pinFunc: o.Pin, keys: o.Keys, log: o.Log.With("server", s.UUID),
		turn: make(chan struct{}, 1), freed: make(chan struct{}),
	}
}

// samePin says whether a server's stored pin is the one used here. A row that was read
// before the first contact has none.
func (l *link) samePin(pin string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return pin == l.pin || pin == ""
}

func (l *link) close() {
	l.mu.Lock()
	l.closed = true
	conns := l.conns
	l.mu.Unlock()
	for _, c := range conns {
		_ = c.client.Close()
	}
	l.tasks.Wait()
}

// session opens a session. release must be called in the end.
func (l *link) session(ctx context.Context, follower bool) (s *ssh.Session, release func(), err error) {
	for {
		c, err := l.acquire(ctx, follower)
		if err != nil {
			return nil, nil, err
		}
		release := func() { l.release(c, follower) }
		s, err := c.open(ctx)
		if err == nil {
			return s, release, nil
		}
		l.refuse(c, err)
		release()
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
	}
}

// refuse learns from a session that could not be opened. Nothing was run, so it is
// safe to open another.
func (l *link) refuse(c *conn, err error) {
	var refused *ssh.OpenChannelError
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.As(err, &refused) && c.sessions > 1 {
		c.limit = c.sessions - 1 // this sshd allows fewer
		return
	}
	l.drop(c)
}

// acquire finds room for one more session, and connects when there is none.
func (l *link) acquire(ctx context.Context, follower bool) (*conn, error) {
	for {
		c, wait, err := l.take(follower)
		if c != nil || err != nil {
			return c, err
		}
		if wait == nil {
			if err := l.connect(ctx, follower); err != nil {
				return nil, err
			}
			continue
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take returns a connection with room, or what to wait for, or neither: then one is
// to be made.
func (l *link) take(follower bool) (*conn, <-chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, nil, l.lost(errClosed)
	}
	for _, c := range l.conns {
		if c.hasRoom(follower) {
			c.sessions++
			if follower {
				c.followers++
			}
			return c, nil, nil
		}
	}
	if len(l.conns) >= maxConns {
		return nil, l.freed, nil
	}
	return nil, nil, nil
}

func (c *conn) hasRoom(follower bool) bool {
	return c.sessions < c.limit && (!follower || c.followers < maxFollowers)
}

func (l *link) release(c *conn, follower bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.sessions--
	if follower {
		c.followers--
	}
	if c.sessions == 0 && len(l.conns) > 1 {
		l.drop(c) // it was made for a rush that is over
	}
	l.wake()
}

func (l *link) wake() {
	close(l.freed)
	l.freed = make(chan struct{})
}

// drop takes a connection out. The caller holds the mutex.
func (l *link) drop(c *conn) {
	l.conns = slices.DeleteFunc(l.conns, func(other *conn) bool { return other == c })
	go func() { _ = c.client.Close() }() // may wait for the network
}

// connect adds a connection, one caller at a time.
func (l *link) connect(ctx context.Context, follower bool) error {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	l.mu.Lock()
	served := slices.ContainsFunc(l.conns, func(c *conn) bool { return c.hasRoom(follower) })
	d := &dialer{server: l.server, pin: l.pin, keys: l.keys}
	l.mu.Unlock()
	if served {
		return nil // another caller made one meanwhile
	}
	client, key, err := d.dial(ctx)
	if err != nil {
		return err
	}
	if err := l.meet(ctx, key); err != nil {
		_ = client.Close()
		return err
	}
	return l.add(client, d.conn)
}

// meet pins the host key at first contact, before anything is run.
func (l *link) meet(ctx context.Context, key string) error {
	l.mu.Lock()
	first := l.pin == ""
	l.mu.Unlock()
	if !first {
		return nil
	}
	if err := l.pinFunc(ctx, l.server, key); err != nil {
		return err
	}
	l.mu.Lock()
	l.pin = key
	l.mu.Unlock()
	return nil
}

func (l *link) add(client *ssh.Client, heard *heardConn) error {
	c := &conn{client: client, heard: heard, broken: make(chan struct{}), limit: maxSessions}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = client.Close()
		return l.lost(errClosed)
	}
	l.conns = append(l.conns, c)
	l.tasks.Add(2)
	go l.attend(c)
	go l.keepAlive(c)
	return nil
}

// attend waits for the end of a connection.
func (l *link) attend(c *conn) {
	defer l.tasks.Done()
	err := c.client.Wait()
	close(c.broken)
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Contains(l.conns, c) && !l.closed {
		l.log.Info("ssh connection lost", "error", err)
	}
	l.drop(c)
	l.wake()
}

// keepAlive asks now and then for a sign of life, and gives the connection up when
// none comes.
func (l *link) keepAlive(c *conn) {
	defer l.tasks.Done()
	tick := time.NewTicker(followedEvery)
	defer tick.Stop()
	asked := time.Now()
	for {
		select {
		case <-c.broken:
			return
		case <-tick.C:
		}
		limit := replyLimit
		if l.followed(c) {
			limit = silenceLimit
		} else if time.Since(asked) < keepAliveEvery {
			continue
		}
		asked = time.Now()
		if !c.alive(limit) {
			_ = c.client.Close()
			return
		}
	}
}

func (l *link) followed(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return c.followers > 0
}

// alive asks for a sign of life. No answer is no sign of death for as long as other
// things come.
func (c *conn) alive(limit time.Duration) bool {
	asked := time.Now()
	answered := make(chan error, 1)
	go func() {
		_, _, err := c.client.SendRequest("keepalive@openssh.com", true, nil)
		answered <- err
	}()
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		select {
		case err := <-answered:
			return err == nil
		case <-late.C:
		}
		silent := min(time.Since(asked), time.Since(c.heard.last()))
		if silent >= limit {
			return false
		}
		late.Reset(limit - silent)
	}
}

// open opens a session and gives the connection up when there is no answer.
func (c *conn) open(ctx context.Context) (*ssh.Session, error) {
	type answer struct {
		session *ssh.Session
		err     error
	}
	answers := make(chan answer, 1)
	go func() {
		s, err := c.client.NewSession()
		answers <- answer{s, err}
	}()
	late := time.NewTimer(replyLimit)
	defer late.Stop()
	select {
	case a := <-answers:
		return a.session, a.err
	case <-late.C:
		_ = c.client.Close()
		return nil, errClosed
	case <-ctx.Done():
		go func() {
			if a := <-answers; a.session != nil {
				_ = a.session.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// lost makes the error for a connection that broke.
func (l *link) lost(cause error) error {
	return NewError("talk to server", FaultLost, cause, "The connection to %s broke.", title(l.server))
}
