package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"
)

const (
	claimWait  = 3 * time.Second  // for a lock that others hold only to look whether it is held
	syncEvery  = time.Second      // what a power cut may take of the spool
	alwaysWait = time.Minute      // for steps that run although the run's limit is over
	undoWait   = 5 * time.Minute  // for each step that puts back what was there, after a failure
	undoGrace  = 30 * time.Second // for all of them together, from a cancel on
	killGrace  = 2 * time.Second  // from TERM to KILL
	drainGrace = time.Second / 2  // for output of processes that outlive their command
	maxReason  = 4 << 10          // of an end record, in bytes
	longWatch  = 10 * time.Minute // the limit of a watch that names none
)

// The states of an End, and of a StepEnd besides.
const (
	StateFinished  = "finished"
	StateFailed    = "failed"
	StateCancelled = "cancelled"
	StepDone       = "done"
)

// errAnother says that the run is another process's to carry out.
var errAnother = errors.New("the run was started before")

// executor carries out one script.
type executor struct {
	folder   folder
	script   Script
	out      *Writer
	deadline time.Time // zero: none
	// abort ends the run when its spool cannot be written: what nobody will ever
	// learn of is better not done.
	abort context.CancelCauseFunc
	// watched is the project of the last watch that wrote what it saw.
	watched string
	spared  map[string]bool // groups of steps that are left out
}

// Exec carries out the run that was launched into dir, in this process. It returns
// when the end record is on disk. When ctx ends, the run is cancelled: the step at work
// is ended with everything it started, and no other is begun, not even an Always one.
//
// Every step that is carried out gives a StepStart, what it wrote, and a StepEnd. Steps
// that are not, because another failed or the run was cancelled, leave no trace.
func Exec(ctx context.Context, dir string) error {
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	e := &executor{folder: folder(dir), abort: abort}
	held, err := e.claim(ctx)
	if err != nil {
		return fmt.Errorf("claim run: %w", err)
	}
	defer func() { _ = held.Close() }()
	spool, err := e.open(ctx)
	if err != nil {
		return fmt.Errorf("open run: %w", err)
	}
	defer func() { _ = spool.Close() }()
	stop := e.syncing(ctx)
	end := e.steps(ctx)
	stop()
	return e.finish(context.WithoutCancel(ctx), end)
}

// claim makes sure that this process, and no other ever, carries the run out.
func (e *executor) claim(ctx context.Context) (*os.File, error) {
	held, err := lock(ctx, e.folder.running(), claimWait)
	if err != nil {
		return nil, err
	}
	first, err := mark(e.folder.started())
	if err == nil && !first {
		err = errAnother
	}
	if err != nil {
		_ = held.Close()
		return nil, err
	}
	return held, nil
}

// open reads the script, deletes it, and begins the spool.
func (e *executor) open(ctx context.Context) (*os.File, error) {
	if err := readJSON(e.folder.script(), &e.script); err != nil {
		return nil, err
	}
	if err := os.Remove(e.folder.script()); err != nil {
		return nil, err
	}
	if e.script.Limit > 0 {
		e.deadline = time.Now().Add(e.script.Limit)
	}
	spool, err := os.OpenFile(e.folder.spool(), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	e.out = NewWriter(spool)
	identity, err := newIdentity()
	if err == nil {
		err = e.out.WriteJSON(context.WithoutCancel(ctx), FrameStart, 0, identity)
	}
	if err == nil {
		err = replaceJSON(e.folder.identity(), identity)
	}
	if err != nil {
		_ = spool.Close()
		return nil, err
	}
	return spool, nil
}

func newIdentity() (Identity, error) {
	self, err := readStat(os.Getpid())
	if err != nil {
		return Identity{}, err
	}
	id := Identity{BootID: bootID(), PID: self.pid, Started: self.started}
	id.Host, _ = os.Hostname()
	if info, ok := debug.ReadBuildInfo(); ok {
		id.Version = info.Main.Version
	}
	return id, nil
}

// syncing brings the spool to the disk now and then, until stop is called.
func (e *executor) syncing(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for pause(ctx, syncEvery) == nil {
			_ = e.out.Sync(ctx)
		}
	}()
	return func() { cancel(); <-done }
}

