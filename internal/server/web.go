package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	// headerLimit is how long a client may take for the head of a request.
	headerLimit = 10 * time.Second
	// bodyLimit is how long it may take for the whole request. There is no limit on
	// writing: a log is followed for as long as its deployment lasts.
	bodyLimit = time.Minute
	idleLimit = 2 * time.Minute
	// politeness is how long requests may go on when the controller stops, before
	// streams, which never end by themselves, are cut.
	politeness = 300 * time.Millisecond
	// headerBytes bounds the head of a request.
	headerBytes = 64 << 10
)

// httpServer is the HTTP server as a service. It listens from the beginning and answers "not
// ready yet" until it is given its handler.
type httpServer struct {
	log      *slog.Logger
	listener net.Listener
	server   *http.Server
	handler  atomic.Pointer[http.Handler]
	quit     context.CancelFunc // ends the contexts of all requests
	failed   chan error         // gets at most one error
}

// listen opens the port. Nothing is served before Start.
func listen(ctx context.Context, address string, log *slog.Logger) (*httpServer, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, &core.Error{Op: "listen", Code: core.CodeUnavailable, Err: err, Msg: fmt.Sprintf(
			"Nothing can be served on %s: %v. Give --listen another address, or stop what uses this one.", address, err)}
	}
	base, quit := context.WithCancel(context.WithoutCancel(ctx))
	w := &httpServer{log: log, listener: l, quit: quit, failed: make(chan error, 1)}
	w.server = &http.Server{
		Handler:           http.HandlerFunc(w.serve),
		ReadHeaderTimeout: headerLimit,
		ReadTimeout:       bodyLimit,
		IdleTimeout:       idleLimit,
		MaxHeaderBytes:    headerBytes,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return w, nil
}

// address is what is really listened on: host and port.
func (w *httpServer) address() string { return w.listener.Addr().String() }

// ready hands over the handler.
func (w *httpServer) ready(h http.Handler) { w.handler.Store(&h) }

func (w *httpServer) serve(rw http.ResponseWriter, r *http.Request) {
	if h := w.handler.Load(); h != nil {
		(*h).ServeHTTP(rw, r)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("Retry-After", "1")
	rw.WriteHeader(http.StatusServiceUnavailable)
	_, _ = rw.Write([]byte(`{"message":"The controller is starting. Try again in a moment.","code":"unavailable"}` + "\n"))
}

// Start begins to serve.
func (w *httpServer) Start(context.Context) error {
	go func() {
		if err := w.server.Serve(w.listener); !errors.Is(err, http.ErrServerClosed) {
			w.failed <- fmt.Errorf("serve http: %w", err)
		}
	}()
	return nil
}

// Stop takes no new requests, lets the present ones end, and cuts what does not.
func (w *httpServer) Stop(ctx context.Context) error {
	defer w.quit()
	defer w.listener.Close() // Shutdown knows it only once Serve was called
	done := make(chan error, 1)
	go func() { done <- w.server.Shutdown(ctx) }()
	polite := time.NewTimer(politeness)
	defer polite.Stop()
	select {
	case err := <-done:
		return err
	case <-polite.C:
	}
	w.quit()
	if err := <-done; err != nil {
		return errors.Join(err, w.server.Close())
	}
	return nil
}

// close cuts everything off. After Stop there is nothing left to cut.
func (w *httpServer) close() error {
	w.quit()
	err := w.server.Close()
	if closed := w.listener.Close(); !errors.Is(closed, net.ErrClosed) {
		err = errors.Join(err, closed)
	}
	return err
}
