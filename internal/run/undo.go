package run

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What the end of a run says of the steps that were to put back what was there before.
const (
	restored    = "What it had changed was taken back."
	notRestored = "What it had changed could not be taken back: %s."
)

// lookWait is how long a run looks at the containers once more behind its last step.
const lookWait = 3 * time.Second

// changes says whether there is something to put back once the step has begun. A dump
// only reads, and so do checks, watches and copies to and from a bucket.
func (s Step) changes() bool {
	switch {
	case s.Prepares, s.Spares != "", s.Watch != nil, s.Ports != nil, s.Object != nil, s.Output != nil:
		return false
	case len(s.Argv) > 0, len(s.Delete) > 0:
		return true
	}
	for _, f := range s.Files {
		if !f.Check {
			return true
		}
	}
	return false
}

// check finds steps that nobody can tell what to do with.
func (s Step) check() error {
	actions := 0
	for _, on := range []bool{len(s.Argv) > 0, len(s.Files)+len(s.Delete) > 0, s.Watch != nil, s.Ports != nil, s.Object != nil} {
		if on {
			actions++
		}
	}
	switch {
	case actions > 1:
		return errors.New("it is to do several things at once")
	case len(s.Argv) == 0 && (s.Input != nil || s.Output != nil || s.Stdin != "" || s.Answer != ""):
		return errors.New("it has input or output, but no command")
	case s.Spares != "" && len(s.Argv) == 0:
		return errors.New("it spares others, but has no command")
	case s.Answer != "" && s.Output != nil:
		return errors.New("it has two outputs")
	case s.Input != nil && s.Stdin != "":
		return errors.New("it has two inputs")
	}
	return nil
}

// announceUndo tells Kill that this run has something to put back, and so needs longer.
func (e *executor) announceUndo() {
	for _, step := range e.script.Steps {
		if step.OnFailure {
			_, _ = mark(e.folder.restoring()) // on a full disk there is less time, that is all
			return
		}
	}
}

// undo carries out the steps that put back what was there, up to the first that fails,
// and says in the end of the run what became of it. A cancel does not stop them at once,
// whether it came before or while they are at it: half a restoration is worse than none.
// It leaves them undoGrace, and Kill waits for as long. A run whose spool is lost undoes
// nothing, since nobody would ever learn of it.
func (e *executor) undo(ctx context.Context, due []int, end End) End {
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.Canceled) {
		return end
	}
	inner, stop := undoContext(ctx)
	defer stop()
	end.Restored = restored
	for _, i := range due {
		step := e.script.Steps[i]
		result := e.step(inner, i+1, step, undoWait)
		if result.State == StepDone || step.MayFail && inner.Err() == nil {
			continue
		}
		why := result.why(step)
		if inner.Err() != nil {
			why = context.Cause(inner).Error()
		}
		end.Restored = cut(fmt.Sprintf(notRestored, fmt.Sprintf("step %q failed: %s", step.Name, why)), maxReason/2)
		break
	}
	end.Reason = cut(end.Reason, maxReason/3) + " " + end.Restored
	e.lookAgain(context.WithoutCancel(ctx), due[len(due)-1]+1)
	return end
}

// undoContext outlives the end of ctx by undoGrace.
func undoContext(ctx context.Context) (context.Context, func()) {
	inner, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-inner.Done():
			return
		case <-ctx.Done():
		}
		if pause(inner, undoGrace) == nil {
			cancel(fmt.Errorf("a cancel leaves it no more than %s", undoGrace))
		}
	}()
	return inner, func() { cancel(nil); <-watched }
}

// lookAgain corrects what a watch saw before other steps changed it.
func (e *executor) lookAgain(ctx context.Context, number int) {
	if e.watched == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookWait)
	defer cancel()
	t := &watcher{executor: e, number: number, judge: newJudge(Watch{Project: e.watched})}
	t.asker = newAsker(t)
	if found, err := t.inspect(ctx, e.watched); err == nil {
		t.fact(ctx, found)
	}
}
