package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// removeWait is how long Remove waits for processes that are about to be gone: a run
// behind its end record, or a launcher that came too late.
const removeWait = 5 * time.Second

// Remove deletes the folder of a run, and does nothing when there is none. It refuses
// while the run is at work. One that has written its end record is waited for: whoever
// read that record may well be here before the run itself is gone.
func Remove(ctx context.Context, dir string) error {
	f := folder(dir)
	if !exists(dir) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, removeWait)
	defer cancel()
	held, err := lock(ctx, f.launching(), removeWait)
	if errors.Is(err, errLocked) || ctx.Err() != nil {
		return errors.New("remove run: it is being launched")
	}
	if err == nil { // else there may be no space for the lock, which is no reason to keep the folder
		defer func() { _ = held.Close() }()
	}
	if err := f.awaitExit(ctx); err != nil {
		return fmt.Errorf("remove run: %w", err)
	}
	f.dropPart()
	return f.removeAll(ctx)
}

// awaitExit returns when no process carries the run out any more.
func (f folder) awaitExit(ctx context.Context) error {
	for {
		s, err := Inspect(string(f))
		if err != nil {
			return err
		}
		running := s.State == StateRunning
		if running && !endsWithEnd(f.spool()) {
			return errors.New("it is still running")
		}
		// The lock goes a moment before the process does.
		if !running && !locked(f.running()) && !s.Identity.alive() {
			return nil
		}
		if pause(ctx, killPoll) != nil {
			return errors.New("it has ended, but its process is still there")
		}
	}
}

// removeAll tries again when something was put into the folder meanwhile, by a process
// that a command left behind.
func (f folder) removeAll(ctx context.Context) error {
	for {
		err := os.RemoveAll(string(f))
		if !errors.Is(err, unix.ENOTEMPTY) || pause(ctx, killPoll) != nil {
			return err
		}
	}
}
