package control

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// Every method takes the team it works for and treats another team's rows as missing
// (CodeNotFound). A method is one transaction. Lists are never nil and ordered by row id
// unless it says otherwise.

// ServerStore keeps servers and their destinations.
type ServerStore interface {
	// CreateServer stores s and its first destination (network "taffrail"). CodeConflict when the team has one at this address.
	CreateServer(ctx context.Context, s core.Server) (core.Server, error)
	GetServer(ctx context.Context, team int64, id core.ID) (core.Server, error)
	ListServers(ctx context.Context, team int64) ([]core.Server, error)
	// UpdateServer writes name, description, address, user, port, key, pin, proxy type and settings.
	UpdateServer(ctx context.Context, s core.Server) error
	// SetServerFacts writes what validation found.
	SetServerFacts(ctx context.Context, team, row int64, f core.ServerFacts) error
	// DeleteServer refuses with CodeBadRequest while resources are on it.
	DeleteServer(ctx context.Context, team int64, id core.ID) error
	ListDestinations(ctx context.Context, team int64, server core.ID) ([]core.Destination, error)
}

// DestinationStore keeps what servers have beyond their first destination.
type DestinationStore interface {
	ListTeamDestinations(ctx context.Context, team int64) ([]core.Destination, error)
	// CreateDestination answers CodeConflict when the server has one with this network.
	CreateDestination(ctx context.Context, team int64, d core.Destination) (core.Destination, error)
	// UpdateDestination writes the name.
	UpdateDestination(ctx context.Context, team int64, d core.Destination) error
	// DeleteDestination refuses with CodeBadRequest while resources are on it.
	DeleteDestination(ctx context.Context, team int64, id core.ID) error
}

// InstanceStore keeps what is set for the whole instance. It belongs to no team.
type InstanceStore interface {
	GetInstance(ctx context.Context) (core.Instance, error)
	// UpdateInstance writes all of it but the root team.
	UpdateInstance(ctx context.Context, v core.Instance) error
}

// KeyStore keeps private keys.
type KeyStore interface {
	// CreateKey answers CodeConflict when the team has a key with this fingerprint.
	CreateKey(ctx context.Context, k core.PrivateKey) (core.PrivateKey, error)
	GetKey(ctx context.Context, team int64, id core.ID) (core.PrivateKey, error)
	GetKeyByRow(ctx context.Context, team, row int64) (core.PrivateKey, error)
	ListKeys(ctx context.Context, team int64) ([]core.PrivateKey, error)
	UpdateKey(ctx context.Context, k core.PrivateKey) error
	// DeleteKey refuses with CodeInvalid while a server uses it.
	DeleteKey(ctx context.Context, team int64, id core.ID) error
}

// ProjectStore keeps projects; lists and gets fill their environments.
type ProjectStore interface {
	// CreateProject stores p with an environment "production".
	CreateProject(ctx context.Context, p core.Project) (core.Project, error)
	GetProject(ctx context.Context, team int64, id core.ID) (core.Project, error)
	ListProjects(ctx context.Context, team int64) ([]core.Project, error)
	UpdateProject(ctx context.Context, p core.Project) error
	// DeleteProject refuses with CodeBadRequest while resources are in it.
	DeleteProject(ctx context.Context, team int64, id core.ID) error
}

// EnvironmentStore keeps environments.
type EnvironmentStore interface {
	// CreateEnvironment answers CodeConflict when the project has one of this name.
	CreateEnvironment(ctx context.Context, team int64, e core.Environment) (core.Environment, error)
	UpdateEnvironment(ctx context.Context, team int64, e core.Environment) error
	// DeleteEnvironment refuses with CodeBadRequest while resources are in it.
	DeleteEnvironment(ctx context.Context, team int64, project, id core.ID) error
}

// ServiceStore keeps services; gets and lists fill Parts and leave deleted ones out.
type ServiceStore interface {
	// CreateService stores s, its parts and its first variables.
	CreateService(ctx context.Context, s core.Service, envs []core.EnvVar) (core.Service, error)
	GetService(ctx context.Context, team int64, id core.ID) (core.Service, error)
	ListServices(ctx context.Context, team int64) ([]core.Service, error)
	// UpdateService writes name, description, compose text, switches and parts (matched
	// by name: new ones are added, missing ones removed) and adds variables whose keys are new.
	UpdateService(ctx context.Context, s core.Service, added []core.EnvVar) error
	// DeleteService is soft: its deployments stay readable.
	DeleteService(ctx context.Context, team int64, id core.ID) error
	// PurgeService removes a soft-deleted or live service with all its history.
	PurgeService(ctx context.Context, team int64, id core.ID) error
}

