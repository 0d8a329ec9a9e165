package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/rest"
)

// sample is a request that a route answers with success, for whoever may make it.
type sample struct {
	path string // with {names} that a world fills in; empty: that of the route
	body string
}

// samples has an entry for every route: a route without one fails the tests.
func samples() map[string]sample {
	deployment := func(rest string) sample { return sample{path: "/deployments/{finished}" + rest} }
	service := func(rest, body string) sample { return sample{path: "/services/{service}" + rest, body: body} }
	server := func(rest, body string) sample { return sample{path: "/servers/{machine}" + rest, body: body} }
	project := func(rest, body string) sample { return sample{path: "/projects/{project}" + rest, body: body} }
	list := sample{}
	out := databaseSamples()
	maps.Copy(out, applicationSamples())
	maps.Copy(out, sharedSamples())
	maps.Copy(out, commonSamples())
	maps.Copy(out, map[string]sample{
		"GET /health": list, "GET /version": list, "GET /openapi.json": list, "GET /docs": list, "GET /resources": list,
		"GET /resources/{uuid}/queue": {path: "/resources/{service}/queue"}, "PATCH /resources/{uuid}/queue": {path: "/resources/{database}/queue", body: `{"overlap":"replace"}`},
		"GET /events":                       list,
		"GET /services/{uuid}/applications": service("/applications", ""), "GET /services/{uuid}/applications/{part}": service("/applications/{web}", ""),
		"GET /services/{uuid}/databases": service("/databases", ""), "GET /services/{uuid}/databases/{part}": service("/databases/{db}", ""),
		"GET /teams": list, "GET /teams/current": list, "GET /teams/current/members": list,
		"GET /teams/{id}": {path: "/teams/1"}, "GET /teams/{id}/members": {path: "/teams/1/members"},
		"GET /team": list, "PATCH /team": {body: `{"description":"ours"}`}, "GET /team/members": list,
		"GET /security/tokens": list, "POST /security/tokens": {body: `{"name":"ci","abilities":["write"]}`},
		"DELETE /security/tokens/{id}": {path: "/security/tokens/4"}, // the writer's own, which everybody with write may revoke
		"GET /security/audit":          list,
		"GET /security/keys":           list, "POST /security/keys": {body: `{"private_key":` + quote(testKey) + `}`},
		"GET /security/keys/{uuid}": {path: "/security/keys/{key}"}, "PATCH /security/keys/{uuid}": {path: "/security/keys/{key}", body: `{"name":"renamed"}`},
		"DELETE /security/keys/{uuid}": {path: "/security/keys/{spare}"},
		"GET /servers":                 list, "POST /servers": {body: `{"ip":"192.0.2.9","private_key_uuid":"{key}"}`},
		"GET /servers/{uuid}": server("", ""), "PATCH /servers/{uuid}": server("", `{"name":"other name"}`), "DELETE /servers/{uuid}": server("", ""),
		"POST /servers/{uuid}/validate": server("/validate", ""), "GET /servers/{uuid}/resources": {path: "/servers/{server}/resources"},
		"GET /servers/{uuid}/domains": {path: "/servers/{server}/domains"}, "GET /servers/{uuid}/destinations": server("/destinations", ""),
		"GET /projects": list, "POST /projects": {body: `{"name":"new project"}`}, "GET /projects/{uuid}": project("", ""),
		"PATCH /projects/{uuid}": project("", `{"name":"renamed"}`), "DELETE /projects/{uuid}": {path: "/projects/{empty}"},
		"GET /projects/{uuid}/environments": project("/environments", ""), "POST /projects/{uuid}/environments": project("/environments", `{"name":"staging"}`),
		"GET /projects/{uuid}/{environment}": project("/production", ""), "GET /projects/{uuid}/environments/{environment}": project("/environments/{environment}", ""),
		"PATCH /projects/{uuid}/environments/{environment}":  project("/environments/production", `{"description":"the real one"}`),
		"DELETE /projects/{uuid}/environments/{environment}": {path: "/projects/{empty}/environments/production"},
		"POST /enable": list, "POST /disable": list, "GET /settings": list, "PATCH /settings": {body: `{"is_legacy_get_enabled":true}`},
		"POST /servers/{uuid}/destinations": server("/destinations", `{"name":"second","network":"second"}`), "GET /destinations": list,
		"GET /destinations/{uuid}": {path: "/destinations/{elsewhere}"}, "PATCH /destinations/{uuid}": {path: "/destinations/{elsewhere}", body: `{"name":"renamed"}`},
		"DELETE /destinations/{uuid}":                   {path: "/destinations/{unused}"},
		"GET /services/{uuid}/applications/{part}/logs": service("/applications/{web}/logs?lines=5", ""),
		"PATCH /services/{uuid}/applications/{part}":    service("/applications/{web}", `{"human_name":"the web","url":"https://web.example.com"}`),
		"PATCH /services/{uuid}/databases/{part}":       service("/databases/{db}", `{"exclude_from_status":true}`),
		"GET /services/templates":                       list, "GET /services/templates/{type}": {path: "/services/templates/uptime-kuma"},
		"GET /services": list, "POST /services": {body: `{"project_uuid":"{project}","server_uuid":"{server}","environment_name":"production","docker_compose_raw":"` + encode("services: {web: {image: x}}") + `"}`},
		"GET /services/{uuid}": service("", ""), "PATCH /services/{uuid}": service("", `{"description":"changed"}`), "DELETE /services/{uuid}": service("", ""),
		"POST /services/{uuid}/start": service("/start", ""), "POST /services/{uuid}/stop": service("/stop", ""), "POST /services/{uuid}/restart": service("/restart?latest=true", ""),
		"GET /services/{uuid}/logs": service("/logs?sub_service_name=web", ""), "GET /services/{uuid}/envs": service("/envs", ""),
		"POST /services/{uuid}/envs": service("/envs", `{"key":"NEW","value":"v"}`), "PATCH /services/{uuid}/envs": service("/envs", `{"key":"OPEN","value":"v"}`),
		"PATCH /services/{uuid}/envs/bulk":   service("/envs/bulk", `{"data":[{"key":"OPEN","value":"v"},{"key":"MORE","value":"w"}]}`),
		"DELETE /services/{uuid}/envs/{env}": service("/envs/{env}", ""),
		"POST /deploy":                       {body: `{"uuid":"{service}"}`}, "GET /deployments": list, "GET /history": list,
		"GET /deployments/applications/{uuid}": {path: "/deployments/applications/{application}"},
		"GET /servers/{uuid}/proxy":            server("/proxy", ""), "PATCH /servers/{uuid}/proxy": server("/proxy", `{"proxy_type":"caddy"}`),
		"POST /servers/{uuid}/proxy/start": server("/proxy/start", ""), "POST /servers/{uuid}/proxy/restart": server("/proxy/restart", ""), "POST /servers/{uuid}/proxy/stop": server("/proxy/stop", ""),
		"GET /deployments/services/{uuid}": {path: "/deployments/services/{service}"}, "GET /deployments/databases/{uuid}": {path: "/deployments/databases/{database}"},
		"GET /deployments/services/deployment/{uuid}": {path: "/deployments/services/deployment/{finished}"}, "GET /deployments/databases/deployment/{uuid}": {path: "/deployments/databases/deployment/{started}"},
		"POST /deployments/{uuid}/retry": deployment("/retry"), "POST /deployments/{uuid}/rollback": {path: "/deployments/{deployed}/rollback", body: `{"dry_run":true}`},
		"POST /deployments/{uuid}/pin": deployment("/pin"), "POST /deployments/{uuid}/note": {path: "/deployments/{finished}/note", body: `{"note":"the first that worked"}`},
		"GET /compare": {path: "/compare?from={finished}&to={running}"}, "DELETE /deployments/{uuid}/log": deployment("/log"), "POST /deployments/{uuid}/rescrub": deployment("/rescrub"),
		"GET /retention": list, "PATCH /retention": {body: `{"count":100}`}, "GET /retention/plan": list, "POST /retention/prune": list,
		"GET /deployments/{uuid}": deployment(""), "POST /deployments/{uuid}/cancel": {path: "/deployments/{queued}/cancel"}, "GET /deployments/{uuid}/steps": deployment("/steps"),
		"GET /deployments/{uuid}/log": deployment("/log"), "GET /deployments/{uuid}/log/stream": deployment("/log/stream"), "GET /deployments/{uuid}/log.txt": deployment("/log.txt"),
	})
	return out
}

