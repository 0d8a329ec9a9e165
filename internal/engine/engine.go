// Package engine knows the database engines: each is one Spec of the catalog, and one
// renderer makes of a Spec and a database what goes to the server. It does no I/O. No
// other package knows an engine by its name.
package engine

import (
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// Role is what a field of an engine is for.
type Role string

// The roles. A field without one is an option of the engine.
const (
	RoleUser         Role = "user"
	RolePassword     Role = "password"
	RoleRootPassword Role = "root password"
	RoleDatabase     Role = "database"
	RoleConf         Role = "conf" // text of a configuration file; base64 on the wire
	RoleOption       Role = ""
)

// Field is a setting that only one engine has.
type Field struct {
	Name    string // as clients know it: "postgres_user"
	Role    Role
	Default string // of a new database; passwords are generated instead
	Doc     string

	form string // pattern of the whole value of an option
	max  int    // characters; 0: what the role allows
	not  string // the one name that is taken
}

// Secret says whether the value is never shown to those who may not see secrets. A
// configuration may hold anything.
func (f Field) Secret() bool {
	return f.Role == RolePassword || f.Role == RoleRootPassword || f.Role == RoleConf
}

// Input is everything that a database is rendered from.
type Input struct {
	Database core.Database
	Envs     []core.EnvVar
	Storages []core.Storage
	Network  string            // of its destination
	Dir      string            // of the database on its server, absolute
	Labels   map[string]string // for its containers
	CA, Leaf core.Certificate  // of its server and its own; zero unless SSL is on

	AllowHost bool // the team's leave to use the host: Render refuses what needs it otherwise
}

// Output is what goes to the server and what a plan must know of it.
type Output struct {
	Compose map[string]any // tree of the compose file, "$" not doubled; the service is named by the database's uuid
	Files   []run.File     // below Dir, besides the compose file
	Owned   []Owned        // files that must belong to a user of the image
	Ready   []string       // command in the container that answers a query as the database's user, and prints the version
	Ports   []int          // of the server that it takes: port mappings and the public port
	Proxy   string         // name of the compose service that gives access from outside; empty: none
}

// Owned is files that only a user of the image may own.
type Owned struct {
	User  string   // name in the image
	Paths []string // below Dir
}

// Dump is how a database is written out and read back. The commands run in its container,
// know no secret, and read or write the dump as standard input or output.
type Dump struct {
	Write     []string
	Read      []string
	Extension string // of the whole name of the file, compressed or not: ".dmp", ".sql.gz"
	Gzip      bool   // the dump is to be compressed when it is written, and the reverse: it is not by itself
}

// Verdict is what the version guard says of a change of image.
type Verdict struct {
	Refused bool
	Reason  string // one or two sentences: what ran, what is asked for, what to do
}

// Renewal is how long before its end a certificate is replaced.
const Renewal = 30 * 24 * time.Hour
