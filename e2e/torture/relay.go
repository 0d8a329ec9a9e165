package main

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// relay hands on what comes to an address, and can be slow or break off.
type relay struct {
	to       string
	listener net.Listener

	mu    sync.Mutex // guards what follows
	conns map[net.Conn]bool
	delay time.Duration // of every piece
	slice int           // largest piece; 0: as it comes
	cuts  int
}

func newRelay(ctx context.Context, at, to string) (*relay, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", at)
	if err != nil {
		return nil, err
	}
	r := &relay{to: to, listener: listener, conns: map[net.Conn]bool{}}
	go r.serve(ctx)
	return r, nil
}

func (r *relay) serve(ctx context.Context) {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			return
		}
		go r.pass(ctx, conn)
	}
}

// pass hands on in both directions until either end is gone.
func (r *relay) pass(ctx context.Context, from net.Conn) {
	to, err := new(net.Dialer).DialContext(ctx, "tcp", r.to)
	if err != nil {
		reset(from)
		return
	}
	r.mu.Lock()
	r.conns[from], r.conns[to] = true, true
	r.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { r.copy(to, from) })
	both.Go(func() { r.copy(from, to) })
	both.Wait()
	r.mu.Lock()
	delete(r.conns, from)
	delete(r.conns, to)
	r.mu.Unlock()
}

func (r *relay) copy(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		delay, slice := r.manner()
		if slice == 0 {
			slice = len(buf)
		}
		n, err := from.Read(buf[:slice])
		if delay > 0 {
			<-time.After(delay)
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if err != io.EOF { //nolint:errorlint // as Read gives it
				reset(to)
			}
			return
		}
	}
}

func (r *relay) manner() (time.Duration, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.delay, r.slice
}

// slow makes it hand on small pieces, late; 0 and 0 end that.
func (r *relay) slow(delay time.Duration, slice int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delay, r.slice = delay, slice
}

// cut breaks all connections off, and says how many.
func (r *relay) cut() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.conns) / 2
	for conn := range r.conns {
		reset(conn)
	}
	r.cuts += n
	return n
}

// reset closes a connection so that the other end gets an error.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
