package database

import (
	"slices"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/run"
)

// stopFile is the compose file that a stop goes by. It has a name of its own, so that
// what was deployed last stays to be read, and it names nothing: whatever carries the
// project's label goes, also when nobody knows any more what was deployed. Each container
// has the time to stop that it was made with.
const (
	stopFile = ".stop.yml"
	stopText = "services:\n  none:\n    image: none\n"
)

// stopping takes the database down. It works whatever has become of its settings, of the
// team's rights, and of the files on the server. Dumps stay, whatever is taken away:
// they are what somebody will ask for who deleted the wrong database.
func (p *planner) stopping() []run.Step {
	down := compose.Project{Name: p.uuid(), Dir: p.dir, File: stopFile}
	steps := []run.Step{
		{Name: "files", Title: "Saved configuration files to " + p.dir + ".", Files: []run.File{{Path: stopFile, Mode: 0o600, Content: stopText}}},
		down.Step("stop", "Stopping database.", "down", "--remove-orphans"),
		{Name: "verify", Title: "Waiting for the containers to be gone.", Watch: &run.Watch{Project: p.uuid(), Limit: stopWatch}},
	}
	remove := p.d.Options.Remove
	if remove.Volumes {
		steps = append(steps, p.dropVolumes()...)
	}
	if remove.Images {
		steps = append(steps, p.dropImages()...)
	}
	if remove.Configurations {
		steps = append(steps, run.Step{Name: "delete", Title: "Deleting " + p.dir + ".", Delete: []string{p.dir}})
	}
	return steps
}

// dropVolumes deletes the data: the volumes that the engine brings along, and those that
// were or are about to be mounted besides. Their names are the database's own.
func (p *planner) dropVolumes() []run.Step {
	var volumes []string
	if spec, ok := engine.Find(p.Database.Type); ok {
		for _, v := range spec.DataVolumes(p.Database) {
			volumes = append(volumes, v.Name)
		}
	}
	if p.out != nil {
		volumes = append(volumes, volumesOf(p.out.Compose)...)
	}
	if p.before != nil {
		if tree, err := p.before.tree(); err == nil { // of one that nobody can read, the others go all the same
			volumes = append(volumes, volumesOf(tree)...)
		}
	}
	slices.Sort(volumes)
	if volumes = slices.Compact(volumes); len(volumes) == 0 {
		return nil
	}
	return []run.Step{{
		Name: "volumes", Title: "Deleting volumes.", Argv: append([]string{"docker", "volume", "rm", "--force", "--"}, volumes...),
	}}
}

func volumesOf(tree map[string]any) []string {
	var out []string
	for _, v := range mapOf(tree["volumes"]) {
		if name, ok := mapOf(v)["name"].(string); ok {
			out = append(out, name)
		}
	}
	return out
}

// dropImages deletes the database's images unless something else uses them.
func (p *planner) dropImages() []run.Step {
	var steps []run.Step
	images := []string{p.Database.Image, p.Database.Ran.Image}
	slices.Sort(images)
	for _, image := range slices.Compact(images) {
		if image != "" {
			steps = append(steps, run.Step{
				Name: "images", Title: "Deleting the image " + image + ".", MayFail: true, Hidden: true,
				Argv: []string{"docker", "image", "rm", "--", image},
			})
		}
	}
	return steps
}
