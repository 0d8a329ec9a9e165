package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/taffrail/taffrail/api"
)

// errStop carries an error of the caller's function out of the stream.
type errStop struct{ err error }

func (e *errStop) Error() string { return e.err.Error() }

// Follow calls fn with every line after the given order, once and in order, until the
// deployment has ended, and returns it as it ended. It survives lost connections and
// restarts of the server: it goes on after the last line that fn took, for as long as ctx
// lasts. An error of fn, or of the server (no such deployment, token revoked), ends it.
func (c *Client) Follow(ctx context.Context, uuid string, after int64, fn func(api.LogLine) error) (api.Deployment, error) {
	f := follower{client: c, uuid: uuid, after: after, fn: fn}
	for attempt := 0; ; attempt++ {
		before := f.after
		err := f.stream(ctx)
		if err == nil {
			return c.final(ctx, uuid)
		}
		var stop *errStop
		if errors.As(err, &stop) {
			return api.Deployment{}, stop.err
		}
		if ctx.Err() != nil {
			return api.Deployment{}, context.Cause(ctx)
		}
		if !resumable(err) {
			return api.Deployment{}, err
		}
		if f.after > before {
			attempt = 0
		}
		if werr := c.waitFunc(ctx, backoff(attempt, err)); werr != nil {
			return api.Deployment{}, werr
		}
	}
}

// final reads the ended deployment, through outages for as long as ctx lasts.
func (c *Client) final(ctx context.Context, uuid string) (api.Deployment, error) {
	for attempt := 0; ; attempt++ {
		d, err := c.GetDeployment(ctx, uuid)
		if err == nil || !resumable(err) || ctx.Err() != nil {
			return d, err
		}
		if werr := c.waitFunc(ctx, backoff(attempt, err)); werr != nil {
			return d, err
		}
	}
}

// errCut says that a stream ended before the deployment did.
var errCut = errors.New("the log stream was cut")

func resumable(err error) bool {
	var e *api.Error
	if errors.As(err, &e) {
		return e.Status == http.StatusTooManyRequests || e.Status >= 500
	}
	return errors.Is(err, errCut) || Unreachable(err)
}

type follower struct {
	client *Client
	uuid   string
	after  int64 // order of the last line that fn took
	fn     func(api.LogLine) error
}

// stream reads one connection; nil means that the deployment has ended and every line
// was given to fn.
func (f *follower) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silence := time.AfterFunc(f.client.heartbeat, cancel)
	defer silence.Stop()
	query := url.Values{"after": {strconv.FormatInt(f.after, 10)}, "hidden": {"true"}}
	resp, err := f.client.send(ctx, call{method: http.MethodGet, path: "/deployments/" + esc(f.uuid) + "/log/stream", query: query}, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	events := newEventReader(alive{resp.Body, func() { silence.Reset(f.client.heartbeat) }})
	for {
		e, err := events.next()
		if err != nil {
			return fmt.Errorf("%w: %w", errCut, err)
		}
		done, err := f.take(ctx, e)
		if done || err != nil {
			return err
		}
	}
}

func (f *follower) take(ctx context.Context, e event) (bool, error) {
	switch e.name {
	case api.EventLine:
		var line api.LogLine
		if err := json.Unmarshal(e.data, &line); err != nil {
			return false, fmt.Errorf("the log stream sent a line that this client does not understand: %w", err)
		}
		return false, f.line(ctx, line)
	case api.EventEnd:
		return true, f.rest(ctx)
	}
	return false, nil
}

// line hands one line on. Known ones are dropped; a hole is filled by reading the log.
func (f *follower) line(ctx context.Context, line api.LogLine) error {
	if line.Order <= f.after {
		return nil
	}
	if line.Order > f.after+1 {
		return f.rest(ctx)
	}
	if err := f.fn(line); err != nil {
		return &errStop{err}
	}
	f.after = line.Order
	return nil
}

// rest reads everything that is there now by cursor. At the end of a stream it is a
// single empty read that proves nothing is missing.
func (f *follower) rest(ctx context.Context) error {
	for {
		page, err := f.client.GetLog(ctx, f.uuid, f.after, 1000, true)
		if err != nil {
			return err
		}
		for _, line := range page.Lines {
			if line.Order <= f.after {
				continue
			}
			// A hole in the store itself (retention) is no reason to stop.
			f.after = line.Order - 1
			if err := f.line(ctx, line); err != nil {
				return err
			}
		}
		if !page.More {
			return nil
		}
	}
}

// alive calls heard whenever something arrives.
type alive struct {
	r     io.Reader
	heard func()
}

func (a alive) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if n > 0 {
		a.heard()
	}
	return n, err
}

// event is one server-sent event.
type event struct {
	name string
	id   string
	data []byte
}

type eventReader struct{ in *bufio.Reader }

func newEventReader(r io.Reader) *eventReader { return &eventReader{bufio.NewReaderSize(r, 64<<10)} }
