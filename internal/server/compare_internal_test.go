package server

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/redact"
	"github.com/taffrail/taffrail/internal/run"
)

func TestCompareSnapshots(t *testing.T) {
	t.Parallel()
	sealed := func(kind core.Kind, v map[string]any) core.Deployment {
		text, err := json.Marshal(v)
		ok(t, err)
		return core.Deployment{Kind: kind, Config: core.Config{Snapshot: core.NewSecret(string(text))}}
	}
	app := func(image string) core.Deployment {
		keep, err := json.Marshal(map[string]any{"image": image, "env": map[string]string{"X": image}})
		ok(t, err)
		return sealed(core.KindApplication, map[string]any{"keep": keep})
	}
	stack := func(kind core.Kind, image string) core.Deployment {
		return sealed(kind, map[string]any{
			"script": run.Script{Steps: []run.Step{
				{Files: []run.File{{Path: "docker-compose.yml", Content: "services: {web: {image: " + image + ", command: serve --key=hunter-" + image + "}}"}}},
				{OnFailure: true, Files: []run.File{{Path: "before", Content: image}}},
			}},
			"secrets": []redact.Value{{Name: "KEY", Value: "hunter-" + image}},
		})
	}
	none := core.Deployment{}
	for what, c := range map[string]struct {
		now, then core.Deployment
		want      []control.Difference
	}{
		"applications": {app("one"), app("two"), []control.Difference{
			{Field: "image", How: "changed", Old: "one", New: "two"}, {Field: "variable X", How: "changed", Old: core.Redacted, New: core.Redacted}}},
		"services": {stack(core.KindService, "one"), stack(core.KindService, "two"), []control.Difference{
			{Field: "web.command", How: "changed", Old: "serve --key=" + core.Redacted, New: "serve --key=" + core.Redacted},
			{Field: "web.image", How: "changed", Old: "one", New: "two"}}},
		"equal databases": {stack(core.KindDatabase, "one"), stack(core.KindDatabase, "one"), nil},
		"with nothing":    {none, app("two"), nil},
	} {
		got, err := snapshots{}.Compare(c.now, c.then)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	if _, err := (snapshots{}).Compare(core.Deployment{Config: core.Config{Snapshot: core.NewSecret("{")}}, app("two")); err == nil {
		t.Error("a broken snapshot is compared")
	}
}
