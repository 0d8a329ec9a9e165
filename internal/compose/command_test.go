package compose_test

import (
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/compose"
)

// TestParseCommand: what a command may say, and what it may not, since it would be about
// another file than the one that was checked.
func TestParseCommand(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                     "",
		"docker compose build": "build",
		"docker-compose --profile a build --no-cache --build-arg 'A=b c' web": "--profile|a|build|--no-cache|--build-arg|A=b c|web",
		"docker compose build web --pull":                                     "build|--pull|web",
		"docker compose -f other.yml build":                                   "!has -f: Taffrail says itself",
		"docker compose --file=/etc/x build":                                  "!has --file",
		"docker compose -p other build":                                       "!has -p",
		"docker compose --project-directory / build":                          "!has --project-directory",
		"docker compose build --ssh default":                                  "!has --ssh, which is no option",
		"docker compose build web -f x":                                       "!has -f",
		"docker compose build --build-arg":                                    "!has --build-arg without a value",
		"docker compose up":                                                   `!must be a "docker compose build"`,
		"docker compose build && id":                                          "!has &&",
		"sh -c id":                                                            `!must begin with "docker compose"`,
		"docker run -v /:/host x":                                             `!must begin with "docker compose"`,
		"docker compose build 'x":                                             "!has a quote",
	} {
		got, err := compose.ParseCommand(text, "build")
		if fault, bad := strings.CutPrefix(want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), fault) {
				t.Errorf("%s: %q %v, want %s", text, got, err, fault)
			}
			continue
		}
		if err != nil || strings.Join(got, "|") != want {
			t.Errorf("%s: %q %v", text, got, err)
		}
	}
	if got, err := compose.ParseCommand("docker compose up -d --wait --scale web=3", "up"); err == nil {
		t.Errorf("%q", got)
	}
	if got, err := compose.ParseCommand("docker compose up -t 5 web", "up"); err != nil || strings.Join(got, " ") != "up -t 5 web" {
		t.Errorf("%q %v", got, err)
	}
}
