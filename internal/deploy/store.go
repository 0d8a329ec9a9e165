package deploy

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

// Store is what the life cycle writes. Each method is one transaction that carries the
// deployment's fence and answers CodeLost when another controller has taken over.
// Only Kind, RowID, LogID, Lease.Fence and the fields named are read from d.
type Store interface {
	// SetConfig commits what is going to run: d.Config.
	SetConfig(ctx context.Context, d core.Deployment) error
	// SetRun commits the identity of the launched run: d.Run.
	SetRun(ctx context.Context, d core.Deployment) error
	// AppendLog adds lines and steps and moves the cursor.
	AppendLog(ctx context.Context, b core.Batch) error
	// GetCursor returns the cursor and the seq of the last line.
	GetCursor(ctx context.Context, logID int64) (core.Cursor, int64, error)
	// Advance is AppendLog for the last lines of a stage that another one follows: the
	// cursor is that of the next, whose run is not known yet.
	Advance(ctx context.Context, d core.Deployment, last core.Batch) error
	// Settle ends a deployment in the same transaction as the last lines: d.Status,
	// d.Outcome and d.Config.Digests. The move is compare-and-set from in_progress.
	Settle(ctx context.Context, d core.Deployment, last core.Batch) error
}
