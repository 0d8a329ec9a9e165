package httpio

import (
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Limiter counts the requests of each caller in windows of a minute. It is safe for
// concurrent use.
type Limiter struct {
	limit int
	now   func() time.Time

	mu      sync.Mutex // guards windows and swept
	windows map[string]window
	swept   time.Time
}

type window struct {
	count int
	ends  time.Time
}

const (
	windowLength = time.Minute
	maxCallers   = 100_000
)

// NewLimiter makes a Limiter that lets perMinute requests of each caller pass; 0 lets
// all pass.
func NewLimiter(perMinute int, now func() time.Time) *Limiter {
	return &Limiter{limit: perMinute, now: now, windows: map[string]window{}}
}

// Take counts a request of a caller and tells it, by headers, where it stands. The
// error is the reply when the caller has had its share.
func (l *Limiter) Take(w http.ResponseWriter, caller string) error {
	if l.limit <= 0 {
		return nil
	}
	count, left := l.count(caller)
	w.Header().Set("X-RateLimit-Limit", strconv.Itoa(l.limit))
	w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(max(l.limit-count, 0)))
	if count <= l.limit {
		return nil
	}
	seconds := int(left.Seconds()) + 1
	e := Refuse(http.StatusTooManyRequests, "Too Many Attempts.")
	e.Header.Set("Retry-After", strconv.Itoa(seconds))
	e.Header.Set("X-RateLimit-Reset", strconv.FormatInt(l.now().Add(left).Unix(), 10))
	return e
}

func (l *Limiter) count(caller string) (int, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.sweep(now)
	w, known := l.windows[caller]
	if !known || !now.Before(w.ends) {
		w = window{ends: now.Add(windowLength)}
	}
	w.count++
	l.windows[caller] = w
	return w.count, w.ends.Sub(now)
}

// sweep forgets windows that are over, so that addresses made up by an attacker do not
// fill the memory.
func (l *Limiter) sweep(now time.Time) {
	if len(l.windows) >= maxCallers {
		clear(l.windows)
	}
	if now.Sub(l.swept) < windowLength {
		return
	}
	l.swept = now
	for caller, w := range l.windows {
		if !now.Before(w.ends) {
			delete(l.windows, caller)
		}
	}
}

// ClientIP is the address that a request came from. Headers that anybody can write are
// not looked at.
func ClientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
