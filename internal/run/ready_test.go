package run_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/run"
)

// fakeDocker is a docker that knows one container, "c1" of the service "db", and what a
// folder says of it: state is "docker inspect" of State, ps what "docker ps" with other
// filters prints, exec is a script that plays "docker exec c1".
const fakeDocker = `#!/bin/sh
cd "$FAKE" || exit 99
case "$1 $2" in
"ps -a") echo c1 ;;
"ps --filter"*) cat ps ;;
"inspect --type") echo '[{"Id":"c1","Name":"/p-db-1","Image":"i1","Config":{"Image":"db:1","Labels":{"com.docker.compose.service":"db"}},'
	cat state 
	echo '}]' ;;
"image inspect") echo '[{"Id":"i1","RepoDigests":["db@sha256:1"]}]' ;;
"exec c1") shift 2; echo "$@" >>asked; exec sh ./exec "$@" ;;
"logs --tail") echo "last words" ;;
*) echo "fake docker: $*" >&2; exit 98 ;;
esac
`

const stateRunning = `"State":{"Status":"running","StartedAt":"2026-11-21T12:00:00Z"}`

// withDocker gives a target a docker of its own.
func (t *target) withDocker(files map[string]string) {
	t.tb.Helper()
	files["docker"] = fakeDocker
	for name, content := range files {
		t.fake(name, content)
	}
}

// fake changes a file of the docker, as one does that others read.
func (t *target) fake(name, content string) {
	t.tb.Helper()
	path := filepath.Join(t.fakeDir(), name)
	if err := os.WriteFile(path+".new", []byte(content), 0o700); err != nil {
		t.tb.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.tb.Fatal(err)
	}
}

func (t *target) fakeDir() string {
	t.tb.Helper()
	dir := t.file("services/fake")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.tb.Fatal(err)
	}
	return dir
}

// launchFake starts a script that finds the fake docker first.
func (t *target) launchFake(s run.Script) {
	t.tb.Helper()
	t.tb.Cleanup(func() {
		ctx, cancel := lateContext()
		defer cancel()
		if err := run.Kill(ctx, t.dir(s.ID)); err != nil {
			t.tb.Errorf("clean up: %v", err)
		}
	})
	data, err := json.Marshal(s)
	if err != nil {
		t.tb.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.tb.Fatal(err)
	}
	cmd := exec.CommandContext(t.tb.Context(), self, "run", "launch", "--root", t.root(), "--id", string(s.ID))
	// Of the environment only few variables reach the run: the path of the fake is in its text.
	t.fake("docker", strings.Replace(fakeDocker, `"$FAKE"`, "'"+t.fakeDir()+"'", 1))
	cmd.Env = append(os.Environ(), "PATH="+t.fakeDir()+":"+os.Getenv("PATH"))
	cmd.Stdin = strings.NewReader(string(data))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.tb.Fatalf("%v: %s", err, out)
	}
}

