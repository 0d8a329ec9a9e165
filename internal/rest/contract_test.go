package rest_test

import (
	"net/http"
	"strings"
	"testing"
)

// row is one request and what comes of it. want is the exact body, or with a leading …
// a part of it.
type row struct {
	name, as, request, body string
	status                  int
	want                    string
}

func (w *world) run(t *testing.T, rows []row) {
	t.Helper()
	for _, row := range rows {
		method, path, _ := strings.Cut(row.request, " ")
		got := w.ask(row.as, method, w.fill(path), w.fill(row.body))
		part, isPart := strings.CutPrefix(w.fill(row.want), "…")
		if got.status != row.status || (isPart && !strings.Contains(got.body, part)) || (!isPart && got.body != part) {
			t.Errorf("%s: %s\n got %d %s\nwant %d %s", row.name, row.request, got.status, got.body, row.status, w.fill(row.want))
		}
	}
}

func TestTransport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	notFound := `{"message":"Not found.","docs":"/docs"}`
	unauthenticated := `{"message":"Unauthenticated."}`
	post := `{"message":"This endpoint has changed to a POST request."}`
	w.run(t, []row{
		{"health", asNobody, "GET /api/v1/health", "", 200, "OK"},
		{"health, short", asNobody, "GET /api/health", "", 200, "OK"},
		{"version", asReader, "GET /api/v1/version", "", 200, "4.3.11"},
		{"version, alias", asReader, "GET /api/version", "", 200, "4.3.11"},
		{"double slash", asReader, "GET //api/v1/version", "", 200, "4.3.11"},
		{"double slash inside", asReader, "GET /api//v1//version/", "", 200, "4.3.11"},
		{"post with a double slash", asDeployer, "POST //api/v1/deploy", "", 400, `{"message":"You must provide uuid or tag."}`},
		{"no token", asNobody, "GET /api/v1/version", "", 401, unauthenticated},
		{"unknown route", asNobody, "GET /api/v1/nothing", "", 404, notFound},
		{"unknown below a known one", asRoot, "GET /api/v1/servers/{server}/nothing", "", 404, notFound},
		{"outside", asRoot, "GET /apiary", "", 404, notFound},
		{"get an action", asRoot, "GET /api/v1/deploy", "", 405, post},
		{"get a start", asRoot, "GET /api/v1/services/{service}/start", "", 405, post},
		{"get a restart", asRoot, "GET /api/v1/services/{service}/restart", "", 405, post},
		{"get a validation", asRoot, "GET /api/v1/servers/{server}/validate", "", 405, post},
		{"other method", asRoot, "PUT /api/v1/servers", "{}", 405, "…It has: GET, POST."},
		{"token in the query", asNobody, "GET /api/v1/version?token=" + w.tokens[asRoot] + "&api_key=" + w.tokens[asRoot], "", 401, unauthenticated},
	})
	if got := w.ask(asRoot, http.MethodGet, "/api/v1/version", ""); got.header.Get("Content-Type") != "text/html; charset=UTF-8" {
		t.Errorf("version comes as %q", got.header.Get("Content-Type"))
	}
	if got := w.ask(asRoot, http.MethodGet, "/api/v1/deploy", ""); got.header.Get("Allow") != "POST" {
		t.Errorf("Allow is %q", got.header.Get("Allow"))
	}
	if log := w.log.String(); strings.Contains(log, w.tokens[asRoot]) {
		t.Error("the token of a query is in the log")
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.tokens[asRoot]
	last := "x"
	if strings.HasSuffix(good, last) {
		last = "y"
	}
	id, secret, _ := strings.Cut(good, "|")
	for name, token := range map[string]string{
		"last character": good[:len(good)-1] + last, "upper case": strings.ToUpper(good), "cut": good[:len(good)-1],
		"no id": secret, "other id": "99|" + secret, "only id": id + "|", "plus": "+" + good, "long": good + strings.Repeat("a", 1<<14),
	} {
		got := w.ask(asNobody, http.MethodGet, "/api/v1/version", "", "Authorization: Bearer "+token)
		if got.status != http.StatusUnauthorized || got.body != `{"message":"Unauthenticated."}` {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	for _, header := range []string{"Basic " + good, good, "Bearer", "Bearer "} {
		if got := w.ask(asNobody, http.MethodGet, "/api/v1/version", "", "Authorization: "+header); got.status != http.StatusUnauthorized {
			t.Errorf("%q: %d", header, got.status)
		}
	}
	if got := w.ask(asNobody, http.MethodGet, "/api/v1/version", "", "Authorization: bearer "+good); got.status != http.StatusOK {
		t.Errorf("scheme in lower case: %d", got.status)
	}
	w.run(t, []row{
		{"escalation", asWriter, "POST /api/v1/security/tokens", `{"name":"more","abilities":["root"]}`, 403, `{"message":"Missing required permissions: root"}`},
		{"unknown ability", asRoot, "POST /api/v1/security/tokens", `{"name":"x","abilities":["admin"]}`, 422, "…abilities"},
		{"foreign token", asOther, "DELETE /api/v1/security/tokens/1", "", 404, `{"message":"Token not found."}`},
		{"no such token", asRoot, "DELETE /api/v1/security/tokens/999", "", 404, `{"message":"Token not found."}`},
		{"no number", asRoot, "DELETE /api/v1/security/tokens/x", "", 404, "…not found."},
		{"revoke itself", asWriter, "DELETE /api/v1/security/tokens/4", "", 200, `{"message":"Token revoked."}`},
		{"revoked", asWriter, "GET /api/v1/version", "", 401, `{"message":"Unauthenticated."}`},
		{"in the team", asMember, "GET /api/v1/version", "", 200, "4.3.11"},
	})
	_, err := w.db.Raw().ExecContext(t.Context(), `DELETE FROM team_user WHERE role = 'member'`)
	must(t, err)
	w.run(t, []row{{"left the team", asMember, "GET /api/v1/version", "", 401, `{"message":"Invalid token."}`}})
}

func TestDeploy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "POST /api/v1/deploy"
	queued := `…"deployments":[{"message":"`
	w.run(t, []row{
		{"nothing", asDeployer, path, "", 400, `{"message":"You must provide uuid or tag."}`},
		{"nothing in an object", asDeployer, path, `{}`, 400, `{"message":"You must provide uuid or tag."}`},
		{"commas", asDeployer, path + "?uuid=,%20,", "", 400, `{"message":"No UUIDs provided."}`},
		{"both", asDeployer, path + "?uuid=a&tag=b", "", 400, `{"message":"You can only use uuid or tag, not both."}`},
		{"tag and pr", asDeployer, path, `{"tag":"b","pr":3}`, 400, `{"message":"You can only use tag or pr, not both."}`},
		{"tag and docker tag", asDeployer, path, `{"tag":"b","docker_tag":"c"}`, 400, `{"message":"You can only use tag or docker_tag, not both."}`},
		{"docker tag alone", asDeployer, path, `{"uuid":"a","docker_tag":"c"}`, 400, `{"message":"docker_tag requires pull_request_id."}`},
		{"tag", asDeployer, path, `{"tag":"nobody has this"}`, 404, `{"message":"No resources found with this tag."}`},
		{"unknown", asDeployer, path, `{"uuid":"{unknown}"}`, 404, `{"message":"No resources found."}`},
		{"rubbish", asDeployer, path, `{"uuid":"../../etc/passwd"}`, 404, `{"message":"No resources found."}`},
		{"long note", asDeployer, path, `{"uuid":"{service}","note":"` + strings.Repeat("a", 1001) + `"}`, 422, "…must not be greater than 1000 characters."},
		{"unknown key", asDeployer, path, `{"uuid":"{service}","bogus":1}`, 422, `{"message":"Validation failed.","errors":{"bogus":["This field is not allowed."]}}`},
		{"body", asDeployer, path, `{"uuid":"{service}","force":false,"type":"application"}`, 200, queued},
		{"query", asDeployer, path + "?uuid={service},{unknown}&force=false", "", 200, queued},
		{"query, typed", asDeployer, path + "?uuid={service}&force=true&note=why%20not", "", 200, queued},
	})
	if got := w.ask(asDeployer, http.MethodPost, "/api/v1/deploy?uuid="+string(w.service), "", "Content-Type: application/json"); got.status != 200 || !strings.Contains(got.body, `"deployment_uuid":"`) {
		t.Errorf("query with a content type: %d %s", got.status, got.body)
	}
	if got := w.ask(asDeployer, http.MethodPost, "/api/v1/deploy", `{"uuid":"x"}`, "Content-Type: text/plain"); got.status != 415 {
		t.Errorf("simple request: %d %s", got.status, got.body)
	}
}

func TestDeployments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const service = "GET /api/v1/deployments/services/{service}"
	w.run(t, []row{
		{"one", asReader, "GET /api/v1/deployments/{finished}", "", 200, `…"status":"finished"`},
		{"no such", asReader, "GET /api/v1/deployments/{unknown}", "", 404, `{"message":"Deployment not found."}`},
		{"no id", asReader, "GET /api/v1/deployments/x", "", 404, `{"message":"Deployment not found."}`},
		{"of the kind", asReader, "GET /api/v1/deployments/services/deployment/{finished}", "", 200, `…"service_id":1,"service_name":"shop"`},
		{"of another kind", asReader, "GET /api/v1/deployments/databases/deployment/{finished}", "", 404, `{"message":"Deployment not found."}`},
		{"page", asReader, service + "?skip=1&take=1", "", 200, `…"deployment_uuid":"{running}"`},
		{"beyond the end", asReader, service + "?skip=100", "", 200, `[]`},
		{"bad skip", asReader, service + "?skip=x", "", 422, `{"message":"The skip field must be an integer.","errors":{"skip":["The skip field must be an integer."]}}`},
		{"bad take", asReader, service + "?take=101", "", 422, `…The take field must not be greater than 100.`},
		{"zero take", asReader, service + "?take=0", "", 422, `…The take field must be at least 1.`},
		{"no service", asReader, "GET /api/v1/deployments/services/{unknown}", "", 404, `{"message":"Service not found."}`},
		{"no application", asReader, "GET /api/v1/deployments/applications/{unknown}", "", 404, `{"message":"Application not found."}`},
		{"why those of a list wait", asReader, "GET /api/v1/deployments", "", 200, `…"waiting":"waiting for`},
		{"why those of a service wait", asReader, "GET /api/v1/deployments/services/{service}", "", 200, `…"waiting":"waiting for`},
		{"why it waits", asReader, "GET /api/v1/deployments/{queued}", "", 200, `…waiting":"`},
		{"cancel", asDeployer, "POST /api/v1/deployments/{queued}/cancel", "", 200, `{"message":"Deployment cancelled successfully.","deployment_uuid":"{queued}","status":"cancelled-by-user"}`},
		{"cancel again", asDeployer, "POST /api/v1/deployments/{queued}/cancel", "", 400, `{"message":"Deployment cannot be cancelled. Current status: cancelled-by-user"}`},
		{"cancel a finished one", asDeployer, "POST /api/v1/deployments/{finished}/cancel", "", 400, `{"message":"Deployment cannot be cancelled. Current status: finished"}`},
		{"cancel a running one", asDeployer, "POST /api/v1/deployments/{running}/cancel", "", 200, `{"message":"Deployment is being cancelled.","deployment_uuid":"{running}","status":"in_progress"}`},
		{"history", asReader, "GET /api/v1/history?limit=2&kind=service&status=finished,queued", "", 200, `…"next_cursor":`},
		{"foreign cursor", asReader, "GET /api/v1/history?cursor=%25%25rubbish", "", 422, `…cursor`},
		{"bad kind", asReader, "GET /api/v1/history?kind=server", "", 422, `…kind`},
		{"from beyond", asReader, "GET /api/v1/deployments/{finished}/log", "", 403, `{"message":"Missing required permissions: read:sensitive"}`},
		{"log after", asSensitive, "GET /api/v1/deployments/{finished}/log?after=24", "", 200, `…"next":25,"more":false,"status":"finished"}`},
		{"log after the end", asSensitive, "GET /api/v1/deployments/{finished}/log?after=9000000000000", "", 200, `{"lines":[],"next":9000000000000,"more":false,"status":"finished"}`},
		{"log before", asSensitive, "GET /api/v1/deployments/{finished}/log?after=-1", "", 422, `…The after field must be at least 0.`},
		{"log text", asSensitive, "GET /api/v1/deployments/{running}/log.txt?timestamps=false", "", 200, "line x\nline xx\nline xxx\n"},
	})
	got := w.ask(asReader, http.MethodGet, w.fill("/api/v1/deployments/services/{service}?take=1"), "")
	if got.header.Get("X-Total-Count") != "3" || !strings.HasPrefix(got.body, "[{") {
		t.Errorf("list: %v %s", got.header, got.body)
	}
}

func TestServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "POST /api/v1/services"
	base := `"project_uuid":"{project}","server_uuid":"{server}","name":"two"`
	compose := `"docker_compose_raw":"` + encode("services: {}") + `"`
	w.run(t, []row{
		{"plain", asWriter, path, `{` + base + `,"environment_name":"production","destination_uuid":"","environment_uuid":"",` + compose + `}`, 201, `…"domains":[]`},
		{"other names", asWriter, path, `{` + base + `,"environment":"{environment}","docker_compose":"` + encode("services: {}") + `"}`, 201, `…"uuid":"`},
		{"no environment", asWriter, path, `{` + base + `,` + compose + `}`, 422, `…You need to provide at least one of environment_name or environment_uuid.`},
		{"no base64", asWriter, path, `{` + base + `,"environment_name":"production","docker_compose_raw":"services:\n  web: {}"}`, 422, `…should be base64 encoded`},
		{"no services", asWriter, path, `{` + base + `,"environment_name":"production","docker_compose_raw":"` + encode("x") + `"}`, 422, `…line 1: there are no services.`},
		{"too large", asWriter, path, `{` + base + `,"environment_name":"production","docker_compose_raw":"` + encode("services:"+strings.Repeat("#", 1<<20)) + `"}`, 422, `…1 MiB`},
		{"several faults", asWriter, path, `{"name":1,"foo":true}`, 422, `{"message":"Validation failed.","errors":{"foo":["This field is not allowed."],"name":["The name field must be a string."],"project_uuid":["This field is required."],"server_uuid":["This field is required."]}}`},
		{"no server", asWriter, path, `{"project_uuid":"{project}","server_uuid":"{unknown}","environment_name":"production",` + compose + `}`, 404, `{"message":"Server not found."}`},
		{"patch ignores places", asWriter, "PATCH /api/v1/services/{service}", `{"name":"shop2","server_uuid":"{machine}","project_uuid":"x"}`, 200, `…"uuid":"{service}"`},
		{"patch refuses others", asWriter, "PATCH /api/v1/services/{service}", `{"team_id":2}`, 422, `…"team_id":["This field is not allowed."]`},
		{"patch of nothing", asWriter, "PATCH /api/v1/services/{service}", `{}`, 400, `{"message":"Invalid request.","error":"Empty JSON."}`},
		{"stop", asDeployer, "POST /api/v1/services/{service}/stop?docker_cleanup=true", "", 200, `…Service stopping request queued.`},
		{"restart", asDeployer, "POST /api/v1/services/{service}/restart", `{"latest":true,"note":"new images"}`, 200, `…"deployment_uuid":"`},
		{"logs without a name", asReader, "GET /api/v1/services/{service}/logs", "", 400, `{"message":"Sub service name is required."}`},
		{"logs of another", asReader, "GET /api/v1/services/{service}/logs?sub_service_name=x", "", 404, `{"message":"Service resource not found."}`},
		{"logs of a dead one", asReader, "GET /api/v1/services/{service}/logs?sub_service_name=db", "", 400, `{"message":"Container is not running."}`},
		{"logs", asReader, "GET /api/v1/services/{service}/logs?sub_service_name=web", "", 200, `{"logs":"hello from web\n"}`},
		{"too many lines", asReader, "GET /api/v1/services/{service}/logs?sub_service_name=web&lines=10001", "", 422, `…lines`},
		{"unknown type", asWriter, path, `{` + newPlace + `,"type":"nope"}`, 404, `…{"message":"Service not found.","valid_service_types":["adminer",`},
		{"both", asWriter, path, `{` + newPlace + `,"type":"grafana","docker_compose_raw":"` + encode("services: {web: {image: x}}") + `"}`, 422, `…"type":["You cannot provide both`},
		{"by type", asWriter, path, `{` + newPlace + `,"type":"wordpress-with-mariadb"}`, 201, `…"uuid":"`},
		{"no such template", asReader, "GET /api/v1/services/templates/nope", "", 404, `…"valid_service_types":["adminer",`},
		{"templates", asReader, "GET /api/v1/services/templates", "", 200, `…"type":"grafana","aliases":[],"name":"Grafana"`},
		{"delete", asWriter, "DELETE /api/v1/services/{service}?delete_volumes=false", "", 200, `{"message":"Service deletion request queued."}`},
		{"gone", asReader, "GET /api/v1/services/{service}", "", 404, `{"message":"Service not found."}`},
		{"history stays", asReader, "GET /api/v1/deployments/{finished}", "", 200, `…"service_name":"shop"`},
	})
}

