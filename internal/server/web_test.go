package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/supervise"
	"github.com/taffrail/taffrail/internal/supervisetest"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newWeb(t testing.TB) *httpServer {
	t.Helper()
	w, err := listen(t.Context(), "127.0.0.1:0", quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.close() })
	return w
}

// fetch gets a path on a connection of its own.
func fetch(t testing.TB, w *httpServer) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+w.address()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestWebAnswersBeforeItIsReady(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code, body := fetch(t, w); code != http.StatusServiceUnavailable || !strings.Contains(body, "starting") {
		t.Errorf("got %d %q", code, body)
	}
	w.ready(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "here") }))
	if code, body := fetch(t, w); code != http.StatusOK || body != "here" {
		t.Errorf("got %d %q", code, body)
	}
}

func TestWebStopLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	entered, release := make(chan struct{}), make(chan struct{})
	w.ready(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		if r.Context().Err() == nil {
			_, _ = io.WriteString(rw, "done")
		}
	}))
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() {
		<-entered
		go close(release)
		stopped <- w.Stop(context.WithoutCancel(t.Context()))
	}()
	if _, body := fetch(t, w); body != "done" {
		t.Errorf("the request was cut: %q", body)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestWebStopEndsStreams(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	entered := make(chan struct{})
	w.ready(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		_, _ = io.WriteString(rw, "cut")
	}))
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() {
		<-entered
		stopped <- w.Stop(context.WithoutCancel(t.Context()))
	}()
	if _, body := fetch(t, w); body != "cut" {
		t.Errorf("got %q", body)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestWebStopGivesUpInTime(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	entered, release := make(chan struct{}), make(chan struct{})
	w.ready(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-release // deaf to its context
	}))
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+w.address()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := w.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	close(release)
	<-answered
}

func TestWebStress(t *testing.T) {
	t.Parallel()
	supervisetest.Exercise(t, func() supervise.Service { return newWeb(t) })
}

func TestListenRefuses(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	_, err := listen(t.Context(), w.address(), quiet())
	if core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("got %v", err)
	}
}
