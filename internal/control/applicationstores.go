package control

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

// ApplicationStore keeps applications; gets and lists leave deleted ones out.
type ApplicationStore interface {
	CreateApplication(ctx context.Context, a core.Application, envs []core.EnvVar) (core.Application, error)
	GetApplication(ctx context.Context, team int64, id core.ID) (core.Application, error)
	ListApplications(ctx context.Context, team int64) ([]core.Application, error)
	// UpdateApplication writes everything that people may change, and AutoDeploy.
	UpdateApplication(ctx context.Context, a core.Application) error
	// DeleteApplication is soft: its deployments stay readable.
	DeleteApplication(ctx context.Context, team int64, id core.ID) error
	// PurgeApplication removes an application, deleted or not, with all its history.
	PurgeApplication(ctx context.Context, team int64, id core.ID) error
	// ListByRepository returns the applications of all teams whose source has this key:
	// a webhook's signature says which of them it is for.
	ListByRepository(ctx context.Context, key string) ([]core.Application, error)
}

// RevisionStore keeps what pushes and pull requests bring about.
type RevisionStore interface {
	// EnqueueDelivery queues these deployments, unless a delivery of this provider and id
	// was taken before: then it returns what that one queued, and true. One transaction;
	// CodeTooMany queues nothing and forgets the delivery.
	EnqueueDelivery(ctx context.Context, provider, delivery string, list []core.Deployment) ([]core.Deployment, bool, error)
	// PutPreview stores a preview of an application, by its pull request.
	PutPreview(ctx context.Context, team int64, p core.Preview) (core.Preview, error)
	GetPreview(ctx context.Context, team, application int64, pullRequest int) (core.Preview, error)
	ListPreviews(ctx context.Context, team, application int64) ([]core.Preview, error)
	DeletePreview(ctx context.Context, team, application int64, pullRequest int) error
	// ListRollbackTargets returns the finished deployments of an application that have a
	// snapshot, newest first.
	ListRollbackTargets(ctx context.Context, team, application int64, limit int) ([]core.Deployment, error)
	// FindApplication is GetApplication for all teams: whether a webhook may speak of it
	// is said by its signature.
	FindApplication(ctx context.Context, id core.ID) (core.Application, error)
}

// FurtherStore keeps the further servers of an application.
type FurtherStore interface {
	ListFurther(ctx context.Context, team, application int64) ([]core.Destination, error)
	// AddFurther answers CodeConflict when the application is there already.
	AddFurther(ctx context.Context, team, application, destination int64) error
	RemoveFurther(ctx context.Context, team, application, destination int64) error
}

// SharedStore keeps variables that many resources share. scope is team, project,
// environment or server, and row that of what it belongs to.
type SharedStore interface {
	ListShared(ctx context.Context, team int64, scope string, row int64) ([]core.EnvVar, error)
	// PutShared creates or changes all in one transaction, by key.
	PutShared(ctx context.Context, team int64, scope string, row int64, envs []core.EnvVar) ([]core.EnvVar, error)
	DeleteShared(ctx context.Context, team int64, scope string, row int64, id core.ID) error
}

// GitHubAppStore keeps GitHub Apps.
type GitHubAppStore interface {
	CreateGitHubApp(ctx context.Context, g core.GitHubApp) (core.GitHubApp, error)
	GetGitHubApp(ctx context.Context, team int64, id core.ID) (core.GitHubApp, error)
	// GetGitHubAppByRow works for all teams with team 0: a webhook names the app only.
	GetGitHubAppByRow(ctx context.Context, team, row int64) (core.GitHubApp, error)
	ListGitHubApps(ctx context.Context, team int64) ([]core.GitHubApp, error)
	UpdateGitHubApp(ctx context.Context, g core.GitHubApp) error
	// DeleteGitHubApp answers CodeBadRequest while an application uses it.
	DeleteGitHubApp(ctx context.Context, team int64, id core.ID) error
}