// applicationSamples are those about applications and GitHub Apps.
func applicationSamples() map[string]sample {
	application := func(rest, body string) sample { return sample{path: "/applications/{application}" + rest, body: body} }
	app := func(rest, body string) sample { return sample{path: "/github-apps/{githubapp}" + rest, body: body} }
	create := func(more string) sample { return sample{body: `{` + newPlace + `,"ports_exposes":"80",` + more + `}`} }
	repository := `"git_repository":"https://git.example.com/acme/shop","git_branch":"main","build_pack":"dockerfile"`
	list := sample{}
	return map[string]sample{
		"GET /applications": list, "POST /applications/public": create(repository),
		"POST /applications/private-deploy-key": create(repository + `,"private_key_uuid":"{key}"`),
		"POST /applications/private-github-app": create(`"git_repository":"acme/shop","git_branch":"main","build_pack":"dockerfile","github_app_uuid":"{githubapp}"`),
		"POST /applications/dockerfile":         create(`"dockerfile":"FROM scratch\n"`), "POST /applications/dockerimage": create(`"docker_registry_image_name":"nginx"`),
		"GET /applications/{uuid}": application("", ""), "PATCH /applications/{uuid}": application("", `{"description":"changed"}`), "DELETE /applications/{uuid}": {path: "/applications/{image}?delete_volumes=false"},
		"POST /applications/{uuid}/start": application("/start?force=true&instant_deploy=true", ""), "POST /applications/{uuid}/restart": application("/restart", ""),
		"POST /applications/{uuid}/stop": application("/stop?docker_cleanup=true", ""), "GET /applications/{uuid}/logs": application("/logs?lines=5&service_name=web", ""),
		"GET /applications/{uuid}/rollback-images": application("/rollback-images", ""), "POST /applications/{uuid}/rollback": application("/rollback", `{"deployment_uuid":"{deployed}"}`),
		"POST /applications/{uuid}/resume-auto-deploy": application("/resume-auto-deploy", ""),
		"GET /applications/{uuid}/envs":                application("/envs", ""), "POST /applications/{uuid}/envs": application("/envs", `{"key":"NEW","value":"v"}`),
		"PATCH /applications/{uuid}/envs": application("/envs", `{"key":"TOKEN","value":"w"}`), "PATCH /applications/{uuid}/envs/bulk": application("/envs/bulk", `{"data":[{"key":"TOKEN","value":"v","is_preview":true}]}`),
		"DELETE /applications/{uuid}/envs/{env}": application("/envs/{appenv}", ""), "GET /applications/{uuid}/storages": application("/storages", ""),
		"POST /applications/{uuid}/storages": application("/storages", `{"type":"persistent","name":"more","mount_path":"/more"}`), "PATCH /applications/{uuid}/storages": application("/storages", `{"type":"persistent","uuid":"{appvolume}","mount_path":"/other"}`),
		"DELETE /applications/{uuid}/storages/{storage}": application("/storages/{appvolume}", ""),
		"GET /applications/{uuid}/previews":              application("/previews", ""), "DELETE /applications/{uuid}/previews/{pull_request_id}": application("/previews/7", ""),
		"GET /applications/{uuid}/destinations": application("/destinations", ""), "POST /applications/{uuid}/destinations": {path: "/applications/{image}/destinations", body: `{"destination_uuid":"{elsewhere}"}`},
		"DELETE /applications/{uuid}/destinations/{destination_uuid}": application("/destinations/{elsewhere}", ""),
		"GET /github-apps": list, "POST /github-apps": {body: `{"name":"another","app_id":1,"installation_id":2,"private_key_uuid":"{rsa}"}`},
		"GET /github-apps/{github_app_id}": app("", ""), "PATCH /github-apps/{github_app_id}": app("", `{"name":"renamed"}`),
		"DELETE /github-apps/{github_app_id}": {path: "/github-apps/{spareapp}"}, "GET /github-apps/{github_app_id}/repositories": app("/repositories", ""),
		"GET /github-apps/{github_app_id}/repositories/{owner}/{repo}/branches": app("/repositories/acme/shop/branches", ""),
	}
}

