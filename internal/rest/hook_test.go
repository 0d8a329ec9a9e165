package rest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/webhook"
)

const (
	newCommit = "89abcdef0123456789abcdef0123456789abcdef"
	giteaPath = "/webhooks/source/gitea/events/manual"
)

// giteaPush is a push to the repository of the first application.
func giteaPush(branch, message string) string {
	return `{"ref":"refs/heads/` + branch + `","before":"` + someCommit + `","after":"` + newCommit + `",
		"commits":[{"id":"` + newCommit + `","message":"` + message + `","modified":["a"]}],"head_commit":{"id":"` + newCommit + `","message":"` + message + `"},
		"repository":{"full_name":"acme/shop","ssh_url":"git@git.example.com:acme/shop.git","clone_url":"https://git.example.com/acme/shop.git"}}`
}

// signedGitea are the headers of a delivery of Gitea.
func signedGitea(body, secret, delivery string) []string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return []string{"X-Gitea-Event: push", "X-Gitea-Delivery: " + delivery, "X-Gitea-Signature: " + hex.EncodeToString(mac.Sum(nil))}
}

func results(t *testing.T, got reply) []api.HookResult {
	t.Helper()
	var out []api.HookResult
	strictly(t, reflect.TypeFor[[]api.HookResult](), got.body)
	if err := json.Unmarshal([]byte(got.body), &out); err != nil || got.status != http.StatusOK {
		t.Fatalf("%d %s: %v", got.status, got.body, err)
	}
	return out
}

// TestHook sends a push as a code host does: once, again, unsigned and for nothing.
func TestHook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := giteaPush("main", "feat: more")
	sent := results(t, w.ask(asNobody, http.MethodPost, giteaPath, body, signedGitea(body, appHook, "one")...))
	if len(sent) != 1 || sent[0].Status != "success" || sent[0].ApplicationUUID == nil || *sent[0].ApplicationUUID != string(w.application) || sent[0].DeploymentUUID == nil {
		t.Fatalf("got %+v", sent)
	}
	d, err := w.client(asRoot).GetDeployment(t.Context(), *sent[0].DeploymentUUID)
	must(t, err)
	if !d.IsWebhook || d.IsAPI || d.Commit != newCommit || *d.CommitMessage != "feat: more" || *d.GitType != "gitea" || d.Trigger != "webhook" {
		t.Errorf("deployment %+v %+v", d, d.ApplicationDeployment)
	}
	again := results(t, w.ask(asNobody, http.MethodPost, giteaPath, body, signedGitea(body, appHook, "one")...))
	if len(again) != 1 || again[0].DeploymentUUID == nil || *again[0].DeploymentUUID != d.DeploymentUUID {
		t.Errorf("sent again: %+v", again)
	}
	for name, body := range map[string]string{"branch": giteaPush("other", "feat"), "mark": giteaPush("main", "docs [skip ci]")} {
		got := results(t, w.ask(asNobody, http.MethodPost, giteaPath, body, signedGitea(body, appHook, name)...))
		if len(got) != 1 || got[0].Status != "skipped" || got[0].DeploymentUUID != nil || got[0].Message == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if log := w.log.String(); strings.Contains(log, appHook) {
		t.Error("the secret is in the log")
	}
}

func TestHookRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := giteaPush("main", "x")
	before := w.dump()
	elsewhere := strings.ReplaceAll(body, "acme/shop", "acme/nothing")
	var said []string
	for name, tt := range map[string]struct {
		body    string
		headers []string
	}{
		"unsigned": {body, []string{"X-Gitea-Event: push"}}, "empty": {body, signedGitea(body, "", "d")}, "wrong": {body, signedGitea(body, "other", "d")},
		"changed": {body + " ", signedGitea(body, appHook, "d")}, "of nobody": {elsewhere, signedGitea(elsewhere, appHook, "d")},
	} {
		got := w.ask(asNobody, http.MethodPost, giteaPath, tt.body, tt.headers...)
		if got.status != http.StatusUnauthorized || strings.Contains(got.body, string(w.application)) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		said = append(said, got.body)
		if said[0] != got.body {
			t.Errorf("refusals differ: %s and %s", said[0], got.body)
		}
	}
	w.run(t, []row{
		{"no JSON", asNobody, "POST /webhooks/applications/{application}", `rubbish`, 400, `…{"message":"`},
		{"another sender's secret", asNobody, "POST /webhooks/source/gitlab/events/manual", `{}`, 200, `…"application_uuid":null`},
		{"get", asNobody, "GET " + giteaPath, "", 405, `{"message":"This endpoint has changed to a POST request."}`},
		{"unknown sender", asNobody, "POST /webhooks/source/svn/events/manual", `{}`, 404, `{"message":"Not found.","docs":"/docs"}`},
		{"not in the API", asRoot, "POST /api/v1" + giteaPath, `{}`, 404, `{"message":"Not found.","docs":"/docs"}`},
		{"too large", asNobody, "POST " + giteaPath, `"` + strings.Repeat("a", 10<<20) + `"`, 413, `{"message":"The delivery must not be larger than 10 MiB."}`},
		{"no application", asNobody, "POST /webhooks/applications/{unknown}", `{}`, 401, `…{"message":"`},
		{"unsigned, by its address", asNobody, "POST /webhooks/applications/{application}", `{"ref":"main","commit":"` + newCommit + `"}`, 401, `…{"message":"`},
	})
	if after := w.dump(); !reflect.DeepEqual(before, after) {
		t.Errorf("before %v\nafter %v", before, after)
	}
}

// TestGenericHook sends what any program can sign.
func TestGenericHook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"ref":"main","commit":"` + newCommit + `","message":"from a script"}`
	now := w.now.Now().Unix()
	path := "/webhooks/applications/" + string(w.application)
	headers := func(at int64, secret string) []string {
		return []string{
			webhook.HeaderTimestamp + ": " + strconv.FormatInt(at, 10), webhook.HeaderDelivery + ": one",
			webhook.HeaderSignature + ": " + webhook.Sign(core.NewSecret(secret), at, []byte(body)),
		}
	}
	for name, h := range map[string][]string{"old": headers(now-3600, appHook), "wrong": headers(now, "other")} {
		if got := w.ask(asNobody, http.MethodPost, path, body, h...); got.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	got := results(t, w.ask(asNobody, http.MethodPost, path, body, headers(now, appHook)...))
	if len(got) != 1 || got[0].Status != "success" || *got[0].ApplicationUUID != string(w.application) {
		t.Errorf("got %+v", got)
	}
}

// TestHookLimits holds that guessing ends, and that deliveries that are signed go on longer.
func TestHookLimits(t *testing.T) {
	t.Parallel()
	w := newLimitedWorld(t, 3)
	body := giteaPush("other", "x")
	signed := signedGitea(body, appHook, "one")
	statuses := map[int]int{}
	for range 6 {
		statuses[w.ask(asNobody, http.MethodPost, giteaPath, body, "X-Gitea-Event: push").status]++
	}
	if statuses[http.StatusUnauthorized] != 3 || statuses[http.StatusTooManyRequests] != 3 {
		t.Errorf("guesses: %v", statuses)
	}
	statuses = map[int]int{}
	for range 25 {
		statuses[w.ask(asNobody, http.MethodPost, giteaPath, body, signed...).status]++
	}
	if statuses[http.StatusOK] != 24 || statuses[http.StatusTooManyRequests] != 1 {
		t.Errorf("deliveries: %v", statuses)
	}
}
