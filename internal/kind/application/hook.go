package application

import (
	"encoding/json"
	"strings"

	"github.com/taffrail/taffrail/internal/run"
)

// before is the command that is run in the container that runs now, when all is ready
// for the next one. Without such a container it is skipped.
func (p *planner) before(s *setup, n next) []run.Step {
	switch {
	case s.Pre == "":
		return nil
	case len(n.old) == 0:
		return []run.Step{note("Skipping the pre-deployment command: no container runs in which it could be carried out.")}
	}
	return []run.Step{{
		Name: "pre-deploy", Title: "Carrying out the pre-deployment command.", Argv: inside(n.old[0].Name, s.Pre), Prepares: true,
	}}
}

// after is the command that is run in the new container. Its failure is told, and
// changes nothing: the new container is well and has the requests.
func (p *planner) after(s *setup, n next) []run.Step {
	if s.Post == "" {
		return nil
	}
	return []run.Step{{
		Name: "post-deploy", Title: "Carrying out the post-deployment command.", Argv: inside(n.container, s.Post), MayFail: true, Tells: true,
	}}
}

// inside runs a command in a container: by the shell there, or without one when it is
// written as a list of words in JSON.
func inside(container, command string) []string {
	var words []string
	argv := []string{"docker", "exec", container}
	if strings.HasPrefix(strings.TrimSpace(command), "[") && json.Unmarshal([]byte(command), &words) == nil && len(words) > 0 {
		return append(argv, words...)
	}
	return append(argv, "sh", "-c", command)
}
