package stack

import (
	"path"
	"strconv"
	"strings"
)

// mounts checks the volumes of a compose service, which are in their long form here.
func (c *checker) mounts(at []string, v any) {
	seen := map[string]string{}
	for i, one := range listOf(v) {
		volume, where := mapOf(one), join(at, strconv.Itoa(i))
		target := textOf(volume["target"])
		c.containerPath(where, target)
		if before := seen[path.Clean(target)]; before != "" {
			c.out.add(where, "%s is mounted already, in volumes.%s", target, before)
		}
		seen[path.Clean(target)] = strconv.Itoa(i)
		c.mount(where, volume)
	}
}

func (c *checker) mount(at []string, volume map[string]any) {
	source := textOf(volume["source"])
	switch kind := textOf(volume["type"]); kind {
	case "bind":
		c.hostPath(at, source)
		if p := textOf(mapOf(volume["bind"])["propagation"]); strings.Contains(p, "shared") {
			c.host(at, "lets mounts of the container appear on the server")
		}
	case "volume":
		if source == "" {
			return
		}
		if _, ok := mapOf(c.tree["volumes"])[source]; !ok {
			c.out.add(at, "the volume %s is not defined under \"volumes:\"", source)
		}
		if sub := textOf(mapOf(volume["volume"])["subpath"]); sub != "" && !inside(sub) {
			c.out.add(at, "the subpath %q must stay in the volume", sub)
		}
	case "tmpfs":
	case "image":
		c.image(at, source)
	default:
		c.out.add(at, "Taffrail does not support mounts of type %q", kind)
	}
}

// hostPath checks a path of the server: in the service's folder it is fine.
func (c *checker) hostPath(at []string, source string) {
	switch {
	case source == "":
		c.out.add(at, "names no path of the server")
	case !pathForm.MatchString(source) && !isDockerSocket(source):
		c.out.add(at, "%q cannot be a path: use letters, digits and . _ / @ + = %% # -", source)
	case strings.HasPrefix(source, "~"):
		c.out.add(at, "%q depends on who runs Compose on the server; write a path that begins with ./ instead", source)
	case isDockerSocket(source):
		c.host(at, "hands the Docker socket to the container, and with it the server")
	case path.IsAbs(source):
		c.host(at, "mounts %s of the server, outside of the service's folder; a path that begins with ./ is in it", source)
	case !inside(source):
		c.host(at, "mounts %s, which leaves the service's folder", source)
	}
}

func isDockerSocket(source string) bool {
	return strings.HasSuffix(path.Clean(source), "/docker.sock")
}

// inside says whether a relative path stays below where it starts.
func inside(p string) bool {
	clean := path.Clean(p)
	return p != "" && !path.IsAbs(p) && clean != ".." && !strings.HasPrefix(clean, "../")
}

// folderPath checks a path that Compose itself reads on the server.
func (c *checker) folderPath(at []string, p string) {
	switch {
	case !pathForm.MatchString(p) || strings.HasPrefix(p, "~"):
		c.out.add(at, "%q cannot be a path: use letters, digits and . _ / @ + = %% # -", p)
	case !inside(p):
		c.host(at, "reads %s, outside of the service's folder", p)
	}
}

func (c *checker) insidePaths(at []string, v any) {
	for _, p := range textsOf(v) {
		c.folderPath(at, p)
	}
}

func (c *checker) envFiles(at []string, v any) {
	for i, one := range listOf(v) {
		c.folderPath(join(at, strconv.Itoa(i)), textOf(mapOf(one)["path"]))
	}
}

func (c *checker) containerPath(at []string, v any) {
	p := textOf(v)
	if !path.IsAbs(p) || !pathForm.MatchString(p) {
		c.out.add(at, "%q cannot be a path in the container: it begins with \"/\" and has letters, digits and . _ / @ + = %% # -", p)
	}
}

func (c *checker) tmpfs(at []string, v any) {
	for i, text := range textsOf(v) {
		target, _, _ := cut(text)
		c.containerPath(join(at, strconv.Itoa(i)), target)
	}
}

func (c *checker) volumeDriver(at []string, v any) {
	if driver := textOf(v); driver != "" && driver != "local" {
		c.host(at, "the volume driver %q is a program on the server", driver)
	}
}

// volumeOptions sees to it that a named volume is not a mount of the server's files by
// another name: the local driver mounts whatever its options say.
func (c *checker) volumeOptions(at []string, v any) {
	options := map[string]string{}
	for _, p := range pairsOf(v, at) {
		if p.value != nil {
			options[p.key] = *p.value
		}
		switch p.key {
		case "type", "o", "device":
		default:
			c.host(p.path, "the option %q of a volume may reach the server", p.key)
		}
	}
	kind, device := options["type"], options["device"]
	switch {
	case kind == "tmpfs" && (device == "tmpfs" || device == ""):
	case (kind == "nfs" || kind == "nfs4" || kind == "cifs") && !strings.Contains(options["o"], "bind"):
	case len(options) == 0:
	default:
		c.host(at, "mounts %q of the server", device)
	}
}
