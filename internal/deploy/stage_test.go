package deploy_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/queue"
	"github.com/taffrail/taffrail/internal/run"
)

// newStages is a rig whose deployments have two stages.
func newStages(t *testing.T, first, then []run.Step) *rig {
	t.Helper()
	r := newRig(t, then...)
	r.first = &run.Script{Dir: filepath.Join(t.TempDir(), "build"), Steps: first, Limit: time.Minute}
	return r
}

// built is a first stage that makes something, and a second one that gets it. Each writes
// into a file how often it was begun.
func built(t *testing.T, first, then string) (*rig, func() string) {
	t.Helper()
	starts := filepath.Join(t.TempDir(), "starts")
	say := func(word string) string { return "echo " + word + " >>" + starts + "; " }
	answer := sh("answer", "printf 'sha256:12 of "+password+"'")
	answer.Answer, answer.Hidden = "pushed", true
	take := sh("take", say("then")+"echo \"took $(cat)\"; "+then)
	take.Takes = "pushed"
	r := newStages(t, []run.Step{sh("build", say("first")+first), answer}, []run.Step{take, sh("up", "echo up")})
	return r, func() string {
		text, err := os.ReadFile(starts)
		r.must(err)
		return strings.Join(strings.Fields(string(text)), " ")
	}
}

// TestStages: a deployment with two stages is one deployment, with one log.
func TestStages(t *testing.T) {
	t.Parallel()
	r, starts := built(t, "echo building in $PWD", "pwd")
	d := r.enqueue()
	r.carrier().Carry(t.Context(), d, nil)
	if got := r.get(d.UUID); got.Status != core.StatusFinished || got.Run.PID == 0 {
		t.Errorf("ended as %s: %+v", got.Status, got.Outcome)
	}
	want := []string{"building in " + r.first.Dir, "sha256:12 of <REDACTED>", "took sha256:12 of <REDACTED>", r.script.Dir, "up"}
	if diff := cmp.Diff(want, r.output(d, core.Stdout)); diff != "" {
		t.Errorf("stdout (-want +got):\n%s", diff)
	}
	steps, err := r.db.ListSteps(t.Context(), d.LogID)
	r.must(err)
	var names []string
	for _, s := range steps {
		names = append(names, strconv.Itoa(s.Number)+" "+s.Name+" "+s.State)
	}
	if diff := cmp.Diff([]string{"1 build done", "2 answer done", "3 take done", "4 up done"}, names); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	for _, l := range r.lines(d) {
		if l.Output == "up" && l.Step != 4 {
			t.Errorf("a line of step 4 is of step %d", l.Step)
		}
	}
	if got := starts(); got != "first then" {
		t.Errorf("begun: %s", got)
	}
	r.nothingLeft()
}

// nothingLeft checks that no run left anything on its server.
func (r *rig) nothingLeft() {
	r.t.Helper()
	for _, s := range []core.Server{r.server, r.builder} {
		left, err := filepath.Glob(filepath.Join(s.Settings.RemoteDir, "runs", "[^.]*"))
		if err != nil || len(left) != 0 {
			r.t.Errorf("left on a server: %v, %v", left, err)
		}
	}
}

// TestFirstStageFails: nothing is done on the deployment's own server then.
func TestFirstStageFails(t *testing.T) {
	t.Parallel()
	r, starts := built(t, "echo no compiler >&2; exit 7", "")
	d := r.enqueue()
	r.carrier().Carry(t.Context(), d, nil)
	got := r.get(d.UUID)
	if got.Status != core.StatusFailed || got.Outcome.Step != "build" || *got.Outcome.ExitCode != 7 || !slices.Equal(got.Outcome.LastErr, []string{"no compiler"}) {
		t.Errorf("ended as %s: %+v", got.Status, got.Outcome)
	}
	if starts() != "first" {
		t.Errorf("begun: %s", starts())
	}
	r.nothingLeft()
}

// TestSecondStageFails: the failure that is told is that of the second stage.
func TestSecondStageFails(t *testing.T) {
	t.Parallel()
	r, _ := built(t, "echo only a warning >&2", "echo cannot pull >&2; exit 8")
	d := r.enqueue()
	r.carrier().Carry(t.Context(), d, nil)
	got := r.get(d.UUID)
	if got.Status != core.StatusFailed || got.Outcome.Step != "take" || *got.Outcome.ExitCode != 8 || !slices.Equal(got.Outcome.LastErr, []string{"cannot pull"}) {
		t.Errorf("ended as %s: %+v", got.Status, got.Outcome)
	}
}

// TestTakeOverOfStages: many controllers, none of which comes far, lose and repeat nothing
// of either stage, and begin each once.
func TestTakeOverOfStages(t *testing.T) {
	t.Parallel()
	const n = 1000
	print := func() string { return strings.TrimSuffix(count(n, time.Second).Argv[2], "; exit 3") }
	r, starts := built(t, print(), print())
	d := r.enqueue()
	takeovers, _ := r.takeOvers(d)
	if got := r.get(d.UUID); got.Status != core.StatusFinished {
		t.Errorf("ended as %s: %+v", got.Status, got.Outcome)
	}
	want := append(append(numbers(n), "sha256:12 of <REDACTED>", "took sha256:12 of <REDACTED>"), append(numbers(n), "up")...)
	if diff := cmp.Diff(want, r.output(d, core.Stdout)); diff != "" {
		t.Errorf("after %d takeovers (-want +got):\n%s", takeovers, diff)
	}
	if starts() != "first then" {
		t.Errorf("begun: %s", starts())
	}
}

