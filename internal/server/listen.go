package server

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/supervise"
)

// listenAgain is how long a controller waits before it listens to the others again.
const listenAgain = time.Second

// listener is the store's part of listening.
type listener interface {
	Listen(ctx context.Context, heard func(payload string)) error
}

// others makes a service that passes on what other controllers on the same database have
// committed: a queue to look at, a log that has grown. It only saves waiting: both are
// looked at once a second anyway.
func others(store listener, log *slog.Logger, queue func(), grown func(logID int64)) supervise.Service {
	heard := func(payload string) {
		if id, ok := strings.CutPrefix(payload, "log:"); ok {
			if n, err := strconv.ParseInt(id, 10, 64); err == nil {
				grown(n)
			}
			return
		}
		queue()
	}
	return supervise.Loop(func(ctx context.Context) {
		timer := time.NewTimer(0)
		defer timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			if err := store.Listen(ctx, heard); err != nil && ctx.Err() == nil {
				log.Warn("other controllers are not heard", "error", err)
			}
			timer.Reset(listenAgain)
		}
	})
}
