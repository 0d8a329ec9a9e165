package logs

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

// Store is what following a log reads.
type Store interface {
	// LinesAfter returns up to limit lines with Seq > after, in order.
	LinesAfter(ctx context.Context, logID, after int64, limit int) ([]core.Line, error)
}