func readyWatch(limit time.Duration) run.Step {
	return run.Step{Name: "watch", Watch: &run.Watch{Project: "p", Limit: limit, Settle: time.Hour, Expect: []run.Expect{
		{Service: "db", Replicas: 1, Ready: []string{"ask", "the version"}}}}}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		state    string
		exec     string
		limit    time.Duration
		end      string
		reason   string   // part of it
		say      []string // all of the lines about attempts, in order; a "*" at the end stands for anything
		answer   string
		attempts int // at least
	}{
		{
			name: "answers at once, long before it has settled", exec: "echo '  version 17  '", end: run.StateFinished,
			say: []string{"db: answered at attempt 1, after *"}, answer: "version 17", attempts: 1,
		},
		{
			name:  "answers in the end, whatever its health check says",
			state: `"State":{"Status":"running","StartedAt":"2026-11-21T12:00:00Z","Health":{"Status":"unhealthy","Log":[{"Start":"1","ExitCode":1,"Output":"no"}]}}`,
			exec: `n=$(wc -l <asked)
[ "$n" -gt 6 ] && { echo no secret of ours >&2; printf '17.2\033[0m\n'; exit 0; }
[ "$n" -gt 4 ] && { echo "starting up, process $n" >&2; exit 2; }
echo out; echo "refused by process $n" >&2; exit 1`,
			end:    run.StateFinished,
			say:    []string{"db: attempt 1: exit 1: refused by process 1", "db: attempt 5: exit 2: starting up, process 5", "db: answered at attempt 7, after *"},
			answer: "17.2[0m", attempts: 7,
		},
		{
			name: "a long answer is cut", exec: "head -c 100000 /dev/zero | tr '\\0' x", end: run.StateFinished,
			say: []string{"db: answered at attempt 1, after *"}, answer: strings.Repeat("x", 4096), attempts: 1,
		},
		{
			name: "never answers", exec: "exit 3", limit: time.Second, end: run.StateFailed,
			reason: "not up within 1s: db (p-db-1) is running, but does not answer after ",
			say:    []string{"db: attempt 1: exit 3: no output"}, attempts: 3,
		},
		{
			name: "hangs", exec: "sleep 320", limit: 6 * time.Second, end: run.StateFailed, reason: "(the last one: no answer within 5s)",
			say: []string{"db: attempt 1: no answer within 5s"}, attempts: 1,
		},
		{
			name: "no such program", exec: `echo 'OCI runtime exec failed: exec: "ask": executable file not found in $PATH: unknown' >&2; exit 126`, end: run.StateFailed,
			reason: "db (p-db-1) cannot run its readiness command, so its image may be the wrong one: exit 126: OCI runtime exec failed",
			say:    []string{`db: attempt 1: exit 126: OCI runtime exec failed: exec: "ask": executable file not found in $PATH: unknown`}, attempts: 5,
		},
		{
			name: "ended", state: `"State":{"Status":"exited","ExitCode":3}`, exec: "exit 0", end: run.StateFailed, reason: "exited with code 3",
		},
		{
			name: "ended well", state: `"State":{"Status":"exited","ExitCode":0}`, exec: "exit 0", end: run.StateFailed,
			reason: "db (p-db-1) exited with code 0, although it is to keep running",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			if c.state == "" {
				c.state = stateRunning
			}
			if c.limit == 0 {
				c.limit = patience
			}
			target.withDocker(map[string]string{"state": c.state, "exec": c.exec})
			s := target.script(readyWatch(c.limit))
			target.launchFake(s)
			rec := target.follow(s.ID)
			if end := rec.end(); end.State != c.end || !strings.Contains(end.Reason, c.reason) {
				t.Errorf("%+v", end)
			}
			rec.assertSaid(c.say)
			if got := rec.fact().Answers["db"]; got != c.answer {
				t.Errorf("answer %q, want %q", got, c.answer)
			}
			if n := target.asked(); n < c.attempts || c.attempts == 0 && n > 0 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// TestReadinessOfTheSlow: one that does not answer in time gets more of it.
func TestReadinessOfTheSlow(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	target.withDocker(map[string]string{"state": stateRunning, "exec": "sleep 6; echo 17"})
	s := target.script(readyWatch(patience))
	target.launchFake(s)
	rec := target.follow(s.ID)
	if end := rec.end(); end.State != run.StateFinished || rec.fact().Answers["db"] != "17" {
		t.Errorf("%+v", end)
	}
	rec.assertSaid([]string{"db: attempt 1: no answer within 5s", "db: answered at attempt 2, after *"})
}

// asked is how often the fake docker was asked to run the readiness command.
func (t *target) asked() int {
	data, _ := os.ReadFile(filepath.Join(t.fakeDir(), "asked"))
	return strings.Count(string(data), "ask the version\n")
}

// assertSaid compares what was said of attempts.
func (r record) assertSaid(want []string) {
	r.tb.Helper()
	var got []string
	for _, f := range r.frames {
		if text := string(f.Data); f.Kind == run.FrameInfo && strings.Contains(text, "attempt") {
			got = append(got, text)
		}
	}
	for i, text := range got {
		if i < len(want) {
			if begin, open := strings.CutSuffix(want[i], "*"); text == begin || open && strings.HasPrefix(text, begin) {
				continue
			}
		}
		r.tb.Errorf("said %q", text)
	}
	if len(got) < len(want) {
		r.tb.Errorf("said only %q of %q", got, want)
	}
}

// TestReadinessOfEachStart: what answered before a restart says nothing of what comes
// after it, and a container that keeps restarting is at fault as any other.
func TestReadinessOfEachStart(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	target.withDocker(map[string]string{"state": stateRunning, "exec": "sleep 0.5; exit 1"})
	s := target.script(readyWatch(patience))
	target.launchFake(s)
	asked := filepath.Join(target.fakeDir(), "asked")
	until(t, "the first attempt", there(asked))
	target.fake("state", `"RestartCount":1,"State":{"Status":"restarting","ExitCode":2,"StartedAt":"2026-11-21T12:00:00Z"}`)
	until(t, "a restart", func() bool {
		frames, _ := read(strings.NewReader(string(target.spool(s.ID))), 0)
		return strings.Contains(record{t, frames}.text(run.FrameInfo, 1), "db: restarting")
	})
	target.fake("exec", "echo second")
	target.fake("state", `"RestartCount":2,"State":{"Status":"running","StartedAt":"2026-11-21T12:00:05Z"}`)
	rec := target.follow(s.ID)
	if end := rec.end(); end.State != run.StateFinished || rec.fact().Answers["db"] != "second" {
		t.Errorf("%+v, %q", end, rec.fact().Answers)
	}
	if said := rec.text(run.FrameInfo, 1); !strings.Contains(said, "db: answered at attempt 1,") {
		t.Errorf("said %q", said)
	}
}

func TestReadinessIsCancelled(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	target.withDocker(map[string]string{"state": stateRunning, "exec": `echo $$ >pid; exec sleep 321`})
	s := target.script(readyWatch(time.Hour))
	target.launchFake(s)
	pid := filepath.Join(target.fakeDir(), "pid")
	until(t, "the attempt", there(pid))
	began := time.Now()
	if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("took %s", took)
	}
	assertGone(t, pid)
	rec := target.follow(s.ID)
	if end := rec.end(); end.State != run.StateCancelled || !rec.fact().Looked {
		t.Errorf("%+v", end)
	}
	rec.assertSaid(nil)
}

// TestReadinessOfRealContainers asks a real one, in which the program is there or not.
func TestReadinessOfRealContainers(t *testing.T) {
	t.Parallel()
	needsDocker(t)
	const compose = "services:\n  db:\n    image: alpine:3\n    stop_grace_period: 0s\n    command: [\"sh\", \"-c\", \"sleep 1; touch /ok; exec sleep 600\"]\n"
	for _, c := range []struct {
		name, state, reason string
		ready               []string
	}{
		{"answers", run.StateFinished, "", []string{"sh", "-c", "[ -e /ok ] || { echo not yet >&2; exit 4; }; echo here I am"}},
		{"wrong image", run.StateFailed, "executable file not found", []string{"no-such-client"}},
		{"wrong image behind a shell", run.StateFailed, "no-such-client: not found", []string{"sh", "-c", "exec no-such-client"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rec := newTarget(t).up(compose, run.Watch{Limit: patience, Settle: time.Hour, Expect: []run.Expect{{Service: "db", Replicas: 1, Ready: c.ready}}})
			if end := rec.end(); end.State != c.state || !strings.Contains(end.Reason, c.reason) {
				t.Errorf("%+v", end)
			}
			if answer := rec.fact().Answers["db"]; c.state == run.StateFinished && answer != "here I am" {
				t.Errorf("answer %q", answer)
			}
			if said := rec.text(run.FrameInfo, 3); c.state == run.StateFinished && !strings.Contains(said, "db: attempt 1: exit 4: not yet") {
				t.Errorf("said %q", said)
			}
		})
	}
}

// TestReadinessOfACrashLoop: a database that ends over and over is at fault long before
// the limit of the watch.
func TestReadinessOfACrashLoop(t *testing.T) {
	t.Parallel()
	needsDocker(t)
	rec := newTarget(t).up("services:\n  db:\n    image: alpine:3\n    restart: unless-stopped\n    command: [\"sh\", \"-c\", \"echo bad configuration >&2; exit 1\"]\n",
		run.Watch{Limit: 10 * time.Minute, Expect: []run.Expect{{Service: "db", Replicas: 1, Ready: []string{"true"}}}})
	if end := rec.end(); end.State != run.StateFailed || !strings.Contains(end.Reason, "keeps restarting") {
		t.Errorf("%+v", end)
	}
	if said := rec.text(run.FrameStderr, 3); !strings.Contains(said, "bad configuration\n") {
		t.Errorf("its last words: %q", said)
	}
}
