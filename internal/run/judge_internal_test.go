package run

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// box makes a container of the service "web", which started at noon.
func box(status string, changes ...func(*inspection)) inspection {
	c := inspection{ID: "c1", Name: "/p-web-1", State: inspectedState{Status: status, StartedAt: noon}}
	c.Config.Labels = map[string]string{labelService: "web"}
	for _, change := range changes {
		change(&c)
	}
	return c
}

func exit(code int) func(*inspection) { return func(c *inspection) { c.State.ExitCode = code } }

func restarts(n int) func(*inspection) { return func(c *inspection) { c.RestartCount = n } }

func policy(name string) func(*inspection) {
	return func(c *inspection) { c.HostConfig.RestartPolicy.Name = name }
}

func health(status string, probes ...probe) func(*inspection) {
	return func(c *inspection) {
		c.State.Health = &struct {
			Status string
			Log    []probe
		}{status, probes}
	}
}

// at is what is seen so long after noon.
type at struct {
	after time.Duration
	found []inspection
}

func TestJudge(t *testing.T) {
	t.Parallel()
	one := []Expect{{Service: "web", Replicas: 1}}
	oneShot := []Expect{{Service: "web", Replicas: 1, OneShot: true}}
	stays := []Expect{{Service: "web", Replicas: 1, Stays: true}}
	judgeAll(t, []judgeCase{
		{"not there", one, []at{{0, nil}}, "waiting: web: 1 of 1 containers are not there"},
		{"created", one, []at{{0, []inspection{box("created")}}}, "waiting: web (p-web-1) is created, not started"},
		{"could not start", one, []at{{0, []inspection{box("created", func(c *inspection) { c.State.Error = "port is taken" })}}}, "fault: web (p-web-1) could not be started: port is taken"},
		{"young", one, []at{{time.Second, []inspection{box("running")}}}, "waiting: web (p-web-1) is running, but not for long enough"},
		{"settled", one, []at{{settle, []inspection{box("running")}}}, "good"},
		{"clock behind", one, []at{{-time.Hour, []inspection{box("running")}}, {settle - time.Hour, []inspection{box("running")}}}, "good"},
		{"clock behind, young", one, []at{{-time.Hour, []inspection{box("running")}}}, "waiting"},
		{"starting", one, []at{{time.Hour, []inspection{box("running", health("starting", probe{Output: "not\nyet", ExitCode: 1}))}}}, "waiting: web (p-web-1) is running, health starting (last check: code 1, not yet)"},
		{"healthy", one, []at{{0, []inspection{box("running", health("healthy"))}}}, "good"},
		{"no health check", one, []at{{settle, []inspection{box("running", health("none"))}}}, "good"},
		{"unhealthy", one, []at{{0, []inspection{box("running", health("unhealthy", probe{Output: "refused", ExitCode: 7}))}}}, "fault: web (p-web-1) is unhealthy (last check: code 7, refused)"},
		{"exited badly", one, []at{{0, []inspection{box("exited", exit(3))}}}, "fault: web (p-web-1) exited with code 3"},
		{"out of memory", one, []at{{0, []inspection{box("exited", exit(137), func(c *inspection) { c.State.OOMKilled = true })}}}, "fault: web (p-web-1) exited with code 137: it was out of memory"},
		{"exited well", one, []at{{0, []inspection{box("exited")}}}, "good"},
		{"exited well, but was to stay", stays, []at{{0, []inspection{box("exited")}}}, "fault: web (p-web-1) exited with code 0, although it is to keep running"},
		{"stays and is healthy", stays, []at{{0, []inspection{box("running", health("healthy"))}}}, "good"},
		{"exited well, again", one, []at{{0, []inspection{box("exited", policy("always"))}}}, `warning: web (p-web-1) exited with code 0, and its restart policy "always" starts it again`},
		{"dead", one, []at{{0, []inspection{box("dead")}}}, "fault: web (p-web-1) is dead"},
		{"paused", one, []at{{time.Hour, []inspection{box("paused")}}}, "waiting: web (p-web-1) is paused"},
		{"one-shot runs", oneShot, []at{{time.Hour, []inspection{box("running")}}}, "waiting: web (p-web-1) has not ended yet"},
		{"one-shot done", oneShot, []at{{0, []inspection{box("exited")}}}, "good"},
		{"one-shot failed", oneShot, []at{{0, []inspection{box("exited", exit(1))}}}, "fault"},
		{"one restart", one, []at{
			{0, []inspection{box("running")}},
			{time.Second, []inspection{box("restarting", exit(1), restarts(1))}},
		}, "waiting: web (p-web-1) is restarting, last exit code 1"},
		{"restarts, then settled", one, []at{
			{0, []inspection{box("running")}},
			{time.Second, []inspection{box("restarting", exit(1), restarts(1))}},
			{time.Hour, []inspection{box("running", restarts(4))}},
		}, "good"},
		{"many restarts, soon", one, []at{
			{0, []inspection{box("restarting", exit(1))}},
			{time.Second, []inspection{box("restarting", exit(1), restarts(6))}},
		}, "waiting"},
		{"keeps restarting", one, []at{
			{0, []inspection{box("running")}},
			{time.Second, []inspection{box("restarting", exit(9), restarts(1))}},
			{12 * time.Second, []inspection{box("restarting", exit(9), restarts(6))}},
		}, "fault: web (p-web-1) keeps restarting: 6 times in 12s, last exit code 9"},
		{"ends well over and over", one, []at{
			{0, []inspection{box("running")}},
			{time.Second, []inspection{box("restarting", restarts(1), policy("always"))}},
			{2 * time.Second, []inspection{box("restarting", restarts(2), policy("always"))}},
		}, "good"},
		{"restarts of old are none of ours", one, []at{{time.Hour, []inspection{box("running", restarts(50))}}}, "good"},
		{"too few", []Expect{{Service: "web", Replicas: 2}}, []at{{time.Hour, []inspection{box("running")}}}, "waiting: web: 1 of 2 containers are not there"},
		{"none wanted, one runs", append(one, Expect{Service: "db"}), []at{{time.Hour, []inspection{box("running"), box("running", db)}}}, "waiting: db (p-db-1) is still running"},
		{"none wanted", append(one, Expect{Service: "db"}), []at{{time.Hour, []inspection{box("running"), box("exited", db, exit(137))}}}, "good"},
		{"ignored", append(one, Expect{Service: "db", Replicas: 1, Ignore: true}), []at{{time.Hour, []inspection{box("running"), box("exited", db, exit(1))}}}, "good"},
		{"strangers", one, []at{{time.Hour, []inspection{box("running"), box("exited", db, exit(1))}}}, "good"},
		{"stop", nil, []at{{0, []inspection{box("exited", exit(137)), box("created", db)}}}, "good"},
		{"stop, one runs", []Expect{{Service: "web"}}, []at{{0, []inspection{box("exited"), box("running", db)}}}, "waiting: db (p-db-1) is still running"},
		{"stop, one restarts", nil, []at{{0, []inspection{box("restarting", exit(1))}}}, "waiting"},
	})
}

