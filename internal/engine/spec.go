package engine

import "github.com/taffrail/taffrail/internal/core"

// Passwords get one alphabet that needs no quotes anywhere.
const (
	alphabet       = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	passwordLength = 64
)

// Spec is one engine. What is written as a template is one of text/template over a
// scope; words of commands that come out empty are left out.
type Spec struct {
	Name     string // as clients know it, and in the paths of the API: "postgresql"
	Title    string // as people write it: "PostgreSQL"
	Image    string // of a new database
	Port     int    // that it listens on in its container
	TLSPort  int    // the same with SSL on
	Fields   []Field
	SSLModes []string // first is the default; none: the engine knows no modes

	images  []string   // last parts of the names of its images
	volumes []volume   // that hold the data
	env     []variable // of the container, unless the user has set them
	files   []file     // below /run/taffrail
	server  server     // how it is started
	scripts []string   // endings of the init scripts that the image runs; none: it runs none
	owner   string     // user of the image that must own the key; empty: anybody may
	url     string     // template of the URL
	ready   []string
	reload  []string
	change  *change  // of passwords; nil: none lies in the data volume
	answers []string // patterns of the version in what ready prints, the first that matches counts
	one     *dump    // of a single database; nil: the engine has only everything
	many    *dump    // of several; nil: it cannot
	all     *dump
	forward int   // major versions that a data volume can go forward at once; negative: any
	majors  []int // all that there were, where they are not numbered one by one
}

// volume is a data volume.
type volume struct{ prefix, path string } // its name without "-<uuid>"; template

// variable is a variable of the container's environment.
type variable struct {
	key   string
	value string // template; empty results are left out
	role  Role   // whose value it is, instead: a password as the file that holds it, by <key>_FILE
}

// file is a file below /run/taffrail in the container.
type file struct {
	path   string
	text   string // template
	script string // instead: one of the folder scripts
	conf   bool   // only with a configuration of the user's
	tls    bool   // only with SSL on
	target string // where it is mounted besides
}

// change is how a password that lies in the data volume becomes another one, all
// templates. The command changes what is not changed yet, and goes on to run the words
// behind its own. Its files are there for as long as it takes.
type change struct {
	files   []file
	command []string
}

// server is how an engine is started, all templates. The image's own command stays when
// there is nothing to add to it.
type server struct{ program, flags, conf, tls []string }

// dump is a way of dumping, all templates. Behind the words that write several come the
// names of the databases.
type dump struct {
	write, read []string
	extension   string
	gzip        bool
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

// DataVolumes are the volumes that the engine brings along. They cannot be taken away.
func (s *Spec) DataVolumes(db core.Database) []core.Storage {
	sc := s.scope(db)
	out := make([]core.Storage, len(s.volumes))
	for i, v := range s.volumes {
		out[i] = core.Storage{Name: v.prefix + "-" + string(db.UUID), MountPath: sc.text(v.path), IsReadOnly: true}
	}
	return out
}

// Reload is the command in the container that takes up a new certificate without a
// restart; nil when the engine does so by itself.
func (s *Spec) Reload(db core.Database) []string { return s.scope(db).words(s.reload) }
