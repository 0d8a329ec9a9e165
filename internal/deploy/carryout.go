package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/run"
)

// How long a server that cannot be reached is tried before and after the launch. Before
// it nothing has happened and failing is the truth; after it the run may well be going
// on, so we keep asking until the deployment's own limit, and a little more.
const (
	reachLimit   = 15 * time.Second
	extraLimit   = 2 * time.Minute
	firstPause   = 250 * time.Millisecond
	longestPause = 5 * time.Second
	reachPause   = 2 * time.Second // longest between two attempts to reach a server, which may be back any moment
)

var errCancelled = errors.New("cancelled by a person")

// carryOut carries out one stage after the other and settles.
func (j *journey) carryOut(ctx context.Context) error {
	for {
		// An earlier controller may have read all and could not go on any more.
		if j.ingest.End() == nil {
			if ended, err := j.stage(ctx); !ended {
				return err
			}
		}
		if !j.building() || j.ingest.End().State != run.StateFinished {
			return j.settleEnd(ctx)
		}
		if err := j.advance(ctx); err != nil {
			return err
		}
	}
}

// building says whether the first stage of two is on.
func (j *journey) building() bool { return j.snap.First != nil && j.ingest.Stage() == 0 }

// on is the machine of the stage that is on.
func (j *journey) on() host.Host {
	if j.building() {
		return j.builder
	}
	return j.host
}

// script is that of the stage that is on, with what it takes from the one before.
func (j *journey) script() run.Script {
	if j.building() {
		return *j.snap.First
	}
	s := j.snap.Script
	s.Steps = slices.Clone(s.Steps)
	answers := j.ingest.Findings().Answers
	for i, step := range s.Steps {
		if step.Takes != "" {
			s.Steps[i].Stdin = answers[step.Takes]
		}
	}
	return s
}

// advance goes on to the next stage.
func (j *journey) advance(ctx context.Context) error {
	j.ingest.Next()
	batch, err := j.ingest.Batch()
	if err != nil {
		return err
	}
	if err := j.retryStore(ctx, func() error { return j.deps.Store.Advance(ctx, j.d, batch) }); err != nil {
		return err
	}
	j.ingest.Committed(batch)
	j.d.Run = core.RunIdentity{}
	j.deps.Hub.Wake(j.d.LogID)
	j.log.Info("deployment goes on to its next stage", "stage", j.ingest.Stage())
	return nil
}

// stage launches the run of a stage, or finds it launched, and follows it. Without ended
// the deployment is settled or not ours any more.
func (j *journey) stage(ctx context.Context) (ended bool, err error) {
	if j.cancelled() && !j.d.Run.Known() {
		// Nothing is known to be launched; a launch whose answer got lost is ended too.
		return false, j.stopAndSettle(ctx)
	}
	status, err := j.launch(ctx)
	if err != nil && j.d.Run.Known() && ctx.Err() == nil && core.CodeOf(err) != core.CodeLost {
		return false, j.settleLost(ctx, person(err)+" What was started may still run")
	}
	if err != nil {
		return false, j.giveUp(ctx, err)
	}
	switch {
	case status.State == run.StateMissing && status.Reason != "":
		return false, j.settleLost(ctx, status.Reason)
	case status.State == run.StateMissing:
		return false, j.settleLost(ctx, "its folder on the server is gone")
	}
	return j.followToEnd(ctx)
}

// launch starts the run once, whoever asks how often. A run that is known to have been
// launched is never launched again.
func (j *journey) launch(ctx context.Context) (run.Status, error) {
	var status run.Status
	at, script := j.on(), j.script()
	err := j.persist(ctx, j.lateLimit(), func(ctx context.Context) error {
		var err error
		if j.d.Run.Known() {
			status, err = at.Status(ctx, script.ID)
			return err
		}
		// Whether the deployment is still ours is asked each time: this controller may
		// have been asleep while another one settled it.
		if err := j.deps.Store.SetRun(ctx, j.d); err != nil {
			return err
		}
		status, err = at.Launch(ctx, script)
		return err
	})
	if err != nil || j.d.Run.Known() {
		return status, err
	}
	id := status.Identity
	j.d.Run = core.RunIdentity{BootID: id.BootID, PID: id.PID, Started: id.Started}
	return status, j.deps.Store.SetRun(ctx, j.d)
}