func (e *executor) finish(ctx context.Context, end End) error {
	end.Reason = cut(end.Reason, maxReason)
	if err := e.out.WriteJSON(ctx, FrameEnd, 0, end); err != nil {
		return err
	}
	if err := e.out.Sync(ctx); err != nil {
		return err
	}
	for {
		err := replaceJSON(e.folder.ended(), end)
		if err == nil || !waitsForSpace(err) {
			return err
		}
		if err := pause(ctx, spaceRetry); err != nil {
			return err
		}
	}
}

// course is how far a script was carried out.
type course struct {
	end     End
	touched bool  // a step that changes something has begun
	due     []int // steps that put back what was there
}

// steps carries out the script and says how it ended.
func (e *executor) steps(ctx context.Context) End {
	c := course{end: End{State: StateFinished}}
	if err := os.MkdirAll(e.script.Dir, 0o700); err != nil {
		c.end = End{State: StateFailed, Reason: fmt.Sprintf("The folder %s cannot be made: %v.", e.script.Dir, err)}
	}
	for i, step := range e.script.Steps {
		switch {
		case e.isSpared(step):
		case !step.OnFailure:
			e.next(ctx, &c, i+1, step)
		case c.end.State != StateFinished:
			c.due = append(c.due, i)
		}
	}
	if c.touched && len(c.due) > 0 {
		return e.undo(ctx, c.due, c.end)
	}
	return c.end
}

// next carries out a step if it is its turn.
func (e *executor) next(ctx context.Context, c *course, number int, step Step) {
	failed := c.end.State == StateFailed
	if ctx.Err() != nil || failed && !step.Always {
		c.end = c.end.cancelled(ctx, step)
		return
	}
	if !c.touched && step.changes() {
		c.touched = true
		e.announceUndo()
	}
	result := e.step(ctx, number, step, alwaysIf(failed))
	if result.State == StateFailed && !failed {
		c.end = c.end.after(step, result)
	}
	if result.State == StateCancelled {
		c.end = c.end.cancelled(ctx, step)
	}
}

// alwaysIf is how long a step gets at least.
func alwaysIf(failed bool) time.Duration {
	if failed {
		return alwaysWait
	}
	return 0
}

// after is the end of a run whose step failed.
func (e End) after(step Step, r StepEnd) End {
	switch {
	case !step.MayFail:
		return End{State: StateFailed, Step: step.Name, ExitCode: r.ExitCode, Reason: reason(step, r)}
	case step.Tells:
		e.Reason = strings.TrimSpace(e.Reason + " " + reason(step, r))
	}
	return e
}

// cancelled turns an end that was going to be good into one that was cancelled at step.
func (e End) cancelled(ctx context.Context, step Step) End {
	if e.State != StateFinished || ctx.Err() == nil {
		return e
	}
	return End{State: StateCancelled, Step: step.Name, Reason: fmt.Sprintf("Cancelled at step %q.", step.Name)}
}

func reason(step Step, r StepEnd) string {
	return fmt.Sprintf("Step %q failed: %s.", step.Name, r.why(step))
}

// why says in a few words how a step failed.
func (r StepEnd) why(step Step) string {
	switch {
	case r.Error != "":
		return r.Error
	case r.Signal != "":
		return fmt.Sprintf("%s was ended by signal %s", step.Argv[0], r.Signal)
	case r.ExitCode != nil:
		return fmt.Sprintf("%s exited with code %d", step.Argv[0], *r.ExitCode)
	}
	return "its end is not known"
}

