package compose

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// PullRetries is how often a failed pull is tried again: registries have bad moments.
const PullRetries = 2

// Project is a compose project on a server.
type Project struct {
	Name string            // of the project, which is on the label of every container
	Dir  string            // absolute, on the server
	File string            // compose file, below Dir
	Env  map[string]string // for Compose itself, over its own defaults; may be nil
}

// Step is a command of Compose. Nothing of the server's environment or of files beside
// the compose file decides what it does.
func (p Project) Step(name, title string, args ...string) run.Step {
	env := map[string]string{"COMPOSE_PROFILES": "", "COMPOSE_ANSI": "never", "COMPOSE_PROGRESS": "plain"}
	for key, value := range p.Env {
		env[key] = value
	}
	argv := []string{
		"docker", "compose", "--env-file", "/dev/null", "--project-name", p.Name, "--project-directory", p.Dir,
		"-f", path.Join(p.Dir, p.File),
	}
	return run.Step{Name: name, Title: title, Argv: append(argv, args...), Env: env}
}

// NetworkSteps make sure that a network is there. Making it may fail: another deployment
// may make it at the same moment.
func NetworkSteps(network string) []run.Step {
	group := "network " + network
	return []run.Step{
		{
			Name: "network", Title: "Looking for the network " + network + ".", Hidden: true, Prepares: true, Spares: group,
			Argv: []string{"docker", "network", "inspect", "--format", "{{.Id}}", network},
		},
		{
			Name: "make-network", Title: "Making the network " + network + ".", MayFail: true, Hidden: true, Prepares: true, Group: group,
			Argv: []string{"docker", "network", "create", "--attachable", network},
		},
	}
}

// Connect joins containers to a further network under names that are their own. Compose
// would give them there the plain names of their services as well, and one that asks for
// "db" could reach another project's. containers are their names by compose service.
func Connect(network string, containers map[string]string) []run.Step {
	steps := NetworkSteps(network)
	for _, name := range slices.Sorted(maps.Keys(containers)) {
		steps = append(steps, run.Step{
			Name: "connect", Title: "Connecting " + name + " to the network " + network + ".", MayFail: true, Hidden: true,
			Argv: []string{"docker", "network", "connect", "--alias", containers[name], network, containers[name]},
		})
	}
	return steps
}

// Script is the run of a deployment with the limit of its server.
func Script(id core.ID, dir string, on core.Server, steps []run.Step) run.Script {
	s := run.Script{ID: id, Dir: dir, Steps: steps}
	if limit := on.Settings.DynamicTimeout; limit > 0 {
		s.Limit = time.Duration(limit) * time.Second
	}
	return s
}

// Folder is where a resource of a kind ("services") lives on its server.
func Folder(on core.Server, kind string, id core.ID) string {
	remote := on.Settings.RemoteDir
	if remote == "" {
		remote = "/data/taffrail"
	}
	return path.Join(remote, kind, string(id))
}

// AtLeast compares a version of Compose; one that is unknown is taken for a recent one.
func AtLeast(version string, major, minor int) bool {
	fields := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(fields) < 2 {
		return true
	}
	ma, err1 := strconv.Atoi(fields[0])
	mi, err2 := strconv.Atoi(fields[1])
	if err1 != nil || err2 != nil {
		return true
	}
	return ma > major || ma == major && mi >= minor
}
