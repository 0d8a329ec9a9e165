package control

import (
	"context"
	"io"

	"github.com/taffrail/taffrail/internal/core"
)

// Hosts is what control needs of the machines.
type Hosts interface {
	// Probe looks at a server: its system, Docker, Compose and disk. It returns what it
	// found with an error too; the errors are *core.Error fit for a person.
	Probe(ctx context.Context, s core.Server) (core.ServerFacts, error)
	// Install installs Docker and Compose and writes what is said meanwhile to w.
	Install(ctx context.Context, s core.Server, w io.Writer) error
	// Forget drops the kept connection of a server: its address, user or key changed.
	Forget(row int64)
}

// Containers looks at containers.
type Containers interface {
	// Logs returns the last lines of a container. CodeNotFound when there is no such container.
	Logs(ctx context.Context, s core.Server, container string, lines int, timestamps bool) (string, error)
	// List looks at a server and returns the containers that Compose made, running or
	// not, by project: of one project, or of all when project is empty.
	List(ctx context.Context, s core.Server, project core.ID) (map[core.ID][]core.Container, error)
}

// Statuses sums up what was seen of containers, by the rules of their kind.
type Statuses interface {
	// Sum says how a resource is. It stores nothing.
	Sum(ctx context.Context, r core.Resting, seen []core.Container) (core.Condition, error)
}

// Queue takes deployments in, and knows how far they are from their turn.
type Queue interface {
	// EnqueueDeployment adds a queued deployment, filling in names, ids and times, or
	// returns an equal one that is queued already and true. CodeTooMany when the server's
	// queue is full.
	EnqueueDeployment(ctx context.Context, d core.Deployment) (core.Deployment, bool, error)
	// QueuePosition says why a queued deployment does not run yet ("" when nothing is in
	// its way) and how many queued ones of its server come before it.
	QueuePosition(ctx context.Context, d core.Deployment) (reason string, ahead int, err error)
	// GetOverlap and SetOverlap are about what a new deployment of a live resource does to
	// those before it.
	GetOverlap(ctx context.Context, team int64, k core.Kind, resource int64) (core.Overlap, error)
	SetOverlap(ctx context.Context, team int64, k core.Kind, resource int64, to core.Overlap) error
}

// Canceller tells the runner of a deployment at once that it was asked to end, if that
// runner is in this process. The intent is stored by then, so it may do nothing.
type Canceller func(ctx context.Context, d core.Deployment)

// Dumps reaches dump files where databases are.
type Dumps interface {
	// DeleteDump deletes a file by its absolute path on the server. That there is none is
	// no error.
	DeleteDump(ctx context.Context, s core.Server, path string) error
}

// Buckets reaches S3. Errors are *core.Error fit for a person.
type Buckets interface {
	// Probe writes an object, reads it and deletes it. allowHost lets it reach addresses
	// of the machine that asks, and of its own network link.
	Probe(ctx context.Context, s core.S3Storage, allowHost bool) error
	// DeleteObject deletes the copy of a dump. That there is none is no error.
	DeleteObject(ctx context.Context, s core.S3Storage, b core.Backup, allowHost bool) error
}
