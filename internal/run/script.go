// Package run is what happens on a target: a Script (what to do), the program that
// carries it out as a process detached from any connection, and the spool into which
// that program writes everything that happened, framed and checksummed.
//
// The same binary plays both sides: the controller launches `taffrail run …` on the
// target and follows the spool from a byte offset. Nothing between a command and the
// spool can disappear with a connection or a controller.
package run

import (
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// Script is one run: the steps in order. It holds secrets in the clear, since it is
// the form that travels to the target: it is stored only sealed, lies on the target
// only in a 0600 file until the run has read it, and String never shows a value.
type Script struct {
	ID    core.ID `json:"id"`  // the deployment's uuid, and the name of the run's folder
	Dir   string  `json:"dir"` // working folder of the resource; made 0700 when absent
	Steps []Step  `json:"steps"`
	// Limit is the longest the whole run may take, by the target's own clock; 0 means
	// no limit. A run that reaches it fails with a reason that says so.
	Limit time.Duration `json:"limit,omitempty"`
}

// Step is one thing to do: exactly one of Argv, Files, Delete, Watch, Ports and Object is
// set. The first step that fails ends the run; later steps run all the same when they say
// Always or, only then, OnFailure.
type Step struct {
	Name  string            `json:"name"`            // short and stable: "pull", "start"
	Title string            `json:"title"`           // said in the log when it starts
	Argv  []string          `json:"argv,omitempty"`  // command; never through a shell
	Env   map[string]string `json:"env,omitempty"`   // added to the runner's environment
	Stdin string            `json:"stdin,omitempty"` // what the command reads
	// Takes is the name of an Answer of an earlier stage of the deployment. The controller
	// gives it to the command as its Stdin.
	Takes   string        `json:"takes,omitempty"`
	Files   []File        `json:"files,omitempty"`
	Delete  []string      `json:"delete,omitempty"` // absolute paths below the remote folder, removed with what is in them
	Watch   *Watch        `json:"watch,omitempty"`
	Ports   *Ports        `json:"ports,omitempty"`
	Object  *Object       `json:"object,omitempty"`
	Input   *Input        `json:"input,omitempty"`    // with Argv: what it reads, instead of Stdin
	Output  *Output       `json:"output,omitempty"`   // with Argv: where its standard output goes, instead of to the log
	Timeout time.Duration `json:"timeout,omitempty"`  // of all attempts together; 0: the run's own limit
	Retries int           `json:"retries,omitempty"`  // further attempts after a failure; idempotent steps only
	MayFail bool          `json:"may_fail,omitempty"` // the exit code is recorded, the run goes on
	Always  bool          `json:"always,omitempty"`   // runs after a failure too
	// OnFailure runs the step only after a failure or a cancel of a step before it, behind
	// all others, to put back what was there: not before a step that changes anything has
	// begun, and after a cancel for 20 seconds in all. The first that fails ends it. What
	// becomes of it does not change how the run ended, only the reason tells.
	OnFailure bool `json:"on_failure,omitempty"`
	Hidden    bool `json:"hidden,omitempty"` // its output is shown only on demand
	// Spares names a group of steps that are left out when the command exits with 0: what
	// they would make is there already. Any other exit code is no failure.
	Spares string `json:"spares,omitempty"`
	Group  string `json:"group,omitempty"` // that the step belongs to
	// Answer is the name of the fact that the first 4 KiB of what the command prints become.
	// They are in the log as well.
	Answer string `json:"answer,omitempty"`
	// Prepares says that the step touches nothing that runs, so that OnFailure steps have
	// nothing to put back because of it.
	Prepares bool `json:"prepares,omitempty"`
	// Tells says that a failure is told in the reason of the run although the step may fail.
	Tells bool `json:"tells,omitempty"`
}

// File is written atomically (temporary file, fsync, rename) with its mode. Relative
// paths are below the script's Dir; a path may not leave it, links included.
type File struct {
	Path    string `json:"path"`
	Mode    uint32 `json:"mode"` // permission bits; 0 means 0600
	Content string `json:"content"`
	IsDir   bool   `json:"is_dir,omitempty"`
	// Check writes nothing: the path may be missing or be anything, but the step fails
	// when it leads out of the folder through a link. Containers can make links in what
	// they mount, and the next mount of such a link would be one of the host.
	Check bool `json:"check,omitempty"`
}

// Watch waits until the containers of a compose project are as they should be, and
// writes what it found as a fact. It fails when a container ends with an exit code,
// gets unhealthy or keeps restarting, or when Limit is over, and then copies the last
// lines of each container at fault to its standard error.
//
// Expecting nothing (no entry, or 0 replicas everywhere) is the watch for a stop: it
// waits until no container of the project runs any more, ignored services excepted.
type Watch struct {
	Project string        `json:"project"`
	Expect  []Expect      `json:"expect"`
	Settle  time.Duration `json:"settle"` // how long a container without health check must have run
	Limit   time.Duration `json:"limit"`  // from the start of the step; 0: ten minutes
}

// Expect is one compose service that must be there.
type Expect struct {
	Service  string `json:"service"`
	Replicas int    `json:"replicas"`
	OneShot  bool   `json:"one_shot,omitempty"` // must end with exit code 0 rather than keep running
	Ignore   bool   `json:"ignore,omitempty"`   // looked at, reported, never at fault
	Stays    bool   `json:"stays,omitempty"`    // must not end, with exit code 0 neither; so with Ready and HTTP
	// Ready is a command that is run in the container until it exits with 0: only then
	// the container counts as up, whatever its health check says. What it printed last is
	// written as a fact. Its attempts are in the log, each with how it failed.
	Ready []string `json:"ready,omitempty"`
	// HTTP is asked by the runner itself until the answer is right: only then a container
	// that has no health check of its own counts as up. One that has is believed.
	HTTP *HTTP `json:"http,omitempty"`
	// Attempts says every attempt of the container's own health check in the log.
	Attempts bool `json:"attempts,omitempty"`
}

// HTTP is a request to a container, at its address in its network: nothing has to be in
// its image for it, and the program must listen for others than itself. Attempts are
// counted from the end of Start on, all are in the log.
type HTTP struct {
	Method   string        `json:"method,omitempty"`  // empty: GET
	Scheme   string        `json:"scheme,omitempty"`  // empty: http; certificates are not checked
	Host     string        `json:"host,omitempty"`    // the header; empty: the address
	Network  string        `json:"network,omitempty"` // empty: any
	Port     int           `json:"port"`
	Path     string        `json:"path,omitempty"`
	Code     int           `json:"code,omitempty"` // that the answer must have; 0: from 200 to 399
	Text     string        `json:"text,omitempty"` // that the answer must hold
	Start    time.Duration `json:"start,omitempty"`
	Interval time.Duration `json:"interval,omitempty"` // 0: 5 s
	Timeout  time.Duration `json:"timeout,omitempty"`  // of an attempt; 0: 5 s
	Retries  int           `json:"retries,omitempty"`  // attempts that count; 0: 10
}

// Output is a file that takes what a command prints. It is written beside its place and
// moved there when the command has ended with 0, and written as a fact then.
type Output struct {
	Name string `json:"name"` // of the artifact in the fact
	Path string `json:"path"` // absolute, below the remote folder; folders are made 0700, the file 0600
	Gzip bool   `json:"gzip,omitempty"`
}

// Input is a file that a command reads as its standard input.
type Input struct {
	Path   string `json:"path"`             // absolute, below the remote folder
	Gunzip bool   `json:"gunzip,omitempty"` // it is compressed; the command is not to see that
	SHA256 string `json:"sha256,omitempty"` // checked before the command starts; hex
}

// Ports checks that TCP ports of the server are free, or in use by a container of the
// project itself, and names who has them otherwise.
type Ports struct {
	Project string `json:"project"`
	Ports   []int  `json:"ports"`
}

// Object copies a file to or from a bucket that speaks S3, or deletes objects there.
type Object struct {
	Put      string   `json:"put,omitempty"`    // key to write Path to, and the artifact's name
	Get      string   `json:"get,omitempty"`    // key to read into Path, 0600
	Delete   []string `json:"delete,omitempty"` // keys; ones that are not there are no fault
	Path     string   `json:"path,omitempty"`   // absolute, below the remote folder
	Name     string   `json:"name,omitempty"`   // of the artifact in the fact, with Put
	Endpoint string   `json:"endpoint"`         // URL
	Region   string   `json:"region"`
	Bucket   string   `json:"bucket"`
	Access   string   `json:"access"` // key id
	Secret   string   `json:"secret"`
}

// FrameKind is the kind of a record of the spool.
type FrameKind byte

// The kinds of frames. The payload of Stdout, Stderr, Info and Warning is text as it
// came; that of the others is JSON of the type named.
const (
	FrameStart     FrameKind = 1 // Identity: first frame of every spool
	FrameStepStart FrameKind = 2 // StepStart
	FrameStdout    FrameKind = 3
	FrameStderr    FrameKind = 4
	FrameInfo      FrameKind = 5 // the runner's own words, one message a frame
	FrameWarning   FrameKind = 6
	FrameFact      FrameKind = 7 // Fact
	FrameStepEnd   FrameKind = 8 // StepEnd
	FrameEnd       FrameKind = 9 // End: last frame of every spool
)

// Frame is one record of a spool.
type Frame struct {
	Kind FrameKind
	Step int       // number of the step from 1; 0 outside of steps
	At   time.Time // when it happened, by the target's clock
	Data []byte    // valid until the next read
	From int64     // offset of the frame's first byte in the spool
	To   int64     // offset behind its last byte
}

// Identity is written when the run starts.
type Identity struct {
	BootID  string `json:"boot_id"`
	PID     int    `json:"pid"`
	Started string `json:"started"` // field 22 of /proc/<pid>/stat: clock ticks since boot
	Host    string `json:"host"`
	Version string `json:"version"`
}

// StepStart announces a step.
type StepStart struct {
	Name   string   `json:"name"`
	Title  string   `json:"title"`
	Argv   []string `json:"argv,omitempty"`
	Hidden bool     `json:"hidden,omitempty"`
}

// StepEnd says how a step ended.
type StepEnd struct {
	State    string `json:"state"`               // done, failed, skipped, cancelled
	ExitCode *int   `json:"exit_code,omitempty"` // nil when there was none (no command, or it could not start)
	Signal   string `json:"signal,omitempty"`
	Error    string `json:"error,omitempty"` // why it failed, when it is not the exit code
	MayFail  bool   `json:"may_fail,omitempty"`
}

// Fact is something the run found out that the record keeps.
type Fact struct {
	Containers []core.Container  `json:"containers,omitempty"`
	Looked     bool              `json:"looked,omitempty"` // Containers is an answer, even when it is empty
	Artifact   *core.Artifact    `json:"artifact,omitempty"`
	Answers    map[string]string `json:"answers,omitempty"` // what readiness commands printed, by compose service, and steps with an Answer
}

// End is how the whole run ended.
type End struct {
	State    string `json:"state"`               // finished, failed, cancelled
	Step     string `json:"step,omitempty"`      // name of the failing step
	ExitCode *int   `json:"exit_code,omitempty"` // of the failing step
	Reason   string `json:"reason,omitempty"`    // one or two sentences for a person
	Restored string `json:"restored,omitempty"`  // the one of them that tells what became of OnFailure steps
}

// State is what is known of a run on its target.
type State string

// The states of a run. Dead means that there is neither an end record nor the process
// that was to write it.
const (
	StateMissing State = "missing"
	StateRunning State = "running"
	StateEnded   State = "ended"
	StateDead    State = "dead"
)

// Status is the answer to "what about this run?".
type Status struct {
	State    State    `json:"state"`
	Identity Identity `json:"identity"`         // zero when missing or not yet started
	Reason   string   `json:"reason,omitempty"` // why it is dead, or missing
	Existed  bool     `json:"existed"`          // answer to a launch: the run had been launched before
	Spool    int64    `json:"spool"`            // bytes written so far
}