// TestSecrets asks for everything that has a secret in it, with and without leave.
func TestSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/services", "/services/{service}", "/services/{service}/envs", "/security/keys", "/security/keys/{key}",
		"/deployments/{finished}", "/deployments", "/deployments/services/{service}", "/history", "/projects/{project}/production"} {
		for _, as := range []string{asReader, asMember} {
			got := w.ask(as, http.MethodGet, w.fill("/api/v1"+path), "")
			for _, secret := range []string{"web:1}", "open value", "never-to-be-shown", "PRIVATE KEY-----", `"logs"`, `"value"`, `"private_key":`, "docker_compose_raw"} {
				if got.status != 200 || strings.Contains(got.body, secret) {
					t.Errorf("%s as %s: %d shows %s: %s", path, as, got.status, secret, got.body)
				}
			}
		}
		if got := w.ask(asRoot, http.MethodGet, w.fill("/api/v1"+path), ""); strings.Contains(got.body, "never-to-be-shown") {
			t.Errorf("%s shows a locked value", path)
		}
	}
	w.run(t, []row{
		{"compose", asSensitive, "GET /api/v1/services/{service}", "", 200, `…web:1}`},
		{"variable", asSensitive, "GET /api/v1/services/{service}/envs", "", 200, `…"value":"open value"`},
		{"key", asSensitive, "GET /api/v1/security/keys/{key}", "", 200, `…-----END OPENSSH PRIVATE KEY-----\n"`},
		{"log", asSensitive, "GET /api/v1/deployments/services/deployment/{finished}", "", 200, `…"logs":"[{\"command\":null,\"output\":\"line x\"`},
		{"no log in lists", asSensitive, "GET /api/v1/deployments/services/{service}", "", 200, `…"deployment_uuid":"{finished}"`},
		{"writer's reply", asWriter, "PATCH /api/v1/services/{service}/envs", `{"key":"OPEN","value":"a new secret"}`, 201, `…"key":"OPEN","resourceable_id"`},
	})
	if got := w.ask(asSensitive, http.MethodGet, w.fill("/api/v1/history"), ""); strings.Contains(got.body, `"logs"`) {
		t.Error("a list has logs")
	}
}

