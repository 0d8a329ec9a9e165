package proxy

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/run"
)

// The names of the managed proxy on its server.
const (
	Project   = "taffrail-proxy" // of Compose
	Container = "taffrail-proxy"
	Service   = "proxy" // in the compose file
	Folder    = "proxy" // below the server's remote folder

	composeFile = "docker-compose.yml"
)

const (
	maxConfig  = 256 << 10
	upLimit    = 3 * time.Minute
	settleTime = 2 * time.Second
	stopLimit  = time.Minute
)

var (
	emailText = regexp.MustCompile(`^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}$`)
	imageText = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}$`)
	argument  = regexp.MustCompile(`^--[A-Za-z][A-Za-z0-9._\[\]-]*(=[^\x00-\x1f\x7f]*)?$`)
)

// ours are the options of Traefik that the roll-out depends on, or that would show
// everything to everybody.
var ours = []string{"--api", "--ping", "--entrypoints.traefik", "--providers.docker", "--configfile"}

// Managed is the proxy of a server, and how people set it.
type Managed struct {
	Kind Kind
	Dir  string // of its files on the server, absolute: Folder below the remote folder
	// Email is who the certificate authority writes to. ACME is off without Trusted.
	Email    string
	Trusted  bool   // certificates of a public authority; otherwise of the proxy's own
	CA       string // directory of the authority; "" is Let's Encrypt
	HTTP     int    // port of the server; 0 is 80
	HTTPS    int    // port of the server; 0 is 443
	Address  string // of the server that the ports are bound to; "" is all of them
	Image    string // "" is the one that is tested
	Networks []string
	Others   []string // networks that are joined if they are there: those of compose projects
	// NoDefault answers requests for unknown hosts with 404, Default sends them there.
	Default   string
	NoDefault bool
	Custom    string   // Traefik: a dynamic configuration file; Caddy: sites of a Caddyfile
	Arguments []string // further options of Traefik
}

// Resolver is the Input.Resolver for the containers behind this proxy.
func (m Managed) Resolver() string {
	if m.Trusted {
		return DefaultResolver
	}
	return ""
}

// Validate finds everything that is wrong, by field.
func (m Managed) Validate() error {
	f := faults{}
	if m.Kind != Traefik && m.Kind != Caddy {
		f.add("proxy_type", "There is no managed proxy of the type %q.", shorten(string(m.Kind)))
	}
	if !path.IsAbs(m.Dir) || path.Clean(m.Dir) != m.Dir || strings.ContainsAny(m.Dir, ":$\n") {
		f.add("dir", "The folder must be a clean absolute path.")
	}
	f.container(m)
	if m.Email != "" && !emailText.MatchString(m.Email) {
		f.add("email", "This is no e-mail address.")
	}
	if m.CA != "" && !plainURL(m.CA) {
		f.add("ca", "The authority must be an https:// URL.")
	}
	if m.Default != "" && !plainURL(m.Default) {
		f.add("redirect_url", "The URL must begin with http:// or https:// and have no special characters.")
	}
	f.configuration(m)
	return f.err()
}

func (f faults) container(m Managed) {
	if m.Image != "" && !imageText.MatchString(m.Image) {
		f.add("image", "This is no name of an image.")
	}
	if m.Address != "" && !validHost(m.Address) || slices.ContainsFunc([]int{m.HTTP, m.HTTPS}, func(p int) bool { return p < 0 || p > maxPort }) {
		f.add("ports", "The ports must be from 1 to 65535, on an IPv4 address of the server.")
	}
	for _, n := range slices.Concat(m.Networks, m.Others) {
		if !networkName.MatchString(n) {
			f.add("networks", "%q is no name of a network.", shorten(n))
		}
	}
}

func (f faults) configuration(m Managed) {
	if len(m.Custom) > maxConfig || !utf8.ValidString(m.Custom) || strings.ContainsRune(m.Custom, 0) {
		f.add("configuration", "The configuration must be text of at most %d KiB.", maxConfig>>10)
		return
	}
	if m.Kind == Traefik && m.Custom != "" {
		var tree map[string]any
		if err := yaml.Unmarshal([]byte(m.Custom), &tree); err != nil {
			f.add("configuration", "The configuration is no YAML: %s", shorten(err.Error()))
		}
	}
	if len(m.Arguments) > 0 && m.Kind != Traefik {
		f.add("arguments", "Only Traefik takes options.")
	}
	for _, a := range m.Arguments {
		if !argument.MatchString(a) || slices.ContainsFunc(ours, func(o string) bool { return strings.HasPrefix(strings.ToLower(a), o) }) {
			f.add("arguments", "The option %q cannot be set.", shorten(a))
		}
	}
}

// plainURL says whether a URL may stand in a configuration as it is.
func plainURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxURL && (u.Scheme == "http" || u.Scheme == "https") && u.User == nil &&
		validHost(strings.ToLower(u.Hostname())) && !strings.ContainsAny(text, "`$;|<>(){}\\\r\n\t \"'")
}

func (m Managed) project() compose.Project {
	return compose.Project{Name: Project, Dir: m.Dir, File: composeFile}
}

