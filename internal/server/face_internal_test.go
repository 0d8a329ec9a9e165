package server

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestFace(t *testing.T) {
	t.Parallel()
	to := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(name)) })
	}
	h := face(to("api"), to("site"))
	for path, want := range map[string]string{
		"/api/v1/version": "api", "//api/v1/version": "api", "/api": "api", "/webhooks/source/github/events": "api", "/docs": "api", "/mcp": "api",
		"/openapi.json": "api", "/": "site", "/login": "site", "/apis": "site", "/static/1/app.css": "site", "/project/a/environment/b": "site",
	} {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = path
		h.ServeHTTP(rec, r)
		if rec.Body.String() != want {
			t.Errorf("%s is served by the %s", path, rec.Body)
		}
	}
}
