package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/taffrail/taffrail/internal/testenv"
)

// binDir holds the binary that all scripts drive; written once, by TestMain.
var binDir string

func TestMain(m *testing.M) {
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "taffrail-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binDir = dir
	build := exec.CommandContext(context.Background(), "go", "build", "-o", filepath.Join(dir, "taffrail"), "../cmd/taffrail")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the binary: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		Setup:               setup,
		Cmds:                commands(),
		Condition:           condition,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// condition knows docker, ssh1, ssh2, postgres and faults. With CI=true a missing part
// is a failure instead.
func condition(name string) (bool, error) {
	there := false
	switch name {
	case "docker":
		there = testenv.HasDocker(context.Background())
	case "ssh1", "ssh2":
		_, there = testenv.FindSSH("TAFFRAIL_LAB_HOST" + name[3:])
	case "postgres":
		there = os.Getenv("TAFFRAIL_LAB_POSTGRES") != ""
	case "faults":
		there = os.Getenv("TAFFRAIL_LAB_FAULT") != ""
	default:
		return false, fmt.Errorf("there is no condition %q", name)
	}
	if !there && os.Getenv("CI") == "true" {
		return false, fmt.Errorf("%s is needed and not there: lab/up.sh test", name)
	}
	return there, nil
}
