package deploy

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/redact"
	"github.com/taffrail/taffrail/internal/run"
)

// Kind is what one kind of resource adds to the life cycle.
type Kind interface {
	// Load reads the resource of d with everything it needs to be planned, secrets
	// included. It also finds soft-deleted resources: a stop may belong to a deletion.
	Load(ctx context.Context, d core.Deployment) (Target, error)
	// Record stores what was found when d ended. It may be called more than once. Unless
	// found.Looked is set, nothing is known of the containers.
	Record(ctx context.Context, d core.Deployment, found core.Findings) error
	// Sum says how a resource is by what was seen of its containers. It stores nothing.
	Sum(ctx context.Context, r core.Resting, seen []core.Container) (core.Condition, error)
}

// Target is a loaded resource. It does no I/O.
type Target interface {
	// Server is where the deployment runs.
	Server() core.Server
	// Project is the compose project whose containers are observed before the plan.
	Project() string
	// Secrets are the values that must not appear in the log.
	Secrets() []redact.Value
	// Plan says what is to be done for d, given what was seen on the server. It is
	// pure: equal input, equal plan. Errors are *core.Error fit for a person.
	Plan(d core.Deployment, seen Observed) (Plan, error)
}

// Builder is a Target whose plans may begin on another server.
type Builder interface {
	// Builder is where the first stage of a plan is carried out; zero: there is none.
	Builder() core.Server
}

// Observed is what is on the server before a plan is made.
type Observed struct {
	Containers     []core.Container // of the resource, running or not
	ComposeVersion string
	Now            time.Time // by the controller's clock
}

// Plan is what a deployment does.
type Plan struct {
	// First is carried out before Script, on the server that the Target's Builder names.
	// Its answers are given to the steps of Script that take them. Nil: there is no such
	// stage.
	First  *run.Script
	Script run.Script
	// Hash identifies the configuration: equal hash, equal result.
	Hash string
	// Keep is what the kind wants to find again when this deployment is to be brought
	// back or compared. It may hold secrets: it is stored sealed, with the snapshot.
	Keep []byte
}

// String shows the plan without any secret value; golden files hold it.
func (p Plan) String() string {
	if p.First == nil {
		return p.Script.String()
	}
	return "first, on the build server:\n" + p.First.String() + "then:\n" + p.Script.String()
}
