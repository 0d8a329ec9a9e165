package api

// Status is where a deployment stands.
type Status string

// The statuses.
const (
	StatusQueued     Status = "queued"
	StatusInProgress Status = "in_progress"
	StatusFinished   Status = "finished"
	StatusFailed     Status = "failed"
	StatusCancelled  Status = "cancelled-by-user"
)

// Terminal says that a deployment with this status never changes it again.
func (s Status) Terminal() bool {
	return s == StatusFinished || s == StatusFailed || s == StatusCancelled
}

// Deployment is one run of one verb on one resource. Exactly one of the three embedded
// pointers is set, by the kind of the resource; the keys of the other two are absent.
type Deployment struct {
	ID int64 `json:"id" doc:"Integer id; unique within a kind."`
	*ApplicationDeployment
	*ServiceDeployment
	*DatabaseDeployment
	DeploymentStory
	CurrentProcessID *string `json:"current_process_id" doc:"Process id of the run on the server."`
	DeploymentURL    string  `json:"deployment_url" doc:"Path of its page in the web interface."`
	DeploymentUUID   string  `json:"deployment_uuid"`
	IsAPI            bool    `json:"is_api" doc:"Asked for through the API."`
	Logs             *string `json:"logs,omitempty" doc:"Text that holds a JSON array of log entries. Only for tokens that may read sensitive data, and only where one deployment is asked for. Long logs are cut, and say so; /log and /log.txt have all of it."`
	ServerID         int64   `json:"server_id"`
	ServerName       string  `json:"server_name"`
	Status           Status  `json:"status" rule:"enum=queued|in_progress|finished|failed|cancelled-by-user"`
	CreatedAt        Time    `json:"created_at"`
	UpdatedAt        Time    `json:"updated_at"`
}

// DeploymentStory is what Taffrail tells of every deployment besides what its kind has.
type DeploymentStory struct {
	Kind              string            `json:"kind" rule:"enum=application|service|database"`
	Verb              string            `json:"verb" rule:"enum=deploy|start|stop|restart|rollback|backup|restore|renew"`
	Actor             Actor             `json:"actor"`
	Trigger           string            `json:"trigger" rule:"enum=ui|api|cli|webhook|schedule|mcp"`
	Note              string            `json:"note" doc:"Why, in the words of whoever asked."`
	ResourceUUID      string            `json:"resource_uuid"`
	ResourceName      string            `json:"resource_name"`
	ServerUUID        string            `json:"server_uuid"`
	ConfigHash        *string           `json:"config_hash" doc:"Equal hash, equal configuration."`
	ImageDigests      map[string]string `json:"image_digests" doc:"Image reference, then the digest or image id that ran."`
	Pinned            bool              `json:"pinned" doc:"Kept by retention."`
	RollbackOf        *string           `json:"rollback_of" doc:"The deployment whose state a rollback brings back."`
	Waiting           *string           `json:"waiting" doc:"Why a queued deployment does not run yet."`
	SupersededBy      *string           `json:"superseded_by" doc:"The deployment that it was cancelled for."`
	Outcome           *Outcome          `json:"outcome" doc:"How it ended; null before."`
	CancelRequestedAt Time              `json:"cancel_requested_at"`
	StartedAt         Time              `json:"started_at"`
	FinishedAt        Time              `json:"finished_at"`
}

// QueuePolicy says how deployments of one resource queue.
type QueuePolicy struct {
	Overlap string `json:"overlap" rule:"required,enum=wait|replace|cancel" doc:"What a new deployment does to those before it: wait for them, replace those that are queued, or cancel the running one too. Dumps, restores and stops are never touched."`
}

