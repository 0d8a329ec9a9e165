package run_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/run"
)

// stateAt is a container that runs at an address.
func stateAt(health string) string {
	return `"State":{"Status":"running","StartedAt":"2026-11-21T12:00:00Z"` + health + `},` +
		`"NetworkSettings":{"Networks":{"none":{"IPAddress":""},"other":{"IPAddress":"127.0.0.9"},"shop":{"IPAddress":"127.0.0.1"}}}`
}

func portOf(tb testing.TB, s *httptest.Server) int {
	tb.Helper()
	_, text, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		tb.Fatal(err)
	}
	return port
}

// httpCase is a server and what is said of it.
type httpCase struct {
	name    string
	handler func(n int32, w http.ResponseWriter, r *http.Request) // n counts from 1
	change  func(*run.HTTP)
	tls     bool
	health  string
	end     string
	reason  string
	say     []string
	answer  string
	asked   int32
}

func httpCases() []httpCase {
	return []httpCase{
		{
			name: "well at once", end: run.StateFinished, answer: "204 No Content", asked: 1,
			handler: func(_ int32, w http.ResponseWriter, r *http.Request) {
				if r.Method != "HEAD" || r.Host != "shop.test" || r.URL.Path != "/up" || r.URL.RawQuery != "a=b" {
					w.WriteHeader(http.StatusTeapot)
				}
				w.WriteHeader(http.StatusNoContent)
			},
			change: func(h *run.HTTP) { h.Method, h.Host, h.Path = "HEAD", "shop.test", "up?a=b" },
			say:    []string{`db: Attempt 1 of 3 | Healthcheck status: "healthy" | 204 No Content`},
		},
		{
			name: "well in the end", end: run.StateFinished, answer: "200 OK", asked: 3,
			handler: func(n int32, w http.ResponseWriter, _ *http.Request) {
				if n < 3 {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			},
			say: []string{
				`db: Attempt 1 of 3 | Healthcheck status: "starting" | the answer is 503 Service Unavailable`,
				`db: Attempt 2 of 3 | Healthcheck status: "starting" | the answer is 503 Service Unavailable`,
				`db: Attempt 3 of 3 | Healthcheck status: "healthy" | 200 OK`,
			},
		},
		{
			name: "never well", end: run.StateFailed, asked: 3,
			reason:  "db (p-db-1) is unhealthy: 3 attempts failed, the last one: the answer is 404 Not Found",
			handler: func(_ int32, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
			say: []string{
				`db: Attempt 1 of 3 | Healthcheck status: "starting" | the answer is 404 Not Found`,
				`db: Attempt 2 of 3 | Healthcheck status: "starting" | the answer is 404 Not Found`,
				`db: Attempt 3 of 3 | Healthcheck status: "unhealthy" | the answer is 404 Not Found`,
			},
		},
		{
			name: "what comes within the start does not count", end: run.StateFinished, answer: "200 OK", asked: 5,
			handler: func(n int32, w http.ResponseWriter, _ *http.Request) {
				if n < 5 {
					w.WriteHeader(http.StatusBadGateway)
				}
			},
			change: func(h *run.HTTP) { h.Start = time.Hour },
			say:    []string{"db: attempt 1: the answer is 502 Bad Gateway", `db: Attempt 1 of 3 | Healthcheck status: "healthy" | 200 OK`},
		},
	}
}

// answerCases are about answers that are not simply well.
func answerCases() []httpCase {
	return []httpCase{
		{
			name: "a redirect is an answer", end: run.StateFinished, answer: "302 Found", asked: 1,
			handler: func(_ int32, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) },
			say:     []string{`db: Attempt 1 of 3 | Healthcheck status: "healthy" | 302 Found`},
		},
		{
			name: "but not the one that was asked for", end: run.StateFailed, reason: "the answer is 302 Found, not 200", asked: 1,
			handler: func(_ int32, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) },
			change:  func(h *run.HTTP) { h.Code, h.Retries = 200, 1 },
			say:     []string{`db: Attempt 1 of 1 | Healthcheck status: "unhealthy" | the answer is 302 Found, not 200`},
		},
		{
			name: "the text", end: run.StateFinished, answer: "200 OK", asked: 2, tls: true,
			handler: func(n int32, w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, "round %d", n) },
			change:  func(h *run.HTTP) { h.Text, h.Scheme = "round 2", "https" },
			say: []string{`db: Attempt 1 of 3 | Healthcheck status: "starting" | the answer is 200 OK, but does not hold "round 2"`,
				`db: Attempt 2 of 3 | Healthcheck status: "healthy" | 200 OK`},
		},
		{
			name: "no answer in time", end: run.StateFailed, reason: "no answer within 50ms", asked: 1,
			handler: func(_ int32, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			change:  func(h *run.HTTP) { h.Timeout, h.Retries = 50*time.Millisecond, 1 },
			say:     []string{`db: Attempt 1 of 1 | Healthcheck status: "unhealthy" | no answer within 50ms`},
		},
		{
			name: "nobody listens", end: run.StateFailed, reason: "connection refused",
			change: func(h *run.HTTP) { h.Port, h.Retries = 1, 1 },
			say:    []string{`db: Attempt 1 of 1 | Healthcheck status: "unhealthy" | dial tcp 127.0.0.1:1: connect: connection refused`},
		},
		{
			name: "its own health check is believed", end: run.StateFinished, change: func(h *run.HTTP) { h.Port = 1 },
			health: `,"Health":{"Status":"healthy","Log":[{"Start":"1","ExitCode":1,"Output":"not yet"},{"Start":"2","ExitCode":0,"Output":"fine"}]}`,
			say: []string{`db: Attempt 1 of 3 | Healthcheck status: "healthy" | code 1: not yet`,
				`db: Attempt 2 of 3 | Healthcheck status: "healthy" | code 0: fine`},
		},
	}
}

