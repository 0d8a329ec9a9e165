package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// contextFile is what the config file holds.
type contextFile struct {
	Current  string             `json:"current"`
	Contexts map[string]contact `json:"contexts"`
}

// contact is how to reach a controller.
type contact struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

func (a *app) contextPath() (string, error) {
	if dir := a.Getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "taffrail", "config.json"), nil
	}
	home := a.Getenv("HOME")
	if home == "" {
		return "", errors.New("there is nowhere to keep contexts: neither XDG_CONFIG_HOME nor HOME is set")
	}
	return filepath.Join(home, ".config", "taffrail", "config.json"), nil
}

// readContexts returns the contexts; none when there is no file.
func (a *app) readContexts() (contextFile, error) {
	file := contextFile{Contexts: map[string]contact{}}
	path, err := a.contextPath()
	if err != nil {
		return file, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return file, nil
	}
	if err != nil {
		return file, err
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return file, fmt.Errorf("%s is not what this program wrote: %w", path, err)
	}
	if file.Contexts == nil {
		file.Contexts = map[string]contact{}
	}
	return file, nil
}

// writeContexts replaces the file as a whole; it holds tokens, so only its owner reads it.
func (a *app) writeContexts(file contextFile) error {
	path, err := a.contextPath()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".config-*") // made 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	if _, err := temp.Write(append(text, '\n')); err != nil {
		return errors.Join(err, temp.Close())
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
