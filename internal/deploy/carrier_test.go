package deploy_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/queue"
	"github.com/taffrail/taffrail/internal/run"
)

func TestCarryTellsTheWholeStory(t *testing.T) {
	t.Parallel()
	hidden := sh("quiet", "echo detail")
	hidden.Hidden = true
	r := newRig(t, sh("greet", "echo hello; echo 'the password is "+password+"' >&2"), hidden)
	d := r.enqueue()
	r.carrier().Carry(t.Context(), d, nil)

	got := r.get(d.UUID)
	if got.Status != core.StatusFinished || got.FinishedAt.IsZero() || got.Config.Hash != "h1" || got.Run.PID == 0 {
		t.Errorf("deployment = %+v", got)
	}
	if diff := cmp.Diff([]string{"hello", "detail"}, r.output(d, core.Stdout)); diff != "" {
		t.Errorf("stdout (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"the password is <REDACTED>"}, r.output(d, core.Stderr)); diff != "" {
		t.Errorf("stderr (-want +got):\n%s", diff)
	}
	steps, err := r.db.ListSteps(t.Context(), d.LogID)
	r.must(err)
	if len(steps) != 2 || steps[0].State != "done" || *steps[0].ExitCode != 0 || steps[0].EndedAt.Before(steps[0].StartedAt) ||
		strings.Contains(steps[0].Command, password) {
		t.Errorf("steps = %+v", steps)
	}
	for _, l := range r.lines(d) {
		if l.Hidden != (l.Output == "detail") {
			t.Errorf("line %d %q: hidden = %t", l.Seq, l.Output, l.Hidden)
		}
	}
	left, err := filepath.Glob(filepath.Join(r.server.Settings.RemoteDir, "runs", "[^.]*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left on the server: %v, %v", left, err)
	}
}

func TestCarryNamesTheFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t, sh("build", "echo fine; echo 'cannot reach "+password+"' >&2; exit 7"), sh("start", "echo never"))
	d := r.enqueue()
	r.carrier().Carry(t.Context(), d, nil)

	got := r.get(d.UUID)
	if got.Status != core.StatusFailed || got.Outcome.Step != "build" || got.Outcome.ExitCode == nil || *got.Outcome.ExitCode != 7 || got.Outcome.Reason == "" {
		t.Errorf("outcome = %+v of %s", got.Outcome, got.Status)
	}
	if diff := cmp.Diff([]string{"cannot reach <REDACTED>"}, got.Outcome.LastErr); diff != "" {
		t.Errorf("last lines (-want +got):\n%s", diff)
	}
	if slices.Contains(r.output(d, core.Stdout), "never") {
		t.Error("a step ran after the one that failed")
	}
}

// TestWhatIsPutBackHidesNoFailure: the last words of a failure are those of the step that
// failed, whatever is said by the steps that put back what was there.
func TestWhatIsPutBackHidesNoFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t,
		run.Step{Name: "start", Title: "Starting.", Argv: []string{"sh", "-c", "echo no such volume >&2; exit 7"}},
		run.Step{Name: "undo", Title: "Putting back.", OnFailure: true, Argv: []string{"sh", "-c", "echo recreated >&2"}})
	d := r.enqueue()
	r.carrier().Carry(t.Context(), d, nil)
	got := r.get(d.UUID)
	if diff := cmp.Diff([]string{"no such volume"}, got.Outcome.LastErr); diff != "" {
		t.Errorf("last lines of standard error (-want +got):\n%s", diff)
	}
	if !strings.Contains(got.Outcome.Reason, `The last words of "start": no such volume`) {
		t.Errorf("reason is %q", got.Outcome.Reason)
	}
}

func TestCarrySettlesWhatCannotBePlanned(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*rig)
		want   string
	}{
		{"load", func(r *rig) { r.loadErr = core.Errorf(core.CodeBadRequest, "The server is gone.") }, "The server is gone."},
		{"plan", func(r *rig) { r.planErr = core.Invalid("docker_compose_raw", "line 3: %s", password) }, "docker_compose_raw: line 3: <REDACTED>"},
		{"fault of ours", func(r *rig) { r.planErr = errors.New("secret detail") }, "Internal fault"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			c.change(r)
			d := r.enqueue()
			r.carrier().Carry(t.Context(), d, nil)
			got := r.get(d.UUID)
			if got.Status != core.StatusFailed || !strings.HasPrefix(got.Outcome.Reason, c.want) || strings.Contains(got.Outcome.Reason, "detail") {
				t.Errorf("%s: %q, want failed: %q", got.Status, got.Outcome.Reason, c.want)
			}
			last := r.lines(d)
			if !strings.Contains(last[len(last)-1].Output, got.Outcome.Reason) {
				t.Errorf("last line %q does not say why", last[len(last)-1].Output)
			}
		})
	}
}