// sharedSamples are those about shared variables, wherever they are.
func sharedSamples() map[string]sample {
	out := map[string]sample{}
	for _, at := range []struct{ route, path, env string }{
		{"/team", "/team", "{teamenv}"}, {"/servers/{uuid}", "/servers/{server}", "{serverenv}"},
		{"/projects/{uuid}", "/projects/{project}", "{projectenv}"},
		{"/projects/{uuid}/environments/{environment}", "/projects/{project}/environments/production", "{environmentenv}"},
	} {
		one := at.path + "/envs/" + at.env
		out["GET "+at.route+"/envs"] = sample{path: at.path + "/envs"}
		out["POST "+at.route+"/envs"] = sample{path: at.path + "/envs", body: `{"key":"MORE","value":"v"}`}
		out["PATCH "+at.route+"/envs/{env_id}"] = sample{path: one, body: `{"value":"w"}`}
		out["DELETE "+at.route+"/envs/{env_id}"] = sample{path: one}
	}
	return out
}

// databaseSamples are those about databases, their dumps and buckets.
func databaseSamples() map[string]sample {
	database := func(rest, body string) sample { return sample{path: "/databases/{database}" + rest, body: body} }
	bucket := func(rest, body string) sample { return sample{path: "/s3-storages/{bucket}" + rest, body: body} }
	list := sample{}
	out := map[string]sample{
		"GET /databases": list, "GET /databases/{uuid}": database("", ""), "PATCH /databases/{uuid}": database("", `{"postgres_user":"other"}`), "DELETE /databases/{uuid}": {path: "/databases/{cache}?delete_volumes=false"},
		"POST /databases/{uuid}/start": database("/start?force_version_change=true", ""), "POST /databases/{uuid}/stop": database("/stop", ""),
		"POST /databases/{uuid}/restart": database("/restart", `{"latest":true}`), "GET /databases/{uuid}/logs": database("/logs?lines=5", ""),
		"GET /databases/{uuid}/envs": database("/envs", ""), "POST /databases/{uuid}/envs": database("/envs", `{"key":"NEW","value":"v"}`),
		"PATCH /databases/{uuid}/envs": database("/envs", `{"key":"TZ","value":"UTC"}`), "PATCH /databases/{uuid}/envs/bulk": database("/envs/bulk", `{"data":[{"key":"TZ","value":"UTC"}]}`),
		"DELETE /databases/{uuid}/envs/{env}": database("/envs/{dbenv}", ""), "GET /databases/{uuid}/storages": database("/storages", ""),
		"POST /databases/{uuid}/storages": database("/storages", `{"type":"persistent","name":"third","mount_path":"/third"}`), "PATCH /databases/{uuid}/storages": database("/storages", `{"type":"file","uuid":"{file}","content":"other"}`),
		"DELETE /databases/{uuid}/storages/{storage}": database("/storages/{volume}", ""),
		"GET /databases/{uuid}/backups":               database("/backups", ""), "POST /databases/{uuid}/backups": database("/backups", `{"frequency":"daily","database_backup_retention_max_storage_locally":0.5}`),
		"POST /databases/{uuid}/backups/run": database("/backups/run", ""), "GET /databases/{uuid}/backups/{backup}": database("/backups/{backup}", ""),
		"PATCH /databases/{uuid}/backups/{backup}": database("/backups/{backup}", `{"backup_now":true}`), "DELETE /databases/{uuid}/backups/{backup}": database("/backups/{backup}", ""),
		"GET /databases/{uuid}/backups/{backup}/executions":                      database("/backups/{backup}/executions", ""),
		"GET /databases/{uuid}/backups/{backup}/executions/{execution}":          database("/backups/{backup}/executions/{execution}", ""),
		"DELETE /databases/{uuid}/backups/{backup}/executions/{execution}":       database("/backups/{backup}/executions/{execution}?delete_s3=true", ""),
		"POST /databases/{uuid}/backups/{backup}/executions/{execution}/restore": database("/backups/{backup}/executions/{execution}/restore", `{"name":"books again"}`),
		"GET /databases/{uuid}/executions":                                       database("/executions", ""),
		"GET /databases/{uuid}/executions/{execution}":                           database("/executions/{demanded}", ""),
		"DELETE /databases/{uuid}/executions/{execution}":                        database("/executions/{demanded}", ""),
		"POST /databases/{uuid}/executions/{execution}/restore":                  database("/executions/{demanded}/restore", ""),
		"GET /s3-storages": list, "POST /s3-storages": {body: `{"name":"more","endpoint":"https://s3.example.com","bucket":"more","key":"k","secret":"s"}`},
		"GET /s3-storages/{uuid}": bucket("", ""), "PATCH /s3-storages/{uuid}": bucket("", `{"path":"a/b"}`), "DELETE /s3-storages/{uuid}": bucket("", ""),
		"POST /s3-storages/{uuid}/validate": bucket("/validate", ""),
	}
	for _, spec := range engine.All() {
		out["POST /databases/"+spec.Name] = sample{body: `{"project_uuid":"{project}","server_uuid":"{server}","environment_name":"production","` + spec.Fields[0].Name + `":"something"}`}
	}
	return out
}

