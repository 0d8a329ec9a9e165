package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/taffrail/taffrail/api"
)

// connectError says that no reply came.
type connectError struct {
	target string
	err    error
}

// Error leaves the method and URL out that net/http repeats.
func (e *connectError) Error() string {
	err := e.err
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Sprintf("cannot reach %s: %v", e.target, err)
}

func (e *connectError) Unwrap() error { return e.err }

// Unreachable says whether err means that no reply came from the server.
func Unreachable(err error) bool {
	var e *connectError
	return errors.As(err, &e)
}

// transient says whether the same read may succeed a little later.
func transient(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	var e *api.Error
	if errors.As(err, &e) {
		return e.Status == 429 || e.Status == 502 || e.Status == 503 || e.Status == 504
	}
	return Unreachable(err)
}

const longestWait = 10 * time.Second

// backoff is how long to wait after the try with this number failed: what the server
// says, otherwise 200 ms doubling to 10 s.
func backoff(attempt int, err error) time.Duration {
	var e *api.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		return e.RetryAfter
	}
	if attempt > 6 {
		return longestWait
	}
	return min(200*time.Millisecond<<attempt, longestWait)
}
