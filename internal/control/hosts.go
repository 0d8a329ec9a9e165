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

// Containers reads the output of containers.
type Containers interface {
	// Logs returns the last lines of a container. CodeNotFound when there is no such container.
	Logs(ctx context.Context, s core.Server, container string, lines int, timestamps bool) (string, error)
}

// Enqueuer takes deployments into the queue; queue.Store is one.
type Enqueuer interface {
	// EnqueueDeployment adds a queued deployment, or returns an equal one that is queued
	// already and true. CodeTooMany when the server's queue is full.
	EnqueueDeployment(ctx context.Context, d core.Deployment) (core.Deployment, bool, error)
}

// Canceller tells the runner of a deployment at once that it was asked to end, if that
// runner is in this process. The intent is stored by then, so it may do nothing.
type Canceller func(ctx context.Context, d core.Deployment)
