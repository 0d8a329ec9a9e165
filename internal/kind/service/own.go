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

// mount says what Taffrail makes for a bind mount.
type mount struct {
	content *string
	isDir   bool
}

// extras are the keys of a compose service that Compose does not know.
type extras struct {
	excluded bool // from the service's status
	mounts   map[int]mount
}

// takeExtras takes the disguised keys out of a tree again.
func takeExtras(tree map[string]any) map[string]extras {
	out := map[string]extras{}
	for name, v := range mapOf(tree["services"]) {
		service := mapOf(v)
		own := extras{excluded: truth(service[ownExcluded]), mounts: map[int]mount{}}
		delete(service, ownExcluded)
		for i, one := range listOf(service["volumes"]) {
			if m, ok := takeMount(mapOf(one)); ok {
				own.mounts[i] = m
			}
		}
		out[name] = own
	}
	return out
}

func takeMount(volume map[string]any) (mount, bool) {
	isDir, said := volume[ownIsDir]
	m := mount{isDir: truth(isDir)}
	if content, ok := volume[ownContent]; ok {
		text := textOf(content)
		m.content = &text
	}
	delete(volume, ownIsDir)
	delete(volume, ownContent)
	return m, said || m.content != nil
}

// ownMounts checks the mounts that Taffrail makes files for, and keeps its own files
// out of the reach of the containers: one that could change docker-compose.yml could
// give itself the server with the next deployment.
func (c *checker) ownMounts(own map[string]extras) {
	services := mapOf(c.tree["services"])
	for _, name := range keysOf(services) {
		for i, v := range listOf(mapOf(services[name])["volumes"]) {
			volume, at := mapOf(v), []string{"services", name, "volumes", strconv.Itoa(i)}
			if textOf(volume["type"]) == "bind" {
				c.ownFile(at, textOf(volume["source"]), truth(volume["read_only"]))
			}
			if m, ok := own[name].mounts[i]; ok {
				c.made(at, volume, m)
			}
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
	return first == composeFile || first == envFile || first == stopFile
}

// made checks a mount with content or is_directory.
func (c *checker) made(at []string, volume map[string]any, m mount) {
	source := textOf(volume["source"])
	switch {
	case textOf(volume["type"]) != "bind" || !inside(source):
		c.out.add(at, "content and is_directory are for bind mounts whose source begins with ./")
	case path.Clean(source) == "." || reserved(path.Clean(source)):
		c.out.add(at, "%s is written by Taffrail itself", source)
	case m.content != nil && m.isDir:
		c.out.add(at, "a folder has no content; leave out content or is_directory")
	case m.content != nil && strings.ContainsRune(*m.content, 0):
		c.out.add(at, "the content holds a NUL")
	}
}

// files are what the mounts of a stack need on the server.
func (st *stack) files() []run.File {
	made := map[string]run.File{}
	services := mapOf(st.tree["services"])
	for _, name := range keysOf(services) {
		own := st.own[name]
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
	for _, p := range st.reached() {
		if _, ours := made[p]; !ours {
			out = append(out, run.File{Path: p, Check: true})
		}
	}
	return out
}

// reached returns the paths in the service's folder that the engine or Compose will
// follow. Whether one of them leads out through a link, only the server can tell.
func (st *stack) reached() []string {
	paths := map[string]bool{}
	add := func(v any) {
		if p := path.Clean(textOf(v)); inside(textOf(v)) && p != "." && p != envFile {
			paths[p] = true
		}
	}
	for _, v := range mapOf(st.tree["services"]) {
		service := mapOf(v)
		for _, volume := range listOf(service["volumes"]) {
			if m := mapOf(volume); textOf(m["type"]) == "bind" {
				add(m["source"])
			}
		}
		for _, file := range listOf(service["env_file"]) {
			add(mapOf(file)["path"])
		}
		for _, file := range textsOf(service["label_file"]) {
			add(file)
		}
		if build := mapOf(service["build"]); build["context"] != nil && !remoteForm.MatchString(textOf(build["context"])) {
			add(build["context"])
			add(path.Join(textOf(build["context"]), textOf(build["dockerfile"])))
		}
	}
	for _, section := range []string{"configs", "secrets"} {
		for _, v := range mapOf(st.tree[section]) {
			add(mapOf(v)["file"])
		}
	}
	return keysOf(paths)
}
