package rest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/rest"
)

// The rows of docs/attacks.md that are about requests as such have their names from there.

// TestOddTokens is token-03: what is nearly a right token is none, and breaks nothing.
func TestOddTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.tokens[asRoot]
	for what, token := range map[string]string{
		"upper case": strings.ToUpper(good), "cut by one": good[:len(good)-1], "one more": good + "x", "NUL": good + "%00",
		"other id": "9999" + good[strings.Index(good, "|"):], "no id": good[strings.Index(good, "|"):], "doubled": good + good,
		"last character changed": good[:len(good)-1] + "\x7e", "long": strings.Repeat(good, 1000), "not UTF-8": good + "\xff",
	} {
		got := w.ask(asNobody, http.MethodGet, rest.Prefix+"/teams", "", "Authorization: Bearer "+token)
		if got.status != http.StatusUnauthorized && got.status != http.StatusBadRequest && got.status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s: %d %s", what, got.status, got.body)
		}
	}
}

// TestTokensAreNotReadFromTheQuery is token-10.
func TestTokensAreNotReadFromTheQuery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, key := range []string{"token", "api_key", "access_token", "bearer"} {
		path := rest.Prefix + "/teams?" + key + "=" + url.QueryEscape(w.tokens[asRoot])
		if got := w.ask(asNobody, http.MethodGet, path, ""); got.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", key, got.status, got.body)
		}
	}
	if secret := w.tokens[asRoot][strings.Index(w.tokens[asRoot], "|")+1:]; strings.Contains(w.log.String(), secret) {
		t.Error("the token is in the controller's log")
	}
}

// TestOddFilters is inject-14 and limits-05: filters are text, pages have bounds.
func TestOddFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.dump()
	for _, value := range []string{
		"' OR 1=1 --", "%27", "0x27", "name;drop table teams", "(select 1)", "\x00", "\xff", "%", "_", "*", strings.Repeat("a", 10_000),
		"-1", "1e9", "9e18", "9223372036854775808", "eyJ9", "../../x",
	} {
		for _, query := range []string{
			"/history?q=", "/history?actor=", "/history?status=", "/history?kind=", "/history?server=", "/history?cursor=", "/history?limit=",
			"/security/audit?actor=", "/security/audit?cursor=", "/security/audit?limit=", "/deployments/services/" + string(w.service) + "?take=",
			"/deployments/services/" + string(w.service) + "?skip=", "/deployments/" + string(w.finished) + "/log?after=",
		} {
			began := time.Now()
			got := w.ask(asRoot, http.MethodGet, rest.Prefix+query+url.QueryEscape(value), "")
			if got.status >= 500 || strings.Contains(strings.ToLower(got.body), "sql") {
				t.Errorf("%s%.40q: %d %s", query, value, got.status, got.body)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s%.40q took %s", query, value, took)
			}
		}
	}
	if after := w.dump(); after["teams"] != before["teams"] {
		t.Error("the teams are others now")
	}
}

// TestOddBodies is limits-06: what is no JSON of the contract is refused, whatever its size.
func TestOddBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for what, body := range map[string]string{
		"number of a megabyte": `{"name":` + strings.Repeat("9", 1<<20) + `}`, "deep": strings.Repeat("[", 100_000), "NaN": `{"name":NaN}`,
		"trailing": `{"name":"x"}{"name":"y"}`, "many keys": "{" + strings.Repeat(`"a":1,`, 100_000) + `"b":1}`, "cut": `{"name":"x`, "bytes": "\xff\xfe\x00",
	} {
		began := time.Now()
		got := w.ask(asRoot, http.MethodPost, rest.Prefix+"/projects", body)
		if got.status < 400 || got.status >= 500 {
			t.Errorf("%s: %d %.200s", what, got.status, got.body)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %s", what, took)
		}
	}
}

// TestPathsLeadNowhere is path-04 and path-06.
func TestPathsLeadNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{
		"/..%5c..%5c", "/%2e%2e/%2e%2e/etc/passwd", "/.git/config", "/debug/pprof", "/debug/pprof/heap", "/taffrail.db", "/secret.key",
		"/api/v1/backups/..%2f..%2fdb.sqlite", "/api/v1/services/..%2f..%2fteams", "/api/v1/services/%00", "/api/v1/deployments/....//x/log.txt",
		"/api/v1/services/\uff0e\uff0e\uff0fteams",
	} {
		got := w.ask(asRoot, http.MethodGet, path, "")
		if got.status != http.StatusNotFound && got.status != http.StatusBadRequest || strings.Contains(got.body, "root:") {
			t.Errorf("%s: %d %.200s", path, got.status, got.body)
		}
	}
}

// TestNobodyAssignsWhatIsNotTheirs is tenant-08.
func TestNobodyAssignsWhatIsNotTheirs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.dump()
	for _, extra := range []string{`"team_id":2`, `"owner_id":1`, `"is_admin":true`, `"role":"owner"`, `"server_id":1`, `"id":1`, `"status":"running:healthy"`} {
		got := w.ask(asRoot, http.MethodPatch, w.fill(rest.Prefix+"/services/{service}"), `{"description":"x",`+extra+`}`)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", extra, got.status, got.body)
		}
	}
	if after := w.dump(); after["services"] != before["services"] {
		t.Error("the service was changed")
	}
}
