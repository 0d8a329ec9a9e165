package proxy

import (
	"strconv"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/run"
)

// traefikImage asks Docker for the version of its API that both know, which earlier
// ones do not.
const traefikImage = "traefik:v3.6"

// traefikAPI is where Traefik tells what it knows: inside of its container only.
const traefikAPI = "http://127.0.0.1:8080"

// dialTimeout is how long a container on the same machine may take to accept.
const dialTimeout = "3s"

func itoa(n int) string { return strconv.Itoa(n) }

func (m Managed) traefikService() map[string]any {
	command := []any{
		"--global.checknewversion=false", "--global.sendanonymoususage=false", "--log.level=INFO",
		"--entrypoints.http.address=:80", "--entrypoints.https.address=:443",
		"--entrypoints.http.http.encodequerysemicolons=true", "--entrypoints.https.http.encodequerysemicolons=true",
		"--entrypoints.https.http3=true",
		// Its own interface shows the hashes of passwords, so it is bound to loopback.
		"--entrypoints.traefik.address=127.0.0.1:8080", "--api.insecure=true", "--api.dashboard=false", "--ping=true",
		// A container that is not healthy must have no routes at all: with empty services
		// the routes of a new one would win before it answers.
		"--providers.docker=true", "--providers.docker.exposedbydefault=false", "--providers.docker.allowemptyservices=false",
		"--providers.file.directory=/etc/traefik/dynamic", "--providers.file.watch=true",
		"--providers.providersthrottleduration=500ms",
		"--serverstransport.forwardingtimeouts.idleconntimeout=" + IdleTimeout,
		// The address of a container that is gone does not refuse, it is silent.
		"--serverstransport.forwardingtimeouts.dialtimeout=" + dialTimeout,
	}
	if m.Trusted {
		acme := "--certificatesresolvers." + DefaultResolver + ".acme."
		command = append(command, acme+"httpchallenge=true", acme+"httpchallenge.entrypoint=http", acme+"storage=/acme/acme.json")
		if m.Email != "" {
			command = append(command, acme+"email="+m.Email)
		}
		if m.CA != "" {
			command = append(command, acme+"caserver="+m.CA)
		}
	}
	for _, a := range m.Arguments {
		command = append(command, a)
	}
	return map[string]any{
		"image":       m.image(traefikImage),
		"command":     command,
		"healthcheck": health(traefikAPI + "/ping"),
		"volumes": []any{
			"/var/run/docker.sock:/var/run/docker.sock:ro", m.Dir + "/acme:/acme", m.Dir + "/dynamic:/etc/traefik/dynamic:ro",
		},
	}
}

// traefikFiles are the dynamic configuration. What Traefik keeps itself is in a folder
// that is made and never written to.
func (m Managed) traefikFiles() []run.File {
	custom := m.Custom
	if custom == "" {
		custom = "# This server's own routes would be here.\n"
	}
	return []run.File{
		{Path: "acme", Mode: 0o700, IsDir: true},
		{Path: "dynamic/default.yml", Mode: 0o600, Content: m.traefikDefault()},
		{Path: "dynamic/custom.yml", Mode: 0o600, Content: custom},
	}
}

// traefikDefault is who answers for hosts that nobody has. Without it Traefik says 404.
func (m Managed) traefikDefault() string {
	if m.Default == "" || m.NoDefault {
		return "# Hosts that nobody has are answered with 404.\n"
	}
	router := func(by Scheme) map[string]any {
		r := map[string]any{
			"rule": "PathPrefix(`/`)", "priority": 1, "service": "noop@internal",
			"middlewares": []any{"taffrail-default"}, "entryPoints": []any{string(by)},
		}
		if by == HTTPS {
			r["tls"] = map[string]any{}
		}
		return r
	}
	text, err := compose.Encode(map[string]any{"http": map[string]any{
		"routers": map[string]any{"taffrail-default-http": router(HTTP), "taffrail-default-https": router(HTTPS)},
		"middlewares": map[string]any{"taffrail-default": map[string]any{
			"redirectRegex": map[string]any{"regex": ".*", "replacement": m.Default},
		}},
	}})
	if err != nil {
		return "# " + strconv.Quote(err.Error()) + "\n"
	}
	return text
}

func (m Managed) image(tested string) string {
	if m.Image != "" {
		return m.Image
	}
	return tested
}