// lateLimit is how long the server may stay away once the run may be going on.
func (j *journey) lateLimit() time.Duration {
	return max(j.script().Limit, reachLimit) + extraLimit
}

// followToEnd follows the spool over as many connections as it takes. Without ended it has
// settled, or the deployment is not ours any more.
func (j *journey) followToEnd(ctx context.Context) (ended bool, err error) {
	killed := j.killOnCancel(ctx)
	defer killed.stop()
	var away time.Time
	pause := firstPause
	for {
		err := j.follow(ctx, &away)
		j.takeNotes()
		switch {
		case ctx.Err() != nil:
			return false, context.Cause(ctx)
		case err == nil:
			return true, nil
		case errors.Is(err, host.ErrRunDead):
			return false, j.settleDead(ctx)
		case core.CodeOf(err) == core.CodeLost:
			return false, err
		}
		if away.IsZero() {
			away, pause = time.Now(), firstPause
			j.say(core.Warning, "Connection to the server lost: "+person(err)+" The run goes on there; reconnecting.")
		}
		if err := j.commit(ctx); err != nil {
			return false, err
		}
		if time.Since(away) > j.lateLimit() {
			return false, j.settleLost(ctx, "the server cannot be reached any more; what was started may still run")
		}
		if err := sleep(ctx, pause); err != nil {
			return false, err
		}
		pause = min(pause*2, reachPause)
	}
}

// killOnCancel ends the run when a person cancels, in the background of the following,
// which then sees the run's end.
func (j *journey) killOnCancel(ctx context.Context) *killer {
	ctx, stop := context.WithCancel(ctx)
	k := &killer{stopFunc: stop, done: make(chan struct{})}
	at, id := j.on(), j.script().ID
	go func() {
		defer close(k.done)
		select {
		case <-ctx.Done():
			return
		case <-j.cancel:
		}
		j.noteLine(core.Warning, "Cancel was asked for; ending the run.")
		for pause := firstPause; ; pause = min(pause*2, longestPause) {
			err := at.Kill(ctx, id)
			if err == nil || ctx.Err() != nil {
				return
			}
			j.log.Warn("cancel: run not ended yet", "error", err)
			if pause == firstPause {
				j.noteLine(core.Warning, "The run could not be ended yet: "+person(err)+" Trying again.")
			}
			if sleep(ctx, pause) != nil {
				return
			}
		}
	}()
	return k
}

// note is a line of Taffrail's own that comes from another goroutine than the follower.
type note struct {
	stream core.Stream
	text   string
}

// noteLine hands a line to the follower. It never blocks: when nobody takes lines, the
// deployment is about to end and says so itself.
func (j *journey) noteLine(stream core.Stream, text string) {
	select {
	case j.notes <- note{stream, text}:
	default:
	}
}

// takeNotes says the lines that wait.
func (j *journey) takeNotes() {
	for {
		select {
		case n := <-j.notes:
			j.say(n.stream, n.text)
		default:
			return
		}
	}
}

type killer struct {
	stopFunc context.CancelFunc
	done     chan struct{}
}

func (k *killer) stop() {
	k.stopFunc()
	<-k.done
}

// persist calls act until it succeeds, fails for another reason than an unreachable
// server, or limit is over. The first failure is said in the log.
func (j *journey) persist(ctx context.Context, limit time.Duration, act func(context.Context) error) error {
	began := time.Now()
	for pause := firstPause; ; pause = min(pause*2, reachPause) {
		err := act(ctx)
		if err == nil || ctx.Err() != nil || core.CodeOf(err) != core.CodeUnavailable || !host.Temporary(err) {
			return err
		}
		if j.cancelled() && !j.d.Run.Known() {
			return errCancelled
		}
		if time.Since(began) > limit {
			return err
		}
		if pause == firstPause {
			j.say(core.Warning, person(err)+" Trying again.")
			if err := j.commit(ctx); err != nil {
				return err
			}
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// cancelled says whether a person asked to cancel.
func (j *journey) cancelled() bool {
	select {
	case <-j.cancel:
		return true
	default:
		return false
	}
}

// sleep waits, or returns the cause why ctx ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// person is the part of an error that a person may read.
func person(err error) string {
	var e *core.Error
	if errors.As(err, &e) {
		if len(e.Fields) > 0 {
			return fields(e)
		}
		return e.Msg
	}
	return fmt.Sprintf("Internal fault (%T).", err)
}
