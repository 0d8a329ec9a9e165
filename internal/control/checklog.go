package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	maxCheckLog  = 64 << 10               // bytes kept of what a validation says: its end
	checkLogWait = 300 * time.Millisecond // between two writes to the database
)

// checkLog is what a validation says, written to the server's facts as it goes.
type checkLog struct {
	servers ServerStore
	server  core.Server
	now     func() time.Time

	mu      sync.Mutex // guards what follows: commands may write from goroutines of their own
	text    []byte
	written time.Time
}

func newCheckLog(servers ServerStore, s core.Server, now func() time.Time) *checkLog {
	return &checkLog{servers: servers, server: s, now: now}
}

// say adds a line of our own and shows it at once.
func (l *checkLog) say(ctx context.Context, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line(fmt.Sprintf(format, args...))
	l.show(ctx)
}

// writer takes the output of a command. It never fails: a validation goes on when its
// log cannot be shown for a moment, since the end is written in any case.
func (l *checkLog) writer(ctx context.Context) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.add(p)
		if l.now().Sub(l.written) >= checkLogWait {
			l.show(ctx)
		}
		return len(p), nil
	})
}

// end writes what was found, with the whole log.
func (l *checkLog) end(ctx context.Context, facts core.ServerFacts, fault error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if facts.Log != "" {
		l.line(facts.Log)
	}
	switch {
	case fault != nil:
		l.line(reason(fault))
	case facts.Usable:
		l.line("Server is ready: Docker " + facts.DockerVersion + ", Compose " + facts.ComposeVersion + ".")
	}
	facts.Log = l.shown()
	return l.servers.SetServerFacts(ctx, l.server.TeamID, l.server.RowID, facts)
}

// show writes the log so far; the other facts stay as they were until the end.
func (l *checkLog) show(ctx context.Context) {
	facts := l.server.Facts
	facts.Log = l.shown()
	_ = l.servers.SetServerFacts(ctx, l.server.TeamID, l.server.RowID, facts)
	l.written = l.now()
}

func (l *checkLog) line(text string) {
	if len(l.text) > 0 && l.text[len(l.text)-1] != '\n' {
		l.add([]byte("\n"))
	}
	l.add([]byte(strings.TrimRight(text, "\n") + "\n"))
}

func (l *checkLog) add(p []byte) {
	l.text = append(l.text, p...)
	if over := len(l.text) - maxCheckLog; over > 0 {
		l.text = append(l.text[:0], l.text[over:]...)
	}
}

// shown is the text as every database takes it.
func (l *checkLog) shown() string {
	return strings.ReplaceAll(strings.ToValidUTF8(string(l.text), "\uFFFD"), "\x00", "\uFFFD")
}

// reason is what a person is told of an error of a validation.
func reason(err error) string {
	var e *core.Error
	switch {
	case errors.As(err, &e):
		return e.Msg
	case errors.Is(err, context.DeadlineExceeded):
		return "The validation took too long and was given up."
	case errors.Is(err, context.Canceled):
		return "The validation was interrupted because the controller stopped. Start it again."
	default:
		return "The validation failed for a reason that is in the controller's own log."
	}
}

func address(s core.Server) string {
	if s.Local() {
		return "this machine"
	}
	return s.User + "@" + net.JoinHostPort(s.IP, strconv.Itoa(s.Port))
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
