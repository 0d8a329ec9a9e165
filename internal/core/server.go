package core

import "time"

// LocalhostIP is the user-visible address of the machine that the controller runs on;
// it is reached without SSH.
const LocalhostIP = "localhost"

// Server is a machine with Docker that Taffrail deploys to.
type Server struct {
	RowID       int64
	UUID        ID
	TeamID      int64
	Name        string
	Description string
	IP          string // host name or address; LocalhostIP for this machine
	Port        int
	User        string
	KeyID       int64  // private key row; 0 for localhost
	HostKey     string // pinned at first contact, as "type base64"; empty before
	ProxyType   string
	Settings    ServerSettings
	Facts       ServerFacts
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Local says whether the server is the machine of the controller itself.
func (s Server) Local() bool { return s.KeyID == 0 }

// Ref names the server in a deployment.
func (s Server) Ref() ServerRef { return ServerRef{RowID: s.RowID, UUID: s.UUID, Name: s.Name} }

// ServerSettings are what people may change on a server.
type ServerSettings struct {
	ConcurrentBuilds     int    // deployments in progress at the same time; default 2
	DeploymentQueueLimit int    // queued deployments; default 25
	DynamicTimeout       int    // longest deployment in seconds; default 3600
	ConnectionTimeout    int    // of SSH in seconds; default 10
	IsBuildServer        bool   // builds for other servers
	RemoteDir            string // default /data/taffrail
}

// ServerFacts are what validation found.
type ServerFacts struct {
	Reachable      bool
	Usable         bool   // reachable, with a Docker and a Compose that will do
	OS             string // "Debian GNU/Linux 12 (bookworm)"
	Arch           string // GOARCH name: amd64, arm64
	DockerVersion  string
	ComposeVersion string
	DiskFree       int64 // bytes free where the remote folder is
	DiskTotal      int64
	Log            string // what the last validation said, line by line
	CheckedAt      time.Time
}

// PrivateKey is an SSH key of a team.
type PrivateKey struct {
	RowID        int64
	UUID         ID
	TeamID       int64
	Name         string
	Description  string
	PrivateKey   Secret // PEM
	PublicKey    string // authorized_keys form
	Fingerprint  string // SHA256:…
	IsGitRelated bool
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Destination is a Docker network on a server that resources are attached to.
type Destination struct {
	RowID     int64
	UUID      ID
	ServerID  int64
	Name      string
	Network   string
	CreatedAt time.Time
	UpdatedAt time.Time
}
