package archive

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/queue"
)

const (
	packEvery = 30 * time.Second
	packPage  = 100 // logs that are looked up at once
)

// PackStore is where logs are packed.
type PackStore interface {
	// ListUnpacked returns logs of ended deployments that PackLog has work with.
	ListUnpacked(ctx context.Context, limit int) ([]int64, error)
	// PackLog packs the next lines of a log and says whether there are more. A log that is
	// gone, or that was changed meanwhile, is CodeNotFound or more.
	PackLog(ctx context.Context, logID int64) (bool, error)
}

// Packing packs the logs of ended deployments, soon after they ended. A log that cannot be
// packed stays as it is, readable, and keeps no other from being packed.
func Packing(store PackStore) queue.Work {
	return queue.Work{Kind: "pack-logs", Every: packEvery, Do: func(ctx context.Context, _ core.Job, _ func(string) error) error {
		failed := map[int64]error{}
		for {
			logs, err := store.ListUnpacked(ctx, packPage+len(failed))
			if err != nil {
				return err
			}
			done := 0
			for _, id := range logs {
				if failed[id] != nil {
					continue
				}
				done++
				if err := packAll(ctx, store, id); err != nil {
					failed[id] = err
				}
			}
			if done == 0 || ctx.Err() != nil {
				return first(ctx, failed)
			}
		}
	}}
}

func packAll(ctx context.Context, store PackStore, id int64) error {
	for {
		more, err := store.PackLog(ctx, id)
		if core.CodeOf(err) == core.CodeNotFound {
			return nil
		}
		if err != nil || !more {
			return err
		}
	}
}

// first is one of several errors: each is likely to say the same.
func first(ctx context.Context, failed map[int64]error) error {
	for _, err := range failed {
		return err
	}
	return context.Cause(ctx)
}