// Actor is who asked for something, as they were called then.
type Actor struct {
	Kind string `json:"kind" rule:"enum=user|token|webhook|schedule|system"`
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// Outcome says how a deployment ended, beyond its status.
type Outcome struct {
	Step       *string  `json:"step" doc:"Name of the failing step."`
	ExitCode   *int     `json:"exit_code" doc:"Exit code of the failing step."`
	Reason     string   `json:"reason" doc:"One or two sentences."`
	LastStderr []string `json:"last_stderr" doc:"Last lines of standard error, oldest first."`
}

// ServiceDeployment has the keys that only deployments of services have.
type ServiceDeployment struct {
	ServiceID        int64  `json:"service_id"`
	ServiceName      string `json:"service_name"`
	PullLatestImages bool   `json:"pull_latest_images"`
	StopBeforeStart  bool   `json:"stop_before_start"`
}

// DatabaseDeployment has the keys that only deployments of databases have.
type DatabaseDeployment struct {
	DatabaseID         string  `json:"database_id" doc:"Integer, as text."`
	DatabaseType       string  `json:"database_type"`
	DatabaseName       string  `json:"database_name"`
	BackupUUID         *string `json:"backup_uuid" doc:"The dump that it takes, before anything else."`
	RestoredUUID       *string `json:"restored_uuid" doc:"The dump that it reads back."`
	ForceVersionChange bool    `json:"force_version_change"`
}

// ApplicationDeployment has the keys that only deployments of applications have.
type ApplicationDeployment struct {
	ApplicationID          string  `json:"application_id" doc:"Integer, as text."`
	ApplicationName        string  `json:"application_name"`
	BuildServerID          *int64  `json:"build_server_id"`
	Commit                 string  `json:"commit"`
	CommitMessage          *string `json:"commit_message"`
	ConfigurationHash      *string `json:"configuration_hash"`
	DestinationID          string  `json:"destination_id" doc:"Integer, as text."`
	DockerRegistryImageTag *string `json:"docker_registry_image_tag"`
	ForceRebuild           bool    `json:"force_rebuild"`
	GitType                *string `json:"git_type"`
	HorizonJobID           *string `json:"horizon_job_id" doc:"Always null; clients expect the key."`
	HorizonJobWorker       *string `json:"horizon_job_worker" doc:"Always null; clients expect the key."`
	IsWebhook              bool    `json:"is_webhook"`
	OnlyThisServer         bool    `json:"only_this_server"`
	PullRequestID          int64   `json:"pull_request_id"`
	RestartOnly            bool    `json:"restart_only"`
	Rollback               bool    `json:"rollback"`
	Branch                 *string `json:"branch" doc:"Or tag that it was deployed from."`
}

// DeploymentPage is a page of an application's deployments.
type DeploymentPage struct {
	Count       int          `json:"count" doc:"Of all, not of this page."`
	Deployments []Deployment `json:"deployments"`
}

// History is a page of the team's deployments of all kinds, newest first.
type History struct {
	Deployments []Deployment `json:"deployments"`
	NextCursor  *string      `json:"next_cursor" doc:"Give it as cursor for the next page; null at the end."`
}

// DeployRequest asks to deploy resources: POST /deploy, in the query or the body.
type DeployRequest struct {
	UUID            string   `json:"uuid,omitempty" doc:"Comma-separated uuids of resources."`
	Tag             string   `json:"tag,omitempty" doc:"Comma-separated names of tags; not with uuid."`
	Force           bool     `json:"force,omitempty" doc:"Build without cache, and do not join an equal queued deployment."`
	PullRequestID   int64    `json:"pull_request_id,omitempty" alias:"pr" doc:"Applications only."`
	DockerTag       string   `json:"docker_tag,omitempty" doc:"Only with pull_request_id."`
	PullLatest      bool     `json:"latest,omitempty" doc:"Pull images even when they are there."`
	StopBeforeStart bool     `json:"stop_before_start,omitempty" doc:"Stop what runs before the new one starts."`
	ForceVersion    bool     `json:"force_version_change,omitempty" doc:"Databases: go to an image whose version may not read the data volume."`
	BackupBefore    bool     `json:"backup_before,omitempty" doc:"Databases only: dump what runs before anything else."`
	Note            string   `json:"note,omitempty" rule:"max=1000" doc:"Why."`
	_               struct{} `ignore:"type"`
}

// Deployed is the reply to POST /deploy.
type Deployed struct {
	Deployments []DeployedItem   `json:"deployments"`
	Message     []string         `json:"message,omitempty" doc:"With tag only: the messages once more, as clients expect them."`
	Details     []DeployedDetail `json:"details,omitempty" doc:"With tag only: the ids once more, as clients expect them."`
}

// DeployedDetail is DeployedItem without its message.
type DeployedDetail struct {
	ResourceUUID   string `json:"resource_uuid"`
	DeploymentUUID string `json:"deployment_uuid"`
}

// DeployedItem says what was queued for one resource.
type DeployedItem struct {
	Message        string `json:"message"`
	ResourceUUID   string `json:"resource_uuid"`
	DeploymentUUID string `json:"deployment_uuid"`
}

// Accepted is the reply to start, stop and restart.
type Accepted struct {
	Message        string `json:"message"`
	DeploymentUUID string `json:"deployment_uuid,omitempty"`
}

// Cancelled is the reply to POST /deployments/{uuid}/cancel.
type Cancelled struct {
	Message        string `json:"message"`
	DeploymentUUID string `json:"deployment_uuid"`
	Status         Status `json:"status"`
}
