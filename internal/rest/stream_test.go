package rest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/logs"
)

// events is an open stream, line by line.
type events struct {
	t     testing.TB
	resp  *http.Response
	lines *bufio.Scanner
}

func (w *world) open(as, path string, headers ...string) *events {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.server.URL+w.fill(path), nil)
	must(w.t, err)
	req.Header.Set("Authorization", "Bearer "+w.tokens[as])
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := w.server.Client().Do(req)
	must(w.t, err)
	w.t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %s", path, resp.Status)
	}
	return &events{w.t, resp, bufio.NewScanner(resp.Body)}
}

// next is the next line that says something.
func (e *events) next() string {
	e.t.Helper()
	for e.lines.Scan() {
		if text := e.lines.Text(); text != "" {
			return text
		}
	}
	return "EOF"
}

func (e *events) until(prefix string) string {
	e.t.Helper()
	for {
		text := e.next()
		if strings.HasPrefix(text, prefix) || text == "EOF" {
			return text
		}
	}
}

func TestStreamLive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.open(asSensitive, "/api/v1/deployments/{running}/log/stream")
	if got := s.next(); got != "retry: 1000" {
		t.Errorf("first line %q", got)
	}
	if got := s.until("data: "); !strings.Contains(got, `"status":"in_progress"`) {
		t.Errorf("status %q", got)
	}
	for seq := 1; seq <= 3; seq++ {
		if got := s.until("id: "); got != fmt.Sprintf("id: %d", seq) {
			t.Errorf("line %d: %q", seq, got)
		}
	}
	w.append(t.Context(), someLines(4, 4)...)
	if got := s.until("id: "); got != "id: 4" {
		t.Errorf("new line: %q", got)
	}
	w.finish(t.Context(), someLines(5, 6)...)
	for _, want := range []string{"id: 5", "id: 6"} {
		if got := s.until("id: "); got != want {
			t.Errorf("last lines: %q, want %q", got, want)
		}
	}
	if got := s.until("event: "); got != "event: end" && !strings.HasPrefix(got, "event: line") {
		t.Errorf("end: %q", got)
	}
	if got := s.until("data: {\"deployment_uuid\""); !strings.Contains(got, `"status":"finished","outcome":{"step":null,"exit_code":null,"reason":"All containers run."`) {
		t.Errorf("end says %q", got)
	}
	if got := s.until("EOF"); got != "EOF" {
		t.Errorf("after the end: %q", got)
	}
}

func TestStreamResumes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/api/v1/deployments/{finished}/log/stream"
	tests := []struct{ path, header, want string }{
		{path, "", "id: 1"},
		{path + "?after=7", "", "id: 8"},
		{path + "?after=7", "Last-Event-ID: 20", "id: 21"},
		{path, "Last-Event-ID: 24", "id: 25"},
		{path, "Last-Event-ID: 25", "EOF"},
		{path, "Last-Event-ID: 999999", "EOF"},
	}
	for _, tt := range tests {
		var headers []string
		if tt.header != "" {
			headers = append(headers, tt.header)
		}
		if got := w.open(asSensitive, tt.path, headers...).until("id: "); got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.path, tt.header, got, tt.want)
		}
	}
	for _, bad := range []string{"x", "-1", "1e3", "99999999999999999999"} {
		got := w.ask(asSensitive, http.MethodGet, w.fill(path), "", "Last-Event-ID: "+bad)
		if got.status != http.StatusBadRequest {
			t.Errorf("Last-Event-ID %s: %d %s", bad, got.status, got.body)
		}
	}
	w.run(t, []row{
		{"head", asSensitive, "HEAD " + path, "", 200, ""},
		{"head of a running one", asSensitive, "HEAD /api/v1/deployments/{running}/log/stream", "", 200, ""},
		{"foreign", asOther, "GET " + path, "", 404, `{"message":"Deployment not found."}`},
		{"no leave", asReader, "GET " + path, "", 403, `{"message":"Missing required permissions: read:sensitive"}`},
	})
}

// TestStreamHostileLines sends what would end an event if it were not data.
func TestStreamHostileLines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hostile := []string{
		"\n\nevent: eof\ndata: x", "id: 999999", "retry: 1", "lone \r carriage", "\r\n\r\nevent: end\r\ndata: {}\r\n\r\n",
		"\u2028\u2029", ": comment", "data: {\"order\":1}", "</script><img src=x onerror=alert(1)>", "\x1b]0;title\x07", strings.Repeat("x", core.MaxLine),
	}
	var lines []core.Line
	for i, text := range hostile {
		lines = append(lines, line(int64(4+i), text))
	}
	w.finish(t.Context(), lines...)
	var got []string
	d, err := w.client(asSensitive).Follow(t.Context(), string(w.running), 3, func(l api.LogLine) error {
		if l.Order != int64(4+len(got)) {
			t.Errorf("order %d after %d lines", l.Order, len(got))
		}
		got = append(got, l.Output)
		return nil
	})
	if err != nil || d.Status != api.StatusFinished {
		t.Errorf("end %v %v", d.Status, err)
	}
	if strings.Join(got, "|") != strings.Join(hostile, "|") {
		t.Errorf("got %q", got)
	}
}

