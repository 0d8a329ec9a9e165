package proxy

import (
	"strings"

	"github.com/taffrail/taffrail/internal/run"
)

const caddyImage = "lucaslorentz/caddy-docker-proxy:2.10-alpine"

// caddyAPI is where Caddy tells its configuration: inside of its container only.
const caddyAPI = "http://127.0.0.1:2019"

// caddyPoll is how often Caddy asks Docker. What health checks say is no event for it.
const caddyPoll = "1s"

func (m Managed) caddyService() map[string]any {
	return map[string]any{
		"image": m.image(caddyImage),
		"environment": map[string]any{
			"CADDY_DOCKER_CADDYFILE_PATH": "/etc/caddy/Caddyfile", "CADDY_DOCKER_POLLING_INTERVAL": caddyPoll,
			"CADDY_DOCKER_EVENT_THROTTLE_INTERVAL": "100ms",
		},
		"healthcheck": health(caddyAPI + "/config/"),
		"volumes": []any{
			"/var/run/docker.sock:/var/run/docker.sock:ro", m.Dir + "/caddy/etc:/etc/caddy:ro",
			m.Dir + "/caddy/data:/data", m.Dir + "/caddy/config:/config",
		},
	}
}

// caddyFiles are the Caddyfile that the labels are added to. The folder is mounted, not
// the file, so that the container sees a file that took the place of another.
func (m Managed) caddyFiles() []run.File {
	return []run.File{
		{Path: "caddy/data", Mode: 0o700, IsDir: true},
		{Path: "caddy/config", Mode: 0o700, IsDir: true},
		{Path: "caddy/etc/Caddyfile", Mode: 0o600, Content: m.caddyfile()},
	}
}

func (m Managed) caddyfile() string {
	var b strings.Builder
	// Our labels say who is redirected; Caddy must not guess it.
	b.WriteString("{\n\tauto_https disable_redirects\n")
	switch {
	case !m.Trusted:
		b.WriteString("\tlocal_certs\n\tskip_install_trust\n")
	default:
		if m.Email != "" {
			b.WriteString("\temail " + m.Email + "\n")
		}
		if m.CA != "" {
			b.WriteString("\tacme_ca " + m.CA + "\n")
		}
	}
	// Without this, hosts that nobody has would get an empty page as if all were well.
	answer := "respond 404"
	if m.Default != "" && !m.NoDefault {
		answer = "redir " + m.Default + " 307"
	}
	b.WriteString("}\n:80 {\n\t" + answer + "\n}\n")
	if m.Custom != "" {
		b.WriteString(strings.TrimRight(m.Custom, "\n") + "\n")
	}
	return b.String()
}
