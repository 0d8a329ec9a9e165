package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	dockerWait  = 15 * time.Second // for an answer to one question
	dockerLimit = 64 << 20         // bytes of an answer
	logTail     = "20"             // lines of a container at fault
	logLimit    = 256 << 10        // bytes of them
	mostGuilty  = 5                // containers whose last lines are shown
)

// watcher carries out a Watch.
type watcher struct {
	*executor
	number int
	judge  *judge
	asker  *asker
	mute   bool // docker's silence was said already
}

// watch looks at the containers until all is well, something is at fault, or the
// limit is over. However it ends, what was seen last is written as a fact.
func (e *executor) watch(ctx context.Context, number int, w Watch) error {
	if w.Limit <= 0 {
		w.Limit = longWatch
	}
	began := time.Now()
	t := &watcher{executor: e, number: number, judge: newJudge(w)}
	t.asker = newAsker(t)
	defer t.asker.stop()
	var found []inspection
	v := verdict{Waiting: []string{"Docker has not answered"}}
	for {
		next, err := t.inspect(ctx, w.Project)
		if err == nil {
			t.asker.ask(ctx, next)
			found, v = next, t.judge.look(next, time.Now())
			t.say(ctx, v)
		} else if ctx.Err() == nil {
			t.complain(ctx, err)
		}
		over := time.Since(began) >= w.Limit
		if len(v.Faults) > 0 || len(v.Waiting) == 0 || over {
			break
		}
		if t.asker.wait(ctx, pollPause(time.Since(began))) != nil {
			break
		}
	}
	t.asker.stop()
	t.fact(ctx, found)
	return t.result(ctx, v, found)
}

// pollPause looks often at first, since most stacks are up soon, and less so later.
func pollPause(since time.Duration) time.Duration {
	switch {
	case since < 10*time.Second:
		return 200 * time.Millisecond
	case since < time.Minute:
		return 500 * time.Millisecond
	}
	return time.Second
}

func (t *watcher) say(ctx context.Context, v verdict) {
	t.mute = false
	for _, note := range v.Notes {
		t.info(ctx, t.number, note)
	}
	for _, warning := range v.Warnings {
		t.warn(ctx, t.number, warning)
	}
}

// complain says once that Docker does not answer; it may be restarting.
func (t *watcher) complain(ctx context.Context, err error) {
	if !t.mute {
		t.warn(ctx, t.number, "Docker cannot be asked, trying again: "+err.Error())
	}
	t.mute = true
}

func (t *watcher) result(ctx context.Context, v verdict, found []inspection) error {
	switch {
	case len(v.Faults) > 0:
		t.showLogs(ctx, v.Guilty)
		return errors.New(strings.Join(v.Faults, "; "))
	case len(v.Waiting) == 0:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	t.showLogs(ctx, t.judge.notReady(found))
	return fmt.Errorf("not up within %s: %s", t.judge.watch.Limit, strings.Join(v.Waiting, "; "))
}

// settled says of a container that a watch has waited for that it was not the reason.
func (j *judge) settled(c inspection, e Expect) bool {
	if r := j.ready[c.ID]; e.asks(c) {
		return r != nil && r.ok
	}
	return c.health() == "healthy"
}

// notReady are the containers whose last lines may say why a watch took too long.
func (j *judge) notReady(found []inspection) []inspection {
	var out []inspection
	for _, c := range found {
		if e, ok := j.expect[c.service()]; ok && !j.stop && !e.Ignore && e.Replicas > 0 && !j.settled(c, e) {
			out = append(out, c)
		}
	}
	return out
}

func (t *watcher) inspect(ctx context.Context, project string) ([]inspection, error) {
	list, err := t.docker(ctx, ListArgv(project))
	if err != nil {
		return nil, err
	}
	ids := strings.Fields(string(list))
	if len(ids) == 0 {
		return nil, nil
	}
	data, err := t.docker(ctx, InspectArgv(ids))
	if err != nil && !bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		return nil, err
	}
	return parseInspections(data)
}

// fact writes what was seen last, also when the run was cancelled.
func (t *watcher) fact(ctx context.Context, found []inspection) {
	ctx = context.WithoutCancel(ctx)
	var images []byte
	if len(found) > 0 {
		images, _ = t.docker(ctx, imagesArgv(found)) // prints those it knows, even when it fails
	}
	fact := Fact{Containers: containers(found, images), Looked: true, Answers: t.asker.known()}
	for n := len(fact.Containers); ; n = n * 3 / 4 {
		fact.Containers = fact.Containers[:n]
		if data, err := json.Marshal(fact); err == nil && len(data) <= MaxPayload {
			break
		}
	}
	if left := len(found) - len(fact.Containers); left > 0 {
		t.warn(ctx, t.number, fmt.Sprintf("%d more containers are not in the record.", left))
	}
	t.write(ctx, t.number, FrameFact, fact)
	t.watched = t.judge.watch.Project
}

// showLogs writes the last lines of containers as the step's standard error.
func (t *watcher) showLogs(ctx context.Context, guilty []inspection) {
	for i, c := range guilty {
		if i == mostGuilty {
			return
		}
		cmd := t.command(ctx, []string{"docker", "logs", "--tail", logTail, "--", c.ID})
		var out tailBuffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		if len(out.data) == 0 {
			t.info(ctx, t.number, fmt.Sprintf("%s has written no log.", c.label()))
			continue
		}
		t.info(ctx, t.number, fmt.Sprintf("Last lines of %s:", c.label()))
		if err == nil && out.data[len(out.data)-1] != '\n' {
			out.data = append(out.data, '\n')
		}
		t.text(ctx, t.number, FrameStderr, out.data)
	}
}

// tailBuffer keeps the last bytes written to it.
type tailBuffer struct{ data []byte }

func (b *tailBuffer) Write(p []byte) (int, error) {
	b.data = append(b.data, p...)
	if len(b.data) > 2*logLimit {
		b.data = append(b.data[:0], b.data[len(b.data)-logLimit:]...)
	}
	return len(p), nil
}

// docker asks docker one thing. What it printed is returned also with an error.
func (t *watcher) docker(ctx context.Context, argv []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, dockerWait)
	defer cancel()
	cmd := t.command(ctx, argv)
	var out, errOut tailBuffer
	cmd.Stdout, cmd.Stderr = &limited{Buffer: &bytes.Buffer{}}, &errOut
	err := cmd.Run()
	out.data = cmd.Stdout.(*limited).Bytes()
	if err != nil {
		return out.data, fmt.Errorf("%s: %w: %s", strings.Join(argv[:2], " "), err, oneLine(string(errOut.data)))
	}
	return out.data, nil
}

// limited refuses more than any answer should be.
type limited struct{ *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > dockerLimit {
		return 0, errors.New("the answer is too long")
	}
	return l.Buffer.Write(p)
}

// command makes a helper of the watch, in a group of its own and with the cookie.
func (t *watcher) command(ctx context.Context, argv []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), cookieName+"="+t.folder.id())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = time.Second
	return cmd
}