// TestStreamEndsWithItsToken revokes the token of an open stream.
func TestStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.open(asSensitive, "/api/v1/deployments/{running}/log/stream")
	s.until("id: 3")
	changes := w.open(asSensitive, "/api/v1/events")
	must(t, w.db.DeleteToken(t.Context(), w.team, 3))
	w.now.Add(5 * time.Second)
	if got := s.until("EOF"); got != "EOF" {
		t.Errorf("log: %q", got)
	}
	if got := changes.until("EOF"); got != "EOF" {
		t.Errorf("events: %q", got)
	}
}

func TestEventsAreOfTheTeam(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.open(asReader, "/api/v1/events")
	s.until("retry: ")
	for _, team := range []int64{w.otherTeam, w.team} {
		w.hub.Publish(logs.Event{TeamID: team, Kind: core.KindService, Deployment: w.running, Resource: w.service, Status: core.StatusFinished})
	}
	if got := s.until("event: "); got != "event: DeploymentStatusChanged" {
		t.Errorf("event %q", got)
	}
	if got := s.until("data: "); !strings.Contains(got, string(w.running)) || !strings.Contains(got, `"status":"finished"`) {
		t.Errorf("data %q", got)
	}
}

// cutter is a proxy that breaks each connection after some bytes, in the middle of
// whatever is being said.
func (w *world) cutter(after int64) (string, *atomic.Int64) {
	w.t.Helper()
	target, err := url.Parse(w.server.URL)
	must(w.t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	proxy.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	cuts := &atomic.Int64{}
	proxy.ModifyResponse = func(r *http.Response) error {
		if strings.HasSuffix(r.Request.URL.Path, "/stream") {
			r.Body = &brokenBody{r.Body, after, cuts}
		}
		return nil
	}
	front := httptest.NewUnstartedServer(proxy)
	front.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	front.Start()
	w.t.Cleanup(front.Close)
	return front.URL, cuts
}

type brokenBody struct {
	io.ReadCloser
	left int64
	cuts *atomic.Int64
}

func (b *brokenBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.cuts.Add(1)
		return 0, net.ErrClosed
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// TestFollowSurvives follows a log while it is written, through a connection that breaks
// every 700 bytes: every line comes once and in order.
func TestFollowSurvives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address, cuts := w.cutter(700)
	c, err := client.New(address, w.tokens[asSensitive], client.WithWait(func(ctx context.Context, _ time.Duration) error { return ctx.Err() }))
	must(t, err)
	const last = 60
	go func() {
		for seq := int64(4); seq < last; seq += 4 {
			w.append(t.Context(), someLines(seq, seq+3)...)
		}
		w.finish(t.Context())
	}()
	var next int64 = 1
	d, err := c.Follow(t.Context(), string(w.running), 0, func(l api.LogLine) error {
		if l.Order != next || l.Output != someLines(next, next)[0].Output {
			return fmt.Errorf("line %d came as %+v", next, l)
		}
		next++
		return nil
	})
	if err != nil || d.Status != api.StatusFinished || next != last {
		t.Errorf("ended with %v %v, next line %d", d.Status, err, next)
	}
	if cuts.Load() == 0 {
		t.Error("the connection was never cut")
	}
}

func TestFollowStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	enough := errors.New("enough")
	if _, err := w.client(asSensitive).Follow(t.Context(), string(w.running), 0, func(api.LogLine) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("its own error: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := w.client(asSensitive).Follow(ctx, string(w.running), 0, func(l api.LogLine) error {
		if l.Order == 3 {
			cancel(enough)
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Errorf("cancelled: %v", err)
	}
	_, err = w.client(asOther).Follow(t.Context(), string(w.running), 0, func(api.LogLine) error { return nil })
	if !api.IsCode(err, api.CodeNotFound) {
		t.Errorf("foreign: %v", err)
	}
	_, err = w.client(asReader).Follow(t.Context(), string(w.running), 0, func(api.LogLine) error { return nil })
	if !api.IsCode(err, api.CodeForbidden) {
		t.Errorf("no leave: %v", err)
	}
}
