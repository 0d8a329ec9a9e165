package run

import (
	"fmt"
	"strings"
	"time"
)

// A container that keeps failing and being started again is at fault only after so many
// starts over so long a time: many stacks lean on restarts until what they need is up.
const (
	restartLimit    = 5
	restartPatience = 10 * time.Second
)

// dockerRetries is Docker's own number of attempts.
const dockerRetries = 3

// judge decides from one look at the containers after the other how a watch stands. It
// does no I/O.
type judge struct {
	watch  Watch
	stop   bool // nothing may run
	expect map[string]Expect
	seen   map[string]*sight     // by container id
	ready  map[string]*readiness // by container id, of those that are asked
}

// sight is what is remembered of a container between two looks.
type sight struct {
	text      string    // state as last reported
	probe     string    // start of the last probe reported
	probes    int       // reported
	first     time.Time // when it was first seen
	restarts  int       // restart count then
	since     time.Time // when this start of it was first seen
	started   time.Time
	failing   time.Time // when a failing restart was first seen
	wentAgain bool      // warned of
}

// verdict is how a watch stands after a look.
type verdict struct {
	Notes    []string     // changes since the look before
	Warnings []string     // what a person should know although it is no fault
	Waiting  []string     // what is not yet as it should be, one sentence each
	Faults   []string     // what is wrong for good, one sentence each
	Guilty   []inspection // the containers that the faults are about
}

func newJudge(w Watch) *judge {
	j := &judge{watch: w, stop: true, expect: map[string]Expect{}, seen: map[string]*sight{}, ready: map[string]*readiness{}}
	for _, e := range w.Expect {
		j.expect[e.Service] = e
		j.stop = j.stop && (e.Replicas == 0 || e.Ignore)
	}
	return j
}

// look takes in what is there now.
func (j *judge) look(found []inspection, now time.Time) verdict {
	var v verdict
	good := map[string]int{}
	for _, c := range found {
		name := c.service()
		if name == "" || count(found, name) > 1 {
			name = c.label()
		}
		s := j.sight(c, now)
		j.note(&v, c, s, name, now)
		if j.weigh(&v, c, s, now) {
			good[c.service()]++
		}
	}
	if j.stop {
		return v
	}
	for _, e := range j.watch.Expect {
		j.miss(&v, e, count(found, e.Service), good[e.Service])
	}
	return v
}

// weigh says whether a container counts as one that is as expected.
func (j *judge) weigh(v *verdict, c inspection, s *sight, now time.Time) bool {
	e, expected := j.expect[c.service()]
	if e.Ignore || !expected && !j.stop {
		return false
	}
	if j.stop || e.Replicas == 0 {
		if c.active() {
			v.Waiting = append(v.Waiting, fmt.Sprintf("%s is still %s", c.label(), c.State.Status))
		}
		return false
	}
	return j.good(v, c, s, e, now)
}

// miss finds services of which there are too few.
func (j *judge) miss(v *verdict, e Expect, there, good int) {
	switch {
	case e.Ignore:
	case there < e.Replicas:
		v.Waiting = append(v.Waiting, fmt.Sprintf("%s: %d of %d containers are not there", e.Service, e.Replicas-there, e.Replicas))
	case good < e.Replicas && len(v.Waiting)+len(v.Faults) == 0:
		v.Waiting = append(v.Waiting, e.Service+" is not ready")
	}
}

func count(found []inspection, service string) int {
	n := 0
	for _, c := range found {
		if c.service() == service {
			n++
		}
	}
	return n
}

// active says whether a container runs, or will again without anybody's doing.
func (i inspection) active() bool {
	switch i.State.Status {
	case "running", "restarting", "paused", "removing":
		return true
	}
	return false
}

// label names a container for a person.
func (i inspection) label() string {
	if i.service() == "" {
		return i.name()
	}
	return fmt.Sprintf("%s (%s)", i.service(), i.name())
}

