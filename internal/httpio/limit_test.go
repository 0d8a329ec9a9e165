package httpio_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/httpio"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	l := httpio.NewLimiter(3, func() time.Time { return now })
	take := func(caller string) (*httptest.ResponseRecorder, error) {
		rec := httptest.NewRecorder()
		return rec, l.Take(rec, caller)
	}
	for i := range 3 {
		rec, err := take("a")
		if err != nil || rec.Header().Get("X-RateLimit-Remaining") != fmt.Sprint(2-i) {
			t.Fatalf("request %d: %v %v", i, err, rec.Header())
		}
	}
	_, err := take("a")
	var e *httpio.Refusal
	if !errors.As(err, &e) || e.Body.Status != 429 || e.Header.Get("Retry-After") != "61" {
		t.Fatalf("over the limit: %v %+v", err, e)
	}
	if _, err := take("b"); err != nil {
		t.Errorf("another caller: %v", err)
	}
	now = now.Add(time.Minute)
	if _, err := take("a"); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

func TestLimiterForgets(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	l := httpio.NewLimiter(1, func() time.Time { return now })
	for i := range 250_000 {
		if err := l.Take(httptest.NewRecorder(), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
}
