package proxy

import (
	"strings"

	"github.com/taffrail/taffrail/internal/run"
)

// caddyUpstreams is where a roll-out says where requests go, below Managed.Dir.
const caddyUpstreams = "caddy/etc/" + upstreamDir

const caddyImage = "lucaslorentz/caddy-docker-proxy:2.10-alpine"

// caddyAPI is where Caddy tells its configuration: inside of its container only.
const caddyAPI = "http://127.0.0.1:2019"

// caddyPoll is how often Caddy looks whether its Caddyfile has changed. Containers come
// and go as events.
const caddyPoll = "5s"

const (
	// tryFor is how long Caddy tries again to reach a container that does not take the
	// connection. Nothing was sent then, so that any request may be tried again.
	tryFor   = "5s"
	tryEvery = "100ms"
	// streamDelay is how long WebSockets live on when the configuration changes.
	streamDelay = "10m"
	// IdleTimeout is how long a proxy keeps a connection to a container that has nothing
	// to do. It is below the 5 s after which many servers close theirs: a request would
	// be lost that is sent at that moment.
	IdleTimeout = "4s"
)

// caddySnippet is how handlers of labels reach the address in the variable. It is here,
// since what two containers say about "reverse_proxy" in labels is not made one.
const caddySnippet = "(" + snippet + ") {\n\treverse_proxy {vars." + snippet + "} {\n" +
	"\t\tlb_try_duration " + tryFor + "\n\t\tlb_try_interval " + tryEvery + "\n\t\tstream_close_delay " + streamDelay + "\n" +
	"\t\ttransport http {\n\t\t\tdial_timeout " + dialTimeout + "\n\t\t\tkeepalive " + IdleTimeout + "\n\t\t}\n\t}\n}\n"

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
		{Path: caddyUpstreams, Mode: 0o700, IsDir: true},
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
	b.WriteString("}\n" + caddySnippet + ":80 {\n\t" + answer + "\n}\n")
	if m.Custom != "" {
		b.WriteString(strings.TrimRight(m.Custom, "\n") + "\n")
	}
	return b.String()
}
