package config

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Source is where options may come from. The first of Flags, Getenv and File that has
// an option gives its value.
type Source struct {
	Flags  map[string]string   // option name → value, only those that were given
	Getenv func(string) string // an empty value counts as not given
	File   string              // path of a file with lines "name = value"; empty: none
}

// Load makes the Config. Its error names every option at fault, where its value came
// from and what is expected instead.
func Load(src Source) (Config, error) {
	file, err := readFile(src.File)
	if err != nil {
		return Config{}, err
	}
	var c Config
	var faults []error
	for _, o := range Options() {
		text, from := src.pick(o, file)
		if err := o.set(&c, text); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", from, err))
		}
	}
	if len(faults) > 0 {
		return Config{}, errors.Join(faults...)
	}
	if c.SecretKeyFile == "" {
		c.SecretKeyFile = filepath.Join(c.Data, "secret.key")
	}
	return c, nil
}

// pick returns the value of an option and the name a person knows its source by.
func (src Source) pick(o Option, file map[string]string) (text, from string) {
	if text, ok := src.Flags[o.Name]; ok {
		return text, "--" + o.Name
	}
	if src.Getenv != nil {
		if text := src.Getenv(o.Env()); text != "" {
			return text, o.Env()
		}
	}
	if text, ok := file[o.Name]; ok {
		return text, o.Name + " in " + src.File
	}
	return o.Default, "--" + o.Name
}

func readFile(path string) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	defer f.Close()
	values, err := parse(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return values, nil
}

// parse reads lines "name = value"; blank lines and lines that start with # say nothing.
func parse(r io.Reader) (map[string]string, error) {
	values := map[string]string{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, found := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !found {
			return nil, fmt.Errorf("line %d: it must read name = value", n)
		}
		if !slices.ContainsFunc(Options(), func(o Option) bool { return o.Name == name }) {
			return nil, fmt.Errorf("line %d: there is no option %q", n, name)
		}
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("line %d: %s is set a second time", n, name)
		}
		values[name] = strings.TrimSpace(value)
	}
	return values, lines.Err()
}

func absolute(path string) (string, error) {
	if path == "" {
		return "", errors.New("it must not be empty")
	}
	return filepath.Abs(path)
}
