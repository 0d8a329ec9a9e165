package core

import "time"

// Database is a standalone database of one of the engines that package engine knows.
type Database struct {
	RowID         int64
	UUID          ID
	TeamID        int64
	Name          string
	Description   string
	Type          string // name of the engine, as clients know it: "postgresql"
	EnvironmentID int64
	ServerID      int64
	DestinationID int64
	Image         string
	Fields        map[string]Secret // the engine's own settings by the names that clients use: "postgres_user"
	Settings      DatabaseSettings
	Ran           DatabaseRan
	Status        string // "<state>:<health>", as last seen
	ConfigHash    string // of what runs
	CreatedAt     time.Time
	UpdatedAt     time.Time
	DeletedAt     time.Time // zero: not deleted
}

// DatabaseSettings are what people may change of a database whatever its engine.
type DatabaseSettings struct {
	Public        Public
	EnableSSL     bool
	SSLMode       string // one of the engine's modes; empty: its default
	PortsMappings string // "host:container,…", published directly
	DockerOptions string // options of "docker run" that have a place in a compose file
	Limits        Limits
	Health        HealthCheck
	InitScripts   []InitScript // run by the image when the data volume is empty
}

// Public is access from outside through the TCP proxy.
type Public struct {
	Enabled bool
	Port    int      // on the server; 0: none
	Timeout int      // seconds without traffic after which a connection ends; default 3600
	Allow   []string // networks ("10.0.0.0/8") and addresses that may connect; empty: all
}

// Limits are what a container may use. The texts are as Docker takes them; "0" is no limit.
type Limits struct {
	Memory, MemorySwap, MemoryReservation string
	MemorySwappiness                      int // 0 to 100
	CPUs, CPUSet                          string
	CPUShares                             int
}

// DefaultLimits are those of a new resource.
func DefaultLimits() Limits {
	return Limits{Memory: "0", MemorySwap: "0", MemorySwappiness: 60, MemoryReservation: "0", CPUs: "0", CPUShares: 1024}
}

// HealthCheck says how often Docker asks a container whether it is well. Times are seconds.
type HealthCheck struct {
	Enabled                                 bool
	Interval, Timeout, Retries, StartPeriod int
}

// DefaultHealthCheck is that of a new database.
func DefaultHealthCheck() HealthCheck {
	return HealthCheck{Enabled: true, Interval: 15, Timeout: 5, Retries: 5, StartPeriod: 5}
}

// InitScript is a file that a database's image runs when its data volume is empty.
type InitScript struct {
	Filename string
	Content  string // may hold secrets
}

// DatabaseRan is what ran last, which a changed image is compared with. The data volume
// was last written by it.
type DatabaseRan struct {
	Image    string // as it was asked for
	Version  string // as the database said itself; empty before it ever answered
	Deployed Secret // sealed copy of what was put on the server, in kind/database's form
}

// Storage is a volume or a file of a resource beyond those that its kind brings along.
type Storage struct {
	RowID       int64
	UUID        ID
	Owner       Owner
	IsFile      bool   // a file or folder with content of its own; otherwise a volume
	Name        string // of the volume
	MountPath   string // absolute, in the container
	HostPath    string // of a volume: bind this path of the server instead of a named volume
	Content     Secret // of a file
	IsDirectory bool   // of a file: a folder
	FsPath      string // of a file: where it is on the server, below the resource's folder
	Chmod       string // of a file: octal digits; empty: 0644
	IsReadOnly  bool   // brought along by the kind: shown, not to be changed
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Certificate is an X.509 certificate with its key, both PEM.
type Certificate struct {
	Cert     string
	Key      Secret
	NotAfter time.Time
}

// LoadedDatabase is everything that carrying out a deployment of a database takes.
type LoadedDatabase struct {
	Database    Database
	Envs        []EnvVar
	Storages    []Storage
	Server      Server
	Destination Destination // zero when it is gone
	Project     string      // names, for labels
	Environment string
	AllowHost   bool            // the team's leave to use the host
	Backup      *Backup         // that the deployment takes (Options.Backup)
	Restore     *Backup         // that it reads back (Options.Restore)
	Schedule    *BackupSchedule // of Backup; nil: on demand
	Kept        []Backup        // finished ones of the same schedule that still have a file or an object, newest first
	S3          *S3Storage      // of Backup or Restore; nil: none
}
