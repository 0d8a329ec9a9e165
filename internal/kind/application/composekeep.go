package application

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/run"
	"github.com/taffrail/taffrail/internal/stack"
)

// images are those that were built.
func (c *composed) images() []string {
	var out []string
	if c == nil {
		return nil
	}
	for _, p := range c.Parts {
		if p.Built {
			out = append(out, p.Image)
		}
	}
	return out
}

// pin makes the stack one of the very images that ran: those that were built by their ids,
// others by their digests.
func (c *composed) pin(digests map[string]string, repository string) error {
	c.exact = map[string]string{}
	var tree map[string]any
	if err := yaml.Unmarshal([]byte(c.Compose), &tree); err != nil {
		return fmt.Errorf("read the compose file that was kept: %w", err)
	}
	services, _ := tree["services"].(map[string]any)
	changed := false
	for _, name := range keysOf(services) {
		service, _ := services[name].(map[string]any)
		image, _ := service["image"].(string)
		switch exact := digests[image]; {
		case strings.HasPrefix(image, repository+":"):
			c.exact[image] = exact
		case strings.Contains(exact, "@"):
			service["image"], changed = exact, true
		}
		c.pulls = c.pulls || service["pull_policy"] != "never"
	}
	if !changed {
		return nil
	}
	var err error
	c.Compose, err = compose.Encode(tree)
	return err
}

// ranParts are the compose services of what ran before.
func (t *target) ranParts() []core.ComposedPart {
	if !t.preview() {
		return t.Application.Ran.Composed.Parts
	}
	p := planner{target: t}
	if c := p.ranBefore(); c != nil {
		return c.Parts
	}
	return nil
}

// sweep deletes images and files of the repository that nobody goes back to.
func (p *planner) sweep(s *setup) []run.Step {
	keep := folders(s.Stack.Have)
	for _, d := range p.Kept {
		text, err := deploy.Kept(d.Config.Snapshot)
		if err != nil || len(text) == 0 {
			continue
		}
		if of, err := openSetup(text); err == nil && of.Stack != nil {
			keep = append(keep, folders(of.Stack.Have)...)
		}
	}
	slices.Sort(keep)
	return append(p.prune(s), run.Step{
		Name: "sweep", Title: "Deleting old files of the repository.", MayFail: true, Hidden: true,
		Argv: append([]string{"sh", "-c", sweepScript, "sh", path.Join(p.dir, stack.SourceFolder)}, slices.Compact(keep)...),
	})
}

// folders are the names in SourceFolder that paths are below.
func folders(have []string) []string {
	var out []string
	for _, p := range have {
		name, _, _ := strings.Cut(strings.TrimPrefix(p, stack.SourceFolder+"/"), "/")
		out = append(out, name)
	}
	return out
}

// beforeParts is the command before a deployment, in a container that runs: that of the
// compose service that is named, or of the first that is built.
func (p *planner) beforeParts(s *setup) []run.Step {
	if s.Pre == "" {
		return nil
	}
	name := p.hooked(s, p.Application.Hooks.PreContainer)
	i := slices.IndexFunc(p.seen.Containers, func(c core.Container) bool { return c.Service == name && c.State == "running" })
	if i < 0 {
		return []run.Step{note("Skipping the pre-deployment command: no container of " + name + " runs in which it could be carried out.")}
	}
	return []run.Step{{
		Name: "pre-deploy", Title: "Carrying out the pre-deployment command.", Argv: inside(p.seen.Containers[i].Name, s.Pre), Prepares: true,
	}}
}

// afterParts is the one behind it. Its failure is told, and changes nothing.
func (p *planner) afterParts(s *setup) []run.Step {
	if s.Post == "" {
		return nil
	}
	name := p.hooked(s, p.Application.Hooks.PostContainer)
	container := s.Stack.Names[name]
	if container == "" {
		return []run.Step{note("Skipping the post-deployment command: " + name + " has no container of its own name.")}
	}
	return []run.Step{{
		Name: "post-deploy", Title: "Carrying out the post-deployment command.", Argv: inside(container, s.Post), MayFail: true, Tells: true,
	}}
}

// hooked is the compose service that a command is carried out in.
func (p *planner) hooked(s *setup, named string) string {
	first := ""
	for _, part := range s.Stack.Parts {
		if part.Built && !part.Empty {
			first = cmp.Or(first, part.Name)
		}
	}
	for _, part := range s.Stack.Parts {
		first = cmp.Or(first, part.Name)
	}
	return cmp.Or(named, first)
}
