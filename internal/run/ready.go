package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"strings"
	"sync"
	"time"
	"unicode"
)

const (
	readyTimeout = 5 * time.Second        // of the first attempt
	readyLongest = time.Minute            // of one attempt
	readyQuick   = 100 * time.Millisecond // between attempts at first
	readyHaste   = 3 * time.Second        // for so long
	answerLimit  = 4 << 10                // bytes of an answer that is kept
	answersLimit = 24 << 10               // of all together
	mostFailures = 20                     // different ones of a container that are said
)

// An image without the program that a readiness command is about is at fault only when
// it was not found so often over so long a time: a container that is just being started
// or ended gives the same exit codes.
const (
	lostLimit    = 5
	lostPatience = 2 * time.Second
)

// readiness is what the attempts at one start of a container came to.
type readiness struct {
	started  time.Time // of the container
	attempts int
	ok       bool
	failure  string    // of the last attempt
	lost     int       // attempts in a row in which there was no such program
	since    time.Time // when the first of them ended
	spent    int       // attempts that count, of most; 0 of 0 for commands
	most     int
}

// attempt is one run of a readiness command.
type attempt struct {
	container inspection
	code      int // -1: it did not end by itself
	failure   string
	answer    string
	ended     time.Time
	number    int  // of a request; 0 of one that does not count
	late      bool // it was given up
	of        int  // how many there are; 0: it is a command
}

// take adds an attempt to what is known.
func (r *readiness) take(a attempt) {
	r.attempts++
	r.ok, r.failure = a.failure == "", a.failure
	r.spent, r.most = a.number, a.of
	if a.code != 126 && a.code != 127 && !strings.Contains(a.failure, "executable file not found") {
		r.lost = 0
		return
	}
	if r.lost++; r.lost == 1 {
		r.since = a.ended
	}
}

// broken says whether further attempts are of no use.
func (r *readiness) broken(now time.Time) bool {
	return r.unhealthy() || r.lost >= lostLimit && now.Sub(r.since) >= lostPatience
}

// unhealthy says whether all requests that there may be have failed.
func (r *readiness) unhealthy() bool { return !r.ok && r.most > 0 && r.spent >= r.most }

// stays says whether a container of the service must not end at all.
func (e Expect) stays() bool {
	return (e.Stays || len(e.Ready) > 0 || e.HTTP != nil) && !e.OneShot && !e.Ignore && e.Replicas > 0
}

// asks says whether a container counts as up only when it has answered.
func (e Expect) asks(c inspection) bool {
	return e.stays() && (len(e.Ready) > 0 || e.HTTP != nil && c.health() == "")
}

// asker runs readiness commands, one at a time in each container. Its maps belong to
// the watch's own goroutine; those that wait for commands only send to results.
type asker struct {
	*watcher
	began    time.Time
	results  chan attempt
	stops    map[string]context.CancelFunc // by container id
	failures map[string]map[string]bool    // said, by container id
	answers  map[string]string             // last ones, by service
	running  sync.WaitGroup
}

func newAsker(t *watcher) *asker {
	return &asker{
		watcher: t, began: time.Now(), results: make(chan attempt),
		stops: map[string]context.CancelFunc{}, failures: map[string]map[string]bool{}, answers: map[string]string{},
	}
}

// ask sees to it that every container that has to answer is asked, as long as it runs.
func (a *asker) ask(ctx context.Context, found []inspection) {
	current := map[string]bool{}
	for _, c := range found {
		e := a.judge.expect[c.service()]
		if !e.asks(c) || c.State.Status != "running" {
			continue
		}
		current[c.ID] = true
		r := a.judge.ready[c.ID]
		if r != nil && r.started.Equal(c.State.StartedAt) {
			continue
		}
		a.forget(c.ID)
		a.judge.ready[c.ID] = &readiness{started: c.State.StartedAt}
		own, stop := context.WithCancel(ctx)
		a.stops[c.ID] = stop
		a.running.Go(func() {
			if len(e.Ready) > 0 {
				a.repeat(own, c, e.Ready)
			} else {
				a.request(own, c, *e.HTTP)
			}
		})
	}
	for id := range maps.Clone(a.stops) {
		if !current[id] {
			a.forget(id)
			delete(a.judge.ready, id)
		}
	}
}

