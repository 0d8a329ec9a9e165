package control

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
)

// ApplicationDeps is what applications take beyond what all resources do.
type ApplicationDeps struct {
	Store      ApplicationStore
	Revisions  RevisionStore
	Further    FurtherStore
	Shared     SharedStore
	GitHubApps GitHubAppStore
	Refs       Refs
	CodeHosts  CodeHosts
	Snapshots  Snapshots
	Proxies    Proxies
}

// Refs asks repositories what they have.
type Refs interface {
	// Resolve finds the commit that ref stands for in the repository of a, asked from
	// server s with what a's source has to prove who it is. Errors are *core.Error fit for
	// a person.
	Resolve(ctx context.Context, s core.Server, a core.Application, ref git.Ref) (core.Revision, error)
}

// CodeHosts speaks to the API of GitHub as an App. Errors are *core.Error fit for a person.
type CodeHosts interface {
	Repositories(ctx context.Context, g core.GitHubApp) ([]git.AppRepository, error)
	// Branches lists the branches of "owner/name".
	Branches(ctx context.Context, g core.GitHubApp, repository string) ([]git.AppBranch, error)
}

// Snapshots understands what deployments of all kinds kept of themselves.
type Snapshots interface {
	// Compare says what is different when target is brought back in the place of now, both
	// with their snapshots.
	Compare(now, target core.Deployment) ([]Difference, error)
}

// Difference is a setting that two deployments do not have in common. Texts of secrets are
// masked.
type Difference struct {
	Field string // as people know it
	How   string // added, removed or changed
	Old   string // empty: there was none
	New   string // empty: there is none then
}

// Proxies reaches the managed proxies of servers. Errors are *core.Error fit for a person.
type Proxies interface {
	// Start brings the proxy up with what is set, or changes it to that.
	Start(ctx context.Context, s core.Server) error
	// Restart is Start with a new container whatever has changed.
	Restart(ctx context.Context, s core.Server) error
	Stop(ctx context.Context, s core.Server) error
	// Status is "<state>:<health>" of the proxy's container; "exited" when there is none.
	Status(ctx context.Context, s core.Server) (string, error)
}
