package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// serve is a server that answers with the handler of each try, the last one for ever.
func serve(t *testing.T, tries ...http.HandlerFunc) (*client.Client, *atomic.Int64, *[]time.Duration) {
	t.Helper()
	count, waits := &atomic.Int64{}, &[]time.Duration{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(count.Add(1))
		tries[min(n, len(tries))-1](w, r)
	}))
	t.Cleanup(s.Close)
	c, err := client.New(s.URL, "1|x", client.WithWait(func(ctx context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return ctx.Err()
	}))
	if err != nil {
		t.Fatal(err)
	}
	return c, count, waits
}

func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func drop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestNew(t *testing.T) {
	t.Parallel()
	var path atomic.Value
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { path.Store(r.URL.Path) }))
	t.Cleanup(s.Close)
	for _, suffix := range []string{"", "/", "/api", "/api/v1", "/api/v1/"} {
		c, err := client.New(s.URL+suffix, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Health(t.Context()); err != nil || path.Load() != "/api/v1/health" {
			t.Errorf("%q asks %v, %v", suffix, path.Load(), err)
		}
	}
	if c, err := client.New(s.URL+"/below/api/v1", ""); err != nil || c.Health(t.Context()) != nil || path.Load() != "/below/api/v1/health" {
		t.Errorf("below a path: %v, %v", path.Load(), err)
	}
	for _, bad := range []string{"", "localhost:8000", "ftp://host", "http://", "http://%zz"} {
		if _, err := client.New(bad, ""); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestReadsAreTriedAgain(t *testing.T) {
	t.Parallel()
	c, count, waits := serve(t, drop, answer(503, `{"message":"starting"}`, "Retry-After: 2"), answer(429, `{}`), answer(200, `[]`))
	if _, err := c.ListServices(t.Context()); err != nil || count.Load() != 4 {
		t.Errorf("%d requests, %v", count.Load(), err)
	}
	want := []time.Duration{200 * time.Millisecond, 2 * time.Second, 800 * time.Millisecond}
	if len(*waits) != 3 || (*waits)[0] != want[0] || (*waits)[1] != want[1] || (*waits)[2] != want[2] {
		t.Errorf("waited %v, want %v", *waits, want)
	}
	for name, final := range map[string]http.HandlerFunc{"refusal": answer(404, `{"message":"Service not found."}`), "rubbish": answer(200, `<html>`)} {
		c, count, _ := serve(t, final)
		if _, err := c.ListServices(t.Context()); err == nil || count.Load() != 1 {
			t.Errorf("%s: %d requests, %v", name, count.Load(), err)
		}
	}
}

func TestChangesAreSentOnce(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]http.HandlerFunc{"dropped": drop, "unavailable": answer(503, `{}`), "rubbish": answer(200, `x`)} {
		c, count, _ := serve(t, first, answer(200, `{}`))
		if _, err := c.Deploy(t.Context(), api.DeployRequest{UUID: "x"}); err == nil || count.Load() != 1 {
			t.Errorf("%s: %d requests, %v", name, count.Load(), err)
		}
		c, count, _ = serve(t, first, answer(200, `{}`))
		if _, err := c.DeleteServer(t.Context(), "x"); err == nil || count.Load() != 1 {
			t.Errorf("%s: %d deletes, %v", name, count.Load(), err)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status     int
		body, text string
		code       api.Code
	}{
		{401, `{"message":"Unauthenticated."}`, "Unauthenticated.", api.CodeUnauthenticated},
		{403, `{"message":"Missing required permissions: write"}`, "Missing required permissions: write", api.CodeForbidden},
		{404, `{"message":"Service not found."}`, "Service not found.", api.CodeNotFound},
		{400, `{"message":"Invalid request.","error":"Invalid JSON."}`, "Invalid request. Invalid JSON.", api.CodeBadRequest},
		{409, `{"error":"taken"}`, "taken", api.CodeConflict},
		{422, `{"message":"Validation failed.","errors":{"b":["B."],"a":["A.","AA."]}}`, "Validation failed.\n  a: A. AA.\n  b: B.", api.CodeInvalid},
		{500, `{"message":"Something went wrong.","reference":"abc"}`, "Something went wrong. (reference abc)", api.CodeInternal},
		{502, `<html>Bad Gateway</html>`, "The server answered 502 Bad Gateway.", api.CodeUnavailable},
		{504, ``, "The server answered 504 Gateway Timeout.", api.CodeUnavailable},
		{418, `I am a teapot`, "I am a teapot", api.CodeBadRequest},
	}
	for _, tt := range tests {
		c, _, _ := serve(t, answer(tt.status, tt.body))
		_, err := c.Deploy(t.Context(), api.DeployRequest{})
		var e *api.Error
		if !errors.As(err, &e) || e.Status != tt.status || e.Code != tt.code || e.Error() != tt.text {
			t.Errorf("%d %s: %+v", tt.status, tt.body, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	c, err := client.New(s.URL, "", client.WithRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	err = c.Health(t.Context())
	if !client.Unreachable(err) || !strings.Contains(err.Error(), s.URL) || strings.Contains(err.Error(), "Get ") {
		t.Errorf("got %v", err)
	}
}

// TestFollowFillsHoles sends a stream that leaves lines out; they are read from the log.
func TestFollowFillsHoles(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/stream"):
			answer(200, ": hello\n\nevent: odd\nid: 9\n\nid: 1\nevent: line\ndata: {\"order\":1,\ndata: \"output\":\"a\"}\n\n"+
				"id: 1\nevent: line\ndata: {\"order\":1}\n\nid: 4\nevent: line\r\ndata: {\"order\":4}\r\n\r\nevent: end\ndata: {}\n\n")(w, r)
		case strings.HasSuffix(r.URL.Path, "/log") && r.URL.Query().Get("after") == "1":
			answer(200, `{"lines":[{"order":2,"output":"b"},{"order":3,"output":"c"}],"next":3,"more":true}`)(w, r)
		case strings.HasSuffix(r.URL.Path, "/log"):
			answer(200, `{"lines":[{"order":4,"output":"d"}],"next":4,"more":false}`)(w, r)
		default:
			answer(200, `{"status":"finished"}`)(w, r)
		}
	}))
	t.Cleanup(s.Close)
	c, err := client.New(s.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	d, err := c.Follow(t.Context(), "x", 0, func(l api.LogLine) error {
		got += l.Output
		return nil
	})
	if err != nil || got != "abcd" || d.Status != api.StatusFinished {
		t.Errorf("got %q, %v, %v", got, d.Status, err)
	}
}

// TestFollowNoticesSilence has a server that stops talking without closing.
func TestFollowNoticesSilence(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.HasSuffix(r.URL.Path, "/stream"):
			answer(200, `{"lines":[],"status":"finished"}`)(w, r)
		case tries.Add(1) == 1:
			w.WriteHeader(200)
			_ = http.NewResponseController(w).Flush()
			<-stop
		default:
			answer(200, "event: end\ndata: {}\n\n")(w, r)
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(stop) })
	c, err := client.New(s.URL, "", client.WithHeartbeat(50*time.Millisecond), client.WithWait(func(ctx context.Context, _ time.Duration) error { return ctx.Err() }))
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.Follow(t.Context(), "x", 0, func(api.LogLine) error { return nil })
	if err != nil || d.Status != api.StatusFinished || tries.Load() != 2 {
		t.Errorf("%v, %v after %d streams", d.Status, err, tries.Load())
	}
}
