package api

// LogLine is one line of a deployment's log. Order is dense from 1: a reader who knows
// the order of the last line it has knows exactly what it misses.
type LogLine struct {
	Order     int64   `json:"order" doc:"Dense from 1."`
	Step      int     `json:"step" doc:"Number of the step; 0 for none."`
	Batch     int     `json:"batch" doc:"Lines written by one command share it."`
	Type      string  `json:"type" rule:"enum=stdout|stderr|info|warning"`
	Hidden    bool    `json:"hidden" doc:"Shown only to those who ask for details."`
	Continued bool    `json:"continued,omitempty" doc:"The next line of this type goes on where this one ends."`
	Timestamp Time    `json:"timestamp"`
	Command   *string `json:"command" doc:"On the line that announces a command."`
	Output    string  `json:"output"`
}

// LogPage is a stretch of a log.
type LogPage struct {
	Lines  []LogLine `json:"lines"`
	Next   int64     `json:"next" doc:"Give it as after for what follows."`
	More   bool      `json:"more" doc:"There were more lines than the limit."`
	Status Status    `json:"status" doc:"Of the deployment, read before the lines: with a terminal status and more false, this is the end of the log."`
}

// The events of GET /deployments/{uuid}/log/stream. The data of EventLine is a LogLine
// and its id the line's order; the data of the other two is a StreamStatus.
const (
	EventLine   = "line"
	EventStatus = "status"
	EventEnd    = "end"
)

// StreamStatus is the data of a status or end event in a log stream.
type StreamStatus struct {
	DeploymentUUID string   `json:"deployment_uuid"`
	Status         Status   `json:"status"`
	Outcome        *Outcome `json:"outcome"`
}

// Step is one command of a deployment.
type Step struct {
	Number    int     `json:"number" doc:"From 1, in order of execution."`
	Name      string  `json:"name"`
	Title     string  `json:"title"`
	Command   *string `json:"command" doc:"Null for steps that are not commands."`
	State     string  `json:"state" rule:"enum=running|done|failed|skipped|cancelled"`
	ExitCode  *int    `json:"exit_code" doc:"Null while it runs, and when it could not start."`
	StartedAt Time    `json:"started_at"`
	EndedAt   Time    `json:"ended_at"`
}

// The events of GET /events, by the kind of what changed.
const (
	EventServiceChanged     = "ServiceStatusChanged"
	EventDatabaseChanged    = "DatabaseStatusChanged"
	EventApplicationChanged = "ApplicationStatusChanged"
	EventDeploymentChanged  = "DeploymentStatusChanged"
)

// Event is one status change.
type Event struct {
	Type           string `json:"type"`
	Kind           string `json:"kind" rule:"enum=application|service|database"`
	ResourceUUID   string `json:"resource_uuid"`
	DeploymentUUID string `json:"deployment_uuid,omitempty"`
	Status         string `json:"status"`
	At             Time   `json:"at"`
}

// Logs is the output of running containers.
type Logs struct {
	Logs string `json:"logs"`
}
