package rest_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

// toCome are what clients of Coolify call and there is no route for yet.
func toCome() []string {
	return []string{
		"GET /applications/{}/scheduled-tasks", "POST /applications/{}/scheduled-tasks",
		"DELETE /applications/{}/scheduled-tasks/{}", "PATCH /applications/{}/scheduled-tasks/{}",
		"GET /applications/{}/scheduled-tasks/{}/executions",
		"GET /services/{}/scheduled-tasks", "POST /services/{}/scheduled-tasks",
		"DELETE /services/{}/scheduled-tasks/{}", "PATCH /services/{}/scheduled-tasks/{}",
		"GET /services/{}/scheduled-tasks/{}/executions",
		"GET /services/{}/storages", "PATCH /services/{}/storages", "POST /services/{}/storages",
		"DELETE /services/{}/storages/{}",
		"DELETE /applications/{}/storages/{}/backups", "PUT /applications/{}/storages/{}/backups",
		"DELETE /databases/{}/storages/{}/backups", "PUT /databases/{}/storages/{}/backups",
		"POST /mcp/disable",
		"POST /mcp/enable",
		"GET /servers/{}/docker-cleanup", "PATCH /servers/{}/docker-cleanup",
		"PUT /servers/{}/proxy/configuration",
		"POST /services/{}/applications/{}/restart",
		"POST /services/{}/applications/{}/start",
		"POST /services/{}/applications/{}/stop",
		"DELETE /services/{}/storages/{}/backups", "PUT /services/{}/storages/{}/backups",
		"GET /settings/email", "PATCH /settings/email",
		"POST /applications/dockercompose",
		"POST /applications/{}/clone",
		"POST /applications/{}/move",
		"POST /applications/{}/scheduled-tasks/{}/execute",
		"POST /applications/{}/storages/{}/backups/run",
		"POST /databases/{}/clone",
		"POST /databases/{}/move",
		"POST /databases/{}/storages/{}/backups/run",
		"GET /notifications/discord", "PATCH /notifications/discord",
		"GET /notifications/email", "PATCH /notifications/email",
		"GET /notifications/pushover", "PATCH /notifications/pushover",
		"GET /notifications/slack", "PATCH /notifications/slack",
		"GET /notifications/telegram", "PATCH /notifications/telegram",
		"GET /notifications/webhook", "PATCH /notifications/webhook",
		"GET /notifications/{}", "PATCH /notifications/{}",
		"GET /servers/{}/docker-cleanup/executions",
		"POST /servers/{}/docker-cleanup/run",
		"GET /services/{}/databases/{}/logs",
		"POST /services/{}/clone",
		"POST /services/{}/databases/{}/restart",
		"POST /services/{}/databases/{}/start",
		"POST /services/{}/databases/{}/stop",
		"POST /services/{}/move",
		"POST /services/{}/scheduled-tasks/{}/execute",
		"POST /services/{}/storages/{}/backups/run",
	}
}

// TestEndpointsOfClients asks for each endpoint that one of five clients of Coolify's API
// calls (testdata/endpoints.txt): there is a route for it, an answer in words that it is
// not offered, or it is in the list of those to come.
func TestEndpointsOfClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text, err := os.ReadFile("testdata/endpoints.txt")
	must(t, err)
	for line := range strings.Lines(string(text)) {
		call := strings.TrimSpace(line)
		method, path, _ := strings.Cut(call, " ")
		got := w.ask(asReader, method, "/api/v1"+strings.ReplaceAll(path, "{}", "aaaaaaaaaaaaaaaaaaaaaaaa"), "")
		there := got.status != http.StatusMethodNotAllowed && !strings.Contains(got.body, `"docs":`)
		action := method == http.MethodGet && strings.Contains(got.body, "has changed to a POST request")
		if !there && !action && !slices.Contains(toCome(), call) {
			t.Errorf("%s: %d %s", call, got.status, got.body)
		}
	}
}
