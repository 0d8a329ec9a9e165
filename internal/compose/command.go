package compose

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ParseCommand reads a command of Compose that people give in the place of ours:
// "docker compose build --parallel 2 web". It returns its arguments, those for Compose
// itself first; verb is what the command has to be. Nothing of it reaches a shell, and
// nothing may change which file and project it is about, since those were checked. Faults
// follow on the name of the field. Empty text gives nothing.
func ParseCommand(text, verb string) ([]string, error) {
	words, err := SplitWords(text)
	if err != nil || len(words) == 0 {
		return nil, err
	}
	if words, err = behindProgram(words); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(words, func(w string) bool { return slices.Contains([]string{"&&", "||", ";", "|", "&", ">", "<"}, w) }); i >= 0 {
		return nil, fmt.Errorf("has %s: it is one command, which is run without a shell", words[i])
	}
	global, rest, err := takeOptions(words, map[string]bool{
		"--profile": true, "--parallel": true, "--progress": true, "--ansi": true, "--compatibility": false, "--verbose": false,
	})
	switch {
	case err != nil:
		return nil, err
	case len(rest) == 0 || rest[0] != verb:
		return nil, fmt.Errorf("must be a \"docker compose %s\"", verb)
	}
	options, services, err := takeOptions(rest[1:], commandOptions(verb))
	if err != nil {
		return nil, err
	}
	// Options may stand behind services, too.
	for i, word := range services {
		if strings.HasPrefix(word, "-") {
			more, left, err := takeOptions(services[i:], commandOptions(verb))
			if err != nil {
				return nil, err
			}
			if len(left) > 0 {
				return nil, fmt.Errorf("has %s behind options that stand behind a service; write options first", left[0])
			}
			options, services = append(options, more...), services[:i]
			break
		}
	}
	return slices.Concat(global, []string{verb}, options, services), nil
}

// behindProgram takes the name of Compose from the beginning.
func behindProgram(words []string) ([]string, error) {
	switch {
	case words[0] == "docker-compose":
		return words[1:], nil
	case len(words) > 1 && words[0] == "docker" && words[1] == "compose":
		return words[2:], nil
	default:
		return nil, errors.New("must begin with \"docker compose\": it is run without a shell")
	}
}

// commandOptions are the options that a command may have; true: with a value.
func commandOptions(verb string) map[string]bool {
	if verb == "build" {
		return map[string]bool{
			"--build-arg": true, "--memory": true, "-m": true, "--progress": true, "--no-cache": false, "--pull": false, "--quiet": false, "-q": false,
			"--with-dependencies": false, "--parallel": false, "--force-rm": false, "--compress": false,
		}
	}
	return map[string]bool{
		"--detach": false, "-d": false, "--build": false, "--no-build": false, "--force-recreate": false, "--no-recreate": false,
		"--always-recreate-deps": false, "--remove-orphans": false, "--renew-anon-volumes": false, "-V": false, "--no-deps": false, "--wait": false,
		"--wait-timeout": true, "--timeout": true, "-t": true, "--pull": true, "--quiet-pull": false, "--no-color": false, "--no-log-prefix": false,
		"--timestamps": false,
	}
}

// takeOptions takes the options at the beginning of words.
func takeOptions(words []string, known map[string]bool) (options, rest []string, err error) {
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		name, _, given := strings.Cut(words[0], "=")
		value, ok := known[name]
		switch {
		case slices.Contains([]string{"-f", "--file", "-p", "--project-name", "--project-directory", "--env-file"}, name):
			return nil, nil, fmt.Errorf("has %s: Taffrail says itself which file and project it is about; set docker_compose_location and base_directory instead", name)
		case !ok:
			return nil, nil, fmt.Errorf("has %s, which is no option that can be used here", name)
		case value && !given && len(words) < 2:
			return nil, nil, errors.New("has " + name + " without a value")
		}
		n := 1
		if value && !given {
			n = 2
		}
		options, words = append(options, words[:n]...), words[n:]
	}
	return options, words, nil
}
