package rest_test

import (
	"context"
	"testing"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// commonThings are what the world has that resources of all kinds can have.
type commonThings struct {
	tag, word core.ID // one that all resources have, and one that nothing has
}

// commonSamples are those about what resources of all kinds have.
func commonSamples() map[string]sample {
	out := map[string]sample{
		"GET /tags": {}, "POST /tags": {body: `{"name":"staging"}`}, "PATCH /tags/{uuid}": {path: "/tags/{tag}", body: `{"name":"live"}`},
		"DELETE /tags/{uuid}": {path: "/tags/{word}"},
	}
	for kind, id := range map[string]string{"applications": "{application}", "services": "{service}", "databases": "{database}"} {
		route, path := "/"+kind+"/{uuid}", "/"+kind+"/"+id
		out["GET "+route+"/tags"] = sample{path: path + "/tags"}
		out["POST "+route+"/tags"] = sample{path: path + "/tags", body: `{"tag_names":["blue","green"]}`}
		out["DELETE "+route+"/tags/{tag}"] = sample{path: path + "/tags/{tag}"}
	}
	return out
}

// common makes what resources of all kinds can have.
func (w *world) common(ctx context.Context, ctl *control.Control, p auth.Principal) {
	for kind, id := range map[core.Kind]core.ID{core.KindApplication: w.application, core.KindService: w.service, core.KindDatabase: w.database} {
		tags, err := ctl.AddTags(ctx, p, kind, id, []string{"prod"})
		must(w.t, err)
		w.tag = tags[0].UUID
	}
	t, err := ctl.CreateTag(ctx, p, "word")
	must(w.t, err)
	w.word = t.UUID
}

func TestTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, []row{
		{"list", asReader, "GET /api/v1/tags", "", 200, `…"name":"prod"`},
		{"in lower case", asWriter, "POST /api/v1/tags", `{"name":" EU West "}`, 201, `…"name":"eu west"`},
		{"again", asWriter, "POST /api/v1/tags", `{"name":"eu west"}`, 409, `{"message":"There is a tag with this name already."}`},
		{"no name", asWriter, "POST /api/v1/tags", `{"name":" "}`, 422, `…"name"`},
		{"with a comma", asWriter, "POST /api/v1/tags", `{"name":"a,b"}`, 422, `…must not have commas`},
		{"add one", asWriter, "POST /api/v1/services/{service}/tags", `{"tag_name":"Beta"}`, 201, `…"name":"beta"`},
		{"add none", asWriter, "POST /api/v1/services/{service}/tags", `{"tag_names":[]}`, 422, `…"tag_name"`},
		{"all of a service", asReader, "GET /api/v1/services/{service}/tags", "", 200, `…"name":"prod"`},
		{"one it has not", asWriter, "DELETE /api/v1/services/{service}/tags/{word}", "", 404, `{"message":"Tag not found."}`},
		{"filter", asReader, "GET /api/v1/applications?tag=PROD", "", 200, `…{application}`},
		{"filter, nothing", asReader, "GET /api/v1/applications?tag=beta", "", 200, `[]`},
		{"filter services", asReader, "GET /api/v1/services?tag=nobody,beta", "", 200, `…{service}`},
		{"filter databases", asReader, "GET /api/v1/databases?tag=beta", "", 200, `[]`},
		{"made with", asWriter, "POST /api/v1/services", `{"project_uuid":"{project}","server_uuid":"{server}","environment_name":"production","docker_compose_raw":"` + encode("services: {web: {image: x}}") + `","tags":["made"]}`, 201, `…"uuid"`},
		{"made with rubbish", asWriter, "POST /api/v1/services", `{"project_uuid":"{project}","server_uuid":"{server}","environment_name":"production","docker_compose_raw":"` + encode("services: {web: {image: x}}") + `","tags":["<b>"]}`, 422, `…"tags"`},
		{"is found", asReader, "GET /api/v1/services?tag=made", "", 200, `…"name":"service-`},
		{"deploy", asDeployer, "POST /api/v1/deploy?tag=beta", "", 200, `…"details":[{"resource_uuid":"{service}","deployment_uuid":"`},
		{"deploy nothing", asDeployer, "POST /api/v1/deploy?tag=,%20", "", 400, `{"message":"No TAGs provided."}`},
	})
}
