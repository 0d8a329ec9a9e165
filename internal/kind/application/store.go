// Package application is the kind "application": it adds to the life cycle how an
// application gets its image, how the new container takes the place of the old one, and
// what a rollback brings back.
package application

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

// Store is what the kind reads and writes. sqlstore implements it.
type Store interface {
	// LoadApplication reads everything that d takes, deleted applications too.
	LoadApplication(ctx context.Context, d core.Deployment) (core.LoadedApplication, error)
	// SetApplicationStatus writes what was seen of an application, or of the preview of
	// d's pull request; an empty hash and a nil ran leave what is stored.
	SetApplicationStatus(ctx context.Context, d core.Deployment, status, configHash string, ran *core.ApplicationRan) error
	// SetRevision writes what is known of the commit of d by now, whatever d's status.
	SetRevision(ctx context.Context, d core.Deployment) error
	// AddEnvs adds those variables whose keys the owner does not have yet, per preview
	// flag, and returns all that it has then.
	AddEnvs(ctx context.Context, team int64, o core.Owner, envs []core.EnvVar) ([]core.EnvVar, error)
	// EnqueueFurther queues what d deployed on the further servers of its application,
	// each once however often it is called.
	EnqueueFurther(ctx context.Context, d core.Deployment) error
}