// TestHTTP asks real servers in the place of containers.
func TestHTTP(t *testing.T) {
	t.Parallel()
	quick := run.HTTP{Network: "shop", Interval: 20 * time.Millisecond, Retries: 3}
	for _, c := range append(httpCases(), answerCases()...) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			serve := httptest.NewServer
			if c.tls {
				serve = httptest.NewTLSServer
			}
			server := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.handler(asked.Add(1), w, r) }))
			defer server.Close()
			h := quick
			h.Port = portOf(t, server)
			if c.change != nil {
				c.change(&h)
			}
			target := newTarget(t)
			target.withDocker(map[string]string{"state": stateAt(c.health)})
			s := target.script(run.Step{Name: "watch", Watch: &run.Watch{Project: "p", Limit: patience, Settle: time.Hour, Expect: []run.Expect{
				{Service: "db", Replicas: 1, HTTP: &h, Attempts: true}}}})
			target.launchFake(s)
			rec := target.follow(s.ID)
			if end := rec.end(); end.State != c.end || !strings.Contains(end.Reason, c.reason) {
				t.Errorf("%+v", end)
			}
			rec.assertAttempts(c.say)
			if got := rec.fact().Answers["db"]; got != c.answer {
				t.Errorf("answer %q, want %q", got, c.answer)
			}
			if got := asked.Load(); got != c.asked {
				t.Errorf("asked %d times, want %d", got, c.asked)
			}
			if words := rec.text(run.FrameStderr, 1); c.end == run.StateFailed && words != "last words\n" {
				t.Errorf("the container's last words: %q", words)
			}
		})
	}
}

// assertAttempts compares all that was said of attempts.
func (r record) assertAttempts(want []string) {
	r.tb.Helper()
	var got []string
	for _, f := range r.frames {
		if text := string(f.Data); f.Kind == run.FrameInfo && strings.Contains(strings.ToLower(text), "attempt") {
			got = append(got, text)
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		r.tb.Errorf("said\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestPatience is what a watch must leave to the attempts.
func TestPatience(t *testing.T) {
	t.Parallel()
	for want, h := range map[time.Duration]run.HTTP{
		110 * time.Second: {}, 40 * time.Second: {Start: 10 * time.Second, Interval: time.Second, Timeout: 4 * time.Second, Retries: 5},
	} {
		if got := h.Patience(); got != want {
			t.Errorf("%+v: %s, want %s", h, got, want)
		}
	}
}
