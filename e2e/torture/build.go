package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// build makes a controller, with some files of its source replaced.
func build(ctx context.Context, dir string, overlay map[string]string) (string, error) {
	binary := filepath.Join(dir, "taffrail")
	args := []string{"build", "-trimpath", "-ldflags", "-s -w", "-o", binary}
	if len(overlay) > 0 {
		file, err := writeOverlay(dir, overlay)
		if err != nil {
			return "", err
		}
		args = append(args, "-overlay", file)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "github.com/taffrail/taffrail/cmd/taffrail")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the controller: %w\n%s", err, out)
	}
	return binary, nil
}
