package stack

import (
	"regexp"
	"strconv"
	"strings"

	distribution "github.com/distribution/reference"

	"github.com/taffrail/taffrail/internal/compose"
)

// checker goes through a composed tree: everything is filled in, every short form is
// written out. It adds a fault for what reaches beyond the stack, or only a warning
// where the team may use the host.
type checker struct {
	tree     map[string]any
	how      Reading
	out      *faults
	warnings *faults
}

var (
	// wordForm is what a name may be: it becomes part of container, network and volume
	// names, host names and paths.
	wordForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	// pathForm leaves out what separates or escapes anywhere on a path's way to the
	// engine: blanks, colons, commas, quotes, "$", backslash, shell characters.
	pathForm = regexp.MustCompile(`^[\pL\pN._/@+=~%#-]+$`)
)

const permits = "the team setting \"allow host access\" permits it"

func (c *checker) check() {
	for _, section := range keysOf(c.tree) {
		rules, known := map[string]func() map[string]rule{
			"services": serviceRules, "networks": networkRules, "volumes": volumeRules,
			"configs": objectRules, "secrets": objectRules,
		}[section]
		if !known {
			never(c, []string{section}, c.tree[section])
			continue
		}
		c.section(section, rules())
	}
	c.references()
}

func (c *checker) section(section string, rules map[string]rule) {
	entries := mapOf(c.tree[section])
	for _, name := range keysOf(entries) {
		path := []string{section, name}
		if !wordForm.MatchString(name) {
			c.out.add(path, "%q cannot be a name: use at most 63 letters, digits, \".\", \"_\" and \"-\", a letter or digit first", name)
		}
		c.apply(path, mapOf(entries[name]), rules)
	}
}

func (c *checker) apply(path []string, m map[string]any, rules map[string]rule) {
	for _, name := range keysOf(m) {
		at := join(path, name)
		check, known := rules[name]
		switch {
		case strings.HasPrefix(name, "x-"):
		case !known:
			c.out.add(at, "Taffrail does not know this field")
		case check != nil:
			check(c, at, m[name])
		}
	}
}

// host notes a use of the server beyond the stack.
func (c *checker) host(path []string, format string, args ...any) {
	if c.how.AllowHost {
		c.warnings.add(path, format+" ("+permits+")", args...)
		return
	}
	c.out.add(path, format+"; only "+permits, args...)
}

func cut(text string) (string, string, bool) { return strings.Cut(text, ":") }

func (c *checker) privileged(path []string, v any) {
	if truth(v) {
		c.host(path, "gives the container full control of the server")
	}
}

// capabilities lets through what Docker gives every container anyway, and two that
// only concern the container's own memory and priority.
func (c *checker) capabilities(path []string, v any) {
	harmless := strings.Fields("AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID IPC_LOCK KILL MKNOD NET_BIND_SERVICE " +
		"NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT SYS_NICE")
	for i, name := range textsOf(v) {
		if !containsFold(harmless, strings.TrimPrefix(strings.ToUpper(name), "CAP_")) {
			c.host(join(path, strconv.Itoa(i)), "the capability %s reaches beyond the container", name)
		}
	}
}

func containsFold(list []string, word string) bool {
	for _, one := range list {
		if strings.EqualFold(one, word) {
			return true
		}
	}
	return false
}

func (c *checker) securityOptions(path []string, v any) {
	for i, option := range textsOf(v) {
		if !strings.HasPrefix(option, "no-new-privileges") {
			c.host(join(path, strconv.Itoa(i)), "%q weakens what keeps the container from the server", option)
		}
	}
}

func (c *checker) deploy(path []string, v any) {
	devices := mapOf(mapOf(mapOf(v)["resources"])["reservations"])["devices"]
	for i, device := range listOf(devices) {
		if driver := textOf(mapOf(device)["driver"]); driver != "" && driver != "nvidia" && driver != "amd" {
			c.host(join(path, "resources", "reservations", "devices", strconv.Itoa(i)), "opens devices of the server")
		}
	}
}

