package httpio_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/httpio"
)

func router(patterns ...string) http.Handler {
	missing := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "missing") })
	wrong := func(allowed []string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "wrong ", strings.Join(allowed, " ")) })
	}
	t := httpio.NewRouter(missing, wrong)
	for _, p := range patterns {
		method, pattern, _ := strings.Cut(p, " ")
		t.Handle(method, pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s [%s]", p, r.PathValue("uuid"))
		}))
	}
	return httpio.Clean(t)
}

func TestRouter(t *testing.T) {
	t.Parallel()
	h := router("GET /", "GET /a", "POST /a", "GET /d/{uuid}", "GET /d/{uuid}/steps", "GET /d/services/{uuid}",
		"GET /d/services/deployment/{uuid}", "POST /d/{uuid}/cancel")
	tests := []struct{ request, want string }{
		{"GET /", "GET / []"},
		{"GET /a", "GET /a []"},
		{"HEAD /a", "GET /a []"},
		{"GET //a/", "GET /a []"},
		{"POST //a", "POST /a []"},
		{"POST /./b/../a", "POST /a []"},
		{"PUT /a", "wrong GET POST"},
		{"GET /d/x", "GET /d/{uuid} [x]"},
		{"GET /d/services", "GET /d/{uuid} [services]"},
		{"GET /d/x/steps", "GET /d/{uuid}/steps [x]"},
		{"GET /d/services/x", "GET /d/services/{uuid} [x]"},
		{"GET /d/services/steps", "GET /d/services/{uuid} [steps]"},
		{"GET /d/services/deployment", "GET /d/services/{uuid} [deployment]"},
		{"GET /d/services/deployment/x", "GET /d/services/deployment/{uuid} [x]"},
		{"POST /d/services/cancel", "POST /d/{uuid}/cancel [services]"},
		{"GET /d/x/cancel", "wrong POST"},
		{"GET /d/a%2Fb", "GET /d/{uuid} [a/b]"},
		{"GET /d/%2e%2e", "GET /d/{uuid} [..]"},
		{"GET /d/x/y/z", "missing"},
		{"GET /d", "missing"},
		{"GET /nope", "missing"},
	}
	for _, tt := range tests {
		method, target, _ := strings.Cut(tt.request, " ")
		r := httptest.NewRequest(method, "http://host"+target, nil)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if got := rec.Body.String(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.request, got, tt.want)
		}
	}
}

func TestRouterRefusesMistakes(t *testing.T) {
	t.Parallel()
	for _, patterns := range [][]string{{"GET /a", "GET /a"}, {"GET /a/{uuid}", "GET /a/{id}/b"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v were taken", patterns)
				}
			}()
			router(patterns...)
		}()
	}
}
