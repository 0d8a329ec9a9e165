package service

import (
	"go.yaml.in/yaml/v4"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/run"
	"github.com/taffrail/taffrail/internal/stack"
)

// stopping takes the stack down. It works whatever has become of the text, of the
// team's rights, and of the files on the server.
func (p *planner) stopping() (deploy.Plan, error) {
	text, err := compose.Encode(p.downTree())
	if err != nil {
		return deploy.Plan{}, err
	}
	args := []string{"down", "--remove-orphans"}
	remove := p.d.Options.Remove
	if remove.Volumes {
		args = append(args, "--volumes")
	}
	if remove.Images {
		args = append(args, "--rmi", "local")
	}
	steps := []run.Step{
		{Name: "files", Title: "Saved configuration files to " + p.dir + ".", Files: []run.File{{Path: stack.StopFile, Mode: 0o600, Content: text}}},
		p.step("stop", "Stopping service.", args...),
		{Name: "verify", Title: "Waiting for the containers to be gone.", Watch: &run.Watch{Project: p.project(), Limit: stopWatch}},
	}
	if remove.Configurations {
		steps = append(steps, run.Step{Name: "delete", Title: "Deleting " + p.dir + ".", Delete: []string{p.dir}})
	}
	plan := deploy.Plan{Script: p.script(steps)}
	if p.out != nil {
		plan.Hash = p.out.Hash
	}
	return plan, nil
}

// downTree is what runs, without what Compose would look for on the server although
// nothing is started.
func (p *planner) downTree() map[string]any {
	tree := p.running()
	services := asMap(tree["services"])
	if len(services) == 0 {
		// Never deployed, or so it seems: whatever carries the project's label goes.
		return map[string]any{"services": map[string]any{"none": map[string]any{"image": "none"}}}
	}
	for _, v := range services {
		service := asMap(v)
		delete(service, "env_file")
		delete(service, "label_file")
		delete(service, "environment")
	}
	return tree
}

// running is the tree that was written last, with "$" doubled.
func (p *planner) running() map[string]any {
	var tree map[string]any
	if err := yaml.Unmarshal([]byte(p.service.Compose.Reveal()), &tree); err == nil && len(asMap(tree["services"])) > 0 {
		return tree
	}
	if p.out == nil {
		return nil
	}
	return asMap(compose.EscapeDollars(p.out.Tree))
}

// asMap is v as a mapping; nil when it is none.
func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}