// StatusStore is where it is kept how resources are. It works for all teams.
type StatusStore interface {
	// ListResting returns the resources of all teams that have no deployment queued or
	// in progress, by server.
	ListResting(ctx context.Context) ([]core.Resting, error)
	GetServerByRow(ctx context.Context, team, row int64) (core.Server, error)
	// SeeResource writes how r is, and its parts, unless it changed after it was read (by
	// UpdatedAt) or has a deployment queued or in progress. What is stored already is not
	// written again; it says whether anything was.
	SeeResource(ctx context.Context, r core.Resting, c core.Condition) (bool, error)
}

// EnvStore keeps environment variables.
type EnvStore interface {
	ListEnvs(ctx context.Context, team int64, o core.Owner) ([]core.EnvVar, error)
	// CreateEnv answers CodeConflict when the owner has the key (per preview flag).
	CreateEnv(ctx context.Context, team int64, e core.EnvVar) (core.EnvVar, error)
	// UpdateEnv writes the row with e's owner, key and preview flag. CodeNotFound when there is none.
	UpdateEnv(ctx context.Context, team int64, e core.EnvVar) (core.EnvVar, error)
	// UpsertEnvs creates or updates all in one transaction.
	UpsertEnvs(ctx context.Context, team int64, o core.Owner, envs []core.EnvVar) ([]core.EnvVar, error)
	DeleteEnv(ctx context.Context, team int64, o core.Owner, id core.ID) error
}

// DeploymentStore reads deployments of all kinds and takes the intent to cancel.
type DeploymentStore interface {
	GetDeployment(ctx context.Context, team int64, id core.ID) (core.Deployment, error)
	// ListActive returns queued and in-progress deployments, oldest first.
	ListActive(ctx context.Context, team int64) ([]core.Deployment, error)
	// ListByResource returns a page, newest first, and the count of all.
	ListByResource(ctx context.Context, team int64, k core.Kind, resource int64, skip, take int) ([]core.Deployment, int, error)
	// ListHistory returns a page of all kinds, newest first, and the cursor of the next ("" at the end).
	ListHistory(ctx context.Context, team int64, f HistoryFilter) ([]core.Deployment, string, error)
	ListSteps(ctx context.Context, logID int64) ([]core.Step, error)
	LinesAfter(ctx context.Context, logID, after int64, limit int) ([]core.Line, error)
	// CancelDeployment ends a queued deployment at once (compare-and-set, with a log
	// line), or commits the intent to cancel one in progress; it returns the row as it
	// is then. A terminal one is returned unchanged.
	CancelDeployment(ctx context.Context, team int64, id core.ID, by core.Actor) (core.Deployment, error)
}

// HistoryFilter narrows the history. It lives in core because the store may not import control.
type HistoryFilter = core.HistoryFilter

// TeamStore keeps teams and users.
type TeamStore interface {
	GetTeam(ctx context.Context, team int64) (core.Team, error)
	UpdateTeam(ctx context.Context, t core.Team) error
	ListMembers(ctx context.Context, team int64) ([]core.User, error)
	// AppendAudit writes down a change, and drops some that are too old.
	AppendAudit(ctx context.Context, e core.AuditEntry) error
	// ListAudit returns a page of the changes, newest first.
	ListAudit(ctx context.Context, team int64, f core.AuditFilter) ([]core.AuditEntry, error)
}

// TokenStore keeps API tokens.
type TokenStore interface {
	CreateToken(ctx context.Context, t core.Token) (core.Token, error)
	// GetToken reads a token by row id for authentication: with its user's present role.
	GetToken(ctx context.Context, row int64) (core.Token, error)
	ListTokens(ctx context.Context, team int64) ([]core.Token, error)
	DeleteToken(ctx context.Context, team, row int64) error
	// TouchTokens records last uses, in one transaction for many.
	TouchTokens(ctx context.Context, used map[int64]time.Time) error
}
