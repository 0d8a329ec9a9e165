package core

import "time"

// BuildPack is how an application gets its image; the strings are what clients know.
type BuildPack string

// The build packs.
const (
	PackNixpacks   BuildPack = "nixpacks"
	PackRailpack   BuildPack = "railpack"
	PackStatic     BuildPack = "static"
	PackDockerfile BuildPack = "dockerfile"
	PackImage      BuildPack = "dockerimage"
	PackCompose    BuildPack = "dockercompose"
	PackBuildpacks BuildPack = "buildpacks" // Cloud Native Buildpacks, through pack
)

// Application is something that is built and run: from git, a Dockerfile, an image or a
// compose file in a repository.
type Application struct {
	RowID         int64
	UUID          ID
	TeamID        int64
	Name          string
	Description   string
	EnvironmentID int64
	ServerID      int64
	DestinationID int64
	Source        Source
	Build         Build
	Serve         Serve
	Runtime       Runtime
	Health        AppHealth
	Hooks         Hooks
	Ran           ApplicationRan
	AutoDeploy    AutoDeploy
	Status        string // "<state>:<health>", as last seen
	ConfigHash    string // of what runs
	CreatedAt     time.Time
	UpdatedAt     time.Time
	DeletedAt     time.Time // zero: not deleted
}

// Source is where an application comes from.
type Source struct {
	Repository string // as its user gave it; empty for a pasted Dockerfile and for an image
	Key        string // git.Repository.Key of it, by which webhooks find it; empty as above
	Branch     string
	Commit     string // full hash or "HEAD": what is deployed when nobody says otherwise
	KeyID      int64  // private key of deploy-key sources; 0: none
	GitHubApp  int64  // row of the GitHubApp; 0: none
	Submodules bool
	LFS        bool
	Shallow    bool
	WatchPaths string // one pattern a line; empty: every push deploys
}

// Build says how the image is made.
type Build struct {
	Pack           BuildPack
	BaseDirectory  string // below the repository, "/" is its root
	Dockerfile     string // pasted text; empty: it is in the repository
	DockerfilePath string // default /Dockerfile
	TargetStage    string
	PublishDir     string // of static sites
	StaticImage    string // default nginx:alpine
	IsStatic       bool   // what nixpacks or railpack builds is a static site
	IsSPA          bool   // unknown paths get index.html
	NginxConf      string // in place of our own
	InstallCommand string
	BuildCommand   string
	ImageName      string // dockerimage: the image; otherwise the registry to push to
	ImageTag       string // tag or "sha256:…"
	ComposePath    string // default /docker-compose.yaml
	ComposeDomains []PartDomain
	NoCache        bool
	UseSecrets     bool // build variables as BuildKit secrets rather than arguments
	InjectArgs     bool // build variables become ARG lines; default true
	IncludeCommit  bool // SOURCE_COMMIT is a build argument: no build is reused then
	BuildServer    bool // build on one of the team's build servers
	KeepImages     int  // of earlier deployments; default 2
}

// PartDomain gives a compose service its addresses.
type PartDomain struct {
	Name     string // compose service
	Domain   string // comma-separated URLs
	Redirect string // www, non-www or both
}

// Serve says how requests reach an application.
type Serve struct {
	Domains     string // comma-separated URLs
	Redirect    string // www, non-www or both
	Ports       string // comma-separated ports that it listens on; the first gets the requests
	Mappings    string // "host:container,…" published directly; no rolling update then
	ForceHTTPS  bool   // default true
	Gzip        bool   // default true
	StripPrefix bool   // default true
	NoIndex     []string
	BasicAuth   bool
	User        string
	Password    Secret
	Labels      string // custom ones, one a line
	LabelEscape bool   // default true: "$" in labels stays
	PreviewURL  string // template; default {{pr_id}}.{{domain}}
	Aliases     string // further names in the network, comma-separated
}

// Runtime says how the container runs.
type Runtime struct {
	StartCommand  string
	DockerOptions string
	Limits        Limits
	StopGrace     int    // seconds; 0: 30
	FixedName     bool   // the container keeps its name; no rolling update then
	CustomName    string // with FixedName; empty: the uuid
	RawCompose    bool   // compose files are used as they are, but for checks
	StartCompose  string // in place of "docker compose up"; arguments, never through a shell
	BuildCompose  string
	MaxRestarts   int
	ConnectToNet  bool
}

