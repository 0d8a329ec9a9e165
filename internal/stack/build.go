package stack

import (
	"regexp"
	"strconv"
	"strings"
)

// remoteForm is a build context that the engine fetches by itself. Other schemes reach
// files, keys or commands of the server.
var remoteForm = regexp.MustCompile(`^https://[A-Za-z0-9][A-Za-z0-9.:-]*/[A-Za-z0-9._/@+=~%#:-]*$`)

func (c *checker) build(at []string, v any) {
	build := mapOf(v)
	c.apply(at, build, buildRules())
	if build["dockerfile"] != nil && build["dockerfile_inline"] != nil {
		c.out.add(at, "has both dockerfile and dockerfile_inline; only one can be used")
	}
}

func (c *checker) buildContext(at []string, v any) {
	if p := textOf(v); !remoteForm.MatchString(p) {
		c.folderPath(at, p)
	}
}

// dockerfile is relative to the context, and may not leave it either.
func (c *checker) dockerfile(at []string, v any) { c.folderPath(at, textOf(v)) }

func (c *checker) additionalContexts(at []string, v any) {
	for _, p := range pairsOf(v, at) {
		if p.value == nil {
			continue
		}
		context := *p.value
		if image, ok := strings.CutPrefix(context, "docker-image://"); ok {
			c.image(p.path, image)
			continue
		}
		if name, ok := strings.CutPrefix(context, "service:"); ok {
			c.serviceRef(p.path, name)
			continue
		}
		c.buildContext(p.path, context)
	}
}

// cache lets images serve as build cache. Other stores are folders of the server or
// services elsewhere that its credentials open.
func (c *checker) cache(at []string, v any) {
	for i, text := range textsOf(v) {
		where := join(at, strconv.Itoa(i))
		if !strings.Contains(text, "=") {
			c.image(where, text)
			continue
		}
		for option := range strings.SplitSeq(text, ",") {
			key, value, _ := strings.Cut(option, "=")
			if key == "type" && value != "registry" && value != "inline" {
				c.host(where, "keeps build cache outside of the service (%s)", option)
			}
		}
	}
}