// TestJudgeOfReadiness: of those that have to answer, nothing but that makes them good.
func TestJudgeOfReadiness(t *testing.T) {
	t.Parallel()
	asked := []Expect{{Service: "web", Replicas: 1, Ready: []string{"ask"}}}
	judgeAll(t, []judgeCase{
		{"not asked yet", asked, []at{{time.Hour, []inspection{box("running", health("healthy"))}}}, "waiting: web (p-web-1) is running, but was not asked yet"},
		{"unhealthy before it answers", asked, []at{{time.Hour, []inspection{box("running", health("unhealthy"))}}}, "waiting"},
		{"asked, restarting", asked, []at{{time.Hour, []inspection{box("restarting", exit(1))}}}, "waiting: web (p-web-1) is restarting, last exit code 1"},
		{"asked, exited badly", asked, []at{{0, []inspection{box("exited", exit(3))}}}, "fault: web (p-web-1) exited with code 3"},
		{"asked, exited well", asked, []at{{0, []inspection{box("exited")}}}, "fault: web (p-web-1) exited with code 0, although it is to keep running"},
		{"asked, exited well, again", asked, []at{{0, []inspection{box("exited", policy("always"))}}}, "waiting: web (p-web-1) exited with code 0 and is started again"},
		{"asked, ends well over and over", asked, []at{
			{0, []inspection{box("running")}},
			{time.Second, []inspection{box("restarting", restarts(1), policy("always"))}},
			{12 * time.Second, []inspection{box("restarting", restarts(6), policy("always"))}},
		}, "fault: web (p-web-1) keeps restarting: 6 times in 12s, last exit code 0"},
		{"asked, keeps restarting", asked, []at{
			{0, []inspection{box("running")}},
			{time.Second, []inspection{box("restarting", exit(9), restarts(1))}},
			{12 * time.Second, []inspection{box("restarting", exit(9), restarts(6))}},
		}, "fault: web (p-web-1) keeps restarting"},
		{"asked, one-shot", []Expect{{Service: "web", Replicas: 1, OneShot: true, Ready: []string{"ask"}}}, []at{{0, []inspection{box("exited")}}}, "good"},
	})
}

const settle = 3 * time.Second