// deadlyStore ends the controller at the moment at which it goes on to the next stage.
type deadlyStore struct {
	deploy.Store
	kill   context.CancelCauseFunc
	behind bool // when that was committed
}

// Advance implements deploy.Store.
func (s deadlyStore) Advance(ctx context.Context, d core.Deployment, last core.Batch) error {
	if s.behind {
		if err := s.Store.Advance(ctx, d, last); err != nil {
			return err
		}
	}
	s.kill(queue.ErrStopping)
	return context.Canceled
}

// TestLostBetweenStages: a controller ends between the stages, before and after it said so
// in the store, and somebody cancels meanwhile or does not.
func TestLostBetweenStages(t *testing.T) {
	t.Parallel()
	for _, behind := range []bool{false, true} {
		for _, cancelled := range []bool{false, true} {
			t.Run("committed "+strconv.FormatBool(behind)+" cancelled "+strconv.FormatBool(cancelled), func(t *testing.T) {
				t.Parallel()
				r, starts := built(t, "echo built", "")
				d := r.enqueue()
				ctx, kill := context.WithCancelCause(t.Context())
				r.carrier(func(deps *deploy.Deps) { deps.Store = deadlyStore{deps.Store, kill, behind} }).Carry(ctx, d, nil)
				if starts() != "first" {
					t.Fatalf("begun: %s", starts())
				}
				next, ok := r.takeOver()
				if !ok {
					t.Fatal("it had ended")
				}
				cancel := make(chan struct{})
				want, begun := core.StatusFinished, "first then"
				if cancelled {
					close(cancel)
					want, begun = core.StatusCancelled, "first"
				}
				r.carrier().Carry(t.Context(), next, cancel)
				if got := r.get(d.UUID); got.Status != want || starts() != begun {
					t.Errorf("ended as %s (%s), begun: %s", got.Status, got.Outcome.Reason, starts())
				}
				if said := r.output(d, core.Stdout); said[0] != "built" || slices.Contains(said[1:], "built") {
					t.Errorf("said: %q", said)
				}
				r.nothingLeft()
			})
		}
	}
}

// TestCancelOfStages: whichever stage is on is ended, and no other begun.
func TestCancelOfStages(t *testing.T) {
	t.Parallel()
	const hang = "echo $$; echo started; sleep 600"
	for begun, c := range map[string]struct{ first, then string }{"first": {hang, ""}, "first then": {"", hang}} {
		t.Run(begun, func(t *testing.T) {
			t.Parallel()
			r, starts := built(t, c.first, c.then)
			d := r.enqueue()
			cancel, done := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(done)
				r.carrier().Carry(t.Context(), d, cancel)
			}()
			r.waitLine(d, "started")
			close(cancel)
			<-done
			if got := r.get(d.UUID); got.Status != core.StatusCancelled || starts() != begun {
				t.Errorf("ended as %s, begun: %s", got.Status, starts())
			}
			said := r.output(d, core.Stdout)
			pid, err := strconv.Atoi(said[slices.Index(said, "started")-1])
			r.must(err)
			if err := syscall.Kill(pid, 0); err == nil {
				t.Errorf("process %d is still there", pid)
			}
			r.nothingLeft()
		})
	}
}

// TestBuildServerGone: one that was removed while it built is said to be.
func TestBuildServerGone(t *testing.T) {
	t.Parallel()
	r, _ := built(t, "echo started; sleep 2", "")
	d := r.enqueue()
	ctx, kill := context.WithCancelCause(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.carrier().Carry(ctx, d, nil)
	}()
	r.waitLine(d, "started")
	kill(queue.ErrStopping)
	<-done
	next, ok := r.takeOver()
	if !ok {
		t.Fatal("it had ended")
	}
	r.first = nil
	r.carrier().Carry(t.Context(), next, nil)
	if got := r.get(d.UUID); got.Status != core.StatusFailed || !strings.Contains(got.Outcome.Reason, "was removed from Taffrail") {
		t.Errorf("ended as %s: %s", got.Status, got.Outcome.Reason)
	}
}

// TestFullDisk: whoever runs out of space learns that, and on which server.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	const full = "dd if=/dev/zero of=/dev/full bs=1 count=1; echo 1+0 records in >&2; exit 1"
	for name, c := range map[string]struct{ first, then string }{"forge": {full, ""}, "shore": {"", full}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := built(t, c.first, c.then)
			r.builder.Name, r.server.Name = "forge", "shore"
			d := r.enqueue()
			r.carrier().Carry(t.Context(), d, nil)
			if got := r.get(d.UUID); got.Status != core.StatusFailed || !strings.Contains(got.Outcome.Reason, "The disk of server "+name+" is full") {
				t.Errorf("ended as %s: %s", got.Status, got.Outcome.Reason)
			}
		})
	}
}
