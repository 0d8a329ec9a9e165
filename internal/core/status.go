package core

// Kind is the kind of a deployable resource.
type Kind string

// The three kinds. Each has its own tables, and they share one life cycle.
const (
	KindApplication Kind = "application"
	KindService     Kind = "service"
	KindDatabase    Kind = "database"
)

// Kinds lists the kinds in the order in which they are shown.
func Kinds() []Kind { return []Kind{KindApplication, KindService, KindDatabase} }

// Title returns the kind as the first word of a message: "Service".
func (k Kind) Title() string {
	if k == "" {
		return "Resource"
	}
	return string(k[0]-'a'+'A') + string(k[1:])
}

// Verb is what a deployment does to its resource.
type Verb string

// The verbs.
const (
	VerbDeploy   Verb = "deploy"
	VerbStart    Verb = "start"
	VerbStop     Verb = "stop"
	VerbRestart  Verb = "restart"
	VerbRollback Verb = "rollback"
	VerbBackup   Verb = "backup"  // databases: take a dump
	VerbRestore  Verb = "restore" // databases: start, then read a dump back
	VerbRenew    Verb = "renew"   // databases: deliver a new certificate without a restart
)

// Status is where a deployment stands. The strings are wire and storage format.
type Status string

// The statuses, verbatim as clients know them.
const (
	StatusQueued     Status = "queued"
	StatusInProgress Status = "in_progress"
	StatusFinished   Status = "finished"
	StatusFailed     Status = "failed"
	StatusCancelled  Status = "cancelled-by-user"
)

// Statuses lists all statuses in the order of a deployment's life.
func Statuses() []Status {
	return []Status{StatusQueued, StatusInProgress, StatusFinished, StatusFailed, StatusCancelled}
}

// Terminal says that a deployment with this status never changes it again.
func (s Status) Terminal() bool {
	return s == StatusFinished || s == StatusFailed || s == StatusCancelled
}

// Trigger is the way by which a deployment was asked for.
type Trigger string

// The triggers.
const (
	TriggerUI       Trigger = "ui"
	TriggerAPI      Trigger = "api"
	TriggerCLI      Trigger = "cli"
	TriggerWebhook  Trigger = "webhook"
	TriggerSchedule Trigger = "schedule"
	TriggerMCP      Trigger = "mcp"
)

// Triggers lists all triggers.
func Triggers() []Trigger {
	return []Trigger{TriggerUI, TriggerAPI, TriggerCLI, TriggerWebhook, TriggerSchedule, TriggerMCP}
}

// Actor is who asked. Name is kept as it was then, so that history stays readable
// when the user or the token is gone.
type Actor struct {
	Kind string // user, token, webhook, schedule, system
	ID   int64
	Name string
}