func (a *asker) forget(id string) {
	if stop := a.stops[id]; stop != nil {
		stop()
	}
	delete(a.stops, id)
}

// stop ends what is under way.
func (a *asker) stop() {
	for id := range maps.Clone(a.stops) {
		a.forget(id)
	}
	a.running.Wait()
}

// repeat asks one start of a container until it answers. Docker does not end a command
// whose client is gone: a server that is too busy for one in the time that it has gets
// more time, and not one more command that it is busy with.
func (a *asker) repeat(ctx context.Context, c inspection, argv []string) {
	for limit := readyTimeout; ; {
		got := a.try(ctx, c, argv, limit)
		if got.late {
			limit = min(2*limit, readyLongest)
		}
		if ctx.Err() != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case a.results <- got:
		}
		if got.failure == "" || pause(ctx, hurry(time.Since(a.began))) != nil {
			return
		}
	}
}

// hurry is the pause between attempts that cost nothing.
func hurry(since time.Duration) time.Duration {
	if since < readyHaste {
		return readyQuick
	}
	return pollPause(since)
}

// try runs the command once.
func (a *asker) try(ctx context.Context, c inspection, argv []string, limit time.Duration) attempt {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := a.command(ctx, append([]string{"docker", "exec", c.ID}, argv...))
	var out, errOut tailBuffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	got := attempt{container: c, code: -1, ended: time.Now()}
	var exited *exec.ExitError
	switch {
	case err == nil:
		got.code, got.answer = 0, plain(string(out.data[:min(len(out.data), answerLimit)]))
	case ctx.Err() != nil:
		got.late, got.failure = true, fmt.Sprintf("no answer within %s", limit)
	case errors.As(err, &exited) && exited.ExitCode() >= 0:
		got.code = exited.ExitCode()
		got.failure = fmt.Sprintf("exit %d: %s", got.code, lastLine(errOut.data, out.data))
	default:
		got.failure = err.Error()
	}
	return got
}

// wait lets some time pass, less when a container has answered meanwhile or never will.
func (a *asker) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return nil
		case got := <-a.results:
			if r := a.take(ctx, got); r != nil && (r.ok || r.broken(time.Now())) {
				return nil
			}
		}
	}
}

// take remembers how an attempt went and says what is new about it.
func (a *asker) take(ctx context.Context, got attempt) *readiness {
	c := got.container
	r := a.judge.ready[c.ID]
	if r == nil || !r.started.Equal(c.State.StartedAt) {
		return nil
	}
	r.take(got)
	if r.ok {
		a.answers[c.service()] = got.answer
	}
	switch {
	case got.number > 0:
		a.info(ctx, a.number, a.name(c)+": "+got.line())
		return r
	case r.ok:
		a.info(ctx, a.number, fmt.Sprintf("%s: answered at attempt %d, after %.1f s", a.name(c), r.attempts, time.Since(a.began).Seconds()))
		return r
	}
	said := a.failures[c.ID]
	if said == nil {
		said = map[string]bool{}
		a.failures[c.ID] = said
	}
	// The same failure may name another process or moment each time.
	kind := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, got.failure)
	if !said[kind] && len(said) < mostFailures {
		said[kind] = true
		a.info(ctx, a.number, fmt.Sprintf("%s: attempt %d: %s", a.name(c), r.attempts, got.failure))
	}
	return r
}

// name is the shortest by which a container is known in this watch.
func (a *asker) name(c inspection) string {
	if a.judge.expect[c.service()].Replicas > 1 {
		return c.label()
	}
	return c.service()
}

// known are the answers as far as a fact has room for them.
func (a *asker) known() map[string]string {
	if len(a.answers) == 0 {
		return nil
	}
	limit := min(answerLimit, answersLimit/len(a.answers))
	out := map[string]string{}
	for service, answer := range a.answers {
		out[service] = strings.ToValidUTF8(answer[:min(len(answer), limit)], "")
	}
	return out
}

// plain is text without what a terminal would act on.
func plain(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "")))
}

// lastLine is the last line of the first text that holds anything.
func lastLine(texts ...[]byte) string {
	for _, text := range texts {
		if lines := strings.Split(plain(string(text)), "\n"); lines[len(lines)-1] != "" {
			return oneLine(lines[len(lines)-1])
		}
	}
	return oneLine("")
}
