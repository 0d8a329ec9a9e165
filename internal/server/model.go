package server

import (
	"net/http"
	"strings"

	"github.com/taffrail/taffrail/internal/mcp"
)

// withModels serves language models at /mcp, and everything else as before.
func withModels(api http.Handler, version string) http.Handler {
	models := mcp.Handler(api, version)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch strings.TrimSuffix(r.URL.Path, "/") {
		case "/mcp", "/mcp/deploy":
			models.ServeHTTP(w, r)
		default:
			api.ServeHTTP(w, r)
		}
	})
}