func name(r rest.Route) string { return r.Method + " " + r.Path }

func quote(s string) string {
	data, _ := json.Marshal(s)
	return string(data)
}

// request is the sample of a route in a world.
func (w *world) request(r rest.Route) (path, body string) {
	w.t.Helper()
	s, ok := samples()[name(r)]
	if !ok {
		w.t.Fatalf("%s has no sample: add one to the matrix", name(r))
	}
	if s.path == "" {
		s.path = r.Path
	}
	return rest.Prefix + w.fill(s.path), w.fill(s.body)
}

func TestEveryRouteHasASample(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known := samples()
	for _, r := range w.api.Routes() {
		w.request(r)
		delete(known, name(r))
	}
	for left := range known {
		t.Errorf("%s is no route any more", left)
	}
}

// TestAbilities asks every route as everybody. Only refusals are looked at here, so one
// world serves all.
func TestAbilities(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	abilities := map[string][]auth.Ability{
		asReader: {auth.Read}, asSensitive: {auth.Read, auth.ReadSensitive}, asWriter: {auth.Write}, asDeployer: {auth.Deploy},
	}
	for _, r := range w.api.Routes() {
		if r.Ability == "" {
			continue
		}
		path, body := w.request(r)
		want := `{"message":"Missing required permissions: ` + string(r.Ability) + `"}`
		for as, has := range abilities {
			if slices.Contains(has, r.Ability) {
				continue
			}
			if got := w.ask(as, r.Method, path, body); got.status != http.StatusForbidden || got.body != want {
				t.Errorf("%s as %s: %d %s", name(r), as, got.status, got.body)
			}
		}
		if got := w.ask(asNobody, r.Method, path, body); got.status != http.StatusUnauthorized || got.body != `{"message":"Unauthenticated."}` {
			t.Errorf("%s as nobody: %d %s", name(r), got.status, got.body)
		}
		if r.Ability == auth.Read {
			continue
		}
		if got := w.ask(asMember, r.Method, path, body); got.status != http.StatusForbidden || got.body != `{"message":"Missing required team role."}` {
			t.Errorf("%s as member: %d %s", name(r), got.status, got.body)
		}
	}
}

