package service

import (
	"path"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/run"
)

// Files that Taffrail writes into a service's folder.
const (
	composeFile = "docker-compose.yml"
	envFile     = ".env"
)

// ownMounts checks the mounts that Taffrail makes files for, and keeps its own files
// out of the reach of the containers: one that could change docker-compose.yml could
// give itself the server with the next deployment.
func (r *reader) ownMounts(c *checker) {
	services := mapOf(c.tree["services"])
	for _, name := range keysOf(services) {
		for i, v := range listOf(mapOf(services[name])["volumes"]) {
			volume, at := mapOf(v), []string{"services", name, "volumes", strconv.Itoa(i)}
			if textOf(volume["type"]) != "bind" {
				continue
			}
			c.ownFile(at, textOf(volume["source"]), truth(volume["read_only"]))
		}
	}
	for _, name := range keysOf(r.scan.own) {
		for i, m := range r.scan.own[name].mounts {
			at := []string{"services", name, "volumes", strconv.Itoa(i)}
			r.made(c, at, m)
		}
	}
}

func (c *checker) ownFile(at []string, source string, readOnly bool) {
	if !inside(source) {
		return
	}
	switch clean := path.Clean(source); {
	case clean == ".":
		c.host(at, "mounts the service's folder itself, which decides what runs on the server; mount a folder in it, such as ./data")
	case reserved(clean) && !readOnly:
		c.host(at, "mounts %s, which Taffrail writes, so that the container could change it; add :ro", clean)
	}
}

func reserved(clean string) bool {
	first, _, _ := strings.Cut(clean, "/")
	return first == composeFile || first == envFile
}

// made checks a mount with content or is_directory.
func (r *reader) made(c *checker, at []string, m mount) {
	source := textOf(r.volume(c.tree, at)["source"])
	switch {
	case textOf(r.volume(c.tree, at)["type"]) != "bind" || !inside(source):
		c.out.add(at, "content and is_directory are for bind mounts whose source begins with ./")
	case path.Clean(source) == "." || reserved(path.Clean(source)):
		c.out.add(at, "%s is written by Taffrail itself", source)
	case m.content != nil && m.isDir:
		c.out.add(at, "a folder has no content; leave out content or is_directory")
	case m.content != nil && strings.ContainsRune(*m.content, 0):
		c.out.add(at, "the content holds a NUL")
	}
}

func (r *reader) volume(tree map[string]any, at []string) map[string]any {
	list := listOf(mapOf(mapOf(tree[at[0]])[at[1]])[at[2]])
	i, _ := strconv.Atoi(at[3]) // made from a number
	if i >= len(list) {
		return nil
	}
	return mapOf(list[i])
}

// files are what the mounts of a stack need on the server.
func (st *stack) files() []run.File {
	made := map[string]run.File{}
	services := mapOf(st.tree["services"])
	for _, name := range keysOf(services) {
		own := st.scan.own[name]
		for i, v := range listOf(mapOf(services[name])["volumes"]) {
			source := path.Clean(textOf(mapOf(v)["source"]))
			switch m, ok := own.mounts[i]; {
			case !ok || !m.isDir && m.content == nil:
			case m.isDir:
				made[source] = run.File{Path: source, Mode: 0o755, IsDir: true}
			default:
				// Programs in containers seldom run as the owner of this file.
				made[source] = run.File{Path: source, Mode: 0o644, Content: *m.content}
			}
		}
	}
	var out []run.File
	for _, p := range keysOf(made) {
		out = append(out, made[p])
	}
	return out
}