type judgeCase struct {
	name   string
	expect []Expect
	looks  []at
	want   string // part of the last look's faults, waiting, or "good"
}

func judgeAll(t *testing.T, cases []judgeCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			j := newJudge(Watch{Expect: c.expect, Settle: settle})
			var v verdict
			for _, look := range c.looks {
				v = j.look(look.found, noon.Add(look.after))
			}
			if got := v.short(); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func db(c *inspection) {
	c.ID, c.Name = "c2", "/p-db-1"
	c.Config.Labels = map[string]string{labelService: "db"}
}

// short is the worst of a verdict.
func (v verdict) short() string {
	switch {
	case len(v.Faults) > 0:
		return "fault: " + strings.Join(v.Faults, "; ")
	case len(v.Waiting) > 0:
		return "waiting: " + strings.Join(v.Waiting, "; ")
	case len(v.Warnings) > 0:
		return "warning: " + strings.Join(v.Warnings, "; ")
	}
	return "good"
}

func TestJudgeNotesEachChangeOnce(t *testing.T) {
	t.Parallel()
	j := newJudge(Watch{Expect: []Expect{{Service: "web", Replicas: 1}}})
	failed := probe{Start: "2026-11-21T12:00:01Z", ExitCode: 1, Output: "refused\n"}
	var notes []string
	for i, c := range []inspection{
		box("created"), box("running", health("starting")), box("running", health("starting")),
		box("running", health("starting", failed)), box("running", health("starting", failed)), box("running", health("healthy", failed)),
	} {
		notes = append(notes, j.look([]inspection{c}, noon.Add(time.Duration(i)*time.Second)).Notes...)
	}
	want := []string{
		"web: created", "web: running, health starting",
		"web: health check failed with code 1: refused", "web: healthy after 5.0 s",
	}
	if strings.Join(notes, "\n") != strings.Join(want, "\n") {
		t.Errorf("notes:\n%s", strings.Join(notes, "\n"))
	}
}

func TestImageDigest(t *testing.T) {
	t.Parallel()
	i := image{RepoDigests: []string{"other@sha256:1", "registry:5000/a/b@sha256:2"}}
	for reference, want := range map[string]string{
		"registry:5000/a/b:tag": "registry:5000/a/b@sha256:2", "registry:5000/a/b": "registry:5000/a/b@sha256:2",
		"other@sha256:1": "other@sha256:1", "unknown:1": "other@sha256:1",
	} {
		if got := i.digest(reference); got != want {
			t.Errorf("%s: %s", reference, got)
		}
	}
	if got := (image{}).digest("x"); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestJudgeOfAnswers(t *testing.T) {
	t.Parallel()
	refused := attempt{code: 1, failure: "exit 1: refused"}
	lost := attempt{code: 127, failure: "exit 127: sh: ask: not found"}
	for _, c := range []struct {
		name     string
		attempts []attempt
		every    time.Duration
		started  time.Time // of the container that they were made in
		want     string
	}{
		{"none", nil, 0, noon, "waiting: web (p-web-1) is running, but was not asked yet"},
		{"refused", []attempt{refused, refused}, time.Second, noon, "waiting: web (p-web-1) is running, but does not answer after 2 attempts (the last one: exit 1: refused)"},
		{"answers", []attempt{refused, {}}, time.Second, noon, "good"},
		{"answered before a restart", []attempt{{}}, 0, noon.Add(-time.Hour), "waiting: web (p-web-1) is running, but was not asked yet"},
		{"not found, a few times", []attempt{lost, lost, lost, lost}, time.Second, noon, "waiting"},
		{"not found, for a moment", []attempt{lost, lost, lost, lost, lost, lost}, 100 * time.Millisecond, noon, "waiting"},
		{"not found, with others between", []attempt{lost, lost, lost, refused, lost, lost, lost}, time.Second, noon, "waiting"},
		{"not found", []attempt{refused, lost, lost, lost, lost, lost}, 500 * time.Millisecond, noon,
			"fault: web (p-web-1) cannot run its readiness command, so its image may be the wrong one: exit 127: sh: ask: not found"},
		{"not found, by its words", slices.Repeat([]attempt{{code: 1, failure: "exit 1: exec: executable file not found in $PATH"}}, 5), time.Second, noon, "fault"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			j := newJudge(Watch{Expect: []Expect{{Service: "web", Replicas: 1, Ready: []string{"ask"}}}})
			r := &readiness{started: c.started}
			j.ready["c1"] = r
			now := noon
			for _, a := range c.attempts {
				a.ended = now
				r.take(a)
				now = now.Add(c.every)
			}
			if len(c.attempts) > 0 {
				now = now.Add(-c.every)
			}
			if got := j.look([]inspection{box("running", health("unhealthy"))}, now).short(); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