// nobodys are routes whose parameter names nothing of a team, or a number that no team
// can guess the owner of.
func nobodys() []string {
	return []string{"/teams/{id}", "/teams/{id}/members", "/security/tokens/{id}", "/services/templates/{type}"}
}

// TestTenancy asks for the first team's things with all abilities in another team: the
// answer has the bytes of that for an id that does not exist.
func TestTenancy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := []string{string(w.service), string(w.machine), string(w.key), string(w.project), string(w.finished), string(w.env),
		string(w.database), string(w.cache), string(w.started), string(w.bucket), string(w.volume), string(w.execution),
		string(w.application), string(w.image), string(w.appEnv), string(w.appVolume), string(w.deployed), string(w.elsewhere), string(w.unused), string(w.gitHubApp), string(w.spareApp), string(w.rsa),
		string(w.shared["team"]), string(w.shared["project"]), string(w.shared["environment"]), string(w.shared["server"]), string(w.tag), string(w.word)}
	before := w.dump()
	for _, r := range w.api.Routes() {
		if r.Media == "text/event-stream" && len(r.In.Path) == 0 {
			continue // does not end; TestEventsAreOfTheTeam
		}
		path, body := w.request(r)
		got := w.ask(asOther, r.Method, path, body)
		for _, id := range ids {
			if strings.Contains(got.body, id) {
				t.Errorf("%s tells a foreign id: %s", name(r), got.body)
			}
		}
		if len(r.In.Path) == 0 || slices.Contains(nobodys(), r.Path) {
			continue
		}
		for _, id := range append(ids, string(w.queued), string(w.localhost)) {
			path = strings.ReplaceAll(path, id, "aaaaaaaaaaaaaaaaaaaaaaaa")
		}
		missing := w.ask(asOther, r.Method, path, body)
		if got.status != http.StatusNotFound || got.status != missing.status || got.body != missing.body {
			t.Errorf("%s: foreign %d %s, missing %d %s", name(r), got.status, got.body, missing.status, missing.body)
		}
	}
	// What the other team may do, it did to itself: it has more rows now, and all rows of
	// the first team are as they were.
	after := w.dump()
	delete(before, "sqlite_sequence")
	before["teams"], _, _ = strings.Cut(before["teams"], "\n")
	for table, rows := range before {
		if !strings.HasPrefix(after[table], rows) {
			t.Errorf("table %s changed:\n%s\n%s", table, rows, after[table])
		}
	}
}