func (j *judge) sight(c inspection, now time.Time) *sight {
	s := j.seen[c.ID]
	if s == nil {
		s = &sight{first: now, restarts: c.RestartCount}
		j.seen[c.ID] = s
	}
	if !s.started.Equal(c.State.StartedAt) || s.since.IsZero() {
		s.started, s.since = c.State.StartedAt, now
	}
	return s
}

// note reports a change of state and each failed health check once, under a name that
// is as short as it may be.
func (j *judge) note(v *verdict, c inspection, s *sight, name string, now time.Time) {
	for _, p := range c.probes() {
		if p.Start <= s.probe {
			continue
		}
		if j.expect[c.service()].Attempts {
			s.probe, s.probes = p.Start, s.probes+1
			v.Notes = append(v.Notes, c.attempt(name, s.probes, p))
		} else if p.ExitCode != 0 {
			s.probe = p.Start
			v.Notes = append(v.Notes, fmt.Sprintf("%s: health check failed with code %d: %s", name, p.ExitCode, oneLine(p.Output)))
		}
	}
	text := c.State.Status
	switch {
	case c.health() == "healthy":
		text = "healthy"
	case c.health() != "":
		text += ", health " + c.health()
	case text == "exited":
		text = fmt.Sprintf("exited with code %d", c.State.ExitCode)
	}
	if text == s.text {
		return
	}
	waited := s.text != ""
	s.text = text
	if text == "healthy" && waited {
		text = fmt.Sprintf("healthy after %.1f s", s.age(c, now).Seconds())
	}
	v.Notes = append(v.Notes, name+": "+text)
}

// attempt tells of a run of the container's own health check.
func (i inspection) attempt(name string, n int, p probe) string {
	most := i.Config.Healthcheck.Retries
	if most == 0 {
		most = dockerRetries
	}
	status := i.health()
	if p.ExitCode == 0 {
		status = "healthy"
	}
	return fmt.Sprintf("%s: Attempt %d of %d | Healthcheck status: %q | code %d: %s", name, n, max(n, most), status, p.ExitCode, oneLine(p.Output))
}

// age is how long ago a container started, by the clock of this machine, and by how
// long we have seen it when the clocks do not agree.
func (s *sight) age(c inspection, now time.Time) time.Duration {
	age := now.Sub(c.State.StartedAt)
	if c.State.StartedAt.IsZero() || age < 0 {
		return now.Sub(s.since)
	}
	return age
}

// good says whether a container is as it should be.
func (j *judge) good(v *verdict, c inspection, s *sight, e Expect, now time.Time) bool {
	switch c.State.Status {
	case "exited":
		return j.exited(v, c, s, e)
	case "dead":
		v.fault(c, "%s is dead: Docker could not remove it", c.label())
	case "created":
		if c.State.Error != "" {
			v.fault(c, "%s could not be started: %s", c.label(), oneLine(c.State.Error))
			return false
		}
		v.Waiting = append(v.Waiting, c.label()+" is created, not started")
	case "running", "restarting":
		if c.RestartCount > s.restarts && j.restarted(v, c, s, e, now) {
			return true
		}
		return len(v.Faults) == 0 && j.running(v, c, s, e, now)
	default:
		v.Waiting = append(v.Waiting, fmt.Sprintf("%s is %s", c.label(), c.State.Status))
	}
	return false
}

func (j *judge) exited(v *verdict, c inspection, s *sight, e Expect) bool {
	if c.State.ExitCode != 0 {
		what := ""
		if c.State.OOMKilled {
			what = ": it was out of memory"
		}
		v.fault(c, "%s exited with code %d%s", c.label(), c.State.ExitCode, what)
		return false
	}
	if !e.OneShot && c.again() {
		s.warnAgain(v, c)
	}
	switch {
	case !e.stays():
		return true
	case c.again():
		v.Waiting = append(v.Waiting, c.label()+" exited with code 0 and is started again")
	default:
		v.fault(c, "%s exited with code 0, although it is to keep running", c.label())
	}
	return false
}

