package httpio

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"strings"
	"time"
)

// Clean tidies the path before anything looks at it: double and trailing slashes and dot
// segments go, without a redirect, which would turn a POST into a GET. Clients in the
// wild send "//api/v1/…".
func Clean(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw := r.URL.EscapedPath()
		clean := path.Clean("/" + strings.TrimLeft(raw, "/"))
		if clean == raw {
			next.ServeHTTP(w, r)
			return
		}
		u := *r.URL
		if plain, err := url.PathUnescape(clean); err == nil {
			u.Path, u.RawPath = plain, clean
		}
		r2 := *r
		r2.URL = &u
		next.ServeHTTP(w, &r2)
	})
}

// SecurityHeaders sets what every reply should say to a browser.
func SecurityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// Recover answers a request whose handler panicked, and logs where.
func Recover(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler { //nolint:errorlint // net/http panics with this very value
				panic(v)
			}
			err := fmt.Errorf("panic: %v\n%s", v, debug.Stack())
			if sent, ok := w.(*recorder); ok && sent.status != 0 {
				_ = report(r, log, err)
				panic(http.ErrAbortHandler) // half a reply is out: the client must not take it for whole
			}
			WriteError(w, r, log, err)
		}()
		next.ServeHTTP(w, r)
	})
}

// writeLimit is how long a reader may take nothing of a reply before its connection is
// closed. Streams and long downloads put it off as they go.
const writeLimit = time.Minute

// WriteLimit ends replies that nobody reads, and leaves the connection without a limit
// for the next request on it.
func WriteLimit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctl := http.NewResponseController(w)
		_ = ctl.SetWriteDeadline(time.Now().Add(writeLimit)) // not every writer has deadlines, as with those of tests
		defer func() { _ = ctl.SetWriteDeadline(time.Time{}) }()
		next.ServeHTTP(w, r)
	})
}

// Access writes one line about each request: reads at level debug, the rest at info.
// It has no query, which may hold what people put there by mistake.
func Access(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		defer func() {
			level := slog.LevelInfo
			if r.Method == http.MethodGet || r.Method == http.MethodHead {
				level = slog.LevelDebug
			}
			log.Log(r.Context(), level, "request", "method", r.Method, "path", r.URL.Path,
				"status", rec.status, "bytes", rec.bytes, "duration", time.Since(start), "remote", r.RemoteAddr)
		}()
		next.ServeHTTP(rec, r)
	})
}

// recorder notes what is sent. http.ResponseController finds the writer under it.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}
