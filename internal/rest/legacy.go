package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/httpio"
)

// deprecated is since when GET is no way to ask for an action (RFC 9745).
const deprecated = "@1767225600"

// wasGet says whether Coolify before 4.2 had the route as a GET.
func wasGet(r Route) bool {
	parts := strings.Split(strings.Trim(r.Path, "/"), "/")
	switch {
	case r.Method != http.MethodPost:
		return false
	case len(parts) == 1:
		return slices.Contains([]string{"deploy", "enable", "disable"}, parts[0])
	case len(parts) != 3 || parts[1] != "{uuid}":
		return false
	case parts[0] == "servers":
		return parts[2] == "validate"
	default:
		return slices.Contains([]string{"applications", "services", "databases"}, parts[0]) &&
			slices.Contains([]string{"start", "stop", "restart"}, parts[2])
	}
}

// legacy lets GET ask for actions where the instance is set so. It is no safe method
// then: whoever can make somebody open an address must not get any further with it, so
// that nothing but a bearer token will do, with the ability that the action needs.
func (a *API) legacy(router *httpio.Router) {
	refuse := a.wrongMethod([]string{http.MethodPost})
	for _, route := range a.routes {
		if !wasGet(route) {
			continue
		}
		act := a.endpoint(route)
		router.Handle(http.MethodGet, Prefix+route.Path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			set, err := a.control.Gate(r.Context())
			if err != nil {
				httpio.WriteError(w, r, a.log, err)
				return
			}
			if !set.LegacyGet || r.Method != http.MethodGet || bearer(r) == "" {
				w.Header().Set("Allow", http.MethodPost)
				refuse.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Deprecation", deprecated)
			act.ServeHTTP(w, r)
		}))
	}
}

// offers are what Coolify has and Taffrail does not, with what to do instead.
func offers() map[string][]string {
	return map[string][]string{
		"Cloud providers are not offered: make the server there and add it with POST /servers.": {
			"/cloud-tokens", "/cloud-tokens/{uuid}", "/cloud-tokens/{uuid}/validate", "/cloud-init-scripts", "/cloud-init-scripts/{uuid}",
			"/hetzner/{what}", "/vultr/{what}", "/digitalocean/{what}", "/servers/hetzner", "/servers/vultr", "/servers/digitalocean",
		},
		"Sentinel is not offered: Taffrail looks at its servers itself.": {"/servers/{uuid}/sentinel", "/sentinel/push"},
		"Log drains are not offered: set a logging driver in the compose text or on the server.": {
			"/servers/{uuid}/log-drains",
		},
		"Cloudflare tunnels are not offered: run cloudflared as a service.": {
			"/servers/{uuid}/cloudflare-tunnel", "/servers/{uuid}/cloudflare-tunnel/enable", "/servers/{uuid}/cloudflare-tunnel/disable",
		},
		"GitLab Apps are not offered: use a deploy key and a webhook.": {"/gitlab-apps", "/gitlab-apps/{id}"},
		"Moving whole servers between instances is not offered.": {
			"/servers/{uuid}/export", "/servers/{uuid}/import", "/servers/{uuid}/claim", "/servers/{uuid}/migrate",
		},
	}
}

// absent answers to these, so that nobody takes them for mistakes in the address.
func (a *API) absent(router *httpio.Router) {
	for message, paths := range offers() {
		h := a.endpoint(Route{Ability: auth.Read, serve: func(http.ResponseWriter, *http.Request, auth.Principal) error {
			return httpio.Refuse(http.StatusNotFound, message)
		}})
		for _, path := range paths {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
				router.Handle(method, Prefix+path, h)
			}
		}
	}
}
