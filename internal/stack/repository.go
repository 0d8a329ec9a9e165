package stack

import (
	"path"
	"strconv"
)

// EntryKind is what a source has at a path.
type EntryKind uint8

// The kinds of entries. What is below a link or in another repository is unknown.
const (
	Unknown EntryKind = iota
	Missing
	File
	Folder
)

// Entry is something of a source. Equal ids are equal contents.
type Entry struct {
	Kind EntryKind
	ID   string
}

// Source is a folder of files that come with the text: it says what is at a clean path in
// it, "." for the folder itself.
type Source func(path string) Entry

// SourceFolder is the folder, below the owner's, for what containers see of a source.
const SourceFolder = "files"

// Copy is something of the source that has to be in the owner's folder before anything
// starts. The place of most of them says their content. Seed is a folder that containers
// write to: what the source has there is laid over what is there already.
type Copy struct {
	From string // below the source
	To   string // below the owner's folder
	Seed bool
	// Folder says what it is, of what the source has.
	Folder bool
}

// placed says where in the owner's folder a relative path of the text is. What the source
// has is in a place of its content, so that a change of it is a change of the compose file,
// and a deployment that fails leaves that of the one before alone. Only folders that
// containers write to are always in the same place, since what they write must stay.
func (st *Stack) placed(p string, writes bool) Copy {
	p = path.Clean(p)
	if st.how.Source == nil {
		return Copy{From: p, To: p}
	}
	switch e := st.how.Source(p); {
	case e.Kind == File, e.Kind == Folder && (!writes || p == "."):
		return Copy{From: p, To: path.Join(SourceFolder, e.ID, p), Folder: e.Kind == Folder}
	case e.Kind == Folder:
		return Copy{From: p, To: p, Seed: true, Folder: true}
	default:
		return Copy{From: p, To: p}
	}
}

// copies is what containers and Compose see of the source.
func (st *Stack) copies() []Copy {
	if st.how.Source == nil {
		return nil
	}
	found := map[string]Copy{}
	for _, u := range st.uses() {
		if kind := st.how.Source(u.path).Kind; !u.made && (kind == File || kind == Folder) {
			c := st.placed(u.path, u.writes)
			found[c.To] = c
		}
	}
	var out []Copy
	for _, to := range keysOf(found) {
		out = append(out, found[to])
	}
	return out
}

// fromSource says whether a mount is of what the source has, rather than of the owner's
// folder.
func (c *checker) fromSource(source string, readOnly bool) bool {
	if c.how.Source == nil {
		return false
	}
	p := path.Clean(source)
	e := c.how.Source(p)
	return e.Kind == File || e.Kind == Folder && (readOnly || p == ".")
}

// sources checks that the source has what is read from it.
func (c *checker) sources() {
	if c.how.Source == nil {
		return
	}
	services := mapOf(c.tree["services"])
	for _, name := range keysOf(services) {
		at, service := []string{"services", name}, mapOf(services[name])
		for i, v := range listOf(service["volumes"]) {
			if volume := mapOf(v); textOf(volume["type"]) == "bind" && inside(textOf(volume["source"])) {
				c.known(join(at, "volumes", strconv.Itoa(i)), textOf(volume["source"]))
			}
		}
		for i, v := range listOf(service["env_file"]) {
			file := mapOf(v)
			if p := textOf(file["path"]); path.Clean(p) != EnvFile && (file["required"] == nil || truth(file["required"])) {
				c.has(join(at, "env_file", strconv.Itoa(i)), p, File)
			}
		}
		for _, p := range textsOf(service["label_file"]) {
			c.has(join(at, "label_file"), p, File)
		}
		c.buildSources(join(at, "build"), mapOf(service["build"]))
	}
	for _, section := range []string{"configs", "secrets"} {
		objects := mapOf(c.tree[section])
		for _, name := range keysOf(objects) {
			if p := mapOf(objects[name])["file"]; p != nil {
				c.has([]string{section, name, "file"}, textOf(p), File)
			}
		}
	}
}

func (c *checker) buildSources(at []string, build map[string]any) {
	context := textOf(build["context"])
	if build == nil || remoteForm.MatchString(context) || !inside(context) {
		return
	}
	if !c.has(join(at, "context"), context, Folder) || build["dockerfile_inline"] != nil {
		return
	}
	if dockerfile := path.Join(context, textOf(build["dockerfile"])); build["dockerfile"] != nil && inside(dockerfile) {
		c.has(join(at, "dockerfile"), dockerfile, File)
	}
}

// has says whether the source has something, as far as that is known, and adds a fault if
// not.
func (c *checker) has(at []string, p string, kind EntryKind) bool {
	if !inside(p) {
		return false // reported, or of the server
	}
	word := "file"
	if kind == Folder {
		word = "folder"
	}
	switch e := c.how.Source(path.Clean(p)); e.Kind {
	case kind, Unknown:
		return e.Kind == kind
	default:
		c.out.add(at, "there is no %s %s in the repository at this commit", word, path.Clean(p))
		return false
	}
}

// known refuses a mount of which nobody can say here what it would be of.
func (c *checker) known(at []string, p string) {
	if c.how.Source(path.Clean(p)).Kind == Unknown {
		c.out.add(at, "%s is behind a link or in another repository, so it cannot be mounted", path.Clean(p))
	}
}
