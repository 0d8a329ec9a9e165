package main

import (
	"context"
	"encoding/json"
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

// writeOverlay writes new contents of files, by their path, for go build -overlay.
func writeOverlay(dir string, contents map[string]string) (string, error) {
	replace := map[string]string{}
	for path, text := range contents {
		f, err := os.CreateTemp(dir, "*.go")
		if err != nil {
			return "", err
		}
		if _, err := f.WriteString(text); err != nil {
			return "", err
		}
		if err := f.Close(); err != nil {
			return "", err
		}
		replace[path] = f.Name()
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, data, 0o600)
}
