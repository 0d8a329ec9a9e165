package run

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	httpInterval = 5 * time.Second
	httpTimeout  = 5 * time.Second
	httpRetries  = 10
	httpBody     = 1 << 20 // bytes of an answer that are looked at
)

// complete fills in what is left out.
func (h HTTP) complete() HTTP {
	set := func(to *time.Duration, otherwise time.Duration) {
		if *to <= 0 {
			*to = otherwise
		}
	}
	set(&h.Interval, httpInterval)
	set(&h.Timeout, httpTimeout)
	if h.Retries <= 0 {
		h.Retries = httpRetries
	}
	if h.Method == "" {
		h.Method = http.MethodGet
	}
	if h.Scheme == "" {
		h.Scheme = "http"
	}
	if !strings.HasPrefix(h.Path, "/") {
		h.Path = "/" + h.Path
	}
	return h
}

// String shows the request as a person reads it.
func (h *HTTP) String() string {
	c := h.complete()
	code := "200 to 399"
	if c.Code != 0 {
		code = strconv.Itoa(c.Code)
	}
	return fmt.Sprintf("%s %s://%s:%d%s, code %s, %d times every %s within %s after %s", c.Method, c.Scheme, c.Host, c.Port, c.Path, code,
		c.Retries, c.Interval, c.Timeout, c.Start)
}

// Patience is the longest that all attempts may take.
func (h *HTTP) Patience() time.Duration {
	c := h.complete()
	return c.Start + time.Duration(c.Retries+1)*(c.Interval+c.Timeout)
}

// request asks one start of a container until it answers as it should, or until all
// attempts are spent. Those within the start do not count, and come quickly.
func (a *asker) request(ctx context.Context, c inspection, h HTTP) {
	h = h.complete()
	began := time.Now()
	for n := 0; ; {
		counts := time.Since(began) >= h.Start
		got := h.try(ctx, c)
		if ctx.Err() != nil {
			return
		}
		if counts || got.failure == "" {
			n++
			got.number = n
		}
		select {
		case <-ctx.Done():
			return
		case a.results <- got:
		}
		wait := h.Interval
		if !counts {
			wait = min(wait, hurry(time.Since(a.began)), max(h.Start-time.Since(began), readyQuick))
		}
		if got.failure == "" || n >= h.Retries || pause(ctx, wait) != nil {
			return
		}
	}
}

// line tells of an attempt.
func (a attempt) line() string {
	status, what := "starting", a.failure
	switch {
	case a.failure == "":
		status, what = "healthy", a.answer
	case a.number == a.of:
		status = "unhealthy"
	}
	return fmt.Sprintf("Attempt %d of %d | Healthcheck status: %q | %s", a.number, a.of, status, what)
}

// try asks once. Answers that send elsewhere are not followed.
func (h HTTP) try(ctx context.Context, c inspection) attempt {
	got := attempt{container: c, code: -1, of: h.Retries}
	answer, err := h.ask(ctx, c)
	got.ended = time.Now()
	switch {
	case err == nil:
		got.code, got.answer = 0, answer
	case errors.Is(err, context.DeadlineExceeded):
		got.failure = fmt.Sprintf("no answer within %s", h.Timeout)
	default:
		got.failure = oneLine(err.Error())
	}
	return got
}

func (h HTTP) ask(ctx context.Context, c inspection) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	address := c.address(h.Network)
	if address == "" {
		return "", errors.New("the container has no address in its network")
	}
	to := url.URL{Scheme: h.Scheme, Host: net.JoinHostPort(address, strconv.Itoa(h.Port))}
	req, err := http.NewRequestWithContext(ctx, h.Method, to.String()+h.Path, http.NoBody)
	if err != nil {
		return "", err
	}
	req.Host = h.Host
	req.Header.Set("User-Agent", "taffrail-healthcheck")
	client := http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives: true,
			// Nobody vouches for an address, and between us and the container is nobody.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
		},
	}
	res, err := client.Do(req)
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	return res.Status, h.judge(res)
}

// judge says what is wrong with an answer.
func (h HTTP) judge(res *http.Response) error {
	switch {
	case h.Code != 0 && res.StatusCode != h.Code:
		return fmt.Errorf("the answer is %s, not %d", res.Status, h.Code)
	case h.Code == 0 && (res.StatusCode < 200 || res.StatusCode > 399):
		return fmt.Errorf("the answer is %s", res.Status)
	case h.Text == "":
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, httpBody))
	if err != nil {
		return err
	}
	if !strings.Contains(string(body), h.Text) {
		return fmt.Errorf("the answer is %s, but does not hold %q", res.Status, h.Text)
	}
	return nil
}

// address is that of the container in a network, or in the first that it is in. A
// container without networks of its own has those of this machine.
func (i inspection) address(network string) string {
	of := i.NetworkSettings.Networks
	for _, name := range append([]string{network}, slices.Sorted(maps.Keys(of))...) {
		if name == "host" {
			return "127.0.0.1"
		}
		if n := of[name]; n.IPAddress != "" || n.GlobalIPv6Address != "" {
			return firstOf(n.IPAddress, n.GlobalIPv6Address)
		}
	}
	return ""
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