func (s *sight) warnAgain(v *verdict, c inspection) {
	if s.wentAgain {
		return
	}
	s.wentAgain = true
	v.Warnings = append(v.Warnings, fmt.Sprintf("%s exited with code 0, and its restart policy %q starts it again.",
		c.label(), c.HostConfig.RestartPolicy.Name))
}

// restarted judges a container that Docker has started again since the first look. It
// says true for one that ends well and is started again all the time.
func (j *judge) restarted(v *verdict, c inspection, s *sight, e Expect, now time.Time) bool {
	if c.State.Status == "restarting" && c.State.ExitCode == 0 {
		s.warnAgain(v, c)
	}
	if c.State.Status == "restarting" && (c.State.ExitCode != 0 || e.stays()) && s.failing.IsZero() {
		s.failing = now
	}
	restarts := c.RestartCount - s.restarts
	if !s.failing.IsZero() && restarts >= restartLimit && now.Sub(s.failing) >= restartPatience {
		v.fault(c, "%s keeps restarting: %d times in %s, last exit code %d",
			c.label(), restarts, now.Sub(s.first).Round(time.Second), c.State.ExitCode)
		return false
	}
	return s.wentAgain && s.failing.IsZero() && restarts >= 2
}

func (j *judge) running(v *verdict, c inspection, s *sight, e Expect, now time.Time) bool {
	switch {
	case c.State.Status == "restarting":
		v.Waiting = append(v.Waiting, fmt.Sprintf("%s is restarting, last exit code %d", c.label(), c.State.ExitCode))
	case e.asks(c):
		return j.answered(v, c, now)
	case c.health() == "unhealthy":
		v.fault(c, "%s is unhealthy%s", c.label(), c.lastProbe())
	case e.OneShot:
		v.Waiting = append(v.Waiting, c.label()+" has not ended yet")
	case c.health() == "healthy":
		return true
	case c.health() != "":
		v.Waiting = append(v.Waiting, fmt.Sprintf("%s is running, health %s%s", c.label(), c.health(), c.lastProbe()))
	case s.age(c, now) >= j.watch.Settle:
		return true
	default:
		v.Waiting = append(v.Waiting, c.label()+" is running, but not for long enough")
	}
	return false
}

// answered says whether a container that runs has passed its readiness command. Nothing
// else counts: a database may be unhealthy for as long as it recovers.
func (j *judge) answered(v *verdict, c inspection, now time.Time) bool {
	r := j.ready[c.ID]
	switch {
	case r == nil || !r.started.Equal(c.State.StartedAt) || r.attempts == 0:
		v.Waiting = append(v.Waiting, c.label()+" is running, but was not asked yet")
	case r.ok:
		return true
	case r.unhealthy():
		v.fault(c, "%s is unhealthy: %d attempts failed, the last one: %s", c.label(), r.most, r.failure)
	case r.broken(now):
		v.fault(c, "%s cannot run its readiness command, so its image may be the wrong one: %s", c.label(), r.failure)
	default:
		v.Waiting = append(v.Waiting, fmt.Sprintf("%s is running, but does not answer after %d attempts (the last one: %s)", c.label(), r.attempts, r.failure))
	}
	return false
}

// lastProbe is what the last health check said.
func (i inspection) lastProbe() string {
	probes := i.probes()
	if len(probes) == 0 {
		return ""
	}
	last := probes[len(probes)-1]
	return fmt.Sprintf(" (last check: code %d, %s)", last.ExitCode, oneLine(last.Output))
}

func (v *verdict) fault(c inspection, format string, args ...any) {
	v.Faults = append(v.Faults, fmt.Sprintf(format, args...))
	v.Guilty = append(v.Guilty, c)
}

// oneLine makes what a program said fit into a sentence.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return "no output"
	}
	return cut(text, 300)
}
