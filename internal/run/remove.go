package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// removeWait is how long Remove waits for processes that are about to be gone: a run
// behind its end record, or a launcher that came too late.
const removeWait = 5 * time.Second

// goneFor is how long the name of a removed run is kept.
const goneFor = 30 * 24 * time.Hour

// Remove deletes the folder of a run, and does nothing when there is none. It refuses
// while the run is at work. One that has written its end record is waited for: whoever
// read that record may well be here before the run itself is gone. What stays for a month
// is the name, so that nobody launches it again: a controller that was paused just before
// its launch wakes when another has long finished the run.
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
	if err := f.bury(); err != nil {
		return fmt.Errorf("remove run: %w", err)
	}
	return f.removeAll(ctx)
}

// bury keeps the name of the run behind its folder. When the disk is full, what takes the
// most room goes first.
func (f folder) bury() error {
	err := os.MkdirAll(filepath.Dir(f.gone()), 0o700)
	if err == nil {
		_, err = mark(f.gone())
	}
	if err != nil && os.Remove(f.spool()) == nil {
		return f.bury()
	}
	f.forgetOld()
	return err
}

// forgetOld takes away the names that are older than goneFor, once a day.
func (f folder) forgetOld() {
	dir, now := filepath.Dir(f.gone()), time.Now()
	swept := filepath.Join(dir, ".swept")
	if info, err := os.Stat(swept); err == nil && now.Sub(info.ModTime()) < 24*time.Hour {
		return
	}
	if replace(swept, nil) != nil {
		return
	}
	names, _ := readNames(dir)
	for _, name := range names {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && now.Sub(info.ModTime()) > goneFor {
			_ = os.Remove(path)
		}
	}
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
