// Package queue decides which deployment runs next. The deployment tables are the
// queue: admission is one transaction, and a lease with a fence says which controller
// carries a row.
package queue

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// Store is the queue's part of the database. Each method is one transaction; every
// limit is decided under the lock of the server's row, so it holds for any number of
// controllers. Lease times are those of the database's clock where several
// controllers share one.
type Store interface {
	// Enqueue adds a queued deployment, filling in its ids and times. When the same
	// verb on the same resource with the same options is queued already, it returns
	// that one and true (unless d.Options.Force). CodeTooMany when the server's queue is full.
	EnqueueDeployment(ctx context.Context, d core.Deployment) (core.Deployment, bool, error)
	// ClaimDeployment gives owner the next deployment to carry, or false when there
	// is none: first an in-progress one whose lease is over (its fence is raised and
	// its run is to be adopted), then the oldest queued one that its server's limit
	// and its resource allow, which becomes in progress.
	ClaimDeployment(ctx context.Context, owner string, lease time.Duration) (core.Deployment, bool, error)
	// RenewLeases extends all leases of owner that are not lost and tells what became of each.
	RenewLeases(ctx context.Context, owner string, lease time.Duration) ([]Renewal, error)
	// ReleaseLease ends one of them, which nobody carries, so that it is claimed anew.
	ReleaseLease(ctx context.Context, r Renewal) error
	// ReleaseLeases ends all leases of owner now, at an orderly stop, so that another
	// controller need not wait for them to run out. With owner "" it ends those of
	// everybody: a controller that is the only one (SQLite) says so when it starts.
	ReleaseLeases(ctx context.Context, owner string) error
}

// Renewal is one lease that was extended. It lives in core because the store may not import queue.
type Renewal = core.Renewal
