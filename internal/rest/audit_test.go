package rest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/api"
)

// TestEveryChangeIsWrittenDown makes every request that changes something and wants an
// entry of it in the audit log, with who and from where.
func TestEveryChangeIsWrittenDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	silent := []string{
		"POST /servers/{uuid}/validate", "POST /s3-storages/{uuid}/validate", // only look
		"POST /disable",                     // after it nothing can be read any more
		"POST /deployments/{uuid}/rollback", // joins what the application's own route has queued just before
	}
	last := w.lastAudit()
	for _, r := range gentleFirst(w.api.Routes()) {
		if r.Method == http.MethodGet || slices.Contains(silent, name(r)) {
			continue
		}
		path, body := w.request(r)
		if got := w.ask(asRoot, r.Method, path, body); got.status != r.Status {
			t.Errorf("%s: got %d %s", name(r), got.status, got.body)
		}
		now := w.lastAudit()
		if now.ID == last.ID || now.Action == "" || now.Actor.Name == "" || now.Address != "127.0.0.1" || now.CreatedAt.IsZero() {
			t.Errorf("%s is in the audit log as %+v", name(r), now)
		}
		last = now
	}
}

func (w *world) lastAudit() api.AuditEntry {
	w.t.Helper()
	page := w.auditPage("?limit=1")
	if len(page.Entries) == 0 {
		return api.AuditEntry{}
	}
	return page.Entries[0]
}

func (w *world) auditPage(query string) api.Audit {
	w.t.Helper()
	got := w.ask(asRoot, http.MethodGet, "/api/v1/security/audit"+query, "")
	var page api.Audit
	if err := json.Unmarshal([]byte(got.body), &page); err != nil || got.status != http.StatusOK {
		w.t.Fatalf("%d %s", got.status, got.body)
	}
	return page
}

func TestAuditIsReadByPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, description := range []string{"a", "b", "c"} {
		w.ask(asWriter, http.MethodPatch, w.fill("/api/v1/services/{service}"), `{"description":"`+description+`"}`)
	}
	w.ask(asRoot, http.MethodPatch, "/api/v1/team", `{"description":"ours"}`)
	of := "&action=service%20updated&subject=" + string(w.service)
	first := w.auditPage("?limit=2" + of)
	if len(first.Entries) != 2 || first.NextCursor == nil || first.Entries[0].ID <= first.Entries[1].ID {
		t.Fatalf("first page: %+v", first)
	}
	second := w.auditPage("?limit=2&cursor=" + *first.NextCursor + of)
	if len(second.Entries) != 1 || second.NextCursor != nil || second.Entries[0].Action != "service updated" {
		t.Errorf("second page: %+v", second)
	}
	if team := w.auditPage("?action=team%20updated"); len(team.Entries) != 1 || team.Entries[0].Subject != "" {
		t.Errorf("by action: %+v", team)
	}
	if got := w.ask(asRoot, http.MethodGet, "/api/v1/security/audit?cursor=x", ""); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a cursor of nobody: %d %s", got.status, got.body)
	}
	if got := w.ask(asOther, http.MethodGet, "/api/v1/security/audit", ""); strings.Contains(got.body, string(w.service)) {
		t.Errorf("another team sees %s", got.body)
	}
}