func (m Managed) ports() (http, https int) {
	http, https = m.HTTP, m.HTTPS
	if http == 0 {
		http = 80
	}
	if https == 0 {
		https = 443
	}
	return http, https
}

// Start brings the proxy up with these settings, or changes it to them: a proxy that
// runs with the same is left alone. A port that another program has is named first.
func (m Managed) Start() ([]run.Step, error) { return m.start("Starting the proxy.") }

// Restart is Start with a new container whatever has changed.
func (m Managed) Restart() ([]run.Step, error) {
	return m.start("Restarting the proxy.", "--force-recreate")
}

func (m Managed) start(title string, args ...string) ([]run.Step, error) {
	files, err := m.Files()
	if err != nil {
		return nil, err
	}
	http, https := m.ports()
	steps := []run.Step{
		{Name: "ports", Title: "Looking whether the ports of the proxy are free.", Ports: &run.Ports{Project: Project, Ports: []int{http, https}}},
		{Name: "files", Title: "Saved the proxy's configuration to " + m.Dir + ".", Files: files},
	}
	for _, n := range sortedSet(m.Networks) {
		steps = append(steps, compose.NetworkSteps(n)...)
	}
	pull := m.project().Step("pull", "Pulling the proxy's image.", "pull", "--policy", "missing")
	pull.Retries = compose.PullRetries
	up := append([]string{"up", "--detach", "--remove-orphans"}, args...)
	steps = append(steps, pull, m.project().Step("start", title, up...))
	for _, n := range sortedSet(m.Others) {
		steps = append(steps, Attach(n))
	}
	return append(steps, run.Step{Name: "verify", Title: "Waiting for the proxy.", Watch: &run.Watch{
		Project: Project, Expect: []run.Expect{{Service: Service, Replicas: 1}}, Settle: settleTime, Limit: upLimit,
	}}), nil
}

// Stop takes the proxy down. Its certificates stay.
func (m Managed) Stop() ([]run.Step, error) {
	files, err := m.Files()
	if err != nil {
		return nil, err
	}
	return []run.Step{
		{Name: "files", Title: "Saved the proxy's configuration to " + m.Dir + ".", Files: files},
		m.project().Step("stop", "Stopping the proxy.", "down", "--remove-orphans"),
		{Name: "verify", Title: "Waiting for the proxy to be gone.", Watch: &run.Watch{Project: Project, Limit: stopLimit}},
	}, nil
}

// Attach lets the proxy reach the containers of a network. It may fail: mostly because
// it reaches them already. Whether it does is found out by Rollout.Admit.
func Attach(network string) run.Step {
	return run.Step{
		Name: "attach", Title: "Connecting the proxy to the network " + network + ".", MayFail: true, Hidden: true,
		Argv: []string{"docker", "network", "connect", network, Container},
	}
}

// Detach undoes Attach, which a network needs before it can be removed.
func Detach(network string) run.Step {
	return run.Step{
		Name: "detach", Title: "Disconnecting the proxy from the network " + network + ".", MayFail: true, Hidden: true,
		Argv: []string{"docker", "network", "disconnect", "--force", network, Container},
	}
}

// Files are the compose file and the proxy's own configuration, below Dir.
func (m Managed) Files() ([]run.File, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	var service map[string]any
	var files []run.File
	if m.Kind == Traefik {
		service, files = m.traefikService(), m.traefikFiles()
	} else {
		service, files = m.caddyService(), m.caddyFiles()
	}
	text, err := compose.Render(m.tree(service))
	if err != nil {
		return nil, err
	}
	return append([]run.File{{Path: composeFile, Mode: 0o600, Content: text}}, files...), nil
}

func (m Managed) tree(service map[string]any) map[string]any {
	http, https := m.ports()
	bind := ""
	if m.Address != "" {
		bind = m.Address + ":"
	}
	service["container_name"] = Container
	service["restart"] = "unless-stopped"
	service["extra_hosts"] = []any{"host.docker.internal:host-gateway"}
	service["security_opt"] = []any{"no-new-privileges:true"}
	service["ports"] = []any{bind + itoa(http) + ":80", bind + itoa(https) + ":443", bind + itoa(https) + ":443/udp"}
	service["labels"] = map[string]any{"taffrail.managed": "true", "taffrail.type": "proxy", "taffrail.proxy": string(m.Kind)}
	tree := map[string]any{"name": Project, "services": map[string]any{Service: service}}
	if names := sortedSet(m.Networks); len(names) > 0 {
		joined, networks := []any{}, map[string]any{}
		for _, n := range names {
			joined = append(joined, n)
			networks[n] = map[string]any{"external": true, "name": n}
		}
		service["networks"], tree["networks"] = joined, networks
	}
	return tree
}

// health is a health check that asks the proxy's own interface, which nobody else
// reaches.
func health(url string) map[string]any {
	return map[string]any{
		"test":     []any{"CMD", "wget", "-q", "-O", "/dev/null", url},
		"interval": "2s", "timeout": "2s", "retries": 10, "start_period": "10s",
	}
}

func sortedSet(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}
