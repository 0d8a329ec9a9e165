package server

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/run"
)

const (
	labelService = "com.docker.compose.service"
	labelOneOff  = "com.docker.compose.oneoff"

	// maxListing is where package host cuts what a command prints.
	maxListing = 1 << 20
	// psColumns is how many columns psFormat prints.
	psColumns = 7
)

// psFormat makes docker print of a container what a status takes, one a line. That is a
// single question for a whole server, which can be asked often.
const psFormat = `{{.Label "` + run.LabelProject + `"}}|{{.Label "` + labelService + `"}}|{{.Label "` + labelOneOff + `"}}|{{.ID}}|{{.Names}}|{{.State}}|{{.Status}}`

// List implements control.Containers. Images and restarts of the containers are not
// filled in.
func (m machines) List(ctx context.Context, s core.Server, project core.ID) (map[core.ID][]core.Container, error) {
	h, err := m.pool.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	filter := "label=" + run.LabelProject
	if project != "" {
		filter += "=" + string(project)
	}
	res, err := h.Run(ctx, host.Command{Argv: []string{"docker", "ps", "-a", "--no-trunc", "--filter", filter, "--format", psFormat}})
	if err != nil {
		return nil, err
	}
	if res.ExitCode != 0 {
		return nil, &core.Error{Op: "look at containers", Code: core.CodeUnavailable, Err: fmt.Errorf("exit code %d: %s", res.ExitCode, res.Stderr),
			Msg: fmt.Sprintf("Docker on server %s does not answer: validate the server to see why.", s.Name)}
	}
	if len(res.Stdout) >= maxListing {
		return nil, core.Errorf(core.CodeUnavailable, "Server %s has too many containers to be looked at.", s.Name)
	}
	return parseListing(res.Stdout)
}

// parseListing reads what psFormat printed, sorted by service and name.
func parseListing(text []byte) (map[core.ID][]core.Container, error) {
	out := map[core.ID][]core.Container{}
	for line := range bytes.Lines(text) {
		// Only the last column may have a "|" in it.
		f := strings.SplitN(strings.TrimSpace(string(line)), "|", psColumns)
		if len(f) != psColumns {
			return nil, fmt.Errorf("read docker ps: line %q", line)
		}
		if strings.EqualFold(f[2], "true") {
			continue // of "compose run"
		}
		project := core.ID(f[0])
		out[project] = append(out[project], core.Container{
			Service: f[1], ID: f[3], Name: nameOf(f[4]), State: f[5], Health: healthOf(f[6]), ExitCode: exitOf(f[6]),
		})
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b core.Container) int {
			return cmp.Or(strings.Compare(a.Service, b.Service), strings.Compare(a.Name, b.Name))
		})
	}
	return out, nil
}

// nameOf picks a container's own name out of all that it is known by: links to it are
// named "other/alias".
func nameOf(names string) string {
	for name := range strings.SplitSeq(names, ",") {
		if !strings.Contains(name, "/") {
			return name
		}
	}
	return names
}

// healthOf reads the health out of "Up 3 minutes (healthy)".
func healthOf(status string) string {
	switch {
	case strings.HasSuffix(status, "(healthy)"):
		return "healthy"
	case strings.HasSuffix(status, "(unhealthy)"):
		return "unhealthy"
	case strings.HasSuffix(status, "(health: starting)"):
		return "starting"
	default:
		return ""
	}
}

var exited = regexp.MustCompile(`^(?:Exited|Restarting) \((\d+)\)`)

// exitOf reads the exit code out of "Exited (3) 5 minutes ago".
func exitOf(status string) int {
	found := exited.FindStringSubmatch(status)
	if found == nil {
		return 0
	}
	code, err := strconv.Atoi(found[1])
	if err != nil {
		return 1 // a number of that size is no success
	}
	return code
}

// statuses sums up by the rules of the kinds. It implements control.Statuses.
type statuses map[core.Kind]deploy.Kind

// Sum implements control.Statuses.
func (s statuses) Sum(ctx context.Context, r core.Resting, seen []core.Container) (core.Condition, error) {
	k, ok := s[r.Kind]
	if !ok {
		return core.Condition{}, core.NotFound(r.Kind.Title())
	}
	return k.Sum(ctx, r, seen)
}
