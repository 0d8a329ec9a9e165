package api

// RollbackImages are the deployments that an application can go back to.
type RollbackImages struct {
	Current *string         `json:"current" doc:"Tag of the one that runs."`
	Images  []RollbackImage `json:"images" doc:"Newest first."`
}

// RollbackImage is a deployment to go back to.
type RollbackImage struct {
	Tag            string  `json:"tag" doc:"Commit, or the image's tag where there is no git."`
	Branch         *string `json:"branch"`
	CommitMessage  *string `json:"commit_message"`
	DeploymentUUID string  `json:"deployment_uuid"`
	IsCurrent      bool    `json:"is_current"`
	Pinned         bool    `json:"pinned" doc:"Kept by retention."`
	CreatedAt      Time    `json:"created_at"`
}

// RollbackRequest says where to go back to: a deployment, or the newest one of a commit.
type RollbackRequest struct {
	Commit         string `json:"commit,omitempty" rule:"max=255" doc:"A tag of rollback-images; this or deployment_uuid."`
	DeploymentUUID string `json:"deployment_uuid,omitempty"`
	DryRun         bool   `json:"dry_run,omitempty" doc:"Only say what would change. The token needs read, too."`
	Note           string `json:"note,omitempty" rule:"max=1000" doc:"Why."`
}

// RolledBack is the reply to a rollback.
type RolledBack struct {
	Message        string        `json:"message"`
	DeploymentUUID string        `json:"deployment_uuid,omitempty" doc:"Absent with dry_run."`
	Plan           *RollbackPlan `json:"plan,omitempty" doc:"With dry_run."`
}

// RollbackPlan is what a rollback would change.
type RollbackPlan struct {
	Current *RollbackImage `json:"current" doc:"What runs; null: nothing does."`
	Target  RollbackImage  `json:"target"`
	Changes []ConfigChange `json:"changes"`
}

// ConfigChange is a setting that would be another one. Secrets are masked.
type ConfigChange struct {
	Field string  `json:"field"`
	Old   *string `json:"old" doc:"Null: there is none."`
	New   *string `json:"new" doc:"Null: there is none then."`
}

// Preview is the deployment of a pull request.
type Preview struct {
	ID             int64   `json:"id"`
	UUID           string  `json:"uuid"`
	ApplicationID  int64   `json:"application_id"`
	Branch         string  `json:"branch"`
	Fqdn           *string `json:"fqdn" doc:"Comma-separated URLs."`
	IsFork         bool    `json:"is_fork" doc:"It comes from somebody who need not be trusted."`
	PullRequestID  int     `json:"pull_request_id"`
	PullRequestURL *string `json:"pull_request_html_url"`
	Status         string  `json:"status" doc:"<state>:<health>, as last seen."`
	Title          *string `json:"title"`
	CreatedAt      Time    `json:"created_at"`
	UpdatedAt      Time    `json:"updated_at"`
}

// ApplicationDestination is a Docker network that an application is deployed to.
type ApplicationDestination struct {
	Destination
	IsMain bool `json:"is_main" doc:"It is deployed there first; the others follow when that went well."`
}

// DestinationRequest names a further destination of an application.
type DestinationRequest struct {
	DestinationUUID string `json:"destination_uuid" rule:"required"`
}
