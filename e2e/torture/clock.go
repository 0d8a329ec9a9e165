package main

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// clockFile holds the seconds by which clocks are wrong. It is in the arena's own mounts.
const clockFile = "/run/taffrail-torture-clock"

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
