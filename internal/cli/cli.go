// Package cli is the command line: one file per command, all of them on the public Go
// client of the API. Only server, token create and doctor open a data folder.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/internal/core"
)

// Exit codes that scripts rely on.
const (
	ExitFinished   = 0
	ExitError      = 1 // wrong usage, or the API refused
	ExitFailed     = 2 // the deployment failed
	ExitCancelled  = 3
	ExitTimeout    = 4 // --timeout was over; the deployment goes on
	ExitSuperseded = 5 // another deployment took its place in the queue
)

// IO is where a command reads and writes, and how it sees its environment.
type IO struct {
	In      io.Reader
	Out     io.Writer
	Err     io.Writer
	Getenv  func(string) string
	Version string // of this build
}

// Run carries out one command line, without the program's name, and returns the exit
// code. It ends early when ctx does.
func Run(ctx context.Context, args []string, stdio IO) int {
	a := &app{IO: stdio}
	root := a.root()
	root.SetArgs(append([]string{}, args...)) // nil would mean the process's own
	root.SetIn(stdio.In)
	root.SetOut(stdio.Out)
	root.SetErr(stdio.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitFinished
	}
	var exit *exitError
	if errors.As(err, &exit) {
		if exit.message != "" {
			fmt.Fprintln(stdio.Err, clean(exit.message))
		}
		return exit.code
	}
	fmt.Fprintln(stdio.Err, "Error: "+cleanText(words(err)))
	return ExitError
}

// words is what a person should read of an error. The API's errors say it themselves;
// ours keep causes that are for logs only.
func words(err error) string {
	var own *core.Error
	if !errors.As(err, &own) {
		return err.Error()
	}
	text := own.Msg
	for _, field := range slices.Sorted(maps.Keys(own.Fields)) {
		for _, fault := range own.Fields[field] {
			text += "\n  " + field + ": " + fault
		}
	}
	return text
}

// exitError ends a command with a code of its own.
type exitError struct {
	code    int
	message string // shown as it is; empty when everything was said already
}

func (e *exitError) Error() string { return e.message }

// usage makes an error that points at a command's help.
func usage(cmd *cobra.Command, format string, args ...any) error {
	return fmt.Errorf(format+"\nSee '%s --help'.", append(args, cmd.CommandPath())...)
}
