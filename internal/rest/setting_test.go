package rest_test

import (
	"net/http"
	"testing"
)

// TestAPIOff: while the API is off, nothing goes but turning it on again, by the root team.
func TestAPIOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	off := `{"success":true,"message":"API is disabled."}`
	w.run(t, []row{
		{"of another team", asOther, "POST /api/v1/disable", "", 403, `{"message":"You are not allowed to disable the API."}`},
		{"settings of another team", asOther, "GET /api/v1/settings", "", 403, `…You are not allowed to see`},
		{"off", asWriter, "POST /api/v1/disable", "", 200, `{"message":"API disabled."}`},
		{"a read", asRoot, "GET /api/v1/servers", "", 403, off},
		{"a deployment", asDeployer, "POST /api/v1/deploy?uuid={service}", "", 403, off},
		{"health", asNobody, "GET /api/v1/health", "", 200, "OK"},
		{"no token", asNobody, "GET /api/v1/servers", "", 401, `{"message":"Unauthenticated."}`},
		{"settings", asReader, "GET /api/v1/settings", "", 200, `{"is_api_enabled":false,"is_legacy_get_enabled":false}`},
		{"on by another team", asOther, "POST /api/v1/enable", "", 403, `{"message":"You are not allowed to enable the API."}`},
		{"on", asWriter, "POST /api/v1/enable", "", 200, `{"message":"API enabled."}`},
		{"a read again", asReader, "GET /api/v1/destinations", "", 200, `…"network":"taffrail"`},
	})
}

// TestLegacyGet: GET asks for actions only where the instance is set so, and then with
// the ability that the action needs and a sign that it is old.
func TestLegacyGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/api/v1/deploy?uuid={service}"
	before := w.rows(t.Context(), "service_deployment_queues")
	w.run(t, []row{
		{"off", asDeployer, "GET " + path, "", 405, `{"message":"This endpoint has changed to a POST request."}`},
		{"on", asWriter, "PATCH /api/v1/settings", `{"is_legacy_get_enabled":true}`, 200, `{"is_api_enabled":true,"is_legacy_get_enabled":true}`},
		{"a reader", asReader, "GET " + path, "", 403, `{"message":"Missing required permissions: deploy"}`},
		{"nobody", asNobody, "GET " + path, "", 405, `…changed to a POST`},
		{"head", asDeployer, "HEAD " + path, "", 405, ``},
	})
	if after := w.rows(t.Context(), "service_deployment_queues"); after != before {
		t.Fatalf("refused requests queued something: %s", after)
	}
	got := w.ask(asDeployer, http.MethodGet, w.fill(path), "")
	if got.status != http.StatusOK || got.header.Get("Deprecation") == "" {
		t.Errorf("got %d %v %s", got.status, got.header, got.body)
	}
	w.run(t, []row{
		{"a stop", asDeployer, "GET /api/v1/services/{service}/stop", "", 200, `…stopping request queued`},
		{"not an action", asRoot, "GET /api/v1/deployments/{queued}/cancel", "", 405, `…changed to a POST`},
	})
}

// TestNotOffered: what Coolify has and Taffrail has not is answered in words, to those
// who may ask.
func TestNotOffered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, []row{
		{"clouds", asReader, "GET /api/v1/cloud-tokens", "", 404, `{"message":"Cloud providers are not offered: make the server there and add it with POST /servers."}`},
		{"a server there", asRoot, "POST /api/v1/servers/hetzner", `{}`, 404, `…not offered`},
		{"sentinel", asReader, "PATCH /api/v1/servers/{server}/sentinel", `{}`, 404, `…Sentinel is not offered`},
		{"nobody", asNobody, "GET /api/v1/hetzner/images", "", 401, `{"message":"Unauthenticated."}`},
	})
}

func TestDestinationsAndParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const add = "POST /api/v1/servers/{server}/destinations"
	w.run(t, []row{
		{"taken", asWriter, add, `{"name":"x","network":"taffrail"}`, 409, `{"message":"A destination with this network already exists on the server."}`},
		{"swarm", asWriter, add, `{"network":"x","type":"swarm"}`, 422, `…"type":[`},
		{"no name of a network", asWriter, add, `{"network":"-v /:/host"}`, 422, `…"network":[`},
		{"of its own", asWriter, add, `{"name":"own"}`, 201, `…"type":"standalone"`},
		{"in use", asWriter, "DELETE /api/v1/destinations/{elsewhere}", "", 400, `{"message":"Destination has resources, so it cannot be deleted."}`},
		{"unused", asWriter, "DELETE /api/v1/destinations/{unused}", "", 200, `{"message":"Destination deleted."}`},
		{"gone", asReader, "GET /api/v1/destinations/{unused}", "", 404, `{"message":"Destination not found."}`},
		{"part", asWriter, "PATCH /api/v1/services/{service}/applications/{web}", `{"human_name":"the web","exclude_from_status":true,"url":"https://web.example.com"}`, 200, `…"exclude_from_status":true,"fqdn":"https://web.example.com","human_name":"the web"`},
		{"another image", asWriter, "PATCH /api/v1/services/{service}/applications/{web}", `{"image":"other:1"}`, 422, `…change it there`},
		{"the same image", asWriter, "PATCH /api/v1/services/{service}/applications/{web}", `{"image":"web:1","is_gzip_enabled":true}`, 200, `…"image":"web:1"`},
		{"of the other sort", asWriter, "PATCH /api/v1/services/{service}/databases/{web}", `{"human_name":"x"}`, 404, `{"message":"Service resource not found."}`},
	})
}
