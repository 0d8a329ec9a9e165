package stack

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/run"
)

// Files that Taffrail writes into the owner's folder.
const (
	ComposeFile = "docker-compose.yml"
	EnvFile     = ".env"
	// StopFile is the compose file that a stop goes by. It has a name of its own, so that
	// what was deployed last stays to be read.
	StopFile = ".stop.yml"
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
	if !inside(source) || c.fromSource(source, readOnly) {
		return
	}
	switch clean := path.Clean(source); {
	case slices.Contains(c.how.Reserved, top(clean)):
		c.out.add(at, "%s is where Taffrail keeps things of its own; choose another name", clean)
	case clean == ".":
		c.host(at, "mounts the service's folder itself, which decides what runs on the server; mount a folder in it, such as ./data")
	case reserved(clean) && !readOnly:
		c.host(at, "mounts %s, which Taffrail writes, so that the container could change it; add :ro", clean)
	}
}

func reserved(clean string) bool {
	first := top(clean)
	return first == ComposeFile || first == EnvFile || first == StopFile
}

// top is the first part of a path.
func top(clean string) string {
	first, _, _ := strings.Cut(clean, "/")
	return first
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
func (st *Stack) files() []run.File {
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

// reached returns the paths in the owner's folder that the engine or Compose will
// follow. Whether one of them leads out through a link, only the server can tell.
func (st *Stack) reached() []string {
	paths := map[string]bool{}
	for _, u := range st.uses() {
		to := u.path
		if !u.made {
			to = st.placed(u.path, u.writes).To
		}
		if to != "." {
			paths[to] = true
		}
	}
	for _, v := range mapOf(st.tree["services"]) {
		build := mapOf(mapOf(v)["build"])
		if context := textOf(build["context"]); st.how.Source == nil && inside(context) && !remoteForm.MatchString(context) {
			for _, p := range []string{path.Clean(context), path.Join(context, textOf(build["dockerfile"]))} {
				if inside(p) && p != "." {
					paths[p] = true
				}
			}
		}
	}
	return keysOf(paths)
}

// use is a relative path that the engine or Compose follows.
type use struct {
	path   string
	writes bool // a container may
	made   bool // Taffrail makes what is there
}

func (st *Stack) uses() []use {
	var out []use
	add := func(v any, writes, made bool) {
		if p := textOf(v); inside(p) && path.Clean(p) != EnvFile {
			out = append(out, use{path.Clean(p), writes, made})
		}
	}
	for name, v := range mapOf(st.tree["services"]) {
		service := mapOf(v)
		for i, one := range listOf(service["volumes"]) {
			_, made := st.own[name].mounts[i]
			if volume := mapOf(one); textOf(volume["type"]) == "bind" {
				add(volume["source"], !truth(volume["read_only"]), made)
			}
		}
		for _, file := range listOf(service["env_file"]) {
			add(mapOf(file)["path"], false, false)
		}
		for _, file := range textsOf(service["label_file"]) {
			add(file, false, false)
		}
	}
	for _, section := range []string{"configs", "secrets"} {
		for _, v := range mapOf(st.tree[section]) {
			add(mapOf(v)["file"], false, false)
		}
	}
	return out
}
