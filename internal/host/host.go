// Package host reaches a machine: this one directly, any other over one kept SSH
// connection whose host key is pinned at first contact. It runs small commands as
// argv (never as a shell string), and launches, follows and kills runs
// (package run) that outlive the connection and the controller.
package host

import (
	"context"
	"io"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// Host is one machine. All methods may be used at the same time from several
// goroutines. A broken connection is dialled again by the next call; a command is
// never repeated by itself. Errors that concern reaching the machine are *core.Error
// with CodeUnavailable and carry a Fault.
type Host interface {
	// Run runs a short command and waits for it. A command that ran and exited with
	// another code than 0 is not an error: look at Result.ExitCode.
	Run(ctx context.Context, c Command) (Result, error)
	// Launch starts a run. It is idempotent: when the run was launched before, it
	// changes nothing and the answer says Existed.
	Launch(ctx context.Context, s run.Script) (run.Status, error)
	// Follow streams the spool of a run from a byte offset on, as it grows. It ends
	// with io.EOF behind the end record, and with ErrRunDead when the run can write
	// no more but has not ended.
	Follow(ctx context.Context, id core.ID, from int64) (Follower, error)
	// Status asks about a run.
	Status(ctx context.Context, id core.ID) (run.Status, error)
	// Kill ends a run and everything it started, and returns when they are gone: first
	// by asking, which lets the run write its end record, then by force. Killing a run
	// that is not there is no error. What could not be ended is named in the error.
	Kill(ctx context.Context, id core.ID) error
	// Remove takes away what a run left on the machine. Call it only after the end of
	// the run is durable here.
	Remove(ctx context.Context, id core.ID) error
}

// Follower is an open spool. Ack says that everything before offset is durable here,
// so that the machine may free it; it never blocks for long and may be skipped.
type Follower interface {
	io.ReadCloser
	Ack(offset int64)
}

// Command is a short command.
type Command struct {
	Argv  []string
	Env   map[string]string
	Stdin io.Reader // nil: empty
}

// Result is how a command ended. Output is cut at 1 MiB each.
type Result struct {
	Stdout   []byte
	Stderr   []byte
	ExitCode int
}

// ErrRunDead says that a run has no end record and nobody who could write one: it was
// killed, or the machine restarted. Status tells which.
var ErrRunDead = run.ErrDead

// ErrRunMissing says that the machine knows no run of that id.
var ErrRunMissing = run.ErrMissing