// step carries out one step between its two frames. It gets so much time at least,
// whatever is left of the run's.
func (e *executor) step(ctx context.Context, number int, step Step, least time.Duration) StepEnd {
	e.write(ctx, number, FrameStepStart, announce(step))
	limited, cancel := e.limit(ctx, step, least)
	defer cancel()
	result := e.attempts(limited, number, step)
	if step.Spares != "" {
		result = e.spare(ctx, number, step, result)
	}
	switch {
	case result.State != StateFailed:
	case ctx.Err() != nil:
		result.State = StateCancelled
	case limited.Err() != nil:
		result.Error = context.Cause(limited).Error()
	}
	result.MayFail = step.MayFail
	e.write(ctx, number, FrameStepEnd, result)
	_ = e.out.Sync(context.WithoutCancel(ctx))
	return result
}

// announce makes a StepStart that fits a frame.
func announce(step Step) StepStart {
	start := StepStart{Name: step.Name, Title: step.Title, Hidden: step.Hidden}
	size := 0
	for _, word := range step.Argv {
		// JSON may need six bytes for one.
		if size += 6*len(word) + 3; size > MaxPayload/2 {
			start.Argv = append(start.Argv, "…")
			break
		}
		start.Argv = append(start.Argv, word)
	}
	return start
}

// limit ends a step's context with a cause that a person can read.
func (e *executor) limit(ctx context.Context, step Step, least time.Duration) (context.Context, context.CancelFunc) {
	until, cause := e.deadline, fmt.Errorf("the run took longer than its limit of %s", e.script.Limit)
	if !until.IsZero() && time.Until(until) < least {
		until, cause = time.Now().Add(least), fmt.Errorf("it took longer than %s, which is what it has behind the limit of the run", least)
	}
	if own := time.Now().Add(step.Timeout); step.Timeout > 0 && (until.IsZero() || own.Before(until)) {
		until, cause = own, fmt.Errorf("it took longer than its limit of %s", step.Timeout)
	}
	if until.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadlineCause(ctx, until, cause)
}

// attempts repeats a step that fails as often as it allows.
func (e *executor) attempts(ctx context.Context, number int, step Step) StepEnd {
	wait := time.Second
	for attempt := 1; ; attempt++ {
		result, final := e.attempt(ctx, number, step)
		if result.State != StateFailed || final || attempt > step.Retries || ctx.Err() != nil {
			return result
		}
		e.warn(ctx, number, fmt.Sprintf("attempt %d of %d: in %s, since %s", attempt+1, step.Retries+1, wait, result.why(step)))
		if pause(ctx, wait) != nil {
			return result
		}
		wait *= 2
	}
}

// attempt does what a step is about. final says that another attempt is of no use.
func (e *executor) attempt(ctx context.Context, number int, step Step) (result StepEnd, final bool) {
	err := step.check()
	final = true
	switch {
	case err != nil:
	case len(step.Argv) > 0:
		return e.command(ctx, number, step)
	case step.Watch != nil:
		err = e.watch(ctx, number, *step.Watch)
	case step.Ports != nil:
		err = e.ports(ctx, *step.Ports)
	case step.Object != nil:
		final, err = e.object(ctx, number, *step.Object)
	default:
		err = e.change(ctx, number, step)
	}
	if err != nil {
		return StepEnd{State: StateFailed, Error: err.Error()}, final
	}
	return StepEnd{State: StepDone}, false
}

// write, text, info and warn append to the spool. They wait for space also when ctx has
// ended: what happened is recorded before anything else.
func (e *executor) write(ctx context.Context, step int, kind FrameKind, v any) {
	if err := e.out.WriteJSON(context.WithoutCancel(ctx), kind, step, v); err != nil {
		e.abort(err)
	}
}

func (e *executor) text(ctx context.Context, step int, kind FrameKind, data []byte) {
	if err := e.out.Write(context.WithoutCancel(ctx), kind, step, data); err != nil {
		e.abort(err)
	}
}

func (e *executor) info(ctx context.Context, step int, text string) {
	e.text(ctx, step, FrameInfo, []byte(text))
}

func (e *executor) warn(ctx context.Context, step int, text string) {
	e.text(ctx, step, FrameWarning, []byte(text))
}

func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return text[:limit] + "…"
}
