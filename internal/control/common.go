package control

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

// CommonDeps is what people may do with resources of every kind, and with their
// deployments, beyond their life cycle.
type CommonDeps struct {
	Records RecordStore
	Tags    TagStore
	Tagging TaggingStore
	Jobs    JobStore
	History HistoryStore
}

// RecordStore changes what is said about deployments that are there.
type RecordStore interface {
	PinDeployment(ctx context.Context, team int64, id core.ID, pinned bool) (core.Deployment, error)
	NoteDeployment(ctx context.Context, team int64, id core.ID, note string) (core.Deployment, error)
	// DropLog takes away the lines of a deployment that has ended (CodeBadRequest
	// otherwise), and leaves one that says who did so.
	DropLog(ctx context.Context, team int64, id core.ID, by core.Actor) error
}
