package engine

import (
	"path"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// Spec is one engine.
type Spec struct {
	Name     string // as clients know it, and in the paths of the API: "postgresql"
	Title    string // as people write it: "PostgreSQL"
	Image    string // of a new database
	Port     int    // that it listens on in its container
	TLSPort  int    // the same with SSL on
	Fields   []Field
	SSLModes []string // first is the default; none: the engine knows no modes

	images []string // last parts of the names of its images
}

// Find finds an engine by its name.
func Find(name string) (*Spec, bool) {
	for _, s := range All() {
		if s.Name == name {
			return s, true
		}
	}
	return nil, false
}

// OfImage returns the engine that an image is known to be of by its name.
func OfImage(image string) (*Spec, bool) {
	dir, base := imageName(image)
	for _, s := range All() {
		if slices.Contains(s.images, base) || base == "server" && slices.Contains(s.images, path.Base(dir)) {
			return s, true
		}
	}
	return nil, false
}

// IsDatabaseImage says whether an image is known to be some database, also one that no
// Spec is about.
func IsDatabaseImage(image string) bool {
	_, known := OfImage(image)
	_, base := imageName(image)
	return known || slices.Contains(otherImages(), base)
}

// imageName splits the name of an image without tag and digest.
func imageName(image string) (dir, base string) {
	name, _, _ := strings.Cut(image, "@")
	base, _, _ = strings.Cut(path.Base(name), ":")
	return path.Dir(name), base
}

// Field finds a field by its name.
func (s *Spec) Field(name string) (Field, bool) {
	for _, f := range s.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// Defaults returns the values of all fields for a new database, passwords drawn afresh.
func (s *Spec) Defaults() map[string]core.Secret {
	out := make(map[string]core.Secret, len(s.Fields))
	for _, f := range s.Fields {
		value := f.Default
		if f.Role == RolePassword || f.Role == RoleRootPassword {
			value = core.RandomText(passwordLength, alphabet)
		}
		out[f.Name] = core.NewSecret(value)
	}
	return out
}

// Check returns what is wrong with a database, by the names of fields as clients know
// them; nil when nothing is. allowHost is the team's leave to use the host.
func (s *Spec) Check(db core.Database, allowHost bool) map[string][]string { return nil }

// InternalURL is how containers on its network reach a database. It holds the password.
func (s *Spec) InternalURL(db core.Database) string { return "" }

// ExternalURL is how others reach a database through host; "" when it has no public
// port. It holds the password.
func (s *Spec) ExternalURL(db core.Database, host string) string { return "" }

// Render makes what goes to the server. Errors are *core.Error fit for a person.
func (s *Spec) Render(in Input) (Output, error) { return Output{}, nil }

// Dump says how these databases, or all, are dumped and read back.
func (s *Spec) Dump(db core.Database, databases []string, all bool) (Dump, error) {
	return Dump{}, nil
}

// Version reads the version out of what the command Output.Ready printed; "" when there
// is none.
func (s *Spec) Version(answer string) string { return "" }

// Guard compares an image with what wrote the data volume last.
func (s *Spec) Guard(ran core.DatabaseRan, image string) Verdict { return Verdict{} }

// Reload is the command in the container that takes up a new certificate without a
// restart; nil when the engine does so by itself.
func (s *Spec) Reload(db core.Database) []string { return nil }

// DataVolumes are the volumes that the engine brings along. They cannot be taken away.
func (s *Spec) DataVolumes(db core.Database) []core.Storage { return nil }