// TestForeignParts names the first team's things in bodies of another team.
func TestForeignParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rows := []struct{ method, path, body, want string }{
		{"POST", "/servers", `{"ip":"192.0.2.50","private_key_uuid":"{key}"}`, "Private Key not found."},
		{"POST", "/services", `{"project_uuid":"{project}","server_uuid":"{server}","environment_name":"production","docker_compose_raw":"` + encode("services: {}") + `"}`, "Project not found."},
		{"POST", "/deploy", `{"uuid":"{service}"}`, "No resources found."},
		{"POST", "/deploy?uuid={service},{unknown}", "", "No resources found."},
	}
	for _, row := range rows {
		got := w.ask(asOther, row.method, rest.Prefix+w.fill(row.path), w.fill(row.body))
		if got.status != http.StatusNotFound || got.body != `{"message":"`+row.want+`"}` {
			t.Errorf("%s %s: %d %s", row.method, row.path, got.status, got.body)
		}
	}
}

// TestSuccess makes every request with root, reads first and deletions last, decodes the
// reply strictly into the type of the contract and holds it against its documentation.
func TestSuccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := document(t, w)
	for _, r := range gentleFirst(w.api.Routes()) {
		if r.Path == "/events" {
			continue
		}
		path, body := w.request(r)
		got := w.ask(asRoot, r.Method, path, body)
		if got.status != r.Status {
			t.Errorf("%s: got %d %s", name(r), got.status, got.body)
			continue
		}
		if !strings.HasPrefix(got.header.Get("Content-Type"), r.Media) {
			t.Errorf("%s: content type %q", name(r), got.header.Get("Content-Type"))
		}
		if r.Media != "application/json" || r.Out.Kind() == reflect.Interface {
			continue
		}
		if r.Path == "/disable" {
			w.ask(asRoot, http.MethodPost, rest.Prefix+"/enable", "")
		}
		strictly(t, r.Out, got.body)
		doc.check(t, doc.reply(r), got.body)
	}
}

// gentleFirst is an order in which no request takes away what a later one needs.
func gentleFirst(routes []rest.Route) []rest.Route {
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete}
	return slices.SortedStableFunc(slices.Values(routes), func(a, b rest.Route) int {
		if a.Method != b.Method {
			return slices.Index(methods, a.Method) - slices.Index(methods, b.Method)
		}
		return len(b.Path) - len(a.Path)
	})
}

func strictly(t *testing.T, out reflect.Type, body string) {
	t.Helper()
	in := json.NewDecoder(strings.NewReader(body))
	in.DisallowUnknownFields()
	if err := in.Decode(reflect.New(out).Interface()); err != nil {
		t.Errorf("%v: %s", err, body)
	}
}

// TestReadsChangeNothing makes all GET requests and compares the whole database.
func TestReadsChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.dump()
	for _, r := range w.api.Routes() {
		if path, _ := w.request(r); r.Method == http.MethodGet && r.Path != "/events" {
			w.ask(asRoot, r.Method, path, "")
			w.ask(asRoot, http.MethodHead, path, "")
		}
		if path, body := w.request(r); r.Method == http.MethodPost {
			w.ask(asRoot, http.MethodGet, path, body)
		}
	}
	if after := w.dump(); !reflect.DeepEqual(before, after) {
		t.Errorf("before %v\nafter %v", before, after)
	}
}

// dump is all rows of all tables.
func (w *world) dump() map[string]string {
	w.t.Helper()
	ctx := context.WithoutCancel(w.t.Context())
	out := map[string]string{}
	tables, err := w.db.Raw().QueryContext(ctx, `SELECT name FROM sqlite_master WHERE type = 'table'`)
	must(w.t, err)
	var names []string
	for tables.Next() {
		var table string
		must(w.t, tables.Scan(&table))
		names = append(names, table)
	}
	must(w.t, tables.Err())
	must(w.t, tables.Close())
	for _, table := range names {
		out[table] = w.rows(ctx, table)
	}
	return out
}

func (w *world) rows(ctx context.Context, table string) string {
	rows, err := w.db.Raw().QueryContext(ctx, `SELECT * FROM "`+table+`"`)
	must(w.t, err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	must(w.t, err)
	var b bytes.Buffer
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		must(w.t, rows.Scan(values...))
		for _, v := range values {
			fmt.Fprintf(&b, "%v|", *v.(*any))
		}
		b.WriteByte('\n')
	}
	must(w.t, rows.Err())
	return b.String()
}