// AppHealth is how an application shows that it is well.
type AppHealth struct {
	Enabled  bool
	Type     string // "http" or "cmd"
	Command  string // of cmd, run in the container by its shell
	Method   string
	Scheme   string
	Host     string
	Port     int // 0: the first of Serve.Ports
	Path     string
	Code     int    // expected; default 200
	Text     string // that the answer must hold; empty: any
	Interval int    // seconds; default 5
	Timeout  int    // seconds; default 5
	Retries  int    // default 10
	Start    int    // seconds before failures count; default 5
}

// Hooks are commands around a deployment, and the secrets of those who ask for one.
type Hooks struct {
	Pre, PreContainer   string // run in the running container before; arguments or a shell text
	Post, PostContainer string // run in the new container behind
	GitHub              Secret
	GitLab              Secret
	Bitbucket           Secret
	Gitea               Secret
	Generic             Secret
}

// AutoDeploy says what pushes and pull requests do.
type AutoDeploy struct {
	Enabled        bool // a push to the branch deploys; default true
	Previews       bool // pull requests get a deployment of their own
	PublicPreviews bool // those of forks too, without asking
	PausedAt       time.Time
	PausedBy       string // who rolled back
	PausedFor      ID     // the rollback's deployment
}

// ApplicationRan is what runs.
type ApplicationRan struct {
	Deployment ID
	Commit     string
	Image      string // reference that can be started again
	BuildHash  string // of all that decides what is built: equal hash and commit, equal image
	Composed   Composed
}

// Composed is what the compose file of an application was deployed as; zero for others.
type Composed struct {
	Name  string // of the file, below the repository
	Raw   Secret // as it was read; may hold passwords
	Text  Secret // as it was written to the server
	Parts []ComposedPart
}

// ComposedPart is a compose service of such an application.
type ComposedPart struct {
	Name     string
	Image    string
	Built    bool   // the image, from the repository
	Fqdn     string // comma-separated URLs
	Excluded bool   // from the status
	Empty    bool   // is to have no containers
	Stays    bool   // is to keep running, whatever it exits with
}

// Revision is what of an application a deployment is about; zero for other kinds.
type Revision struct {
	Commit      string // full hash; "HEAD" when there is no git
	Message     string
	Branch      string
	PullRequest int    // 0: the application itself
	Tag         string // image tag that was asked for instead of the configured one
	Provider    string // github, gitlab, bitbucket, gitea; empty: nobody pushed
	OnlyHere    bool   // further destinations are not deployed afterwards
	BuildServer int64  // row of the server that builds it; 0: the one that it is deployed to, or none can be used
}

// Preview is the deployment of a pull request.
type Preview struct {
	RowID       int64
	UUID        ID
	Application int64
	PullRequest int
	Branch      string
	URL         string // of the pull request
	Domains     string
	Title       string
	FromFork    bool
	CommentID   int64 // at the code host; 0: none
	Status      string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// GitHubApp is a GitHub App by which private repositories are read and answered.
type GitHubApp struct {
	RowID          int64
	UUID           ID
	TeamID         int64
	Name           string
	Organization   string
	APIURL         string
	HTMLURL        string
	CustomUser     string
	CustomPort     int
	AppID          int64
	InstallationID int64
	ClientID       string
	ClientSecret   Secret
	WebhookSecret  Secret
	KeyID          int64 // row of its private key
	IsPublic       bool  // no app: public repositories only
	IsSystemWide   bool
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// LoadedApplication is everything that carrying out a deployment of an application takes.
type LoadedApplication struct {
	Application Application
	Envs        []EnvVar // its own, both sets
	Shared      []EnvVar // of server, environment, project and team, by "scope.KEY"
	Storages    []Storage
	Server      Server
	Destination Destination
	Key         PrivateKey // of its source; zero: none
	GitHub      GitHubApp  // of its source; zero: none
	Preview     Preview    // with a pull request
	Project     string     // names, for labels
	Environment string
	AllowHost   bool         // the team's leave to use the host
	Kept        []Deployment // finished ones whose images stay: newest first, pinned and rollback targets too
	RollbackOf  Deployment   // with a rollback, with its snapshot; zero otherwise
	Builder     Server       // Revision.BuildServer; zero: none, or it is gone
}

// Change is a difference between what two deployments ran with. Values that may be secret
// are not told: then Old and New are empty.
type Change struct {
	What     string // "image", "domains", "variable PORT"
	How      string // "added", "removed" or "changed"
	Old, New string
}
