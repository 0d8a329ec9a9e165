package application

import (
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/run"
)

// stopFile is the compose file that a stop goes by. It names nothing: whatever carries
// the project's label goes, also when nobody knows any more what was deployed. Each
// container has the time to stop that it was made with.
const (
	stopFile = ".stop.yml"
	stopText = "services:\n  none:\n    image: none\n"
	// networksScript deletes the networks of project $1, which container $2 may be in, too.
	networksScript = `docker network ls --quiet --filter "label=com.docker.compose.project=$1" | while read -r network; do
  docker network disconnect --force "$network" "$2" >/dev/null 2>&1
  docker network rm "$network"
done`
	// volumesScript deletes the volumes of project $1.
	volumesScript = `docker volume ls --quiet --filter "label=com.docker.compose.project=$1" | while read -r volume; do
  docker volume rm --force -- "$volume"
done`
)

// stopping takes the application down. It works whatever has become of its settings.
func (p *planner) stopping() []run.Step {
	steps := []run.Step{
		{Name: "files", Title: "Saved configuration files to " + p.dir + ".", Files: []run.File{{Path: stopFile, Mode: 0o600, Content: stopText}}},
		p.compose("stop", "Stopping the application.", stopFile, "down", "--remove-orphans"),
		{Name: "verify", Title: "Waiting for the containers to be gone.", Watch: &run.Watch{Project: p.Project(), Limit: stopWatch}},
	}
	remove := p.d.Options.Remove
	if p.Application.Build.Pack == core.PackCompose || len(p.Application.Ran.Composed.Parts) > 0 {
		steps = append(steps, run.Step{
			Name: "networks", Title: "Deleting networks.", MayFail: true, Hidden: true, Argv: []string{"sh", "-c", networksScript, "sh", p.Project(), proxy.Container},
		})
		if remove.Volumes {
			steps = append(steps, run.Step{Name: "volumes", Title: "Deleting volumes.", MayFail: true, Argv: []string{"sh", "-c", volumesScript, "sh", p.Project()}})
		}
	}
	if names := p.volumes(); remove.Volumes && len(names) > 0 {
		steps = append(steps, run.Step{
			Name: "volumes", Title: "Deleting volumes.", MayFail: true, Argv: append([]string{"docker", "volume", "rm", "--force", "--"}, names...),
		})
	}
	if remove.Images {
		steps = append(steps, p.pruning("images", "Deleting images."))
	}
	if remove.Configurations {
		steps = append(steps, run.Step{Name: "delete", Title: "Deleting " + p.dir + ".", Delete: []string{p.dir}})
	}
	return steps
}

func (p *planner) volumes() []string {
	var out []string
	for _, st := range p.Storages {
		if !st.IsFile && st.HostPath == "" && volumeForm.MatchString(st.Name) {
			out = append(out, p.volume(st.Name))
		}
	}
	return out
}
