package logs

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// poll is how often a follower looks by itself: the safety net under lost wake-ups, and
// the only way to hear of lines that another controller wrote.
const poll = time.Second

// pageSize is how many lines are read at once.
const pageSize = 500

// Feed is one log to follow.
type Feed struct {
	LogID int64
	After int64 // seq of the last line that the reader has
	// Ended says whether the deployment has ended, after which no line is added.
	Ended func(ctx context.Context) (bool, error)
	// Lines gets the next lines in order, without gap or repeat. An error of it ends
	// the following and is returned.
	Lines func(lines []core.Line) error
	// Idle, if set, is called when all lines are delivered and before waiting.
	Idle func() error
}

// Follow delivers the lines of a log from the store, the present ones and then new ones
// as they are committed, until the deployment has ended and all lines are delivered.
func Follow(ctx context.Context, store Store, hub *Hub, f Feed) error {
	wake, cancel := hub.Subscribe(f.LogID)
	defer cancel()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		// Asked before the lines are read: lines and end are committed together, so
		// a log that had ended by now is complete in what is read next.
		ended, err := f.Ended(ctx)
		if err != nil {
			return err
		}
		if err := deliver(ctx, store, &f); err != nil || ended {
			return err
		}
		if f.Idle != nil {
			if err := f.Idle(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-wake:
		case <-ticker.C:
		}
	}
}

// deliver hands on all lines that are there.
func deliver(ctx context.Context, store Store, f *Feed) error {
	for {
		lines, err := store.LinesAfter(ctx, f.LogID, f.After, pageSize)
		if err != nil || len(lines) == 0 {
			return err
		}
		if err := f.Lines(lines); err != nil {
			return err
		}
		f.After = lines[len(lines)-1].Seq
	}
}
