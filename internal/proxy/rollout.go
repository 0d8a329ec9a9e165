package proxy

import (
	"path"
	"strconv"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// Rollout is the change from one container to the next behind the managed proxy. The
// new one is up and healthy when Admit's steps begin.
type Rollout struct {
	Kind  Kind
	Dir   string        // Managed.Dir
	Input Input         // of the new container's labels
	Last  *Input        // of the old one's; nil if there is none
	New   string        // its name, on Input.Network
	Old   string        // name of the one that is to go; "" if there is none
	Ports []int         // that the old one listens on; empty: those of the new one
	Wait  time.Duration // for the proxy to know the new one; 0: 30 s
	Limit time.Duration // for requests at the old one to end; 0: 30 s
}

// routed are two texts, one a line: a router with a warning has its place, too. It is
// "disabled" when something in its labels makes no sense.
const routed = "\"status\":\"enabled\"\n\"status\":\"warning\""

const (
	knowWait  = 30 * time.Second
	drainWait = 30 * time.Second
	reachWait = 10 // tries, a second each
)

// The scripts run inside the proxy's container, which has a shell of BusyBox. They are
// fixed; names come as arguments.
const (
	// reachScript tries port $3 of host $2, $1 times.
	reachScript = `n=$1
while [ "$n" -gt 0 ]; do
  nc -z -w 2 "$2" "$3" 2>/dev/null && exit 0
  n=$((n - 1)); sleep 1
done
echo "The proxy cannot connect to $2 on port $3. Does the application listen there, on all addresses?" >&2
exit 1`
	// knowScript asks until each answer (of URL, text behind each other from $2) has its
	// text, for $1 fifths of a second together.
	knowScript = `n=$1; shift
while [ $# -gt 0 ]; do
  until wget -q -O - "$1" 2>/dev/null | grep -q -F -e "$2"; do
    n=$((n - 1))
    if [ "$n" -le 0 ]; then echo "The proxy has no route to the new container: see the log of taffrail-proxy." >&2; exit 1; fi
    sleep 0.2
  done
  shift 2
done`
	// drainScript waits until no connection to host $2 is left, on the ports from $3,
	// for $1 fifths of a second.
	drainScript = `n=$1; host=$2; shift 2
addresses=$(getent hosts "$host" | sed 's/ .*//')
[ -n "$addresses" ] || exit 0
busy() {
  for a in $addresses; do for p in "$@"; do
    netstat -t -n 2>/dev/null | grep ESTABLISHED | grep -q -F -e "$a:$p " && return 0
  done; done
  return 1
}
while busy "$@"; do
  n=$((n - 1))
  if [ "$n" -le 0 ]; then echo "Requests are still at work in the old container. They get its time to stop." >&2; exit 0; fi
  sleep 0.2
done`
)

func inside(name, title, script string, args ...string) run.Step {
	argv := []string{"docker", "exec", Container, "sh", "-c", script, "sh"}
	return run.Step{Name: name, Title: title, Argv: append(argv, args...)}
}

func fifths(d, otherwise time.Duration) string {
	if d <= 0 {
		d = otherwise
	}
	return strconv.Itoa(int(d / (200 * time.Millisecond)))
}

// Prepare are the steps before the new container starts. They take away what a roll-out
// with the same settings may have left long ago: the labels would bring it to life.
func (r Rollout) Prepare() ([]run.Step, error) {
	if r.Kind != Caddy || len(r.Input.Routes) == 0 {
		return nil, nil
	}
	if err := r.validate(); err != nil {
		return nil, err
	}
	used := map[string]string{}
	if r.Last != nil {
		used = newCaddy(*r.Last).upstreams(r.Old)
	}
	var stale []string
	for _, name := range sorted(newCaddy(r.Input).upstreams(r.New)) {
		if _, ok := used[name]; !ok {
			stale = append(stale, path.Join(r.Dir, caddyUpstreams, name))
		}
	}
	if len(stale) == 0 {
		return nil, nil
	}
	return []run.Step{{Name: "routes", Title: "Making room for the new routes.", Delete: stale, Hidden: true}}, nil
}

// switchStep sends Caddy's new requests to the new container, all at once, without its
// configuration being touched.
func (r Rollout) switchStep() run.Step {
	step := run.Step{Name: "switch", Title: "Sending requests to the new container."}
	upstreams := newCaddy(r.Input).upstreams(r.New)
	for _, name := range sorted(upstreams) {
		step.Files = append(step.Files, run.File{Path: path.Join(r.Dir, caddyUpstreams, name), Mode: 0o600, Content: upstreams[name] + "\n"})
	}
	return step
}

// Admit are the steps after which the new container gets all new requests: the proxy
// reaches each of its ports, has its routes, and uses them. They fail, and say why, when that does
// not come about in time; the old container has lost nothing then. There are none
// without a managed proxy or without domains.
func (r Rollout) Admit() ([]run.Step, error) {
	if r.Kind == None || len(r.Input.Routes) == 0 {
		return nil, nil
	}
	if err := r.validate(); err != nil {
		return nil, err
	}
	steps := []run.Step{Attach(r.Input.Network)}
	for _, port := range r.ports() {
		steps = append(steps, inside("reach", "Looking whether the proxy reaches the new container on port "+itoa(port)+".",
			reachScript, itoa(reachWait), r.New, itoa(port)))
	}
	steps = append(steps, inside("admit", "Waiting until the proxy has the routes of the new container.", knowScript,
		append([]string{fifths(r.Wait, knowWait)}, r.signs()...)...))
	if r.Kind == Caddy {
		steps = append(steps, r.switchStep())
	}
	return steps, nil
}

// Drain are the steps between Admit and the end of the old container.
func (r Rollout) Drain() ([]run.Step, error) {
	if r.Kind == None || r.Old == "" || len(r.Input.Routes) == 0 {
		return nil, nil
	}
	if err := r.validate(); err != nil {
		return nil, err
	}
	args := []string{fifths(r.Limit, drainWait), r.Old}
	ports := r.Ports
	if len(ports) == 0 {
		ports = r.ports()
	}
	for _, port := range ports {
		args = append(args, itoa(port))
	}
	step := inside("drain", "Waiting until the old container has answered its requests.", drainScript, args...)
	step.MayFail = true // a proxy that is gone sends nothing either
	return []run.Step{step}, nil
}

func (r Rollout) validate() error {
	if r.Kind != Traefik && r.Kind != Caddy {
		return core.Invalid("proxy_type", "Invalid proxy type.")
	}
	for _, name := range []string{r.New, r.Old} {
		if name != "" && !networkName.MatchString(name) {
			return core.Invalid("container", "%q is no name of a container.", shorten(name))
		}
	}
	if r.Kind == Caddy && !path.IsAbs(r.Dir) {
		return core.Invalid("dir", "The folder of the proxy must be absolute.")
	}
	if r.Input.Generation == 0 {
		return core.Invalid("generation", "Containers of a roll-out have a generation.")
	}
	if r.New == "" {
		return core.Invalid("container", "The new container has no name.")
	}
	return r.Input.Validate()
}

// ports are those that the new container listens on for its domains.
func (r Rollout) ports() []int {
	var out []int
	seen := map[int]bool{}
	for _, route := range r.Input.Routes {
		if port := r.Input.port(route); !seen[port] {
			out, seen[port] = append(out, port), true
		}
	}
	return out
}

// signs are pairs of a URL and a text in its answer by which the proxy shows that it
// has the routes.
func (r Rollout) signs() []string {
	var out []string
	if r.Kind == Traefik {
		for _, key := range sorted(traefikLabels(r.Input)) {
			if m := named.FindStringSubmatch(key); m != nil && m[1] == "routers" && m[3] == ".rule" {
				out = append(out, traefikAPI+"/api/http/routers/"+m[2]+"@docker", routed)
			}
		}
		return out
	}
	for _, name := range sorted(newCaddy(r.Input).upstreams(r.New)) {
		out = append(out, caddyAPI+"/config/apps/http", `"route":"`+name+`"`)
	}
	return out
}
