package application

import "github.com/taffrail/taffrail/internal/run"

// stopFile is the compose file that a stop goes by. It names nothing: whatever carries
// the project's label goes, also when nobody knows any more what was deployed. Each
// container has the time to stop that it was made with.
const (
	stopFile = ".stop.yml"
	stopText = "services:\n  none:\n    image: none\n"
)

// stopping takes the application down. It works whatever has become of its settings.
func (p *planner) stopping() []run.Step {
	steps := []run.Step{
		{Name: "files", Title: "Saved configuration files to " + p.dir + ".", Files: []run.File{{Path: stopFile, Mode: 0o600, Content: stopText}}},
		p.compose("stop", "Stopping the application.", stopFile, "down", "--remove-orphans"),
		{Name: "verify", Title: "Waiting for the containers to be gone.", Watch: &run.Watch{Project: p.Project(), Limit: stopWatch}},
	}
	remove := p.d.Options.Remove
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
