package rest_test

import (
	"encoding/json"
	"math"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/rest"
)

// clientTypes are the JSON types that a decoder of coolify-cli 1.8.0 wants, by struct and
// key: testdata/clients.txt has them as "struct type key…".
func clientTypes(t *testing.T) map[string]map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/clients.txt")
	must(t, err)
	out := map[string]map[string]string{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if out[words[0]] == nil {
			out[words[0]] = map[string]string{}
		}
		for _, key := range words[2:] {
			out[words[0]][key] = words[1]
		}
	}
	return out
}

// TestTypesOfClients holds replies against what clients decode them into: a wrong type of
// one key makes such a decoder refuse the whole reply, and some then send the request again.
func TestTypesOfClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	types := clientTypes(t)
	for _, row := range []struct{ path, key, of string }{
		{"/applications", "", "Application"}, {"/applications/{application}", "", "Application"}, {"/applications/{application}", "settings", "ApplicationSettings"},
		{"/applications/{application}/envs", "", "EnvironmentVariable"}, {"/databases/{database}/envs", "", "DatabaseEnvironmentVariable"},
		{"/services/{service}/envs", "", "ServiceEnvironmentVariable"},
		{"/applications/{application}/storages", "persistent_storages", "PersistentStorage"}, {"/databases/{database}/storages", "file_storages", "FileStorage"},
		{"/deployments", "", "Deployment"}, {"/deployments/{deployed}", "", "Deployment"}, {"/deployments/{finished}", "", "Deployment"},
		{"/deployments/applications/{application}", "", "DeploymentsListResponse"}, {"/deployments/applications/{application}", "deployments", "Deployment"},
		{"/databases", "", "Database"}, {"/databases/{database}", "", "Database"}, {"/databases/{cache}", "", "Database"},
		{"/databases/{database}/backups", "", "DatabaseBackup"}, {"/databases/{database}/backups/{backup}/executions", "executions", "DatabaseBackupExecution"},
		{"/services", "", "Service"}, {"/services/{service}", "", "Service"}, {"/services/{service}", "applications", "ServiceApplication"},
		{"/services/{service}/applications", "", "ServiceApplication"}, {"/services/{service}/databases", "", "ServiceDatabase"},
		{"/servers", "", "Server"}, {"/servers/{machine}", "", "Server"}, {"/servers/{machine}", "settings", "Settings"},
		{"/servers/{server}/resources", "", "Resource"}, {"/resources", "", "Resource"}, {"/servers/{server}/domains", "", "Domain"},
		{"/projects", "", "Project"}, {"/projects/{project}", "", "Project"}, {"/projects/{project}", "environments", "Environment"},
		{"/projects/{project}/environments", "", "Environment"}, {"/projects/{project}/production", "applications", "ApplicationInProject"},
		{"/security/keys", "", "PrivateKey"}, {"/security/keys/{key}", "", "PrivateKey"},
		{"/teams", "", "Team"}, {"/team", "", "Team"}, {"/team/members", "", "TeamMember"},
		{"/destinations", "", "Destination"}, {"/servers/{server}/destinations", "", "Destination"}, {"/destinations/{elsewhere}", "", "Destination"},
		{"/github-apps", "", "GitHubApp"}, {"/s3-storages", "", "S3Storage"}, {"/s3-storages/{bucket}", "", "S3Storage"},
		{"/team/envs", "", "SharedEnvironmentVariable"}, {"/tags", "", "Tag"}, {"/servers/{machine}/proxy", "", "ServerProxySettings"},
	} {
		got := w.ask(asRoot, http.MethodGet, w.fill(rest.Prefix+row.path), "")
		var body any
		if err := json.Unmarshal([]byte(got.body), &body); err != nil || got.status != http.StatusOK {
			t.Errorf("%s: %d %s", row.path, got.status, got.body)
			continue
		}
		if row.key != "" {
			body = body.(map[string]any)[row.key]
		}
		if objects(body) == nil {
			t.Errorf("%s %s: nothing to look at in %s", row.path, row.key, got.body)
		}
		for _, object := range objects(body) {
			for key, want := range types[row.of] {
				if value, there := object[key]; there && !isType(value, want) {
					t.Errorf("%s: %s.%s must be %s, is %v", row.path, row.of, key, want, value)
				}
			}
		}
	}
}

// objects are the objects of an array, or the one that body is.
func objects(body any) []map[string]any {
	if one, ok := body.(map[string]any); ok {
		return []map[string]any{one}
	}
	list, _ := body.([]any)
	var out []map[string]any
	for _, one := range list {
		if object, ok := one.(map[string]any); ok {
			out = append(out, object)
		}
	}
	return out
}

func isType(value any, want string) bool {
	number, isNumber := value.(float64)
	_, isText := value.(string)
	_, isBool := value.(bool)
	switch {
	case value == nil:
		return true
	case want == "int":
		return isNumber && number == math.Trunc(number)
	case want == "num":
		return isNumber
	case want == "bool":
		return isBool
	default:
		return isText
	}
}

// TestActions replays what four actions of GitHub's marketplace send. Three of them still
// ask for a deployment by GET, which an instance lets them if it is set so.
func TestActions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, []row{{"setting", asRoot, "PATCH /api/v1/settings", `{"is_legacy_get_enabled":true}`, 200, `…"is_legacy_get_enabled":true`}})
	for _, call := range []struct {
		request, body string
		headers       []string
		want          string
	}{
		{"POST /api/v1/deploy?uuid={service}&force=false", "", nil, `"deployments":[{"message":`},
		{"GET /api/v1/deploy?uuid={application}&force=false&type=application", "", nil, `"deployment_uuid":"`},
		{"GET /api/v1/deploy?uuid={application}&force=true", "", []string{"Accept: application/json", "Content-Type: application/json"}, `"deployment_uuid":"`},
		{"GET //api/v1/deploy?uuid={service}", "", []string{"User-Agent: curl/8.5.0", "Accept: */*"}, `"resource_uuid":"{service}"`},
		{"GET /api/v1/deployments/{deployed}", "", []string{"Accept: application/json"}, `"status":"finished"`},
		{"GET /api/v1/applications", "", nil, `"uuid":"{application}"`},
		{"GET /api/v1/applications/{application}", "", []string{"Accept: application/json"}, `"status":"`},
		{"PATCH /api/v1/applications/{application}", `{"docker_registry_image_name":"acme/shop","docker_registry_image_tag":"1.2.3"}`, nil, `"uuid":"{application}"`},
		{"PATCH /api/v1/applications/{application}/envs", `{"key":"TOKEN","value":"w","is_preview":false}`, nil, `"key":"TOKEN"`},
	} {
		method, path, _ := strings.Cut(call.request, " ")
		got := w.ask(asRoot, method, w.fill(path), call.body, call.headers...)
		if got.status >= 300 || !strings.Contains(got.body, w.fill(call.want)) || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %d %s", call.request, got.status, got.body)
		}
	}
}