func TestEnvs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/api/v1/services/{service}/envs"
	w.run(t, []row{
		{"exists", asWriter, "POST " + path, `{"key":"OPEN","value":"x"}`, 409, `{"message":"Environment variable already exists. Use PATCH request to update it."}`},
		{"no such", asWriter, "PATCH " + path, `{"key":"NONE","value":"x"}`, 404, `{"message":"Environment variable not found."}`},
		{"old name", asWriter, "POST " + path, `{"key":"BUILD","value":"x","is_build_time":false}`, 201, `…"uuid":"`},
		{"kept as it is", asRoot, "PATCH " + path, `{"key":" OPEN ","value":" a \n b "}`, 201, `…"value":" a \n b "`},
		{"emptied", asRoot, "PATCH " + path, `{"key":"OPEN","value":""}`, 201, `…"value":""`},
		{"locked", asRoot, "PATCH " + path, `{"key":"OPEN","value":"x","is_shown_once":true}`, 201, `…"is_shown_once":true,"key":"OPEN","resourceable_id"`},
		{"bad key", asWriter, "POST " + path, `{"key":"1; rm -rf /","value":"x"}`, 422, `…"key":[`},
		{"bulk of none", asWriter, "PATCH " + path + "/bulk", `{"data":[]}`, 400, `{"message":"Bulk data is required."}`},
		{"bulk without", asWriter, "PATCH " + path + "/bulk", `{"data":null}`, 400, `{"message":"Bulk data is required."}`},
		{"bulk with a fault", asWriter, "PATCH " + path + "/bulk", `{"data":[{"key":"A","value":"x"},{"value":"y"}]}`, 422, `…"data.1.key":["This field is required."]`},
		{"bulk", asRoot, "PATCH " + path + "/bulk", `{"data":[{"key":"A","value":"x"},{"key":"LOCKED","value":"y"}]}`, 201, `…[{"id":`},
		{"delete", asWriter, "DELETE " + path + "/{env}", "", 200, `{"message":"Environment variable deleted."}`},
		{"delete again", asWriter, "DELETE " + path + "/{env}", "", 404, `{"message":"Environment variable not found."}`},
	})
}

func TestServersKeysProjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, []row{
		{"port as text", asWriter, "POST /api/v1/servers", `{"ip":"192.0.2.1","port":"22","private_key_uuid":"{key}"}`, 422, `{"message":"Validation failed.","errors":{"port":["The port field must be an integer."]}}`},
		{"port range", asWriter, "POST /api/v1/servers", `{"ip":"192.0.2.1","port":0,"private_key_uuid":"{key}"}`, 422, `…The port field must be at least 1.`},
		{"no key", asWriter, "POST /api/v1/servers", `{"ip":"192.0.2.1","private_key_uuid":"{unknown}"}`, 404, `{"message":"Private Key not found."}`},
		{"taken", asWriter, "POST /api/v1/servers", `{"ip":"192.0.2.7","private_key_uuid":"{key}"}`, 400, `{"message":"A server with this IP/Domain is already in use."}`},
		{"proxy", asWriter, "POST /api/v1/servers", `{"ip":"192.0.2.1","private_key_uuid":"{key}","proxy_type":"nginx"}`, 422, `…Invalid proxy type.`},
		{"change", asWriter, "PATCH /api/v1/servers/{machine}", `{"concurrent_builds":5,"description":"big"}`, 201, `{"uuid":"{machine}"}`},
		{"host key", asWriter, "PATCH /api/v1/servers/{machine}", `{"host_key":"ssh-ed25519 AAAA"}`, 422, `…"host_key":[`},
		{"read back", asReader, "GET /api/v1/servers/{machine}?resources=true", "", 200, `…"description":"big","name":"machine"`},
		{"clear", asWriter, "PATCH /api/v1/servers/{machine}", `{"description":""}`, 201, `{"uuid":"{machine}"}`},
		{"cleared", asReader, "GET /api/v1/servers/{machine}", "", 200, `…"description":null`},
		{"local", asWriter, "DELETE /api/v1/servers/{server}", "", 400, `{"message":"Local server cannot be deleted."}`},
		{"validate", asWriter, "POST /api/v1/servers/{machine}/validate", `{"install":true}`, 201, `{"message":"Validation and installation started."}`},
		{"key in use", asWriter, "DELETE /api/v1/security/keys/{key}", "", 422, `…in use`},
		{"no key text", asWriter, "POST /api/v1/security/keys", `{"private_key":"rubbish"}`, 422, `…"private_key":[`},
		{"short name", asWriter, "POST /api/v1/projects", `{"name":"ab"}`, 422, `…The name field must be at least 3 characters.`},
		{"script", asWriter, "POST /api/v1/projects", `{"name":"<script>alert(1)</script>"}`, 422, `…"name":[`},
		{"not empty", asWriter, "DELETE /api/v1/projects/{project}", "", 400, `{"message":"Project has resources, so it cannot be deleted."}`},
		{"environment exists", asWriter, "POST /api/v1/projects/{project}/environments", `{"name":"production"}`, 409, `{"message":"Environment with this name already exists."}`},
		{"project of one", asReader, "GET /api/v1/projects/{project}", "", 200, `…"environments":[{"id":`},
		{"environment by name", asReader, "GET /api/v1/projects/{project}/production", "", 200, `…"services":[{"id":`},
		{"no environment", asReader, "GET /api/v1/projects/{project}/nope", "", 404, `{"message":"Environment not found."}`},
		{"foreign team", asRoot, "GET /api/v1/teams/2", "", 404, `{"message":"Team not found."}`},
		{"current team", asRoot, "GET /api/v1/teams/current", "", 200, `…"personal_team":`},
	})
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	w := newLimitedWorld(t, 5)
	for i := range 5 {
		if got := w.ask(asNobody, http.MethodGet, "/api/v1/version", "", "Authorization: Bearer rubbish"); got.status != http.StatusUnauthorized {
			t.Fatalf("guess %d: %d", i, got.status)
		}
	}
	if got := w.ask(asNobody, http.MethodGet, "/api/v1/version", ""); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("sixth guess: %d %v", got.status, got.header)
	}
	for range 5 {
		if got := w.ask(asReader, http.MethodGet, "/api/v1/version", ""); got.status != http.StatusOK || got.header.Get("X-RateLimit-Limit") != "5" {
			t.Fatalf("good token: %d %v", got.status, got.header)
		}
	}
	if got := w.ask(asReader, http.MethodGet, "/api/v1/version", ""); got.status != http.StatusTooManyRequests || got.body != `{"message":"Too Many Attempts."}` {
		t.Errorf("over its share: %d %s", got.status, got.body)
	}
	if got := w.ask(asDeployer, http.MethodPost, "/api/v1/deploy", ""); got.status != http.StatusBadRequest {
		t.Errorf("another token: %d", got.status)
	}
	if got := w.ask(asNobody, http.MethodGet, "/api/health", ""); got.status != http.StatusOK {
		t.Errorf("health: %d", got.status)
	}
}

func TestFullQueueSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.db.Raw().ExecContext(t.Context(), `UPDATE servers SET deployment_queue_limit = 0`); err != nil {
		t.Fatal(err)
	}
	got := w.ask(asDeployer, http.MethodPost, "/api/v1/deploy", w.fill(`{"uuid":"{service}","force":true}`))
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" || !strings.Contains(got.body, "is full") {
		t.Errorf("%d %v %s", got.status, got.header, got.body)
	}
}
