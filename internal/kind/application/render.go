package application

import (
	"maps"
	"slices"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/proxy"
)

const maxGeneration = proxy.MaxGeneration

// routes are what the proxy is to know of a container that deployment row made.
func (p *planner) routes(s *setup, row int64, container string) proxy.Input {
	in := s.Route
	in.Generation, in.Network = generation(row), p.Destination.Network
	in.Own = maps.Clone(s.Labels)
	in.Own["coolify.name"] = container
	return in
}

// render makes the compose file: it has the new container alone.
func (p *planner) render(s *setup, n next) (string, error) {
	if p.Destination.Network == "" {
		return "", core.Errorf(core.CodeBadRequest, "The network that application %s was on is no destination any more. Choose another one.", p.Application.Name)
	}
	labels, err := proxy.Labels(p.kind(), p.routes(s, p.d.RowID, n.container))
	if err != nil {
		return "", undeployable(err)
	}
	env := maps.Clone(s.Env)
	if !slices.Contains(s.Theirs, "COOLIFY_CONTAINER_NAME") {
		env["COOLIFY_CONTAINER_NAME"] = n.container
	}
	service := maps.Clone(s.Service)
	service["image"], service["container_name"], service["pull_policy"] = s.Image, n.container, "never"
	service["environment"], service["labels"] = anyMap(env), anyMap(labels)
	service["networks"] = map[string]any{"default": s.Network}
	volumes := map[string]any{}
	for _, name := range s.Volumes {
		volumes[name] = map[string]any{"name": name}
	}
	return compose.Render(map[string]any{
		"services": map[string]any{n.service: service}, "volumes": volumes,
		"networks": map[string]any{"default": map[string]any{"name": p.Destination.Network, "external": true}},
	})
}

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for key, value := range m {
		out[key] = value
	}
	return out
}
