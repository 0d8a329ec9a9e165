package application

import (
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/run"
)

// pruneScript deletes the images of repository $1 but those named behind it. One that a
// container still has stays.
const pruneScript = `repository=$1
shift
docker image ls --format '{{.Repository}}:{{.Tag}}' "$repository" | while read -r image; do
  for keep in "$@"; do
    [ "$image" = "$keep" ] && continue 2
  done
  docker image rm -- "$image" >/dev/null 2>&1 && echo "Deleted the image $image."
done
exit 0`

// prune deletes images that nobody goes back to.
func (p *planner) prune(s *setup) []run.Step {
	if !strings.HasPrefix(s.Image, p.repository()+":") {
		return nil // nothing was built
	}
	return []run.Step{{
		Name: "prune", Title: "Deleting old images.", MayFail: true, Hidden: true,
		Argv: append([]string{"sh", "-c", pruneScript, "sh", p.repository()}, p.kept(s)...),
	}}
}

// kept are the images that stay: the new one, the one that runs, and those of deployments
// that can be brought back.
func (p *planner) kept(s *setup) []string {
	keep := []string{s.Image, p.Application.Ran.Image}
	for _, c := range p.seen.Containers {
		keep = append(keep, c.Image)
	}
	for _, d := range p.Kept {
		keep = append(keep, keysOf(d.Config.Digests)...)
		if text, err := deploy.Kept(d.Config.Snapshot); err == nil && len(text) > 0 {
			if of, err := openSetup(text); err == nil {
				keep = append(keep, of.Image)
			}
		}
	}
	keep = slices.DeleteFunc(keep, func(image string) bool { return !strings.HasPrefix(image, p.repository()+":") })
	slices.Sort(keep)
	return slices.Compact(keep)
}
