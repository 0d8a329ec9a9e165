package core

import "time"

// Deployment is one run of one verb on one resource: a row of the table of its kind.
// All times are UTC with microseconds; a zero time means "not yet".
type Deployment struct {
	RowID      int64 // integer id that clients see; unique within a kind
	LogID      int64 // key of its steps and lines; unique over all kinds
	UUID       ID
	Kind       Kind
	TeamID     int64
	Resource   Resource
	Server     ServerRef
	Verb       Verb
	Options    Options
	Actor      Actor
	Trigger    Trigger
	Note       string // the "why", given by the actor; may be empty
	Status     Status
	Outcome    Outcome
	Lease      Lease
	Run        RunIdentity
	CreatedAt  time.Time
	UpdatedAt  time.Time
	StartedAt  time.Time
	FinishedAt time.Time
	CancelAt   time.Time // when somebody asked to cancel
	Config     Config
	Pinned     bool // kept by retention
	RollbackOf ID   // the deployment whose state a rollback brings back
	Revision   Revision
}

// Resource names what a deployment is about, as it was called then. The resource
// itself may be renamed, moved or deleted later.
type Resource struct {
	RowID       int64
	UUID        ID
	Name        string
	Type        string // database engine ("postgresql"); empty for other kinds
	Project     ID
	Environment ID
}

// ServerRef names the server that a deployment runs on.
type ServerRef struct {
	RowID int64
	UUID  ID
	Name  string
}

// Options are the switches of a deployment that clients may set.
type Options struct {
	PullLatest      bool // pull images even when they are there
	StopBeforeStart bool // stop what runs before the new one starts (after pull and build)
	Force           bool // build without cache, and do not join an equal queued deployment
	Backup          ID   // databases: the Backup that is taken, before anything else
	Restore         ID   // databases: the Backup that is read back, behind everything else
	ForceVersion    bool // databases: go to an image whose version may not read the volume
	OnlyProxy       bool // databases: bring only public access to what it should be
	Remove          Removal
}

// Removal says what a stop takes away beyond the containers, when the resource is
// deleted or cleaned up.
type Removal struct {
	Configurations bool // the resource's folder on the server
	Volumes        bool // its named volumes, with their data
	Networks       bool // its own network
	Images         bool // unused images of it
}

// Any says whether anything is to be removed.
func (r Removal) Any() bool { return r != Removal{} }

// Outcome says how a deployment ended, beyond its status.
type Outcome struct {
	Step     string   // name of the failing step; empty when none failed
	ExitCode *int     // of the failing step; nil when there was none
	Reason   string   // one or two redacted sentences
	LastErr  []string // last redacted lines of standard error, oldest first, at most 20
	// SupersededBy is the deployment that it was cancelled for; empty when nobody took its place.
	SupersededBy ID
}

// Overlap says what a new deployment of a resource does to those before it that have not
// ended. Dumps, restores and stops are never touched by it.
type Overlap string

// The policies.
const (
	OverlapWait    Overlap = "wait"    // they come first
	OverlapReplace Overlap = "replace" // those that are queued give way
	OverlapCancel  Overlap = "cancel"  // and the running one is cancelled
)

// Lease says which controller carries an in-progress deployment. Every write that
// belongs to a deployment carries the fence and is refused (CodeLost) once another
// controller has taken over, which always raises it.
type Lease struct {
	Owner string
	Until time.Time
	Fence int64
}

// RunIdentity identifies the detached process on the target, so that a restarted
// controller can tell "still running" from "another process with the same id".
type RunIdentity struct {
	BootID  string
	PID     int
	Started string // start time of the process, in the target's own unit
}

// Known says whether the run was launched.
func (r RunIdentity) Known() bool { return r.PID != 0 }

// Config is what exactly a deployment ran with.
type Config struct {
	Hash     string            // of everything that determines the result; equal hash, equal configuration
	Snapshot Secret            // sealed copy of the plan and of the values to redact; empty until planned
	Digests  map[string]string // image reference → digest or image id that ran
}

// Step is one command of a deployment.
type Step struct {
	Number    int // from 1, in order of execution
	Name      string
	Title     string // what the log says: "Pulling images."
	Command   string // redacted; empty for steps that are not commands
	StartedAt time.Time
	EndedAt   time.Time // zero while it runs
	ExitCode  *int      // nil while it runs, and when it could not start
	State     string    // running, done, failed, skipped, cancelled
}

// Container is what was found of one container when a deployment was verified, and
// the unit from which the status of a resource is made.
type Container struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Service  string `json:"service"` // compose service
	Image    string `json:"image"`
	ImageID  string `json:"image_id"`
	Digest   string `json:"digest,omitempty"`
	State    string `json:"state"`  // running, exited, restarting, created, …
	Health   string `json:"health"` // healthy, unhealthy, starting; empty when it has no health check
	ExitCode int    `json:"exit_code"`
	Restarts int    `json:"restarts"`
}
