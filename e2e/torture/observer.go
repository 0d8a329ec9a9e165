package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/taffrail/taffrail/api"
)

// journal is all that one observer has ever been shown of a log.
type journal struct {
	name     string
	complain func(format string, args ...any)

	mu      sync.Mutex // guards what follows
	lines   map[int64]string
	last    int64
	printed int  // lines of the commands themselves
	ended   bool // it was told so
	streams int  // connections
}

func newJournal(name string, complain func(string, ...any)) *journal {
	return &journal{name: name, lines: map[int64]string{}, complain: complain}
}

// fingerprintOf is all of a line that must never change.
func fingerprintOf(l api.LogLine) string {
	return fingerprint(fmt.Sprint(l.Type, l.Step, l.Continued, l.Hidden, l.Timestamp.UnixMicro(), "\x00", l.Output))
}

// see takes a line in. A well-behaved reader is shown each line once and in order, on the
// wire: it is no excuse that it could sort them out itself.
func (j *journal) see(l api.LogLine) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.ended:
		j.complain("%s: line %d after the end", j.name, l.Order)
	case l.Order <= j.last:
		j.complain("%s: line %d is repeated on the wire, behind line %d", j.name, l.Order, j.last)
	case l.Order > j.last+1:
		j.complain("%s: a hole on the wire: line %d behind line %d", j.name, l.Order, j.last)
	}
	print := fingerprintOf(l)
	if old, known := j.lines[l.Order]; known && old != print {
		j.complain("%s: line %d has changed", j.name, l.Order)
	}
	j.lines[l.Order] = print
	j.last = max(j.last, l.Order)
	if (l.Type == stdout || l.Type == stderr) && !l.Continued {
		j.printed++
	}
}

func (j *journal) state() (last int64, printed int, ended bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last, j.printed, j.ended
}

// end notes that the stream said that it is over.
func (j *journal) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ended = true
}

// manner is how a reader of a stream behaves.
type manner struct {
	name  string
	lag   time.Duration // behind every 40th line
	leave time.Duration // it reconnects after so long; 0: never
}

func manners() []manner {
	return []manner{{name: "fast stream"}, {name: "slow stream", lag: 20 * time.Millisecond}, {name: "restless stream", leave: 2 * time.Second}}
}

// watch reads the stream of a deployment over as many connections as it takes.
func (j *journal) watch(ctx context.Context, deployment, token string, m manner) {
	for ctx.Err() == nil {
		_ = j.connection(ctx, deployment, token, m)
		if _, _, ended := j.state(); ended || pause(ctx, 30*time.Millisecond) != nil {
			return
		}
	}
}

func (j *journal) connection(ctx context.Context, deployment, token string, m manner) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if m.leave > 0 {
		defer time.AfterFunc(m.leave, cancel).Stop()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+browserAddress+"/api/v1/deployments/"+deployment+"/log/stream?hidden=true", nil)
	if err != nil {
		return err
	}
	last, _, _ := j.state()
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Last-Event-ID", strconv.FormatInt(last, 10))
	// A connection of its own: it may be cut, and that is nothing for others.
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", resp.Status)
	}
	j.mu.Lock()
	j.streams++
	j.mu.Unlock()
	return j.events(ctx, resp, m)
}

// events reads server-sent events: fields, and a blank line behind each event.
func (j *journal) events(ctx context.Context, resp *http.Response, m manner) error {
	in := bufio.NewReaderSize(resp.Body, 256<<10)
	event, id, data := "", "", []byte(nil)
	count := 0
	for {
		text, err := in.ReadBytes('\n')
		if err != nil {
			return err // half an event is none
		}
		name, value, _ := bytes.Cut(bytes.TrimSuffix(text, []byte("\n")), []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch {
		case len(text) == 1:
			if err := j.take(event, id, data); err != nil {
				return err
			}
			if event == api.EventEnd {
				return nil
			}
			event, id, data = "", "", nil
			if count++; m.lag > 0 && count%40 == 0 {
				if err := pause(ctx, m.lag); err != nil {
					return err
				}
			}
		case string(name) == "event":
			event = string(value)
		case string(name) == "id":
			id = string(value)
		case string(name) == "data":
			data = append(data, value...)
		}
	}
}

func (j *journal) take(event, id string, data []byte) error {
	switch event {
	case api.EventLine:
		var l api.LogLine
		if err := json.Unmarshal(data, &l); err != nil {
			j.complain("%s: an event is no line: %v", j.name, err)
			return err
		}
		if id != strconv.FormatInt(l.Order, 10) {
			j.complain("%s: the event of line %d has id %q", j.name, l.Order, id)
		}
		j.see(l)
	case api.EventEnd:
		var s api.StreamStatus
		if err := json.Unmarshal(data, &s); err != nil || !s.Status.Terminal() {
			j.complain("%s: the end of the stream says %s", j.name, data)
		}
		j.end()
	}
	return nil
}

// page reads the log by cursor, page for page, until the deployment has ended.
func (j *journal) page(ctx context.Context, a *arena, deployment string) {
	for ctx.Err() == nil {
		last, _, _ := j.state()
		p, err := a.api.GetLog(ctx, deployment, last, 700, true)
		for _, l := range p.Lines {
			j.see(l)
		}
		if err == nil && !p.More && p.Status.Terminal() {
			j.end()
			return
		}
		if err != nil || !p.More {
			_ = pause(ctx, 200*time.Millisecond)
		}
	}
}
