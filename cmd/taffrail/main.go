// Command taffrail is the controller, its command line, and the program that carries a
// deployment out on its target, in one binary.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/taffrail/taffrail/internal/cli"
	"github.com/taffrail/taffrail/internal/run"
)

var version = "dev" // set by the linker

func main() {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		os.Exit(run.Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(cli.Run(ctx, os.Args[1:], cli.IO{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv, Version: version,
	}))
}
