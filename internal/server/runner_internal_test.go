package server

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
)

// TestRunnerForAnotherPlatform: the release beside the program, or an error that names it.
func TestRunnerForAnotherPlatform(t *testing.T) {
	t.Parallel()
	own := filepath.Join(t.TempDir(), "taffrail")
	find := runner(own)
	if got, err := find(t.Context(), runtime.GOOS, runtime.GOARCH); got != own || err != nil {
		t.Errorf("own platform: %q, %v", got, err)
	}
	release := filepath.Join(filepath.Dir(own), "taffrail-linux-riscv64")
	if _, err := find(t.Context(), "linux", "riscv64"); core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(err.Error(), release) {
		t.Errorf("no release: %v", err)
	}
	if err := os.WriteFile(release, []byte("program"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := find(t.Context(), "linux", "riscv64"); got != release || err != nil {
		t.Errorf("with release: %q, %v", got, err)
	}
}
