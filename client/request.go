package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/taffrail/taffrail/api"
)

const (
	requestTimeout = 60 * time.Second
	maxReply       = 64 << 20
)

// WaitFunc waits for d or until ctx is over, whose error it then returns.
type WaitFunc func(ctx context.Context, d time.Duration) error

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// call is one request to be made.
type call struct {
	method string
	path   string // below /api/v1, escaped
	query  url.Values
	body   any // nil: none
	out    any // *string takes the text as it is; nil throws the reply away
	header *http.Header
}

// do sends c's call and decodes the reply. Only GET is tried again.
func (c *Client) do(ctx context.Context, r call) error {
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
	}
	for attempt := 0; ; attempt++ {
		err := c.once(ctx, r, body)
		if err == nil || r.method != http.MethodGet || attempt >= c.retries || !transient(err) {
			return err
		}
		if werr := c.waitFunc(ctx, backoff(attempt, err)); werr != nil {
			return err
		}
	}
}

func (c *Client) once(ctx context.Context, r call, body []byte) error {
	ctx, cancel := context.WithTimeoutCause(ctx, requestTimeout, errors.New("the server did not answer in time"))
	defer cancel()
	resp, err := c.send(ctx, r, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if r.header != nil {
		*r.header = resp.Header
	}
	return decode(resp, r)
}

// send makes the request and turns a reply that is no success into an *api.Error.
func (c *Client) send(ctx context.Context, r call, body []byte) (*http.Response, error) {
	target := c.base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, &connectError{target: c.base, err: err}
	}
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		return nil, refusal(resp)
	}
	return resp, nil
}

func decode(resp *http.Response, r call) error {
	if r.out == nil {
		_, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxReply))
		return err
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return &connectError{target: r.path, err: err}
	}
	if text, ok := r.out.(*string); ok {
		*text = string(data)
		return nil
	}
	if err := json.Unmarshal(data, r.out); err != nil {
		return fmt.Errorf("the reply to %s %s is not what this client understands (is it a Taffrail server?): %w", r.method, r.path, err)
	}
	return nil
}

// refusal reads the error of a reply, whatever made it: a proxy in between may answer
// with text or HTML.
func refusal(resp *http.Response) *api.Error {
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	e := &api.Error{}
	if json.Unmarshal(data, e) != nil || (e.Message == "" && e.Detail == "") {
		*e = api.Error{Message: plainMessage(resp, data)}
	}
	if e.Message == "" {
		e.Message, e.Detail = e.Detail, ""
	}
	e.Status = resp.StatusCode
	e.Code = codeOf(resp.StatusCode)
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}

func plainMessage(resp *http.Response, data []byte) string {
	text := strings.TrimSpace(string(data))
	if text == "" || strings.HasPrefix(text, "<") || len(text) > 300 {
		return "The server answered " + resp.Status + "."
	}
	return text
}

// codeOf is the way back from the server's table of errors.
func codeOf(status int) api.Code {
	table := map[int]api.Code{
		http.StatusBadRequest:          api.CodeBadRequest,
		http.StatusUnauthorized:        api.CodeUnauthenticated,
		http.StatusForbidden:           api.CodeForbidden,
		http.StatusNotFound:            api.CodeNotFound,
		http.StatusConflict:            api.CodeConflict,
		http.StatusUnprocessableEntity: api.CodeInvalid,
		http.StatusTooManyRequests:     api.CodeTooMany,
		http.StatusBadGateway:          api.CodeUnavailable,
		http.StatusServiceUnavailable:  api.CodeUnavailable,
		http.StatusGatewayTimeout:      api.CodeUnavailable,
	}
	if code, ok := table[status]; ok {
		return code
	}
	if status >= 500 {
		return api.CodeInternal
	}
	return api.CodeBadRequest
}
