package run_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// needsDocker skips a test where there is no Docker to try it with.
func needsDocker(tb testing.TB) {
	tb.Helper()
	if os.Getenv("TAFFRAIL_LAB") != "" {
		return
	}
	if os.Getenv("CI") == "true" {
		tb.Fatal("TAFFRAIL_LAB is not set")
	}
	tb.Skip("needs Docker and the lab's images: lab/up.sh test, then TAFFRAIL_LAB from lab/up.sh env")
}

// up is a run that starts a compose text and watches it. It is taken down after the test.
func (t *target) up(compose string, w run.Watch) record {
	t.tb.Helper()
	id := core.NewID()
	w.Project = string(id)
	down := t.script(sh("down", `docker compose -p "$1" down -v -t 0 --remove-orphans`, w.Project))
	s := run.Script{ID: id, Dir: t.work(), Steps: []run.Step{
		files(run.File{Path: "docker-compose.yml", Content: compose}),
		{Name: "up", Argv: []string{"docker", "compose", "-p", w.Project, "up", "-d"}, Timeout: time.Minute},
		{Name: "watch", Title: "Waiting for the containers.", Watch: &w},
	}}
	t.tb.Cleanup(func() {
		if end := t.carryOutLate(down).end(); end.State != run.StateFinished {
			t.tb.Errorf("clean up: %+v", end)
		}
	})
	return t.carryOut(s)
}

// carryOutLate is carryOut for when the test's own context is over.
func (t *target) carryOutLate(s run.Script) record {
	self, err := os.Executable()
	if err != nil {
		t.tb.Fatal(err)
	}
	ctx, cancel := lateContext()
	defer cancel()
	if _, err := run.Launch(ctx, t.root(), s, self); err != nil {
		t.tb.Fatal(err)
	}
	return t.followWith(ctx, s.ID)
}

func (r record) fact() run.Fact {
	r.tb.Helper()
	var fact run.Fact
	if err := json.Unmarshal([]byte(r.text(run.FrameFact, 0)), &fact); err != nil {
		r.tb.Fatalf("fact: %v", err)
	}
	return fact
}

func TestWatchOfRealContainers(t *testing.T) {
	t.Parallel()
	needsDocker(t)
	const base = "    image: alpine:3\n    stop_grace_period: 0s\n"
	for _, c := range []struct {
		name    string
		compose string
		watch   run.Watch
		state   string
		say     []string // parts of infos and warnings
		reason  string
		stderr  string
	}{
		{
			name: "healthy, one-shot and plain",
			compose: "services:\n  web:\n" + base + `    command: ["sh", "-c", "sleep 0.5; touch /ok; exec sleep 600"]
    healthcheck: {test: ["CMD", "test", "-e", "/ok"], interval: 1s, retries: 20}
  job:
` + base + "    command: [\"true\"]\n  plain:\n" + base + "    command: [sleep, \"600\"]\n",
			watch: run.Watch{Expect: []run.Expect{
				{Service: "web", Replicas: 1}, {Service: "job", Replicas: 1, OneShot: true}, {Service: "plain", Replicas: 1},
			}, Settle: time.Second, Limit: patience},
			state: run.StateFinished,
			say:   []string{"web: running, health starting", "web: healthy after", "job: exited with code 0"},
		},
		{
			name:    "fails",
			compose: "services:\n  web:\n" + base + `    command: ["sh", "-c", "echo why >&2; exit 23"]` + "\n",
			watch:   run.Watch{Expect: []run.Expect{{Service: "web", Replicas: 1}}, Settle: 2 * time.Second, Limit: patience},
			state:   run.StateFailed, reason: "-web-1) exited with code 23", stderr: "why\n",
		},
		{
			name: "unhealthy",
			compose: "services:\n  web:\n" + base + `    command: ["sh", "-c", "echo going nowhere; exec sleep 600"]
    healthcheck: {test: ["CMD-SHELL", "echo not there; exit 1"], interval: 1s, retries: 1}
`,
			watch: run.Watch{Expect: []run.Expect{{Service: "web", Replicas: 1}}, Limit: patience},
			state: run.StateFailed, reason: "is unhealthy (last check: code 1, not there)", stderr: "going nowhere\n",
			say: []string{"web: health check failed with code 1: not there"},
		},
		{
			name: "too slow",
			compose: "services:\n  web:\n" + base + `    command: [sleep, "600"]
    healthcheck: {test: ["CMD", "false"], interval: 60s}
`,
			watch: run.Watch{Expect: []run.Expect{{Service: "web", Replicas: 1}}, Limit: 2 * time.Second},
			state: run.StateFailed, reason: "not up within 2s: web (", say: []string{"has written no log"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rec := newTarget(t).up(c.compose, c.watch)
			end := rec.end()
			if end.State != c.state || !strings.Contains(end.Reason, c.reason) {
				t.Errorf("%+v; said %s", end, rec.text(run.FrameStderr, 0))
			}
			said := rec.text(run.FrameInfo, 3) + rec.text(run.FrameWarning, 3)
			for _, part := range c.say {
				if !strings.Contains(said, part) {
					t.Errorf("%q was not said in %q", part, said)
				}
			}
			if got := rec.text(run.FrameStderr, 3); got != c.stderr {
				t.Errorf("standard error %q", got)
			}
			seen := rec.fact().Containers
			if len(seen) != len(c.watch.Expect) || seen[0].ImageID == "" || seen[0].Image != "alpine:3" || seen[0].Service == "" {
				t.Errorf("%+v", seen)
			}
		})
	}
}

func TestWatchOfAStop(t *testing.T) {
	t.Parallel()
	needsDocker(t)
	target := newTarget(t)
	target.up("services:\n  web:\n    image: alpine:3\n    stop_grace_period: 0s\n    command: [sleep, \"600\"]\n",
		run.Watch{Expect: []run.Expect{{Service: "web", Replicas: 1}}, Settle: time.Second, Limit: patience})
	none := target.script(run.Step{Name: "gone", Watch: &run.Watch{Project: string(core.NewID()), Limit: patience}})
	rec := target.carryOut(none)
	if end := rec.end(); end.State != run.StateFinished || len(rec.fact().Containers) != 0 {
		t.Errorf("%+v", end)
	}
}

func TestWatchIsCancelled(t *testing.T) {
	t.Parallel()
	needsDocker(t)
	target := newTarget(t)
	s := target.script(run.Step{Name: "watch", Watch: &run.Watch{
		Project: string(core.NewID()), Expect: []run.Expect{{Service: "never", Replicas: 1}}, Limit: time.Hour,
	}})
	target.launch(s)
	if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
		t.Fatal(err)
	}
	rec := target.follow(s.ID)
	if end := rec.end(); end.State != run.StateCancelled {
		t.Errorf("%+v", end)
	}
}
