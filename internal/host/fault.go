package host

import (
	"errors"
	"fmt"

	"github.com/taffrail/taffrail/internal/core"
)

// Fault is the way in which a machine could not be reached or used. It is an error, so
// that errors.Is(err, FaultLost) asks for one; FaultOf tells which one it is.
type Fault string

// The faults.
const (
	FaultRefused    Fault = "refused"    // nothing listens there, or something else than sshd
	FaultTimeout    Fault = "timeout"    // no answer
	FaultUnresolved Fault = "unresolved" // the name has no address
	FaultAuth       Fault = "auth"       // user or key not accepted
	FaultHostKey    Fault = "host_key"   // another machine, or a machine installed anew
	FaultNoDocker   Fault = "no_docker"  // Docker is not installed
	FaultPermission Fault = "permission" // the user may not do what is needed
	FaultFull       Fault = "disk_full"  // there is no space on its disk
	FaultLost       Fault = "lost"       // the connection broke
	FaultNoRunner   Fault = "no_runner"  // no program of ours for that machine, or it cannot run there
)

// Error implements error.
func (f Fault) Error() string { return "fault " + string(f) }

// FaultOf returns the fault that err carries, or "".
func FaultOf(err error) Fault {
	var f Fault
	if errors.As(err, &f) {
		return f
	}
	return ""
}

// Temporary says whether trying again later may help without anybody changing anything.
func Temporary(err error) bool {
	switch FaultOf(err) {
	case FaultRefused, FaultTimeout, FaultUnresolved, FaultLost:
		return true
	}
	return false
}

// NewError makes the error for a fault. The message is for a person: what failed, on
// what, why, and what to do.
func NewError(op string, fault Fault, cause error, format string, args ...any) *core.Error {
	err := error(fault)
	if cause != nil {
		err = fmt.Errorf("%w: %w", fault, cause)
	}
	return &core.Error{Op: op, Code: core.CodeUnavailable, Msg: fmt.Sprintf(format, args...), Err: err}
}