// count prints the numbers 1 to n in about d, each line in two writes, so that reads end
// in the middle of lines.
func count(n int, d time.Duration) run.Step {
	pause := strconv.FormatFloat(d.Seconds()/float64(n/100), 'f', 4, 64)
	return sh("count", "i=0; while [ $i -lt "+strconv.Itoa(n)+" ]; do i=$((i+1)); printf 'li'; echo \"ne $i\"; [ $((i%100)) != 0 ] || sleep "+pause+"; done; exit 3")
}

func numbers(n int) []string {
	want := make([]string, n)
	for i := range want {
		want[i] = "line " + strconv.Itoa(i+1)
	}
	return want
}

// TestTakeOverLosesNothing ends controllers at random moments, without a word of theirs,
// has others take over, while some of the old ones go on as a paused process that wakes
// would, breaks connections and refuses writes: every line is there once.
func TestTakeOverLosesNothing(t *testing.T) {
	t.Parallel()
	const n = 3000
	r := newRig(t, count(n, 2*time.Second))
	d := r.enqueue()
	takeovers, breaks := r.takeOvers(d)
	if breaks == 0 {
		t.Error("no connection broke: nothing was tested")
	}
	got := r.get(d.UUID)
	if got.Status != core.StatusFailed || got.Outcome.ExitCode == nil || *got.Outcome.ExitCode != 3 {
		t.Errorf("ended as %s, %+v", got.Status, got.Outcome)
	}
	if diff := cmp.Diff(numbers(n), r.output(d, core.Stdout)); diff != "" {
		t.Errorf("after %d takeovers (-want +got):\n%s", takeovers, diff)
	}
}

// takeOvers carries a deployment to its end by many controllers, and returns how often it
// was taken over and how often a connection broke.
func (r *rig) takeOvers(d core.Deployment) (takeovers int, breaks int64) {
	r.t.Helper()
	var broken, refused atomic.Int64
	shaky := func(d *deploy.Deps) {
		d.Store = shakyStore{d.Store, &refused}
		d.Hosts = func(ctx context.Context, s core.Server) (host.Host, error) {
			h, err := r.pool.Get(ctx, s)
			return shakyHost{h, &broken}, err
		}
	}
	var zombies sync.WaitGroup
	for !r.get(d.UUID).Status.Terminal() {
		ctx, kill := context.WithCancelCause(r.t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.carrier(shaky).Carry(ctx, d, nil)
		}()
		select {
		case <-done:
			kill(nil)
			continue
		case <-time.After(time.Duration(20+rand.IntN(200)+20*takeovers) * time.Millisecond): // a slow machine must get on too
		}
		if takeovers%3 == 0 {
			zombies.Go(func() { <-done; kill(nil) }) // goes on beside the next owner
		} else {
			kill(queue.ErrStopping)
			<-done
		}
		next, ok := r.takeOver()
		if !ok {
			break // one that goes on was quicker and settled it
		}
		takeovers++
		d = next
	}
	zombies.Wait()
	if takeovers < 3 || refused.Load() == 0 {
		r.t.Errorf("only %d takeovers, %d refused writes: nothing was tested", takeovers, refused.Load())
	}
	return takeovers, broken.Load()
}

// sleepyHost falls asleep just before a launch.
type sleepyHost struct {
	host.Host
	asleep chan<- struct{}
	wake   <-chan struct{}
}

// Launch implements host.Host.
func (h sleepyHost) Launch(ctx context.Context, s run.Script) (run.Status, error) {
	close(h.asleep)
	<-h.wake
	return h.Host.Launch(ctx, s)
}

// TestLateLaunchIsRefused puts a controller to sleep just before its launch. Another one
// carries the deployment to its end; when the first wakes, nothing is started again.
func TestLateLaunchIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, sh("work", "echo started"))
	asleep, wake, woken := make(chan struct{}), make(chan struct{}), make(chan struct{})
	d := r.enqueue()
	go func() {
		defer close(woken)
		r.carrier(func(deps *deploy.Deps) {
			deps.Hosts = func(ctx context.Context, s core.Server) (host.Host, error) {
				h, err := r.pool.Get(ctx, s)
				return sleepyHost{h, asleep, wake}, err
			}
		}).Carry(t.Context(), d, nil)
	}()
	<-asleep
	next, ok := r.takeOver()
	if !ok {
		t.Fatal("nothing to take over")
	}
	r.carrier().Carry(t.Context(), next, nil)
	before := r.get(d.UUID)
	close(wake)
	<-woken
	if diff := cmp.Diff([]string{"started"}, r.output(d, core.Stdout)); diff != "" {
		t.Errorf("stdout (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, r.get(d.UUID), cmp.AllowUnexported(core.Secret{})); diff != "" || before.Status != core.StatusFinished {
		t.Errorf("ended as %s, and then (-want +got):\n%s", before.Status, diff)
	}
	h, err := r.pool.Get(t.Context(), r.server)
	r.must(err)
	if s, err := h.Status(t.Context(), d.UUID); err != nil || s.State != run.StateMissing {
		t.Errorf("on the server the run is %+v, %v", s, err)
	}
}