func (c *checker) hooks(path []string, v any) {
	for i, hook := range listOf(v) {
		at := join(path, strconv.Itoa(i))
		c.privileged(join(at, "privileged"), mapOf(hook)["privileged"])
		c.environment(join(at, "environment"), mapOf(hook)["environment"])
	}
}

func (c *checker) environment(path []string, v any) {
	for _, p := range pairsOf(v, path) {
		switch {
		case p.key == "" || strings.ContainsAny(p.key, " \t\r\n\x00=$`\"'\\;&|<>(){}"):
			c.out.add(p.path, "%q cannot be the name of a variable", p.key)
		case p.value != nil && strings.ContainsRune(*p.value, 0):
			c.out.add(p.path, "the value holds a NUL, which no variable can")
		}
	}
}

func (c *checker) labels(path []string, v any) {
	for _, p := range pairsOf(v, path) {
		if strings.HasPrefix(p.key, "com.docker.compose.") || strings.HasPrefix(p.key, "taffrail.") {
			c.out.add(p.path, "the label %s is reserved", p.key)
		}
	}
}

func (c *checker) image(path []string, v any) {
	if err := imageFault(textOf(v)); err != "" {
		c.out.add(path, "%s", err)
	}
}

func imageFault(name string) string {
	if name == "" {
		return "names no image"
	}
	if _, err := distribution.ParseAnyReference(name); err != nil {
		return strconv.Quote(name) + " is not the name of an image: it has the form [registry/]name[:tag][@digest]"
	}
	return ""
}

func (c *checker) tags(path []string, v any) {
	for i, tag := range textsOf(v) {
		c.image(join(path, strconv.Itoa(i)), tag)
	}
}

func (c *checker) plainName(path []string, v any) {
	if !wordForm.MatchString(textOf(v)) {
		c.out.add(path, "%q cannot be a host name", textOf(v))
	}
}

func (c *checker) variable(path []string, v any) {
	if !compose.ValidName(textOf(v)) {
		c.out.add(path, "%q cannot be the name of a variable", textOf(v))
	}
}

func (c *checker) networkDriver(path []string, v any) {
	switch driver := textOf(v); driver {
	case "", "bridge", "overlay":
	default:
		c.host(path, "the network driver %q reaches the server's network", driver)
	}
}

func (c *checker) networkOptions(path []string, v any) {
	for _, p := range pairsOf(v, path) {
		switch p.key {
		case "com.docker.network.driver.mtu", "com.docker.network.bridge.enable_icc", "com.docker.network.bridge.enable_ip_masquerade",
			"com.docker.network.bridge.host_binding_ipv4", "encrypted":
		default:
			c.host(p.path, "the option %q may reach the server's network", p.key)
		}
	}
}

func (c *checker) external(path []string, v any) {
	if truth(v) {
		c.host(path, "%s.%s belongs to others", path[0], path[1])
	}
}

// ownName checks a name that a network or volume is to have on the server, where others
// may have it, too. It counts only where names of the text stay.
func (c *checker) ownName(path []string, v any) {
	if c.how.Raw && textOf(v) != "" && !truth(mapOf(mapOf(c.tree[path[0]])[path[1]])["external"]) {
		c.host(path, "is a name that others may have on this server, whose data would be shared")
	}
}

// volumesFrom lets a compose service take the mounts of another of the same stack.
func (c *checker) volumesFrom(path []string, v any) {
	for i, text := range textsOf(v) {
		at := join(path, strconv.Itoa(i))
		if rest, ok := strings.CutPrefix(text, "container:"); ok {
			c.host(at, "takes the volumes of %s, a container outside of this service", rest)
			continue
		}
		name, _, _ := cut(text)
		c.serviceRef(at, name)
	}
}
