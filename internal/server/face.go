package server

import (
	"net/http"
	"slices"
	"strings"
)

// ofAPI are the first segments of the paths that the API answers: all else is for people.
var ofAPI = []string{"api", "mcp", "webhooks", "docs", "docs.css", "openapi.json"}

// face sends requests of programs to the API and those of people to the web interface.
// Slashes too many at the beginning are passed over, since the API does so too.
func face(api, site http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first, _, _ := strings.Cut(strings.TrimLeft(r.URL.Path, "/"), "/")
		if slices.Contains(ofAPI, first) {
			api.ServeHTTP(w, r)
			return
		}
		site.ServeHTTP(w, r)
	})
}
