package stack

import (
	"slices"
	"strconv"
	"strings"
)

// references checks that everything a compose service names is there.
func (c *checker) references() {
	services := mapOf(c.tree["services"])
	if len(services) == 0 {
		c.out.add([]string{"services"}, "has no services; at least one is needed")
	}
	for _, name := range keysOf(services) {
		at, service := []string{"services", name}, mapOf(services[name])
		if service == nil {
			c.out.add(at, "is empty; a service needs an image or a build")
			continue
		}
		if service["image"] == nil && service["build"] == nil {
			c.out.add(at, "has neither image nor build; one of them is needed")
		}
		if service["network_mode"] != nil && len(mapOf(service["networks"])) > 0 {
			c.out.add(join(at, "network_mode"), "cannot be used together with networks")
		}
		c.dependencies(join(at, "depends_on"), service)
		c.links(join(at, "links"), service["links"])
	}
	c.cycles(services)
}

func (c *checker) dependencies(at []string, service map[string]any) {
	for name, v := range mapOf(service["depends_on"]) {
		where := join(at, name)
		other := mapOf(mapOf(c.tree["services"])[name])
		required := mapOf(v)["required"] == nil || truth(mapOf(v)["required"])
		switch {
		case other == nil:
			c.out.add(where, "the service %s is not defined", name)
		case off(other) && !off(service) && required:
			c.out.add(where, "the service %s is switched off by its profiles, so it cannot be waited for", name)
		}
	}
}

// off says whether a compose service has profiles; none of them is ever active.
func off(service map[string]any) bool { return len(listOf(service["profiles"])) > 0 }

func (c *checker) serviceRef(at []string, name string) {
	if _, ok := mapOf(c.tree["services"])[name]; !ok {
		c.out.add(at, "the service %s is not defined", name)
	}
}

func (c *checker) links(at []string, v any) {
	for i, text := range textsOf(v) {
		name, _, _ := cut(text)
		c.serviceRef(join(at, strconv.Itoa(i)), name)
	}
}

func (c *checker) attachments(at []string, v any) {
	for name := range mapOf(v) {
		if _, ok := mapOf(c.tree["networks"])[name]; !ok && name != "default" {
			c.out.add(join(at, name), "the network %s is not defined under \"networks:\"", name)
		}
	}
}

// grants checks the configs and secrets that a compose service or its build asks for.
func (c *checker) grants(at []string, v any) {
	section := at[len(at)-1]
	for i, one := range listOf(v) {
		where, grant := join(at, strconv.Itoa(i)), mapOf(one)
		name := textOf(grant["source"])
		if _, ok := mapOf(c.tree[section])[name]; !ok {
			c.out.add(where, "%s is not defined under \"%s:\"", name, section)
		}
		if target := textOf(grant["target"]); target != "" && !pathForm.MatchString(target) {
			c.out.add(where, "%q cannot be a path in the container", target)
		}
	}
}

// cycles finds services that wait for each other.
func (c *checker) cycles(services map[string]any) {
	done := map[string]bool{}
	var visit func(name string, way []string)
	visit = func(name string, way []string) {
		if i := slices.Index(way, name); i >= 0 {
			circle := strings.Join(join(way[i:], name), " → ")
			c.out.add([]string{"services", name, "depends_on"}, "the services wait for each other: %s", circle)
			return
		}
		if done[name] {
			return
		}
		for _, next := range keysOf(mapOf(mapOf(services[name])["depends_on"])) {
			visit(next, join(way, name))
		}
		done[name] = true
	}
	for _, name := range keysOf(services) {
		visit(name, nil)
	}
}
