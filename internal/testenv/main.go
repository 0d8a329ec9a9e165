package testenv

import (
	"context"
	"os"
	"testing"

	"github.com/taffrail/taffrail/internal/run"
)

// programVariable says that this test program may be put on servers as taffrail.
const programVariable = "TAFFRAIL_TEST_PROGRAM"

// Main runs the tests of a package whose controllers deploy, and is what its TestMain
// calls. A controller gives servers the program that it is itself a part of; here that
// is the test program, which Main lets do the work of "taffrail run".
func Main(m *testing.M) int {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		return run.Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr)
	}
	if path, err := os.Executable(); err == nil {
		_ = os.Setenv(programVariable, path)
	}
	return m.Run()
}

// Program is what controllers of this test program put on servers. Without Main it is a
// file that is not there: a test program that was started for "taffrail run" and did
// not know it would run all its tests instead, which start it again, and so on.
func Program() string {
	if path := os.Getenv(programVariable); path != "" {
		return path
	}
	return "/this-test-calls-no-testenv.Main"
}