// TestStoreInTroubleFailsNothing has a controller take over a run while the store cannot
// be read: the run goes on, and so must the deployment.
func TestStoreInTroubleFailsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, sh("work", "echo started; sleep 1; echo done"))
	d := r.enqueue()
	ctx, kill := context.WithCancelCause(t.Context())
	carried := make(chan struct{})
	go func() {
		defer close(carried)
		r.carrier().Carry(ctx, d, nil)
	}()
	r.waitLine(d, "started")
	kill(queue.ErrStopping)
	<-carried
	next, ok := r.takeOver()
	if !ok {
		t.Fatal("the run had ended already")
	}
	r.hiccups.Store(2)
	r.carrier().Carry(t.Context(), next, nil)
	if got := r.get(d.UUID); got.Status != core.StatusFinished {
		t.Errorf("ended as %s: %s", got.Status, got.Outcome.Reason)
	}
	if diff := cmp.Diff([]string{"started", "done"}, r.output(d, core.Stdout)); diff != "" {
		t.Errorf("stdout (-want +got):\n%s", diff)
	}
}

func TestCancelEndsTheProcesses(t *testing.T) {
	t.Parallel()
	r := newRig(t, sh("sleep", "echo $$; setsid sleep 987 & echo started; wait; sleep 600"))
	d := r.enqueue()
	cancel, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		r.carrier().Carry(t.Context(), d, cancel)
	}()
	r.waitLine(d, "started")
	close(cancel)
	<-done
	if got := r.get(d.UUID); got.Status != core.StatusCancelled {
		t.Fatalf("ended as %s, %+v", got.Status, got.Outcome)
	}
	pid, err := strconv.Atoi(r.output(d, core.Stdout)[0])
	r.must(err)
	if err := syscall.Kill(pid, 0); err == nil {
		t.Errorf("process %d is still there", pid)
	}
}

// silentHost cannot be reached for killing at first.
type silentHost struct {
	host.Host
	refusals atomic.Int64
}

// Kill implements host.Host.
func (h *silentHost) Kill(ctx context.Context, id core.ID) error {
	if h.refusals.Add(1) <= 2 {
		return core.Errorf(core.CodeUnavailable, "No answer from the server.")
	}
	return h.Host.Kill(ctx, id)
}

// TestCancelIsInTheLog has a cancel meet a server that does not answer at first.
func TestCancelIsInTheLog(t *testing.T) {
	t.Parallel()
	r := newRig(t, sh("sleep", "echo started; sleep 600"))
	h := &silentHost{}
	d := r.enqueue()
	cancel, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		r.carrier(func(d *deploy.Deps) {
			d.Hosts = func(ctx context.Context, s core.Server) (_ host.Host, err error) {
				h.Host, err = r.pool.Get(ctx, s)
				return h, err
			}
		}).Carry(t.Context(), d, cancel)
	}()
	r.waitLine(d, "started")
	close(cancel)
	r.waitLine(d, "The run could not be ended yet: No answer from the server. Trying again.")
	<-done
	if got := r.get(d.UUID).Status; got != core.StatusCancelled {
		t.Errorf("ended as %s", got)
	}
}

// TestStatusIsTrueAfterACancel: a container that a cancelled run started is there, and
// the resource's status must know of it.
func TestStatusIsTrueAfterACancel(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := string(r.service.UUID)
	r.script.Steps = []run.Step{
		{Name: "up", Title: "Up.", Argv: []string{"docker", "run", "--detach", "--name", id, "--label", "com.docker.compose.project=" + id,
			"--label", "com.docker.compose.service=web", "alpine:3", "sleep", "600"}},
		sh("sleep", "echo started; sleep 600"),
	}
	t.Cleanup(func() {
		if out, err := exec.Command("docker", "rm", "--force", id).CombinedOutput(); err != nil {
			t.Errorf("%s", out)
		}
	})
	d := r.enqueue()
	cancel, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		r.carrier().Carry(t.Context(), d, cancel)
	}()
	r.waitLine(d, "started")
	close(cancel)
	<-done
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.recorded) != 1 || r.recorded[0].State != "running" {
		t.Errorf("recorded %+v", r.recorded)
	}
}

