package application_test

import (
	"context"
	"os"
	"testing"

	"github.com/taffrail/taffrail/internal/run"
)

// TestMain lets this program also be what carries out runs on the lab's hosts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		os.Exit(run.Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}
