package application

import (
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/build"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/run"
)

// pruneScript deletes the images of repository $1 but those named behind $3, with the names
// that they have in $2, their registry. Images with label $3 that have no name any more go
// too. One that a container still has stays.
const pruneScript = `repository=$1 registry=$2 label=$3
shift 3
kept=$([ $# = 0 ] || docker image inspect --format '{{.Id}}' "$@" 2>/dev/null)
docker image ls --format '{{.Repository}}:{{.Tag}}' "$repository" | while read -r image; do
  for keep in "$@"; do
    [ "$image" = "$keep" ] && continue 2
  done
  id=$(docker image inspect --format '{{.Id}}' "$image") || continue
  case "$registry $kept" in " "*|*"$id"*) ;; *)
    docker image inspect --format '{{range .RepoTags}}{{println .}}{{end}}{{range .RepoDigests}}{{println .}}{{end}}' "$image" | while read -r name; do
      case $name in "$registry":*|"$registry"@*) docker image rm -- "$name" >/dev/null 2>&1 ;; esac
    done ;;
  esac
  docker image rm -- "$image" >/dev/null 2>&1 && echo "Deleted the image $image."
done
[ -z "$label" ] || docker image ls --quiet --no-trunc --filter dangling=true --filter "label=$label" | while read -r id; do
  case "$kept" in *"$id"*) ;; *) docker image rm -- "$id" >/dev/null 2>&1 && echo "Deleted the image $id." ;; esac
done
exit 0`

// prune deletes images that nobody goes back to.
func (p *planner) prune(s *setup) []run.Step {
	if !strings.HasPrefix(s.Image, p.repository()+":") && len(s.Stack.images()) == 0 {
		return nil // nothing was built
	}
	return []run.Step{p.pruning("prune", "Deleting old images.", p.kept(s)...)}
}

// pruning deletes all images of the application but some. Those without a name may be of
// the application or of a preview: only the application itself, which nobody goes back to
// a preview of, has them deleted.
func (p *planner) pruning(name, title string, keep ...string) run.Step {
	registry, label := "", ""
	if in := (build.Input{Build: p.Application.Build}); p.Application.Build.Pack != core.PackImage && p.Application.Build.ImageName != "" {
		registry, _ = in.Name() // a name that is wrong pushed nothing
	}
	if !p.preview() {
		label = labelUUID + "=" + string(p.Application.UUID)
	}
	return run.Step{
		Name: name, Title: title, MayFail: true, Hidden: true,
		Argv: append([]string{"sh", "-c", pruneScript, "sh", p.repository(), registry, label}, keep...),
	}
}

// kept are the images that stay: the new one, the one that runs, and those of deployments
// that can be brought back.
func (p *planner) kept(s *setup) []string {
	keep := append([]string{s.Image, p.Application.Ran.Image}, s.Stack.images()...)
	for _, c := range p.seen.Containers {
		keep = append(keep, c.Image)
	}
	var exact []string
	for _, d := range p.Kept {
		keep = append(keep, keysOf(d.Config.Digests)...)
		for image, id := range d.Config.Digests { // built anew, its name may be another's by now
			if strings.HasPrefix(image, p.repository()+":") {
				exact = append(exact, id)
			}
		}
		if text, err := deploy.Kept(d.Config.Snapshot); err == nil && len(text) > 0 {
			if of, err := openSetup(text); err == nil {
				keep = append(append(keep, of.Image), of.Stack.images()...)
			}
		}
	}
	keep = slices.DeleteFunc(keep, func(image string) bool { return !strings.HasPrefix(image, p.repository()+":") })
	keep = append(keep, exact...)
	slices.Sort(keep)
	return slices.Compact(keep)
}