// TestCancelSaysWhatWasPutBack: whoever cancels a change learns what is there now.
func TestCancelSaysWhatWasPutBack(t *testing.T) {
	t.Parallel()
	back := sh("back", "echo back; exit 8")
	back.OnFailure = true
	r := newRig(t, sh("start", "echo started; sleep 600"), back)
	d := r.enqueue()
	cancel, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		r.carrier().Carry(t.Context(), d, cancel)
	}()
	r.waitLine(d, "started")
	close(cancel)
	<-done
	got := r.get(d.UUID)
	const want = `Cancelled; the processes of the run are gone. What it had changed could not be taken back: step "back" failed: sh exited with code 8.`
	if got.Status != core.StatusCancelled || got.Outcome.Reason != want {
		t.Errorf("%s: %q", got.Status, got.Outcome.Reason)
	}
	if diff := cmp.Diff([]string{"started", "back"}, r.output(d, core.Stdout)); diff != "" {
		t.Errorf("stdout (-want +got):\n%s", diff)
	}
}

func TestCancelBeforeAnythingStarted(t *testing.T) {
	t.Parallel()
	r := newRig(t, sh("never", "echo never"))
	d := r.enqueue()
	cancel := make(chan struct{})
	close(cancel)
	r.carrier().Carry(t.Context(), d, cancel)
	if got := r.get(d.UUID); got.Status != core.StatusCancelled || len(r.output(d, core.Stdout)) != 0 {
		t.Errorf("ended as %s with output %q", got.Status, r.output(d, core.Stdout))
	}
}

// stuckHost takes for ever to clear away a run.
type stuckHost struct{ host.Host }

// Remove implements host.Host.
func (stuckHost) Remove(ctx context.Context, _ core.ID) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestNothingDelaysTheNext: whoever waits for the end of a deployment is told at once,
// whatever becomes of what follows from it.
func TestNothingDelaysTheNext(t *testing.T) {
	t.Parallel()
	r := newRig(t, sh("work", "true"))
	d := r.enqueue()
	settled, carried := make(chan core.Status, 1), make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer close(carried)
		r.carrier(func(deps *deploy.Deps) {
			deps.Settled = func() { settled <- r.get(d.UUID).Status }
			deps.Hosts = func(ctx context.Context, s core.Server) (host.Host, error) {
				h, err := r.pool.Get(ctx, s)
				return stuckHost{h}, err
			}
		}).Carry(ctx, d, nil)
	}()
	if status := <-settled; status != core.StatusFinished {
		t.Errorf("told of the end while it is %s", status)
	}
	select {
	case <-carried:
		t.Error("nothing was in the way")
	default:
	}
	stop()
	<-carried
}

// TestKilledRunIsNotForgotten kills the runner itself: what it wrote stays, and the
// deployment fails with the reason.
func TestKilledRunIsNotForgotten(t *testing.T) {
	t.Parallel()
	r := newRig(t, sh("sleep", "printf 'half a line'; echo; echo ready; printf 'no end'; sleep 600"))
	d := r.enqueue()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.carrier().Carry(t.Context(), d, nil)
	}()
	r.waitLine(d, "ready")
	pid := r.get(d.UUID).Run.PID
	r.must(syscall.Kill(pid, syscall.SIGKILL))
	<-done
	got := r.get(d.UUID)
	if got.Status != core.StatusFailed || !strings.Contains(got.Outcome.Reason, "killed") {
		t.Errorf("ended as %s: %s", got.Status, got.Outcome.Reason)
	}
	if diff := cmp.Diff([]string{"half a line", "ready", "no end"}, r.output(d, core.Stdout)); diff != "" {
		t.Errorf("stdout (-want +got):\n%s", diff)
	}
	steps, err := r.db.ListSteps(t.Context(), d.LogID)
	r.must(err)
	if len(steps) != 1 || steps[0].State != "failed" || steps[0].EndedAt.IsZero() {
		t.Errorf("steps = %+v", steps)
	}
}

// settledStore calls back when a deployment has been settled.
type settledStore struct {
	deploy.Store
	settled func()
}

// Settle implements deploy.Store.
func (s settledStore) Settle(ctx context.Context, d core.Deployment, last core.Batch) error {
	err := s.Store.Settle(ctx, d, last)
	s.settled()
	return err
}

// TestAnEndIsNoLoss: behind the end a heartbeat no longer has the lease. What is left on
// the server is cleared away all the same.
func TestAnEndIsNoLoss(t *testing.T) {
	t.Parallel()
	r := newRig(t, sh("work", "echo done"))
	d := r.enqueue()
	ctx, lose := context.WithCancelCause(t.Context())
	defer lose(nil)
	r.carrier(func(deps *deploy.Deps) {
		deps.Store = settledStore{deps.Store, func() { lose(queue.ErrLost) }}
	}).Carry(ctx, d, nil)
	if got := r.get(d.UUID); got.Status != core.StatusFinished {
		t.Fatalf("ended as %s", got.Status)
	}
	left, err := filepath.Glob(filepath.Join(r.server.Settings.RemoteDir, "runs", "[^.]*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left on the server: %v, %v", left, err)
	}
}
