package web

import (
	"bufio"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/taffrail/taffrail/internal/httpio"
)

// policy lets pages load from here alone and run no script or style of their own text,
// so that whatever gets into a page by mistake stays text.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// headers says to browsers what every page should.
func headers(next http.Handler) http.Handler {
	return httpio.SecurityHeaders(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		next.ServeHTTP(w, r)
	}))
}

// sameOrigin refuses what pages of other sites make a browser send here.
func sameOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "This request came from another site and was refused. Load the page here and try again.", http.StatusForbidden)
	}))
	return guard.Handler(next)
}

// compressed sends text in gzip to who takes it. Streams are left alone: they want each
// line at once.
func compressed(next http.Handler) http.Handler {
	pool := &sync.Pool{New: func() any {
		z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // the level is a right one
		return z
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		z := &zipper{ResponseWriter: w, pool: pool}
		defer z.close()
		next.ServeHTTP(z, r)
	})
}

// zipper compresses pages and JSON, decided by the head of the reply.
type zipper struct {
	http.ResponseWriter
	pool *sync.Pool
	gz   *gzip.Writer
	head bool
}

// Unwrap lets http.ResponseController find the writer under it.
func (z *zipper) Unwrap() http.ResponseWriter { return z.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (z *zipper) WriteHeader(status int) {
	if !z.head {
		z.head = true
		h := z.Header()
		media := h.Get("Content-Type")
		text := strings.HasPrefix(media, "text/html") || strings.HasPrefix(media, "application/json") || strings.HasPrefix(media, "text/plain")
		if text && h.Get("Content-Encoding") == "" && status != http.StatusNoContent && status != http.StatusNotModified {
			h.Set("Content-Encoding", "gzip")
			h.Add("Vary", "Accept-Encoding")
			h.Del("Content-Length")
			z.gz, _ = z.pool.Get().(*gzip.Writer) // the pool holds nothing else
			z.gz.Reset(z.ResponseWriter)
		}
	}
	z.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (z *zipper) Write(p []byte) (int, error) {
	if !z.head {
		z.WriteHeader(http.StatusOK)
	}
	if z.gz != nil {
		return z.gz.Write(p)
	}
	return z.ResponseWriter.Write(p)
}

// Flush implements http.Flusher.
func (z *zipper) Flush() {
	if z.gz != nil {
		_ = z.gz.Flush() // the reader is gone: nobody is left to tell
	}
	_ = http.NewResponseController(z.ResponseWriter).Flush()
}

// Hijack implements http.Hijacker.
func (z *zipper) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(z.ResponseWriter).Hijack()
}

func (z *zipper) close() {
	if z.gz != nil {
		_ = z.gz.Close()
		z.pool.Put(z.gz)
		z.gz = nil
	}
}
